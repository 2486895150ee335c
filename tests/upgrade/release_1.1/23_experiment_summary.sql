-- Needs ClickHouse 24.8, for refreshable views.
--
-- From experiment_users, each time that is computed: what is read often and must be quick for any number of events.
--
-- experiment_summary: users per variant, for the whole experiment (segment_type `all`) and per device, browser and page of
-- the first exposure. Only users with one variant are in it. The value per user has two Welch states, since ClickHouse's
-- test wants to know of each sample which of the two it is: as the treatment (0) and as the control (1).
CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_summary
(
    experiment_id       UInt32,
    segment_type        LowCardinality(String),
    segment             String,
    variant_id          UInt32,
    users_assigned      UInt64,
    users_exposed       UInt64,
    users_converted     UInt64,
    users_clicked       UInt64,
    conversions         UInt64,
    value               Float64,
    -- Of the value per exposed user, with n - 1.
    value_variance      Float64,
    value_as_treatment  AggregateFunction(welchTTest(0.95), Float64, UInt8),
    value_as_control    AggregateFunction(welchTTest(0.95), Float64, UInt8)
)
ENGINE = MergeTree
ORDER BY (experiment_id, segment_type, segment, variant_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_summary_mv
REFRESH DEPENDS ON experiments_analytics.experiment_users_mv
TO experiments_analytics.experiment_summary AS
WITH state = 'exposed' AS exposed
SELECT
    experiment_id,
    part.1 AS segment_type,
    part.2 AS segment,
    variant_id,
    count() AS users_assigned,
    countIf(exposed) AS users_exposed,
    countIf(users.conversions > 0) AS users_converted,
    countIf(clicked) AS users_clicked,
    sum(users.conversions) AS conversions,
    sum(users.value) AS value,
    varSampStableIf(users.value, exposed) AS value_variance,
    welchTTestStateIf(0.95)(users.value, 0::UInt8, exposed) AS value_as_treatment,
    welchTTestStateIf(0.95)(users.value, 1::UInt8, exposed) AS value_as_control
FROM experiments_analytics.experiment_users AS users
ARRAY JOIN
    if(state = 'exposed', [('all', ''), ('device', device), ('browser', browser), ('page', page)], [('all', '')]) AS part
WHERE state IN ('exposed', 'assigned')
GROUP BY experiment_id, segment_type, segment, variant_id;

-- users_by_day: how an experiment grew, and how each day's newcomers fared (novelty). A day is one of UTC.
CREATE TABLE IF NOT EXISTS experiments_analytics.users_by_day
(
    experiment_id        UInt32,
    variant_id           UInt32,
    day                  Date32,
    -- Users whose first exposure, or first conversion after it, was on this day.
    users_exposed        UInt64,
    users_converted      UInt64,
    -- Of the users first exposed on this day: how many converted until now, and their value.
    newcomers_converted  UInt64,
    newcomers_value      Float64
)
ENGINE = MergeTree
ORDER BY (experiment_id, variant_id, day);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.users_by_day_mv
REFRESH DEPENDS ON experiments_analytics.experiment_users_mv
TO experiments_analytics.users_by_day AS
SELECT
    experiment_id,
    variant_id,
    toDate32(assumeNotNull(moment.1)) AS day,
    countIf(moment.2 = 'exposure') AS users_exposed,
    countIf(moment.2 = 'conversion') AS users_converted,
    countIf(moment.2 = 'exposure' AND conversions > 0) AS newcomers_converted,
    sumIf(value, moment.2 = 'exposure') AS newcomers_value
FROM experiments_analytics.experiment_users AS users
ARRAY JOIN [(first_exposure, 'exposure'), (first_conversion, 'conversion')] AS moment
WHERE state = 'exposed' AND isNotNull(moment.1)
GROUP BY experiment_id, variant_id, day;

-- experiment_left_out_users: what experiment_left_out knows of users and of whole events.
CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_left_out_users
(
    experiment_id  UInt32,
    reason         LowCardinality(String),
    users          UInt64,
    events         UInt64
)
ENGINE = MergeTree
ORDER BY (experiment_id, reason);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_left_out_users_mv
REFRESH DEPENDS ON experiments_analytics.experiment_users_mv
TO experiments_analytics.experiment_left_out_users AS
SELECT
    experiment_id,
    part.1 AS reason,
    count() AS users,
    sum(part.2) AS events
FROM experiments_analytics.experiment_users AS users
ARRAY JOIN
[
    ('event before its assignment', before_assignment),
    ('event without assignment', no_assignment),
    ('event of an unknown variant', unknown_variant),
    ('event with a clock ahead', clock_ahead),
    ('conversion before exposure', before_exposure),
    ('user seen in two variants', if(state = 'two variants', users.events, 0))
] AS part
WHERE part.2 > 0
GROUP BY experiment_id, reason;
