-- Decodes the kept messages of pipeline {pipeline} again, after the layout has been changed and its pipeline made again: each stored row is
-- replaced by what the same message is now, with the same version. Live messages may come through meanwhile. It may be run again; a WHERE
-- takes some of them. Open letters: --operation replay.
SELECT throwIf(count() = 0, 'debezium-udf pipeline: {storage}.{raw} does not exist, since the pipeline was made without --keep-raw: read what is still on the topic with --operation batch, or let Debezium take a snapshot (docs/pipelines.md)')
FROM system.tables WHERE database = '{storage}' AND name = '{raw}' FORMAT Null;

INSERT INTO {database}.{decoded}
    (event, message, key, `headers.name`, `headers.value`, topic, partition, offset, row, attempt, kafka_time, identity)
SELECT {function}(message), message, key, headers.name, headers.value, topic, partition, offset, 0, 0, kafka_time, identity
FROM {database}.{raw} FINAL
ORDER BY topic, partition, offset;
