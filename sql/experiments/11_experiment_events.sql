-- Every event once, and the place that it has in the analysis. Only `counted` events count; nothing is dropped unseen:
-- experiment_left_out says how many are elsewhere.
--
-- `clock ahead`: the event says that it happened more than 5 minutes after PostgreSQL wrote it down (where it is not known
-- when that was: after now). `outside the period`: before the experiment starts, or once it has ended. `no assignment` is an
-- event that does not say when its user was assigned, except an event of type `assignment`, which is the assignment itself.
CREATE OR REPLACE VIEW experiments_analytics.experiment_events AS
SELECT
    events.*,
    CAST(
        multiIf(
            timestamp > ifNull(created_at, now64(6)) + INTERVAL 5 MINUTE, 5,
            notEmpty(rules.known_variants) AND NOT has(rules.known_variants, variant_id), 4,
            ifNull(timestamp < rules.starts_at, false) OR ifNull(timestamp >= rules.ends_at, false), 6,
            isNull(assignment_at) AND event_type != 'assignment', 3,
            ifNull(timestamp < assignment_at, false), 2,
            1),
        'Enum8(\'counted\' = 1, \'before assignment\' = 2, \'no assignment\' = 3, \'unknown variant\' = 4, \'clock ahead\' = 5,
               \'outside the period\' = 6)'
    ) AS place
FROM experiments_analytics.events AS events
LEFT JOIN experiments_analytics.experiment_rules AS rules ON rules.experiment_id = events.experiment_id
SETTINGS join_use_nulls = 0;

-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- The same events sorted by user, with the columns that the analysis reads: what a user did is a few granules, so a refresh
-- that asks for the users of the last seconds reads little, however long the history is. Two things make it so (bench/results):
-- granules are small, and parts are compact at any size, for there a granule's column is a block of its own; in a wide part
-- each read of a granule would decompress its neighbours, too.
--
-- The sorting key holds that of events_processed, so rows that collapse there collapse here. `gone`: the row is no longer in
-- events_processed, which the nightly comparison found.
CREATE TABLE IF NOT EXISTS {storage}.events_by_user
(
    experiment_id  UInt32 CODEC(ZSTD(1)),
    user_id        String CODEC(ZSTD(1)),
    timestamp      DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    variant_id     UInt32 CODEC(ZSTD(1)),
    event_key      String CODEC(ZSTD(1)),
    event_type     LowCardinality(String) CODEC(ZSTD(1)),
    assignment_at  Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    created_at     Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    value          Float64 CODEC(ZSTD(1)),
    score          Float64 CODEC(ZSTD(1)),
    page           String CODEC(ZSTD(1)),
    device         LowCardinality(String) CODEC(ZSTD(1)),
    browser        LowCardinality(String) CODEC(ZSTD(1)),
    properties     String CODEC(ZSTD(1)),
    lsn            UInt64 CODEC(Delta(8), ZSTD(1)),
    gone           Bool CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree(lsn)
PRIMARY KEY (experiment_id, user_id)
ORDER BY (experiment_id, user_id, timestamp, variant_id, event_key)
SETTINGS index_granularity = 128, min_bytes_for_wide_part = 1000000000000000, min_rows_for_wide_part = 1000000000000000;

--| distributed events_by_user by experiment_id, variant_id, timestamp, event_key
-- Which users an insert of events touched. `block` is one insert of them, which becomes visible as a whole, and after the events:
-- a batch takes blocks, since one that is inserted slowly may be seen after a later one.
CREATE TABLE IF NOT EXISTS {storage}.experiment_touched
(
    at             DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1)),
    block          UInt64 DEFAULT cityHash64(now64(9), randConstant(), hostName()) CODEC(ZSTD(1)),
    experiment_id  UInt32 CODEC(ZSTD(1)),
    user_id        String CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree
PRIMARY KEY (at, block)
ORDER BY (at, block, experiment_id, user_id)
TTL toDateTime(at) + INTERVAL 3 DAY;

--| distributed experiment_touched by block
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_touched_mv
TO {storage}.experiment_touched DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT DISTINCT now64(3) AS at, cityHash64(now64(9), randConstant(), hostName()) AS block, experiment_id, user_id
FROM {storage}.events_by_user;

-- Once, the events that were there before this table: none on a new server.
INSERT INTO {storage}.events_by_user
SELECT
    experiment_id, user_id, timestamp, variant_id, event_key, event_type, assignment_at, created_at, value, score, page, device, browser,
    properties, lsn, false AS gone
FROM {storage}.events_processed
WHERE (SELECT count() FROM experiments_analytics.bundle_migrations WHERE name = '0002_events_by_user') = 0;

INSERT INTO experiments_analytics.bundle_migrations (name)
SELECT '0002_events_by_user'
WHERE (SELECT count() FROM experiments_analytics.bundle_migrations WHERE name = '0002_events_by_user') = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.events_by_user_mv
TO {storage}.events_by_user DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    experiment_id, user_id, timestamp, variant_id, event_key, event_type, assignment_at, created_at, value, score, page, device, browser,
    properties, lsn, false AS gone
FROM {storage}.events_processed;

-- Needs no more than that.
