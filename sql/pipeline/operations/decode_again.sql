-- Decodes the kept messages of pipeline {pipeline} again, after its layout was changed and its SQL applied: each stored row is replaced by the new
-- row of the same message, with the same version. Live messages may come meanwhile. It can be run again; add a WHERE to take only some messages.
-- For open letters use --operation replay.
SELECT throwIf(count() = 0, 'debezium-udf pipeline: {storage}.{raw} does not exist, since the pipeline was made without --keep-raw: read what is still on the topic with --operation batch, or let Debezium take a snapshot (docs/pipelines.md)')
FROM system.tables WHERE database = '{storage}' AND name = '{raw}' FORMAT Null;

INSERT INTO {database}.{decoded}
    (event, message, key, `headers.name`, `headers.value`, topic, partition, offset, row, attempt, kafka_time, identity)
SELECT {function}(message), message, key, headers.name, headers.value, topic, partition, offset, 0, 0, kafka_time, identity
FROM {database}.{raw} FINAL
ORDER BY topic, partition, offset;
