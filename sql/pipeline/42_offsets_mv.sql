CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{offsets_mv}
TO {database}.pipeline_offsets AS
SELECT
    topic, partition, bitShiftRight(offset, 16) AS bucket, groupBitmapState(offset) AS offsets,
    '{pipeline}' AS pipeline,
    minIf(toNullable(kafka_time), kafka_time > 0) AS first_kafka_time,
    maxIf(toNullable(kafka_time), kafka_time > 0) AS last_kafka_time
FROM {database}.{decoded}
WHERE live
GROUP BY topic, partition, bucket;
