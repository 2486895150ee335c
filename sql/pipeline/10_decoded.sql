-- Every message passes here once, decoded: live rows, batches, backfills and replays. It stores nothing; views take from it what they keep.
CREATE TABLE IF NOT EXISTS {database}.{decoded}
(
    event           {event_type},
    message         String,
    key             String,
    `headers.name`  Array(String),
    `headers.value` Array(String),
    topic           String,
    partition       UInt64,
    offset          UInt64,
    -- Distinguishes the rows of one message; for a replay the dead letter's row.
    row             UInt64,
    -- 0, or how often this message has been replayed.
    attempt         UInt32,
    kafka_time      DateTime64(3, 'UTC'),
    -- Identifies the message together with topic, partition and offset, also in a recreated topic: a hash of Kafka's time and the message.
    -- 0 for messages from before release 2.0.
    identity        UInt64,
    -- Comes from the topic, not from a replay or a file.
    live            Bool
)
ENGINE = Null;

-- If the layout has changed.
ALTER TABLE {database}.{decoded} MODIFY COLUMN event {event_type};
