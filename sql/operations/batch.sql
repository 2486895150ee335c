-- Takes what the topic holds for the batch group, through the same path as live rows, and commits the group's offsets.
-- One call reads at most kafka_max_block_size messages and waits kafka_poll_timeout_ms for more (the first one may spend
-- that on joining the group): repeat it until no message is left. A row that the live group has decoded too collapses.
-- Offsets are committed when the messages are read: after a failed call, set the group ch_consumer_batch back
-- (kafka-consumer-groups --reset-offsets) and repeat.
INSERT INTO experiments_analytics.decoded_events
    (event, message, key, `headers.name`, `headers.value`, topic, partition, offset, row, attempt, kafka_time)
SELECT experimentEvent(message), message, _key, _headers.name, _headers.value, _topic, _partition, _offset,
       rowNumberInAllBlocks(), 0, ifNull(_timestamp_ms, toDateTime64(0, 3, 'UTC'))
FROM experiments_analytics.raw_events_kafka_batch
SETTINGS stream_like_engine_allow_direct_select = 1;
