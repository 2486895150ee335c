#!/bin/sh
# Brings the rows of one cluster into another one with more (or fewer) shards, and the pipeline after them.
#
#   sql/cluster/move.sh FROM TO 'clickhouse-client --host node1' 'clickhouse-client --host node2' …
#
# The commands are all nodes of both; remote_servers of each has both. FROM may be experiments_analytics, the tables of a
# single node. Consumption stops meanwhile, messages wait in Kafka; readers see the old rows until their node is through,
# then the new. A second run after a failure begins anew. The old rows stay until you DROP DATABASE FROM.
set -eu

if [ $# -lt 3 ]; then
    echo "usage: sql/cluster/move.sh FROM TO 'clickhouse-client ...' ..." >&2
    exit 2
fi
from=$1
to=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
bundle=experiments_analytics

# ask COMMAND STATEMENT
ask() { echo "$2" | sh -c "$1"; }
say() { echo "move: $*" >&2; }
# has COMMAND DATABASE TABLE: does the node hold rows there?
has() { [ "$(ask "$1" "SELECT count() FROM system.tables WHERE database = '$2' AND name = '$3' AND engine LIKE '%MergeTree'")" = 1 ]; }

# make_tables COMMAND: the tables of TO that hold rows; nothing takes them up yet.
make_tables() {
    CLUSTER=$to "$here/../experiments/pipeline.sh" | awk -v to="$to" '
        /^CREATE DATABASE IF NOT EXISTS / || index($0, "CREATE TABLE IF NOT EXISTS " to ".") == 1 { taken = 1 }
        taken { print }
        /;$/ { taken = 0 }' | "$here/../run.sh" "$1"
}

say "making the tables of $to, and stopping the consumption"
for node; do
    make_tables "$node"
    ask "$node" "DROP VIEW IF EXISTS $bundle.decoded_events_mv SYNC"
done
tables=$(ask "$1" "SELECT name FROM system.tables WHERE database = '$to' AND engine LIKE '%MergeTree'
    AND name NOT IN ('experiment_touched', 'experiment_hours_touched') ORDER BY name")

# What an insert touched is noted by the tables of TO as they are filled.
for table in $tables; do
    for node; do ask "$node" "TRUNCATE TABLE $to.$table"; done
    before=0
    for node; do
        has "$node" "$from" "$table" || continue
        # The shard of a row, as the Distributed table will have it.
        shard=$(CLUSTER=$to "$here/../experiments/pipeline.sh" | sed -n "s/^ENGINE = Distributed('$to', '$to', '$table', \(.*\));$/\1/p")
        ask "$node" "INSERT INTO FUNCTION cluster('$to', '$to', '$table', $shard) SELECT * FROM $from.$table FINAL"
        before=$((before + $(ask "$node" "SELECT count() FROM $from.$table FINAL")))
    done
    after=0
    for node; do after=$((after + $(ask "$node" "SELECT count() FROM $to.$table FINAL"))); done
    say "$table: $before rows, $after in $to"
    [ "$before" -eq "$after" ] || { say "they differ: nothing was switched over"; exit 1; }
done

say "switching readers and consumers"
for node; do
    if [ "$from" = "$bundle" ] && has "$node" "$from" events_processed; then
        ask "$node" "CREATE DATABASE IF NOT EXISTS ${bundle}_before"
        for table in $tables; do ask "$node" "RENAME TABLE $bundle.$table TO ${bundle}_before.$table"; done
    fi
    "$here/apply.sh" "$to" "$node"
done
