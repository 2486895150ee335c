-- The topic. Broker, security, sizes and times are in the named collection {collection}.
CREATE TABLE IF NOT EXISTS {database}.{kafka} (message String)
ENGINE = Kafka({collection}{kafka_settings});

-- Each message is decoded once, here. This view starts the consumption, so it is the last to be made: what comes through
-- must find all other views in place.
CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{decoded_mv}
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
    if(kafka_time < (SELECT max(applied_at) FROM {database}.bundle_migrations WHERE name = '0001_pipelines'), 0, cityHash64(kafka_time, message)) AS identity,
    true AS live
FROM {database}.{kafka};
