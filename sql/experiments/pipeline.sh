#!/bin/sh
# The experiments' pipeline, as `debezium-udf pipeline` prints it; more options may follow:
#
#   sql/experiments/pipeline.sh                                 all of the bundle, before its consumption starts
#   sql/experiments/pipeline.sh --operation replay | clickhouse-client
#
# The program is DEBEZIUM_UDF, or the one of this build, or that of the PATH. LAYOUT is looked for beside it. LANDING=yes: somebody else
# inserts the messages into raw_events_kafka, such as ClickPipes (docs/cloud.md).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
program=${DEBEZIUM_UDF:-$here/../../build/debezium-udf}
[ -x "$program" ] || program=$(command -v debezium-udf) || {
    echo "pipeline: debezium-udf is not on the PATH: install it, or set DEBEZIUM_UDF to its path" >&2
    exit 1
}
# These names are those that readers, grants and dashboards know.
set -- "${LAYOUT:-experiment_event.json}" --name experiments --database experiments_analytics \
    --target "$here/events.sql" --names "kafka=raw_events_kafka,decoded=decoded_events,decoded_mv=decoded_events_mv,\
target=events_processed,target_mv=events_kafka_mv,view=events,dead_letters_mv=dead_letters_mv,minutes_mv=pipeline_minutes_mv,\
offsets_mv=pipeline_offsets_mv,unmapped_mv=pipeline_unmapped_mv" ${CLUSTER:+--cluster "$CLUSTER"} ${REPLICATED:+--replicated} "$@"
if [ -n "${LANDING-}" ]; then set -- "$@" --landing; else set -- "$@" --collection experiments_kafka; fi
for file in "$here"/[12]?_*.sql; do set -- "$@" "$file"; done
exec "$program" pipeline "$@"
