-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- What to decide on: one row an experiment, metric and variant, compared with the experiment's control. People and pages
-- read experiment_results, which holds these rows as of the last time that the users and the events of all hours were
-- computed; experiment_results_now shows a change of settings at once. Formulas and their references: docs/experiments.md.
--
-- All intervals are of 95 %. `alpha` decides verdicts alone.
-- p_value, ci_low and ci_high hold for ONE look, at a size that was fixed before: whoever looks every day and stops at the first
-- p < 0.05 is wrong far more often than in 1 of 20 (tests/analytics shows how often). sequential_low, sequential_high and
-- sequential_p_value hold at all looks together, whenever one stops; their price is width.
--
-- p_value_holm is p_value corrected (Holm) for the other variants of the same metric. Verdicts are by p_value_corrected, and
-- `correction` says for what it is corrected:
--
--   goal       Holm, over all goals and variants of the experiment: the chance of any false verdict among them is below alpha
--   secondary  Benjamini and Hochberg, over all secondary metrics and variants: of the differences that are said to be there, a
--              share below alpha is not
--   guardrail  Holm over the variants of the metric, of margin_p_value: every guardrail must hold, so that more of them make no
--              false verdict likelier
--
-- Of a metric with `cuped` the adjusted figures decide, where there are any; the others stay beside them. A guardrail is judged
-- without. Nothing corrects for looking at several experiments.
CREATE OR REPLACE VIEW experiments_analytics.experiment_results_now AS
WITH
    p -> if(p < 0.0001, 'p < 0.0001', concat('p = ', toString(round(p, 4)))) AS in_words,
    x -> if(kind = 'conversion', concat(toString(round(100 * x, 2)), ' percentage points'), toString(round(x, 4))) AS amount,
    tests AS
    (
        SELECT
            *,
            isNotNull(adjusted_p_value) AND role != 'guardrail' AS by_adjusted,
            multiIf(role = 'guardrail', margin_p_value, by_adjusted, adjusted_p_value, p_value) AS p_tested,
            multiIf(role = 'guardrail', sequential_margin_p_value, by_adjusted, sequential_adjusted_p_value, sequential_p_value) AS sequential_tested,
            role = 'secondary' AS rate_of_false,
            if(role = 'guardrail', metric, '') AS of_metric
        FROM experiments_analytics.experiment_comparisons
        WHERE segment_type = 'all'
    ),
    stepped AS
    (
        SELECT
            *,
            count(p_tested) OVER family AS tested,
            row_number() OVER (family ORDER BY p_tested) AS place,
            count(sequential_tested) OVER family AS sequential_count,
            row_number() OVER (family ORDER BY sequential_tested) AS sequential_place,
            p_value * (count(p_value) OVER variants + 1 - row_number() OVER (variants ORDER BY p_value)) AS holm_step,
            -- NULLs sort last.
            if(rate_of_false, p_tested * tested / place, p_tested * (tested + 1 - place)) AS step,
            if(rate_of_false, sequential_tested * sequential_count / sequential_place,
               sequential_tested * (sequential_count + 1 - sequential_place)) AS sequential_step
        FROM tests
        WINDOW
            family AS (PARTITION BY experiment_id, role, of_metric),
            variants AS (PARTITION BY experiment_id, metric)
    ),
    corrected AS
    (
        WITH
            -- Named here again, since ClickHouse 24.8 knows a lambda only in the SELECT that names it.
            p -> if(p < 0.0001, 'p < 0.0001', concat('p = ', toString(round(p, 4)))) AS in_words
        SELECT
            *,
            if(isNull(p_value), NULL, least(1, max(holm_step) OVER (PARTITION BY experiment_id, metric ORDER BY p_value))) AS p_value_holm,
            multiIf(
                isNull(p_tested), NULL,
                rate_of_false, least(1, min(step) OVER (family ORDER BY p_tested DESC)),
                least(1, max(step) OVER (family ORDER BY p_tested))) AS p_value_corrected,
            multiIf(
                isNull(sequential_tested), NULL,
                rate_of_false, least(1, min(sequential_step) OVER (family ORDER BY sequential_tested DESC)),
                least(1, max(sequential_step) OVER (family ORDER BY sequential_tested))) AS sequential_p_value_corrected,
            if(isNull(p_tested) OR tested < 2, '',
               concat(if(rate_of_false, 'Benjamini-Hochberg', 'Holm'), ' over ', toString(tested), ' comparisons of ',
                      multiIf(role = 'guardrail', metric, rate_of_false, 'secondary metrics', 'goals'))) AS correction,
            ifNull(p_value_corrected < alpha, false) AS significant,
            ifNull(sequential_p_value_corrected < alpha, false) AS whenever,
            if(by_adjusted, adjusted_difference, difference) > 0 = (direction = 'up') AS good,
            concat(in_words(ifNull(p_value_corrected, 1)), if(correction = '', '', concat(', ', correction)),
                   if(by_adjusted, ', adjusted by what the users did before', '')) AS evidence,
            if(whenever, ', whenever you look', ', if the end was planned for now: not yet safe against peeking') AS looks,
            concat(toString(round(100 * margin, 4)), ' %') AS allowance
        FROM stepped
        WINDOW family AS (PARTITION BY experiment_id, role, of_metric)
    )
SELECT
    experiment_id,
    experiment,
    metric,
    variant_id,
    variant_key,
    is_control,
    users_assigned,
    users_exposed,
    users_counted AS users_converted,
    rate,
    difference,
    lift,
    ci_low,
    ci_high,
    p_value,
    p_value_holm,
    sequential_low,
    sequential_high,
    sequential_p_value,
    minimum_detectable_effect,
    srm_p_value,
    users_in_two_variants,
    events_left_out,
    concat(multiIf(
        is_control, 'Control',
        control_problem != '', concat('No verdict: ', control_problem),
        ifNull(srm_p_value < srm_alpha, false),
        concat('No verdict: users are not split as expected (sample-ratio mismatch, ', in_words(assumeNotNull(srm_p_value)), ')'),
        lacking != '', concat('Not enough data: ', lacking),
        role = 'guardrail' AND significant, concat('Not worse than control by ', allowance, ' or more (', evidence, ', one-sided)', looks),
        role = 'guardrail',
        concat(
            if(ifNull(p_value_holm < alpha, false) AND NOT good,
               concat('Worse than control (', in_words(assumeNotNull(p_value_holm)), '), and a loss of '), 'A loss of '),
            allowance, ' or more cannot be ruled out'),
        significant, concat(if(good, 'Better', 'Worse'), ' than control (', evidence, ')', looks),
        concat('No difference seen; one below ', amount(ifNull(minimum_detectable_effect, 0)), ' would probably stay unseen')
    ),
    -- Whoever was there on other days is no fair comparison.
    if(is_control OR abs(ifNull(days_late, 0)) < 1, '',
       concat('. ', if(days_late > 0, 'It began ', 'The control began '), toString(floor(abs(assumeNotNull(days_late)))),
              ' days after ', if(days_late > 0, 'the control', 'it'), ': some of its users are of other days'))) AS verdict,
    users,
    kind,
    role,
    direction,
    margin,
    lift_low,
    lift_high,
    margin_p_value,
    p_value_corrected,
    sequential_p_value_corrected,
    correction,
    adjusted_difference,
    adjusted_low,
    adjusted_high,
    adjusted_p_value,
    variance_gained,
    before_rate,
    before_difference,
    before_p_value,
    control_variance
FROM corrected;

CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_results
(
    experiment_id                 UInt32,
    experiment                    String,
    metric                        LowCardinality(String),
    variant_id                    UInt32,
    variant_key                   String,
    is_control                    Bool,
    users_assigned                UInt64,
    users_exposed                 UInt64,
    users_converted               UInt64,
    rate                          Nullable(Float64),
    difference                    Nullable(Float64),
    lift                          Nullable(Float64),
    ci_low                        Nullable(Float64),
    ci_high                       Nullable(Float64),
    p_value                       Nullable(Float64),
    p_value_holm                  Nullable(Float64),
    sequential_low                Nullable(Float64),
    sequential_high               Nullable(Float64),
    sequential_p_value            Nullable(Float64),
    minimum_detectable_effect     Nullable(Float64),
    srm_p_value                   Nullable(Float64),
    users_in_two_variants         UInt64,
    events_left_out               UInt64,
    verdict                       String,
    -- Users whom this metric counts: all that were exposed, or for a mean or maximum those with an event.
    users                         UInt64,
    kind                          LowCardinality(String),
    role                          LowCardinality(String),
    direction                     LowCardinality(String),
    margin                        Float64,
    lift_low                      Nullable(Float64),
    lift_high                     Nullable(Float64),
    margin_p_value                Nullable(Float64),
    p_value_corrected             Nullable(Float64),
    sequential_p_value_corrected  Nullable(Float64),
    correction                    String,
    adjusted_difference           Nullable(Float64),
    adjusted_low                  Nullable(Float64),
    adjusted_high                 Nullable(Float64),
    adjusted_p_value              Nullable(Float64),
    variance_gained               Nullable(Float64),
    before_rate                   Nullable(Float64),
    before_difference             Nullable(Float64),
    before_p_value                Nullable(Float64),
    control_variance              Nullable(Float64),
    computed_at                   DateTime('UTC')
)
ENGINE = MergeTree
ORDER BY (experiment_id, metric, variant_id);

-- A table of an earlier release has some of them only.
ALTER TABLE experiments_analytics.experiment_results
    ADD COLUMN IF NOT EXISTS users                         UInt64,
    ADD COLUMN IF NOT EXISTS kind                          LowCardinality(String),
    ADD COLUMN IF NOT EXISTS role                          LowCardinality(String),
    ADD COLUMN IF NOT EXISTS direction                     LowCardinality(String),
    ADD COLUMN IF NOT EXISTS margin                        Float64,
    ADD COLUMN IF NOT EXISTS lift_low                      Nullable(Float64),
    ADD COLUMN IF NOT EXISTS lift_high                     Nullable(Float64),
    ADD COLUMN IF NOT EXISTS margin_p_value                Nullable(Float64),
    ADD COLUMN IF NOT EXISTS p_value_corrected             Nullable(Float64),
    ADD COLUMN IF NOT EXISTS sequential_p_value_corrected  Nullable(Float64),
    ADD COLUMN IF NOT EXISTS correction                    String,
    ADD COLUMN IF NOT EXISTS adjusted_difference           Nullable(Float64),
    ADD COLUMN IF NOT EXISTS adjusted_low                  Nullable(Float64),
    ADD COLUMN IF NOT EXISTS adjusted_high                 Nullable(Float64),
    ADD COLUMN IF NOT EXISTS adjusted_p_value              Nullable(Float64),
    ADD COLUMN IF NOT EXISTS variance_gained               Nullable(Float64),
    ADD COLUMN IF NOT EXISTS before_rate                   Nullable(Float64),
    ADD COLUMN IF NOT EXISTS before_difference             Nullable(Float64),
    ADD COLUMN IF NOT EXISTS before_p_value                Nullable(Float64),
    ADD COLUMN IF NOT EXISTS control_variance              Nullable(Float64);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_results_mv
REFRESH DEPENDS ON
    experiments_analytics.experiment_done_mv,
    experiments_analytics.variants_seen_mv
TO experiments_analytics.experiment_results AS
SELECT *, now('UTC') AS computed_at FROM experiments_analytics.experiment_results_now;

-- As on a server on which it waits for others.
ALTER TABLE experiments_analytics.experiment_results_mv MODIFY
REFRESH DEPENDS ON experiments_analytics.experiment_done_mv, experiments_analytics.variants_seen_mv;

-- Needs no more than that.
