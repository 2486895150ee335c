--| if landing
-- Another program inserts the messages here, unchanged. The columns have ClickPipes' names for Kafka's metadata.
CREATE TABLE IF NOT EXISTS {database}.{kafka}
(
    message        String CODEC(ZSTD(3)),
    _key           String CODEC(ZSTD(1)),
    _header_keys   Array(String) CODEC(ZSTD(1)),
    _header_values Array(String) CODEC(ZSTD(1)),
    _topic         LowCardinality(String),
    _partition     Int32,
    _offset        Int64 CODEC(Delta(8), ZSTD(1)),
    _timestamp     DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (_topic, _partition, _offset)
TTL toDateTime(_timestamp, 'UTC') + INTERVAL 7 DAY;

--| end
--| if not landing
-- The topic. Broker, security, sizes and times are in the named collection {collection}.
CREATE TABLE IF NOT EXISTS {database}.{kafka} (message String)
ENGINE = Kafka({collection}{kafka_settings});

--| end
-- Each message is decoded once, here. This view starts the consumption, so it is made last, when all other views are in place.
CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{decoded_mv}
TO {database}.{decoded} AS
SELECT
    {function}(message) AS event,
    message,
    _key AS key,
--| if landing
    _header_keys AS `headers.name`,
    _header_values AS `headers.value`,
--| end
--| if not landing
    _headers.name AS `headers.name`,
    _headers.value AS `headers.value`,
--| end
    _topic AS topic,
    _partition AS partition,
    _offset AS offset,
    rowNumberInAllBlocks() AS row,
    toUInt32(0) AS attempt,
--| if landing
    _timestamp AS kafka_time,
--| end
--| if not landing
    ifNull(_timestamp_ms, toDateTime64(0, 3, 'UTC')) AS kafka_time,
--| end
    {identity} AS identity,
    true AS live
FROM {database}.{kafka};

-- The release. It is made last, so a server that has it has everything.
CREATE OR REPLACE VIEW {database}.bundle_version AS
SELECT '{release}' AS version, (SELECT max(name) FROM {database}.bundle_migrations) AS last_migration;
