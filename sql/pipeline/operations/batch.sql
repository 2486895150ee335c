-- Takes what the topic holds for a group of its own, through the same path as live rows, and commits the group's offsets.
-- One call reads at most kafka_max_block_size messages and waits kafka_poll_timeout_ms for more (the first one may spend
-- that on joining the group): repeat it until no message is left. A row that the live group has decoded too collapses.
CREATE TABLE IF NOT EXISTS {database}.{kafka}_batch (message String)
ENGINE = Kafka({collection}, kafka_group_name = '{batch_group}', kafka_poll_timeout_ms = 3000{batch_settings});

INSERT INTO {database}.{decoded}
    (event, message, key, `headers.name`, `headers.value`, topic, partition, offset, row, attempt, kafka_time, identity, live)
SELECT {function}(message), message, _key, _headers.name, _headers.value, _topic, _partition, _offset,
       rowNumberInAllBlocks(), 0, ifNull(_timestamp_ms, toDateTime64(0, 3, 'UTC')) AS kafka_time, {identity}, true
FROM {database}.{kafka}_batch
SETTINGS stream_like_engine_allow_direct_select = 1;
