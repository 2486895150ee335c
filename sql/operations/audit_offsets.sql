-- Reads the topic a second time, in a group of its own, and keeps which offsets there are: pipeline_gaps then tells what
-- was lost from what Kafka leaves out. One call reads at most kafka_max_block_size messages: repeat it until
--   SELECT max(bitmapMax(offsets)) FROM experiments_analytics.pipeline_offsets_audited
-- is past the gap. To begin anew: TRUNCATE that table and set the group ch_consumer_audit back.
CREATE TABLE IF NOT EXISTS experiments_analytics.raw_events_kafka_audit (message String)
ENGINE = Kafka(experiments_kafka, kafka_group_name = 'ch_consumer_audit', kafka_poll_timeout_ms = 3000);

INSERT INTO experiments_analytics.pipeline_offsets_audited
SELECT _topic AS topic, _partition AS partition, bitShiftRight(_offset, 16) AS bucket, groupBitmapState(_offset) AS offsets
FROM experiments_analytics.raw_events_kafka_audit
GROUP BY topic, partition, bucket
SETTINGS stream_like_engine_allow_direct_select = 1;
