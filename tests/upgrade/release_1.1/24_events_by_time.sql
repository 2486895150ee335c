-- Needs ClickHouse 24.8, for refreshable views.
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

CREATE TABLE IF NOT EXISTS experiments_analytics.events_by_hour
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
    is_control     Bool
)
ENGINE = MergeTree
ORDER BY (experiment_id, variant_id, event_type, hour);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.events_by_hour_mv
REFRESH AFTER 10 SECOND
TO experiments_analytics.events_by_hour AS
SELECT * FROM experiments_analytics.events_by_hour_now;

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
REFRESH DEPENDS ON experiments_analytics.events_by_hour_mv
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
REFRESH DEPENDS ON experiments_analytics.events_by_hour_mv
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
