-- Reads the topic a second time, in its own group, and stores which offsets exist. pipeline_gaps then distinguishes lost messages from offsets
-- that Kafka leaves out, and pipeline_status finds a recreated topic. It is an ordinary view: offsets are committed when they are stored.
-- It reads until --operation audit_end and takes about half of the pipeline's CPU. It has finished when
--   SELECT max(bitmapMax(offsets)) FROM {database}.pipeline_offsets_audited WHERE pipeline = '{pipeline}'
-- is after the gap. To audit from the beginning again: kafka-consumer-groups --reset-offsets --to-earliest for {audit_group}, between the two.
CREATE TABLE IF NOT EXISTS {database}.{kafka}_audit (message String)
ENGINE = Kafka({collection}, kafka_group_name = '{audit_group}', kafka_flush_interval_ms = 5000{batch_settings});

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{kafka}_audit_mv
TO {database}.pipeline_offsets_audited AS
SELECT
    _topic AS topic,
    _partition AS partition,
    bitShiftRight(_offset, 16) AS bucket,
    groupBitmapState(_offset) AS offsets,
    '{pipeline}' AS pipeline,
    min(_timestamp_ms) AS first_kafka_time,
    max(_timestamp_ms) AS last_kafka_time
FROM {database}.{kafka}_audit
GROUP BY topic, partition, bucket;
