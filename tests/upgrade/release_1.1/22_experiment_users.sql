-- Needs ClickHouse 24.8, for refreshable views.
--
-- What each user did in each experiment, computed from the view `events`: so a second delivery, a replay or an event that
-- comes 40 days late can make no number wrong, and nothing need be undone.
--
-- The user's variant is the one that was seen; a user seen in several is left out of every comparison (`variants` then holds
-- the lowest and the highest). A user counts from the first exposure on: conversions, clicks and values before it say nothing
-- about the variant. The segments are those of that first exposure, so a user is in one device, browser and page only.
--
-- This view is exact at once, and quick for one experiment (WHERE experiment_id = …). The table below holds the same rows for
-- all experiments, computed again 10 seconds after the last time; what that costs as events grow is in bench/results. There
-- are measured the ways not taken, too. States that grow with each insert are read in a third of the time, but a row that
-- was corrected or deleted stays in them, and a variant that a setting makes known or unknown; and numbers of events have no
-- state that a second delivery leaves as it is. Projections are not used with FINAL.
CREATE OR REPLACE VIEW experiments_analytics.experiment_users_now AS
WITH
    arrayFilter(conversion -> ifNull(conversion.1 >= first_exposure, false), all_conversions) AS own_conversions
SELECT
    experiment_id,
    user_id,
    variants,
    variants[1] AS variant_id,
    assigned_at,
    first_exposure,
    CAST(
        multiIf(length(variants) > 1, 4, isNull(assigned_at), 3, isNull(first_exposure), 2, 1),
        'Enum8(\'exposed\' = 1, \'assigned\' = 2, \'never assigned\' = 3, \'two variants\' = 4)'
    ) AS state,
    if(empty(own_conversions), NULL, own_conversions[1].1) AS first_conversion,
    toUInt32(length(own_conversions)) AS conversions,
    arraySum(conversion -> conversion.2, own_conversions) AS value,
    ifNull(last_click >= first_exposure, false)::Bool AS clicked,
    segments.1 AS device,
    segments.2 AS browser,
    segments.3 AS page,
    events,
    -- Left out, or doubtful: see experiment_left_out.
    before_assignment,
    no_assignment,
    unknown_variant,
    clock_ahead,
    length(all_conversions) - length(own_conversions) AS before_exposure,
    arrayCount(conversion -> conversion.2 = 0, own_conversions) AS without_value
FROM
(
    WITH
        place IN ('counted', 'before assignment', 'no assignment') AS seen,
        place = 'counted' AS counted,
        counted AND is_exposure AS exposes
    SELECT
        experiment_id,
        user_id,
        arrayDistinct(arrayResize([minIf(variant_id, seen), maxIf(variant_id, seen)], if(countIf(seen) > 0, 2, 0))) AS variants,
        minOrNullIf(ifNull(assignment_at, timestamp), place IN ('counted', 'before assignment')) AS assigned_at,
        minOrNullIf(timestamp, exposes) AS first_exposure,
        -- Of the first exposure; among two at the same microsecond always the same one.
        argMinIf(
            (device, browser, page),
            toInt128(toUnixTimestamp64Micro(timestamp)) * toInt128('18446744073709551616') + cityHash64(event_key),
            exposes) AS segments,
        maxIf(timestamp, counted AND is_click) AS last_click,
        arraySort(groupArrayIf((timestamp, value), counted AND is_conversion)) AS all_conversions,
        count() AS events,
        countIf(place = 'before assignment') AS before_assignment,
        countIf(place = 'no assignment') AS no_assignment,
        countIf(place = 'unknown variant') AS unknown_variant,
        countIf(place = 'clock ahead') AS clock_ahead
    FROM experiments_analytics.experiment_events
    GROUP BY experiment_id, user_id
);

CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_users
(
    experiment_id      UInt32,
    user_id            String CODEC(ZSTD(1)),
    variants           Array(UInt32),
    variant_id         UInt32,
    assigned_at        Nullable(DateTime64(6, 'UTC')),
    first_exposure     Nullable(DateTime64(6, 'UTC')),
    state              Enum8('exposed' = 1, 'assigned' = 2, 'never assigned' = 3, 'two variants' = 4),
    first_conversion   Nullable(DateTime64(6, 'UTC')),
    conversions        UInt32,
    value              Float64,
    clicked            Bool,
    device             LowCardinality(String),
    browser            LowCardinality(String),
    page               String,
    events             UInt64,
    before_assignment  UInt64,
    no_assignment      UInt64,
    unknown_variant    UInt64,
    clock_ahead        UInt64,
    before_exposure    UInt64,
    without_value      UInt64
)
ENGINE = MergeTree
ORDER BY (experiment_id, user_id);

-- How often: ALTER TABLE experiments_analytics.experiment_users_mv MODIFY REFRESH EVERY 5 MINUTE
-- (of events_by_hour_mv, too). Applying the bundle again does not change that.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_users_mv
REFRESH AFTER 10 SECOND
TO experiments_analytics.experiment_users AS
SELECT * FROM experiments_analytics.experiment_users_now;
