-- Reads the topic a second time, in a group of its own, and keeps which offsets there are: pipeline_gaps then tells what
-- was lost from what Kafka leaves out. One call reads at most kafka_max_block_size messages: repeat it until
--   SELECT max(bitmapMax(offsets)) FROM {database}.pipeline_offsets_audited WHERE pipeline = '{pipeline}'
-- is past the gap.
CREATE TABLE IF NOT EXISTS {database}.{kafka}_audit (message String)
ENGINE = Kafka({collection}, kafka_group_name = '{audit_group}', kafka_poll_timeout_ms = 3000{batch_settings});

INSERT INTO {database}.pipeline_offsets_audited (topic, partition, bucket, offsets, pipeline, first_kafka_time, last_kafka_time)
SELECT _topic AS topic, _partition AS partition, bitShiftRight(_offset, 16) AS bucket, groupBitmapState(_offset) AS offsets,
       '{pipeline}', min(_timestamp_ms), max(_timestamp_ms)
FROM {database}.{kafka}_audit
GROUP BY topic, partition, bucket
SETTINGS stream_like_engine_allow_direct_select = 1;
