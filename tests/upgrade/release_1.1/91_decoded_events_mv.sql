-- Each message is decoded once, here. This view starts the consumption, so it is the last to be made: what comes through
-- must find all other views in place.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.decoded_events_mv
TO experiments_analytics.decoded_events AS
SELECT
    experimentEvent(message) AS event,
    message,
    _key AS key,
    _headers.name AS `headers.name`,
    _headers.value AS `headers.value`,
    _topic AS topic,
    _partition AS partition,
    _offset AS offset,
    rowNumberInAllBlocks() AS row,
    toUInt32(0) AS attempt,
    ifNull(_timestamp_ms, toDateTime64(0, 3, 'UTC')) AS kafka_time
FROM experiments_analytics.raw_events_kafka;
