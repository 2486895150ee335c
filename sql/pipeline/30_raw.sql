-- Every message unchanged, for {raw_days} days, so that it can be decoded again by another layout (--operation decode_again).
CREATE TABLE IF NOT EXISTS {storage}.{raw}
(
    topic      LowCardinality(String) CODEC(ZSTD(1)),
    partition  UInt64 CODEC(ZSTD(1)),
    offset     UInt64 CODEC(Delta(8), ZSTD(1)),
    identity   UInt64 CODEC(ZSTD(1)),
    kafka_time DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    arrived_at DateTime('UTC') DEFAULT now() CODEC(Delta(4), ZSTD(1)),
    key        String CODEC(ZSTD(1)),
    `headers.name`  Array(String) CODEC(ZSTD(1)),
    `headers.value` Array(String) CODEC(ZSTD(1)),
    message    String CODEC(ZSTD(3))
)
ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toYYYYMMDD(arrived_at)
ORDER BY (topic, partition, offset, identity)
TTL arrived_at + INTERVAL {raw_days} DAY
SETTINGS ttl_only_drop_parts = 1;

ALTER TABLE {storage}.{raw} MODIFY TTL arrived_at + INTERVAL {raw_days} DAY;

--| distributed {raw} by topic, partition, offset, identity
CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{raw_mv}
TO {database}.{raw} AS
SELECT topic, partition, offset, identity, kafka_time, key, headers.name, headers.value, message
FROM {database}.{decoded}
WHERE live;
