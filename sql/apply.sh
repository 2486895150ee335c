#!/bin/sh
# Applies the bundle of the experiments: its pipeline and the analytics. Twice changes nothing.
#
#   sql/apply.sh 'clickhouse-client --host … --password …'
#   sql/apply.sh 'curl -sS --fail-with-body http://localhost:8123/ --data-binary @-'
#
# The argument is any command that runs the one statement on its standard input and fails when the server does (sql/run.sh). What is run
# is what sql/experiments/pipeline.sh prints. A server with the bundle of an earlier release becomes one of this: its consumption stops
# until all is in place, and goes on where it stopped.
set -eu

if [ $# -ne 1 ] || [ -z "$1" ]; then
    echo "usage: sql/apply.sh 'clickhouse-client ...'   (a command that reads one statement from its input)" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
statements=$(mktemp)
trap 'rm -f "$statements"' EXIT
trap 'exit 130' INT TERM HUP
"$here/experiments/pipeline.sh" > "$statements"

columns=$(echo "SELECT count(), countIf(name = 'pipeline') FROM system.columns
    WHERE database = '${CLUSTER:-experiments_analytics}' AND table = 'dead_letters' FORMAT TSV" | sh -c "$1" | tr '\t' ' ')
case $columns in
'0 0' | *' 1') ;;
*)
    echo 'apply: this server has the bundle of release 1: its consumption stops until all of the SQL is applied' >&2
    consuming=0
    [ -z "${CLUSTER-}" ] || consuming=$(echo "SELECT count() FROM clusterAllReplicas('$CLUSTER', system.tables)
        WHERE database = 'experiments_analytics' AND name = 'decoded_events_mv' AND as_select NOT LIKE '% AS live%'" | sh -c "$1")
    [ "$consuming" = 0 ] || {
        echo 'apply: nodes of this cluster still consume by release 1: first run, on every node,' \
            'DROP VIEW IF EXISTS experiments_analytics.decoded_events_mv SYNC' >&2
        exit 1
    }
    echo 'DROP VIEW IF EXISTS experiments_analytics.decoded_events_mv SYNC' | sh -c "$1"
    "$here/experiments/pipeline.sh" --operation upgrade | "$here/run.sh" "$1"
    ;;
esac
"$here/run.sh" "$1" < "$statements"
