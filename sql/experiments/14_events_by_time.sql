-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- Events over time per experiment, variant and event type: `events` are all, `counted` those that count (see
-- experiment_events), `value` is the sum over these. Milliseconds, because a start of an hour in hours wraps before 1970.
--
-- Minutes are read from the events themselves: the sorting key makes a window of one experiment a short range, and a table
-- of minutes would be as long as the events are.
CREATE OR REPLACE VIEW experiments_analytics.events_by_minute AS
SELECT
    experiment_id,
    variant_id,
    event_type,
    toStartOfInterval(timestamp, toIntervalMillisecond(60000)) AS minute,
    count() AS events,
    countIf(place = 'counted') AS counted,
    sumIf(experiment_events.value, place = 'counted') AS value
FROM experiments_analytics.experiment_events
GROUP BY experiment_id, variant_id, event_type, minute;

CREATE OR REPLACE VIEW experiments_analytics.events_by_hour_now AS
SELECT
    experiment_id,
    variant_id,
    event_type,
    toStartOfInterval(timestamp, toIntervalMillisecond(3600000)) AS hour,
    count() AS events,
    countIf(place = 'counted') AS counted,
    sumIf(experiment_events.value, place = 'counted') AS value,
    argMaxIf(variant_key, timestamp, variant_key != '') AS variant_key,
    max(experiment_events.variant_key = 'control') AS is_control
FROM experiments_analytics.experiment_events
GROUP BY experiment_id, variant_id, event_type, hour;

-- Hours in which something has changed since they were computed are computed again, the others stay. `at` is when an insert
-- began: an hour is computed until its rows were read a minute after that.
CREATE TABLE IF NOT EXISTS {storage}.experiment_hours_touched
(
    experiment_id  UInt32,
    variant_id     UInt32,
    hour           DateTime64(3, 'UTC'),
    at             SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = {replicated}AggregatingMergeTree
ORDER BY (experiment_id, variant_id, hour)
TTL toDateTime(at) + INTERVAL 3 DAY;

--| distributed experiment_hours_touched by experiment_id, variant_id, hour
CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_hours
(
    experiment_id  UInt32,
    variant_id     UInt32,
    event_type     LowCardinality(String),
    hour           DateTime64(3, 'UTC'),
    events         UInt64,
    counted        UInt64,
    value          Float64,
    -- The latest name that the events give their variant, and whether any of them calls it `control`.
    variant_key    LowCardinality(String),
    is_control     Bool,
    read_at        DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(read_at)
ORDER BY (experiment_id, variant_id, event_type, hour);

-- Once, the hours that were there before this table.
INSERT INTO {storage}.experiment_hours_touched
SELECT DISTINCT experiment_id, variant_id, toStartOfInterval(timestamp, toIntervalMillisecond(3600000)) AS hour, now64(3) AS at
FROM {storage}.events_by_user
WHERE (SELECT count() FROM experiments_analytics.bundle_migrations WHERE name = '0003_experiment_hours') = 0;

INSERT INTO experiments_analytics.bundle_migrations (name)
SELECT '0003_experiment_hours'
WHERE (SELECT count() FROM experiments_analytics.bundle_migrations WHERE name = '0003_experiment_hours') = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_hours_touched_mv
TO {storage}.experiment_hours_touched DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT DISTINCT experiment_id, variant_id, toStartOfInterval(timestamp, toIntervalMillisecond(3600000)) AS hour, now64(3) AS at
FROM {storage}.events_by_user;

-- A setting may decide otherwise about every event.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_hours_settings_mv
TO {storage}.experiment_hours_touched DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT DISTINCT hours.experiment_id AS experiment_id, hours.variant_id AS variant_id, hours.hour AS hour, now64(3) AS at
FROM {storage}.experiment_settings AS given
INNER JOIN experiments_analytics.experiment_hours AS hours ON hours.experiment_id = given.experiment_id;

CREATE OR REPLACE VIEW experiments_analytics.events_by_hour
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT experiment_id, variant_id, event_type, hour, events, counted, value, variant_key, is_control
FROM experiments_analytics.experiment_hours FINAL
WHERE events > 0;

CREATE OR REPLACE VIEW experiments_analytics.experiment_hours_waiting AS
SELECT touched.experiment_id AS experiment_id, touched.variant_id AS variant_id, touched.hour AS hour
FROM (SELECT experiment_id, variant_id, hour, max(at) AS at FROM experiments_analytics.experiment_hours_touched GROUP BY ALL) AS touched
LEFT JOIN
(
    SELECT experiment_id, variant_id, hour, min(read_at) AS read_at FROM experiments_analytics.experiment_hours FINAL
    WHERE (experiment_id, variant_id, hour) IN (SELECT experiment_id, variant_id, hour FROM experiments_analytics.experiment_hours_touched)
    GROUP BY ALL
) AS computed ON computed.experiment_id = touched.experiment_id AND computed.variant_id = touched.variant_id AND computed.hour = touched.hour
WHERE touched.at >= computed.read_at - INTERVAL 1 MINUTE
SETTINGS join_use_nulls = 0;

DROP VIEW IF EXISTS experiments_analytics.events_by_hour_mv;

-- How often: ALTER TABLE experiments_analytics.experiment_hours_mv MODIFY REFRESH AFTER 5 MINUTE APPEND
-- (of experiment_batches_mv, too). Applying the bundle again does not change that.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_hours_mv
REFRESH AFTER 10 SECOND APPEND
TO experiments_analytics.experiment_hours AS
SELECT
    experiment_id,
    variant_id,
    event_type,
    hour,
    sum(hours.events) AS events,
    sum(hours.counted) AS counted,
    sum(hours.value) AS value,
    max(hours.variant_key) AS variant_key,
    max(hours.is_control) AS is_control,
    now64(3) AS read_at
FROM
(
    SELECT * FROM experiments_analytics.events_by_hour_now
    WHERE (experiment_id, variant_id, hour) IN (SELECT experiment_id, variant_id, hour FROM experiments_analytics.experiment_hours_waiting)
    UNION ALL
    -- Where an hour has lost all its events of a type.
    SELECT experiment_id, variant_id, event_type, hour, 0, 0, 0, '', false FROM experiments_analytics.experiment_hours
    WHERE (experiment_id, variant_id, hour) IN (SELECT experiment_id, variant_id, hour FROM experiments_analytics.experiment_hours_waiting)
) AS hours
GROUP BY experiment_id, variant_id, event_type, hour;

-- Every night all of them.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_checks_hours_mv
REFRESH EVERY 1 DAY OFFSET 3 HOUR APPEND
TO experiments_analytics.experiment_hours_touched AS
SELECT DISTINCT experiment_id, variant_id, toStartOfInterval(timestamp, toIntervalMillisecond(3600000)) AS hour, now64(3) AS at
FROM experiments_analytics.events_by_user;

CREATE TABLE IF NOT EXISTS experiments_analytics.events_by_day
(
    experiment_id  UInt32,
    variant_id     UInt32,
    event_type     LowCardinality(String),
    day            Date32,
    events         UInt64,
    counted        UInt64,
    value          Float64
)
ENGINE = MergeTree
ORDER BY (experiment_id, variant_id, event_type, day);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.events_by_day_mv
REFRESH DEPENDS ON experiments_analytics.experiment_hours_mv
TO experiments_analytics.events_by_day AS
SELECT
    experiment_id,
    variant_id,
    event_type,
    toDate32(hour) AS day,
    sum(hours.events) AS events,
    sum(hours.counted) AS counted,
    sum(hours.value) AS value
FROM experiments_analytics.events_by_hour AS hours
GROUP BY experiment_id, variant_id, event_type, day;

ALTER TABLE experiments_analytics.events_by_day_mv MODIFY
REFRESH DEPENDS ON experiments_analytics.experiment_hours_mv;

-- The variants that were seen in events, whether or not these count.
CREATE TABLE IF NOT EXISTS experiments_analytics.variants_seen
(
    experiment_id  UInt32,
    variant_id     UInt32,
    variant_key    String,
    is_control     Bool,
    events         UInt64,
    counted        UInt64,
    -- Of the events that count; 1970 where none does.
    first_hour     DateTime64(3, 'UTC'),
    last_hour      DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (experiment_id, variant_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.variants_seen_mv
REFRESH DEPENDS ON experiments_analytics.experiment_hours_mv
TO experiments_analytics.variants_seen AS
SELECT
    experiment_id,
    variant_id,
    argMaxIf(hours.variant_key, hour, hours.variant_key != '') AS variant_key,
    max(hours.is_control) AS is_control,
    sum(hours.events) AS events,
    sum(hours.counted) AS counted,
    minIf(hour, hours.counted > 0) AS first_hour,
    maxIf(hour, hours.counted > 0) AS last_hour
FROM experiments_analytics.events_by_hour AS hours
GROUP BY experiment_id, variant_id;

ALTER TABLE experiments_analytics.variants_seen_mv MODIFY
REFRESH DEPENDS ON experiments_analytics.experiment_hours_mv;

-- Needs no more than that.
