-- What people decide about an experiment before they look at it: one row an experiment, the newest counts. An experiment
-- without a row is analysed all the same: its control is the variant whose variant_key is `control`, its split is equal.
--
--   INSERT INTO experiments_analytics.experiment_settings (experiment_id, name, control_variant_id, expected_split)
--   VALUES (7, 'Checkout in one step', 0, map(0, 50, 1, 50))
CREATE TABLE IF NOT EXISTS {storage}.experiment_settings
(
    experiment_id            UInt32,
    name                     String,
    -- NULL: the variant whose variant_key is `control`.
    control_variant_id       Nullable(UInt32),
    -- variant_id -> weight; empty: every variant that is seen, equally. A variant that is not named here is unknown: its
    -- events are left out, and counted in experiment_left_out.
    expected_split           Map(UInt32, Float64),
    -- A verdict of a difference is wrong with this probability, where there is none.
    alpha                    Float64 DEFAULT 0.05,
    -- The probability with which the minimum detectable effect would be seen: more than a coin's.
    power                    Float64 DEFAULT 0.8,
    -- Below this p-value of the chi-square test the split is not what it should be, and nothing is decided.
    srm_alpha                Float64 DEFAULT 0.001,
    -- The number of users, over both variants of a comparison, at which the sequential interval is tightest.
    sequential_tuning_users  UInt64 DEFAULT 10000,
    updated_at               DateTime64(6, 'UTC') DEFAULT now64(6),
    -- Events before the one or from the other on are outside the experiment. NULL: all count.
    starts_at                Nullable(DateTime64(6, 'UTC')),
    ends_at                  Nullable(DateTime64(6, 'UTC')),
    -- What a user does in the first hours after the assignment does not count; exposures do.
    washout_hours            UInt32 DEFAULT 0,
    -- Named periods, each with its start; one lasts until the next begins. A user is in the phase of the first exposure.
    phases                   Map(String, DateTime64(6, 'UTC')),
    -- A regular expression: a user with an event of such a browser is a bot and left out. Empty: none.
    excluded_browsers        String,
    CONSTRAINT alpha_is_a_probability CHECK alpha > 0 AND alpha < 1,
    CONSTRAINT power_is_better_than_chance CHECK power > 0.5 AND power < 1,
    CONSTRAINT srm_alpha_is_a_probability CHECK srm_alpha > 0 AND srm_alpha < 1,
    CONSTRAINT weights_are_positive CHECK arrayAll(weight -> weight > 0 AND isFinite(weight), mapValues(expected_split)),
    CONSTRAINT variants_are_named_once CHECK length(mapKeys(expected_split)) = length(arrayDistinct(mapKeys(expected_split))),
    CONSTRAINT control_is_in_the_split
        CHECK empty(expected_split) OR isNull(control_variant_id) OR mapContains(expected_split, assumeNotNull(control_variant_id)),
    CONSTRAINT tuning_users_are_some CHECK sequential_tuning_users > 0,
    CONSTRAINT start_is_before_the_end CHECK isNull(starts_at) OR isNull(ends_at) OR assumeNotNull(starts_at) < assumeNotNull(ends_at),
    CONSTRAINT phases_are_named_once
        CHECK length(mapKeys(phases)) = length(arrayDistinct(mapKeys(phases))) AND NOT has(mapKeys(phases), ''),
    CONSTRAINT excluded_browsers_is_a_regular_expression CHECK match('', excluded_browsers) IN (0, 1)
)
ENGINE = {replicated}ReplacingMergeTree(updated_at)
ORDER BY experiment_id;

--| distributed experiment_settings by experiment_id

-- What is measured: one row a metric, the newest counts, and a metric that is added or changed shows for old events, too.
-- Three are there without a row, conversion, value and click (experiment_metrics_defined has them all); a row of the same
-- name takes the place of one, and one that is `deleted` takes it away.
--
--   INSERT INTO experiments_analytics.experiment_metrics (metric, kind, event_types, number, window_hours, cap, role)
--   VALUES ('revenue in a week', 'sum', ['conversion'], 'value', 168, 500, 'goal')
--
-- Of each exposed user, from the first exposure on:
--
--   conversion  1 where there is an event, else 0          sum          of `number` over the events; no event: 0
--   count       the number of events                       mean, max    of `number` over the user's events; who has none is not counted
--   ratio       the sum of `number` (or the events, where `number` is empty) over the same of the denominator, both summed over users
--   quantile    the quantile over users of each user's sum, mean or maximum (`quantile_of`), to 0.5 % of its value
CREATE TABLE IF NOT EXISTS {storage}.experiment_metrics
(
    metric                   String,
    -- Empty: all experiments.
    experiment_ids           Array(UInt32),
    kind                     Enum8('conversion' = 1, 'count' = 2, 'sum' = 3, 'mean' = 4, 'max' = 5, 'ratio' = 6, 'quantile' = 7),
    event_types              Array(String),
    -- `value`, `score` or `properties.NAME`, a member of properties that is a number, or text that is one.
    number                   String,
    denominator_event_types  Array(String),
    denominator_number       String,
    quantile                 Float64 DEFAULT 0.5,
    quantile_of              Enum8('sum' = 3, 'mean' = 4, 'max' = 5) DEFAULT 'sum',
    -- Only events of these; empty: of all.
    devices                  Array(String),
    browsers                 Array(String),
    pages                    Array(String),
    -- Only events less than so many hours after the first exposure (after the washout, where there is one). NULL: all.
    window_hours             Nullable(Float64),
    -- A user counts with this at most. Of a ratio the numerator is capped. `cap_quantile` finds the cap: that quantile over
    -- all exposed users of the experiment.
    cap                      Nullable(Float64),
    cap_quantile             Nullable(Float64),
    direction                Enum8('up' = 1, 'down' = -1) DEFAULT 'up',
    role                     Enum8('goal' = 1, 'guardrail' = 2, 'secondary' = 3) DEFAULT 'secondary',
    -- Of a guardrail: by what share of the control's mean it may be worse.
    margin                   Float64 DEFAULT 0,
    -- Variance reduction by the same metric over so many days before the first exposure.
    cuped                    Bool DEFAULT false,
    cuped_days               UInt16 DEFAULT 14,
    -- A metric with this is as if it were not there.
    deleted                  Bool DEFAULT false,
    updated_at               DateTime64(6, 'UTC') DEFAULT now64(6),
    CONSTRAINT metric_has_a_name CHECK notEmpty(metric),
    CONSTRAINT metric_names_its_event_types CHECK deleted OR notEmpty(event_types),
    CONSTRAINT number_is_value_score_or_a_property
        CHECK number IN ('', 'value', 'score') OR (startsWith(number, 'properties.') AND length(number) > 11),
    CONSTRAINT denominator_number_is_value_score_or_a_property
        CHECK denominator_number IN ('', 'value', 'score') OR (startsWith(denominator_number, 'properties.') AND length(denominator_number) > 11),
    CONSTRAINT sum_mean_max_and_quantile_read_a_number CHECK deleted OR kind NOT IN ('sum', 'mean', 'max', 'quantile') OR notEmpty(number),
    CONSTRAINT conversion_and_count_read_no_number CHECK kind NOT IN ('conversion', 'count') OR empty(number),
    CONSTRAINT ratio_has_a_denominator CHECK deleted OR kind != 'ratio' OR notEmpty(denominator_event_types),
    CONSTRAINT only_a_ratio_has_a_denominator CHECK kind = 'ratio' OR (empty(denominator_event_types) AND empty(denominator_number)),
    CONSTRAINT quantile_is_between_0_and_1 CHECK quantile > 0 AND quantile < 1,
    CONSTRAINT window_is_longer_than_nothing CHECK isNull(window_hours) OR (window_hours > 0 AND window_hours <= 1000000),
    CONSTRAINT cap_is_a_positive_number CHECK isNull(cap) OR (cap > 0 AND cap <= 1e15),
    CONSTRAINT cap_quantile_is_between_0_and_1 CHECK isNull(cap_quantile) OR (cap_quantile > 0 AND cap_quantile < 1),
    CONSTRAINT one_cap_at_most CHECK isNull(cap) OR isNull(cap_quantile),
    CONSTRAINT conversions_and_quantiles_have_no_cap
        CHECK kind NOT IN ('conversion', 'quantile') OR (isNull(cap) AND isNull(cap_quantile)),
    CONSTRAINT margin_is_a_share CHECK margin >= 0 AND margin < 1,
    CONSTRAINT cuped_days_are_some CHECK cuped_days > 0,
    CONSTRAINT mean_max_and_quantile_have_no_cuped CHECK kind NOT IN ('mean', 'max', 'quantile') OR NOT cuped
)
ENGINE = {replicated}ReplacingMergeTree(updated_at)
ORDER BY metric;

--| distributed experiment_metrics by metric

-- Users who are left out: those who test, or robots. experiment_id 0: of all experiments.
--
--   INSERT INTO experiments_analytics.experiment_excluded_users (user_id, reason) VALUES ('u-123', 'one of us')
CREATE TABLE IF NOT EXISTS {storage}.experiment_excluded_users
(
    experiment_id  UInt32 DEFAULT 0,
    user_id        String,
    reason         String,
    -- Counts again.
    deleted        Bool DEFAULT false,
    updated_at     DateTime64(6, 'UTC') DEFAULT now64(6),
    CONSTRAINT user_is_named CHECK notEmpty(user_id)
)
ENGINE = {replicated}ReplacingMergeTree(updated_at)
ORDER BY (user_id, experiment_id);

--| distributed experiment_excluded_users by user_id, experiment_id

-- The settings that decide what counts, of each experiment that has any; a change of `definition` has its users computed anew.
CREATE OR REPLACE VIEW experiments_analytics.experiment_rules AS
SELECT
    experiment_id,
    arraySort(mapKeys(expected_split)) AS known_variants,
    starts_at,
    ends_at,
    washout_hours,
    arraySort(phase -> phase.1, arrayMap((name, start) -> (start, name), mapKeys(phases), mapValues(phases))) AS phases,
    excluded_browsers,
    cityHash64(toString((known_variants, starts_at, ends_at, washout_hours, phases, excluded_browsers))) AS definition
FROM (SELECT * FROM experiments_analytics.experiment_settings FINAL);

-- The metrics as they are now; a change of `definition` has them computed anew.
CREATE OR REPLACE VIEW experiments_analytics.experiment_metrics_defined AS
WITH
    (SELECT groupArray(metric) FROM experiments_analytics.experiment_metrics) AS given
SELECT
    * EXCEPT (deleted, updated_at),
    cityHash64(toString((metric, kind, event_types, number, denominator_event_types, denominator_number, quantile_of, devices, browsers,
                         pages, window_hours, cap, isNotNull(cap_quantile), cuped, cuped_days))) AS definition
FROM
(
    SELECT * FROM experiments_analytics.experiment_metrics FINAL
    UNION ALL
    SELECT
        own.1, [], CAST(own.2, 'Enum8(\'conversion\' = 1, \'count\' = 2, \'sum\' = 3, \'mean\' = 4, \'max\' = 5, \'ratio\' = 6, \'quantile\' = 7)'),
        [own.3], own.4, [], '', 0.5, CAST('sum', 'Enum8(\'sum\' = 3, \'mean\' = 4, \'max\' = 5)'), [], [], [], NULL, NULL, NULL,
        CAST('up', 'Enum8(\'up\' = 1, \'down\' = -1)'), CAST(own.5, 'Enum8(\'goal\' = 1, \'guardrail\' = 2, \'secondary\' = 3)'),
        0, false, 14, false, toDateTime64(0, 6, 'UTC')
    FROM
    (
        SELECT arrayJoin([('conversion', 'conversion', 'conversion', '', 'goal'), ('value', 'sum', 'conversion', 'value', 'secondary'),
                          ('click', 'conversion', 'click', '', 'secondary')]) AS own
    )
    WHERE NOT has(given, own.1)
)
WHERE NOT deleted;
