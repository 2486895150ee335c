#!/bin/sh
# Makes the topic, where there is none.
set -eu
left=${WAIT_SECONDS:-300}
until said=$(/opt/kafka/bin/kafka-topics.sh --bootstrap-server "${KAFKA:-kafka:9092}" --create --if-not-exists --topic "$TOPIC" \
    --partitions "${PARTITIONS:-1}" --replication-factor 1 2>&1); do
    [ "$left" -gt 0 ] || { echo "topic: Kafka does not create $TOPIC. See docker logs experiments-kafka. It said: $said" >&2; exit 1; }
    left=$((left - 5))
    sleep 2
done
echo "topic: $TOPIC exists"
