#!/bin/bash
# BOOTSTRAP_SERVERS, GROUP_ID, *_STORAGE_TOPIC, HEAP_OPTS and CONNECT_SOME_SETTING, as the image documents them.
set -eu
[ "${1-}" = start ] || exec "$@"
: "${CONFIG_STORAGE_TOPIC:?}" "${OFFSET_STORAGE_TOPIC:?}"
export CONNECT_BOOTSTRAP_SERVERS=${BOOTSTRAP_SERVERS:-0.0.0.0:9092} CONNECT_GROUP_ID=${GROUP_ID:-1}
export CONNECT_CONFIG_STORAGE_TOPIC=$CONFIG_STORAGE_TOPIC CONNECT_OFFSET_STORAGE_TOPIC=$OFFSET_STORAGE_TOPIC
export CONNECT_STATUS_STORAGE_TOPIC=${STATUS_STORAGE_TOPIC:-connect-status}
export CONNECT_KEY_CONVERTER=${KEY_CONVERTER:-org.apache.kafka.connect.json.JsonConverter}
export CONNECT_VALUE_CONVERTER=${VALUE_CONVERTER:-org.apache.kafka.connect.json.JsonConverter}
export CONNECT_OFFSET_FLUSH_INTERVAL_MS=${OFFSET_FLUSH_INTERVAL_MS:-60000} CONNECT_PLUGIN_PATH=/kafka/connect
file=/kafka/config/connect-distributed.properties
env | grep '^CONNECT_' | while IFS='=' read -r name value; do
    name=${name#CONNECT_}
    name=${name//_/.}
    echo "${name,,}=$value"
done >"$file"
# shellcheck disable=SC2086 # several options
exec java ${HEAP_OPTS:--Xmx512m} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.apache.logging.log4j.level=WARN \
    -cp '/kafka/libs/*' org.apache.kafka.connect.cli.ConnectDistributed "$file"
