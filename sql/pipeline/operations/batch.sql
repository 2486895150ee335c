-- Reads the topic in its own group and decodes it like live rows: all of it the first time, later only new messages. It is an ordinary view, so an
-- offset is committed when its rows are stored; a direct INSERT … SELECT from the Kafka table would commit nothing, or with
-- kafka_commit_on_select before its rows are stored. A row that the live group has decoded as well counts once.
--
-- It reads until --operation batch_end. It has finished when this is 0 (statistics are at most two seconds old):
--   SELECT sum(JSONExtractInt(partition.2, 'consumer_lag')) FROM system.kafka_consumers
--   ARRAY JOIN JSONExtractKeysAndValuesRaw(rdkafka_stat, 'topics') AS topic, JSONExtractKeysAndValuesRaw(topic.2, 'partitions') AS partition
--   WHERE database = '{database}' AND table = '{kafka}_batch' AND partition.1 != '-1'
CREATE TABLE IF NOT EXISTS {database}.{kafka}_batch (message String)
ENGINE = Kafka({collection}, kafka_group_name = '{batch_group}'{batch_settings});

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{kafka}_batch_mv
TO {database}.{decoded} AS
SELECT
    {function}(message) AS event,
    message,
    _key AS key,
    _headers.name AS `headers.name`,
    _headers.value AS `headers.value`,
    _topic AS topic,
    _partition AS partition,
    _offset AS offset,
    rowNumberInAllBlocks() AS row,
    toUInt32(0) AS attempt,
    ifNull(_timestamp_ms, toDateTime64(0, 3, 'UTC')) AS kafka_time,
    {identity} AS identity,
    true AS live
FROM {database}.{kafka}_batch;
