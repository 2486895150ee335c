-- Upgrades a server with the bundle of release 1, before the rest is run. Its consumption must be stopped (sql/apply.sh does this). Columns are added
-- at the end of the tables' keys, in place: earlier messages keep their key, so that a second delivery of them meets the same row. Their identity
-- is 0.
-- The moment of the upgrade is after every stored message, and the same on all nodes of a cluster.
INSERT INTO {database}.bundle_migrations (name, applied_at)
SELECT
    '0001_pipelines',
    greatest(now(), (SELECT toDateTime(max(last_kafka_time)) + 1 FROM {database}.pipeline_minutes WHERE last_kafka_time < now() + INTERVAL 1 HOUR)) AS moment
WHERE (SELECT count() FROM system.columns WHERE database = '{storage}' AND table = 'dead_letters' AND name = 'pipeline') = 0
--| if cluster
  AND (SELECT count() FROM clusterAllReplicas('{cluster}', {database}.bundle_migrations) WHERE name = '0001_pipelines') = 0;

INSERT INTO {database}.bundle_migrations (name, applied_at)
SELECT name, min(applied_at)
FROM clusterAllReplicas('{cluster}', {database}.bundle_migrations)
WHERE name = '0001_pipelines' AND (SELECT count() FROM {database}.bundle_migrations WHERE name = '0001_pipelines') = 0
GROUP BY name
--| end
;

ALTER TABLE {storage}.dead_letters
    ADD COLUMN IF NOT EXISTS pipeline LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS identity UInt64 CODEC(ZSTD(1)),
    MODIFY ORDER BY (topic, partition, offset, row, pipeline, identity);

ALTER TABLE {storage}.pipeline_minutes
    ADD COLUMN IF NOT EXISTS pipeline LowCardinality(String),
    ADD COLUMN IF NOT EXISTS clock_errors SimpleAggregateFunction(sum, UInt64),
    ADD COLUMN IF NOT EXISTS delays AggregateFunction(quantilesTDigest(0.5, 0.99), Int64),
    ADD COLUMN IF NOT EXISTS first_offset SimpleAggregateFunction(min, Nullable(UInt64)),
    ADD COLUMN IF NOT EXISTS first_kafka_time SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))),
    ADD COLUMN IF NOT EXISTS end_kafka_time SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC'))),
    MODIFY ORDER BY (topic, partition, minute, pipeline);

ALTER TABLE {storage}.pipeline_offsets
    ADD COLUMN IF NOT EXISTS pipeline LowCardinality(String),
    ADD COLUMN IF NOT EXISTS first_kafka_time SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))),
    ADD COLUMN IF NOT EXISTS last_kafka_time SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC'))),
    MODIFY ORDER BY (topic, partition, bucket, pipeline);

ALTER TABLE {storage}.pipeline_offsets_audited
    ADD COLUMN IF NOT EXISTS pipeline LowCardinality(String),
    ADD COLUMN IF NOT EXISTS first_kafka_time SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))),
    ADD COLUMN IF NOT EXISTS last_kafka_time SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC'))),
    MODIFY ORDER BY (topic, partition, bucket, pipeline);

ALTER TABLE {database}.{decoded}
    ADD COLUMN IF NOT EXISTS identity UInt64,
    ADD COLUMN IF NOT EXISTS live Bool;
