-- Where every message passes once, decoded: live rows, batches, backfills and replays. It stores nothing; views take
-- from it what they keep. The columns' types are the statement's own, so the tuple is whatever the layout makes it.
CREATE TABLE IF NOT EXISTS experiments_analytics.decoded_events
ENGINE = Null EMPTY AS
SELECT
    experimentEvent('') AS event,
    '' AS message,
    '' AS key,
    emptyArrayString() AS `headers.name`,
    emptyArrayString() AS `headers.value`,
    '' AS topic,
    toUInt64(0) AS partition,
    toUInt64(0) AS offset,
    -- Tells apart the rows of one message; for a replay the dead letter's row.
    toUInt64(0) AS row,
    -- 0, or how often this message has been replayed.
    toUInt32(0) AS attempt,
    toDateTime64(0, 3, 'UTC') AS kafka_time;
