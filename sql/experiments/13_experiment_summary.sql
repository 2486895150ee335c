-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- Counts of users, as readers know them, from the totals: each view reads a few rows an experiment. They say what the last
-- finished batch said; experiment_users_now says it of a user at once.
DROP VIEW IF EXISTS experiments_analytics.experiment_users_mv;

DROP VIEW IF EXISTS experiments_analytics.experiment_summary_mv;

DROP VIEW IF EXISTS experiments_analytics.users_by_day_mv;

DROP VIEW IF EXISTS experiments_analytics.experiment_left_out_users_mv;

CREATE OR REPLACE VIEW experiments_analytics.experiment_users
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    experiment_id, user_id, variants, variant_id, assigned_at, first_exposure, state, first_conversion, conversions,
    toFloat64(value_units) / 1e9 AS value, clicked, device, browser, page, phase, events, before_assignment, no_assignment, unknown_variant,
    clock_ahead, outside_period, before_exposure, without_value
FROM experiments_analytics.experiment_user_rows FINAL
WHERE events > 0;

-- Users per variant, for the whole experiment (segment_type `all`) and per device, browser, page and phase of the first
-- exposure. Only users with one variant are in it.
CREATE OR REPLACE VIEW experiments_analytics.experiment_summary
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH
    number -> reinterpretAsFixedString(toFloat64(number)) AS stored
SELECT
    experiment_id,
    segment_type,
    segment,
    variant_id,
    toUInt64(counted) AS users_assigned,
    toUInt64(refused) AS users_exposed,
    toUInt64(x) AS users_converted,
    toUInt64(y) AS users_clicked,
    toUInt64(p) AS conversions,
    toFloat64(q) / 1e9 AS value,
    -- Of the value per exposed user, with n - 1.
    if(refused > 1, toFloat64(toInt256(refused) * qq - q * q) / (toFloat64(refused) * toFloat64(refused - 1)) / 1e18, nan) AS value_variance,
    -- As ClickHouse keeps a sample, the treatment's and the control's: numbers, sums, sums of squares.
    CAST(concat(stored(refused), stored(0), stored(value), stored(0), stored(toFloat64(qq) / 1e18), stored(0)),
         'AggregateFunction(welchTTest(0.95), Float64, UInt8)') AS value_as_treatment,
    CAST(concat(stored(0), stored(refused), stored(0), stored(value), stored(0), stored(toFloat64(qq) / 1e18)),
         'AggregateFunction(welchTTest(0.95), Float64, UInt8)') AS value_as_control
FROM experiments_analytics.experiment_totals FINAL
WHERE version = 0 AND segment_type NOT IN ('day', 'state', 'left out') AND counted > 0;

-- How an experiment grew, and how each day's newcomers fared (novelty). A day is one of UTC.
CREATE OR REPLACE VIEW experiments_analytics.users_by_day
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    experiment_id,
    variant_id,
    toDate32(segment) AS day,
    -- Users whose first exposure, or first conversion after it, was on this day.
    toUInt64(refused) AS users_exposed,
    toUInt64(x) AS users_converted,
    -- Of the users first exposed on this day: how many converted until now, and their value.
    toUInt64(y) AS newcomers_converted,
    toFloat64(q) / 1e9 AS newcomers_value
FROM experiments_analytics.experiment_totals FINAL
WHERE version = 0 AND segment_type = 'day' AND (refused > 0 OR x > 0);

-- What experiment_left_out knows of users and of whole events.
CREATE OR REPLACE VIEW experiments_analytics.experiment_left_out_users
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    experiment_id,
    segment AS reason,
    toUInt64(sum(totals.counted)) AS users,
    toUInt64(sum(totals.p)) AS events
FROM experiments_analytics.experiment_totals AS totals FINAL
WHERE version = 0 AND segment_type = 'left out'
GROUP BY experiment_id, reason
HAVING users > 0;

-- Users by what became of them: exposed, assigned, never assigned, two variants, reassigned, excluded.
CREATE OR REPLACE VIEW experiments_analytics.experiment_states
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    experiment_id,
    variant_id,
    segment AS state,
    toUInt64(counted) AS users,
    toUInt64(p) AS events
FROM experiments_analytics.experiment_totals FINAL
WHERE version = 0 AND segment_type = 'state' AND counted > 0;

-- Needs no more than that.
