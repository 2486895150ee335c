-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- What the page /experiments and ClickHouse's own /dashboard read besides the results. The page's user may not see events,
-- messages or the server's consumers; these views read them as their maker and give counts.
CREATE OR REPLACE VIEW experiments_analytics.page_pipeline
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    topic, partition, toString(code) AS code, diagnosis, lag, last_arrival, delay_ms_minute, max_delay_ms_minute,
    events_minute, skipped_minute, errors_minute, events_hour, skipped_hour, errors_hour, events_day, skipped_day, errors_day
FROM experiments_analytics.pipeline_status
WHERE pipeline = 'experiments';

-- The same as of a few seconds ago: pipeline_status takes 0.2 s to plan alone, and every open page asks. It begins
-- EMPTY, so that it does not ask the nodes of a cluster that are not upgraded yet.
CREATE TABLE IF NOT EXISTS experiments_analytics.page_pipeline_latest
(
    topic                String,
    partition            Nullable(UInt64),
    code                 String,
    diagnosis            Nullable(String),
    lag                  Int64,
    last_arrival         DateTime64(3, 'UTC'),
    delay_ms_minute      Float64,
    max_delay_ms_minute  Int64,
    events_minute        UInt64,
    skipped_minute       UInt64,
    errors_minute        UInt64,
    events_hour          UInt64,
    skipped_hour         UInt64,
    errors_hour          UInt64,
    events_day           UInt64,
    skipped_day          UInt64,
    errors_day           UInt64,
    computed_at          DateTime('UTC')
)
ENGINE = MergeTree
ORDER BY topic;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.page_pipeline_latest_mv
REFRESH AFTER 10 SECOND
TO experiments_analytics.page_pipeline_latest EMPTY AS
SELECT *, now('UTC') AS computed_at FROM experiments_analytics.page_pipeline;

CREATE OR REPLACE VIEW experiments_analytics.page_dead_letters
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT reason, count() AS letters, min(failed_at) AS first_failure, max(failed_at) AS last_failure
FROM experiments_analytics.dead_letters_open
GROUP BY reason;

-- Not experiment_left_out, which looks for conversions without a value in the events themselves.
CREATE OR REPLACE VIEW experiments_analytics.page_left_out
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT experiment_id, reason, users, events FROM experiments_analytics.experiment_left_out_users;

-- What people have decided: of each metric how it is made, of each experiment its start, phases and end.
CREATE OR REPLACE VIEW experiments_analytics.page_metrics
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT * FROM experiments_analytics.experiment_metrics_defined;

CREATE OR REPLACE VIEW experiments_analytics.page_settings
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT * EXCEPT updated_at FROM experiments_analytics.experiment_settings FINAL;

-- Tables that could not be computed the last time, and of when their rows are.
CREATE OR REPLACE VIEW experiments_analytics.page_refreshes
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
-- An exception ends with its stack.
SELECT view, last_success_time, substringUTF8(splitByString(', Stack trace', exception)[1], 1, 300) AS problem
FROM system.view_refreshes
WHERE database = 'experiments_analytics' AND exception != '';

-- The dashboard's charts, in their order. /dashboard fills in {rounding}, {seconds}, {from}, {to} and {experiment}.
CREATE TABLE IF NOT EXISTS experiments_analytics.dashboard_queries
(
    position  UInt32,
    title     String,
    query     String
)
ENGINE = ReplacingMergeTree
ORDER BY position;

INSERT INTO experiments_analytics.dashboard_queries VALUES
(10, 'Conversion rate so far, experiment {experiment}', $$
SELECT day::DateTime64(0, 'UTC')::Int64 AS t, variant,
    sum(converted) OVER (PARTITION BY variant ORDER BY day) / sum(exposed) OVER (PARTITION BY variant ORDER BY day) AS rate
FROM
(
    SELECT day, if(variant_key != '', variant_key, toString(variant_id)) AS variant,
        sum(users_exposed) AS exposed, sum(users_converted) AS converted
    FROM experiments_analytics.users_by_day
    LEFT JOIN experiments_analytics.variants_seen AS seen USING (experiment_id, variant_id)
    WHERE experiment_id = {experiment:UInt32}
    GROUP BY day, variant
)
ORDER BY t, variant$$),
(20, 'Newly exposed users a day, experiment {experiment}', $$
SELECT day::DateTime64(0, 'UTC')::Int64 AS t, if(variant_key != '', variant_key, toString(variant_id)) AS variant,
    sum(users_exposed) AS users
FROM experiments_analytics.users_by_day
LEFT JOIN experiments_analytics.variants_seen AS seen USING (experiment_id, variant_id)
WHERE experiment_id = {experiment:UInt32}
GROUP BY t, variant
ORDER BY t, variant$$),
(30, 'Events an hour, experiment {experiment}', $$
SELECT toUnixTimestamp64Milli(hour) / 1000 AS t, toString(event_type) AS type, sum(counted) AS events
FROM experiments_analytics.events_by_hour
WHERE experiment_id = {experiment:UInt32} AND counted > 0
GROUP BY t, type
ORDER BY t, type$$),
(40, 'Events a day, all experiments', $$
SELECT day::DateTime64(0, 'UTC')::Int64 AS t, toString(event_type) AS type, sum(counted) AS events
FROM experiments_analytics.events_by_day
WHERE counted > 0
GROUP BY t, type
ORDER BY t, type$$),
(50, 'New dead letters', $$
SELECT toStartOfInterval(failed_at, toIntervalSecond({rounding:UInt32}))::Int64 AS t, count() AS letters
FROM experiments_analytics.dead_letters
WHERE failed_at > now() - {seconds:UInt32} AND attempt = 0
GROUP BY t
ORDER BY t$$);

-- One row an experiment, as the page lists them. The verdict is that on its goal; of several goals and variants that with the least
-- p-value, after the name of the goal. The link opens /dashboard with these charts: put the server's address before it. What stands
-- behind its # is the dashboard's state, JSON in base64: it fetches its charts with search_query_.
CREATE OR REPLACE VIEW experiments_analytics.experiment_list_now AS
WITH
    judged AS
    (
        SELECT
            experiment_id,
            intDiv(sum(users_exposed), uniqExact(metric)) AS users,
            uniqExactIf(metric, role = 'goal') AS goals,
            argMinIf((toString(metric), verdict), (is_control, ifNull(p_value_corrected, 1), metric, variant_id), role = 'goal') AS first,
            -- One for each variant.
            countIf(role = 'guardrail' AND NOT is_control) AS guardrails,
            countIf(role = 'guardrail' AND startsWith(verdict, 'Not worse than control')) AS guardrails_held
        FROM experiments_analytics.experiment_results
        GROUP BY experiment_id
    )
SELECT
    experiments.experiment_id AS experiment_id,
    experiments.name AS name,
    experiments.control_problem AS control_problem,
    experiments.last_hour AS last_hour,
    judged.users AS users,
    if(judged.goals > 1, concat(judged.first.1, ': ', judged.first.2), judged.first.2) AS verdict,
    concat('/dashboard#', base64Encode(concat(
        '{"host":"/","user":"experiments_page","queries":[],"customized_":false,',
        '"params":{"rounding":"60","seconds":"86400","from":"","to":"","experiment":"', toString(experiment_id), '"},',
        '"search_query_":"SELECT title, query FROM experiments_analytics.dashboard_queries FINAL ORDER BY position"}'))) AS dashboard,
    experiments.first_hour AS first_hour,
    judged.guardrails AS guardrails,
    judged.guardrails_held AS guardrails_held
FROM experiments_analytics.experiments AS experiments
LEFT JOIN judged ON judged.experiment_id = experiments.experiment_id;

CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_list
(
    experiment_id    UInt32,
    name             String,
    control_problem  String,
    last_hour        DateTime64(3, 'UTC'),
    users            UInt64,
    verdict          String,
    dashboard        String,
    first_hour       DateTime64(3, 'UTC'),
    guardrails       UInt64,
    guardrails_held  UInt64
)
ENGINE = MergeTree
ORDER BY experiment_id;

-- A table of an earlier release has some of them only, and its view named conversion.
ALTER TABLE experiments_analytics.experiment_list
    ADD COLUMN IF NOT EXISTS first_hour       DateTime64(3, 'UTC'),
    ADD COLUMN IF NOT EXISTS guardrails       UInt64,
    ADD COLUMN IF NOT EXISTS guardrails_held  UInt64;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_list_mv
REFRESH DEPENDS ON experiments_analytics.experiment_results_mv
TO experiments_analytics.experiment_list AS
SELECT * FROM experiments_analytics.experiment_list_now;

-- Needs no more than that.
