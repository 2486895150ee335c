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

-- The settings of the experiments have more columns. The rest comes last, since apply.sh tells release 1 by dead_letters.
ALTER TABLE {storage}.experiment_settings
    ADD COLUMN IF NOT EXISTS starts_at          Nullable(DateTime64(6, 'UTC')),
    ADD COLUMN IF NOT EXISTS ends_at            Nullable(DateTime64(6, 'UTC')),
    ADD COLUMN IF NOT EXISTS washout_hours      UInt32 DEFAULT 0,
    ADD COLUMN IF NOT EXISTS phases             Map(String, DateTime64(6, 'UTC')),
    ADD COLUMN IF NOT EXISTS excluded_browsers  String;

ALTER TABLE {storage}.experiment_settings
    ADD CONSTRAINT IF NOT EXISTS start_is_before_the_end
        CHECK isNull(starts_at) OR isNull(ends_at) OR assumeNotNull(starts_at) < assumeNotNull(ends_at);

ALTER TABLE {storage}.experiment_settings
    ADD CONSTRAINT IF NOT EXISTS phases_are_named_once
        CHECK length(mapKeys(phases)) = length(arrayDistinct(mapKeys(phases))) AND NOT has(mapKeys(phases), '');

ALTER TABLE {storage}.experiment_settings
    ADD CONSTRAINT IF NOT EXISTS excluded_browsers_is_a_regular_expression CHECK match('', excluded_browsers) IN (0, 1);

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
