#!/bin/sh
# One statement of the bundle, from standard input, as a node of the cluster $CLUSTER runs it (by $COMMAND):
#
#   a table that collapses or adds up rows    is made in the database $CLUSTER, and a Distributed table over all nodes takes
#                                             its place in experiments_analytics: there it is read and written
#   an ALTER of such a table                  alters the node's own, then makes the Distributed table anew
#   pipeline_status                           is the node's own answer; every node shows those of all (pipeline_status.sql)
#   pipeline_alerts                           looks at the parts, replicas and refreshes of all nodes
#
# With TABLES=1 only tables that hold rows are made, and nothing takes them up yet (move.sh).
# Everything else is the same on each node: Kafka tables, decoding, views, and what is computed anew from the events.
# The sharding key is the table's whole sorting key, so rows that could collapse are on one shard, whoever consumed them.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
bundle=experiments_analytics
# What each node keeps for itself.
own='bundle_migrations dashboard_queries'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/statement"

run() { sh -c "$COMMAND" < "$1"; }
ask() { echo "$1" | sh -c "$COMMAND"; }
engine() { ask "SELECT engine FROM system.tables WHERE database = '$1' AND name = '$2'"; }

# distribute TABLE: the Distributed table over the node's own.
distribute() {
    key=$(ask "SELECT sorting_key FROM system.tables WHERE database = '$CLUSTER' AND name = '$1'")
    ask "CREATE OR REPLACE TABLE $bundle.$1 AS $CLUSTER.$1 ENGINE = Distributed('$CLUSTER', '$CLUSTER', '$1', cityHash64($key))"
}

# The first line is `CREATE … experiments_analytics.NAME` or `ALTER TABLE experiments_analytics.NAME …`.
first=$(head -n 1 "$folder/statement")
name=$(echo "$first" | sed -n "s/^\(CREATE\|ALTER\) .*$bundle\.\([a-z_]*\).*/\2/p")
mine="1s/$bundle\\.$name/$CLUSTER.$name/"
if [ -n "${TABLES:-}" ]; then
    case $first in "CREATE DATABASE "* | "CREATE TABLE "* | "SELECT "*) ;; *) exit 0 ;; esac
    if grep -Eq '^ENGINE = (Null|Kafka)' "$folder/statement"; then exit 0; fi
fi

case $first in
"CREATE TABLE IF NOT EXISTS "*)
    if ! grep -Eq '^ENGINE = (Replacing|Aggregating)MergeTree' "$folder/statement" || echo " $own " | grep -q " $name "; then
        run "$folder/statement"
        exit
    fi
    case $(engine "$bundle" "$name")${TABLES:-} in
    '' | Distributed | *1) ;;
    *)
        echo "$bundle.$name holds rows of one node: move it away first (sql/CLUSTER.md)" >&2
        exit 1
        ;;
    esac
    sed "s/$bundle\\./$CLUSTER./${REPLICATED:+; s/^ENGINE = /ENGINE = Replicated/}" "$folder/statement" > "$folder/own"
    run "$folder/own"
    [ -n "${TABLES:-}" ] || distribute "$name"
    ;;
"ALTER TABLE $bundle."*)
    if [ "$(engine "$bundle" "$name")" != Distributed ]; then
        run "$folder/statement"
        exit
    fi
    sed "$mine" "$folder/statement" > "$folder/own"
    run "$folder/own"
    distribute "$name"
    ;;
"CREATE OR REPLACE VIEW $bundle.pipeline_status AS")
    # now() is another constant on each node, so what compares with it is done here, not there.
    sed "$mine; s/FROM \($bundle\.pipeline_minutes\) AS m/FROM (SELECT * FROM \1) AS m/
         /is_readonly/s/database = '$bundle'/database = '$CLUSTER'/" "$folder/statement" > "$folder/own"
    run "$folder/own"
    sed "s/{cluster}/$CLUSTER/g" "$here/pipeline_status.sql" > "$folder/all"
    run "$folder/all"
    ;;
"CREATE OR REPLACE VIEW $bundle.pipeline_alerts AS")
    sed "s/\^(view|/^(node|view|/; s/FROM system\.\([a-z_]*\)/FROM clusterAllReplicas('$CLUSTER', system.\1)/
         /table = 'events_processed'\|is_readonly/s/database = '$bundle'/database = '$CLUSTER'/" "$folder/statement" > "$folder/all"
    run "$folder/all"
    ;;
*)
    run "$folder/statement"
    ;;
esac
