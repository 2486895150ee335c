-- Needs ClickHouse 24.8, for refreshable views.
--
-- One row a variant: its users, whether the users are split over the variants as they should be, and the sums from which
-- the tests are made. A variant that is expected and has no users is a row of zeros.
CREATE OR REPLACE VIEW experiments_analytics.experiment_variants AS
WITH
    -- The chi-square distribution's upper tail, a finite sum for whole degrees of freedom
    -- (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.4.4 and 26.4.5).
    (x, freedom) -> if(x = 0, 1,
        if(freedom % 2 = 1, erfc(sqrt(x / 2)), 0)
        + arraySum(term -> exp(term * log(x / 2) - x / 2 - lgamma(term + 1)),
                   arrayMap(i -> i + if(freedom % 2 = 1, 0.5, 0), range(toUInt64(intDiv(freedom, 2)))))) AS chi_square_tail,
    counts AS
    (
        SELECT
            experiments.experiment_id AS experiment_id,
            experiments.name AS name,
            experiments.control_variant_id AS control_variant_id,
            experiments.control_problem AS control_problem,
            experiments.alpha AS alpha,
            experiments.power AS power,
            experiments.srm_alpha AS srm_alpha,
            experiments.sequential_tuning_users AS sequential_tuning_users,
            experiments.users_in_two_variants AS users_in_two_variants,
            experiments.events_left_out AS events_left_out,
            variant AS variant_id,
            seen.variant_key AS variant_key,
            ifNull(variant = experiments.control_variant_id, false)::Bool AS is_control,
            summary.users_assigned AS users_assigned,
            summary.users_exposed AS users_exposed,
            summary.users_converted AS users_converted,
            summary.users_clicked AS users_clicked,
            summary.conversions AS conversions,
            summary.value AS value,
            summary.value_variance AS value_variance,
            summary.value_as_treatment AS value_as_treatment,
            summary.value_as_control AS value_as_control,
            if(empty(experiments.expected_split),
               toFloat64(users_assigned > 0),
               experiments.expected_split[variant]) AS weight
        FROM (SELECT *, variant FROM experiments_analytics.experiments ARRAY JOIN variants AS variant) AS experiments
        LEFT JOIN experiments_analytics.variants_seen AS seen
            ON seen.experiment_id = experiments.experiment_id AND seen.variant_id = variant
        LEFT JOIN (SELECT * FROM experiments_analytics.experiment_summary WHERE segment_type = 'all') AS summary
            ON summary.experiment_id = experiments.experiment_id AND summary.variant_id = variant
    ),
    shares AS
    (
        SELECT
            *,
            countIf(weight > 0) OVER experiment AS variants_expected,
            if(weight > 0, weight / sum(weight) OVER experiment, 0) AS expected_share,
            expected_share * sum(users_assigned) OVER experiment AS expected_users
        FROM counts
        WINDOW experiment AS (PARTITION BY experiment_id)
    ),
    tests AS
    (
        SELECT
            *,
            sum(if(expected_users > 0, pow(users_assigned - expected_users, 2) / expected_users, 0)) OVER experiment AS chi_square,
            min(if(weight > 0, expected_users, inf)) OVER experiment AS fewest_expected
        FROM shares
        WINDOW experiment AS (PARTITION BY experiment_id)
    )
SELECT
    * EXCEPT (weight, expected_users, variants_expected, chi_square, fewest_expected),
    -- NULL where the test does not hold: one variant, or fewer than 5 users expected in one of them.
    if(variants_expected < 2 OR fewest_expected < 5, NULL, chi_square_tail(chi_square, variants_expected - 1)) AS srm_p_value
FROM tests;

-- What to decide on: one row an experiment, metric and variant, compared with the experiment's control. People and pages
-- read experiment_results, which holds these rows as of the last time that the users and the events of all hours were
-- computed; experiment_results_now shows a change of settings at once.
--
--   conversion, click  the share of exposed users with one after their first exposure. p-value: two-proportion z-test, pooled
--                      variance; interval: Wald, unpooled (ClickHouse's proportionsZTest)
--   value              the sum of `value` over a user's conversions after the first exposure, per exposed user; who has none
--                      counts with 0. Welch's t-test (ClickHouse's welchTTest)
--
-- All intervals are of 95 %. `alpha` decides verdicts alone.
-- p_value and interval hold for ONE look, at a size that was fixed before: whoever looks every day and stops at the first
-- p < 0.05 is wrong far more often than in 1 of 20 (tests/analytics shows how often). sequential_low, sequential_high and
-- sequential_p_value hold at all looks together, whenever one stops; their price is width. They are the asymptotic
-- confidence sequence with a Gaussian mixture of I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas,
-- Time-uniform central limit theory and asymptotic confidence sequences, Annals of Statistics 52(6), 2024
-- (arXiv:2103.06476), for a difference of means, with their rho for the narrowest interval at sequential_tuning_users.
-- Asymptotic: it does not cover the first hundred users of a variant, who have no sequential interval.
-- p_value_holm is p_value corrected (Holm) for the other variants of the same experiment and metric. Nothing corrects for
-- looking at several metrics, segments or experiments.
CREATE OR REPLACE VIEW experiments_analytics.experiment_results_now AS
WITH
    x -> if(isFinite(x), x, NULL) AS known,
    p -> if(p < 0.0001, 'p < 0.0001', concat('p = ', toString(round(p, 4)))) AS in_words,
    metrics AS
    (
        SELECT
            variants.* EXCEPT (value),
            measure.1 AS metric,
            measure.2 AS users_counted,
            measure.3 AS rate,
            measure.4 AS variance
        FROM experiments_analytics.experiment_variants AS variants
        ARRAY JOIN
        [
            ('conversion', users_converted, users_converted / users_exposed,
             users_converted / users_exposed * (1 - users_converted / users_exposed)),
            ('click', users_clicked, users_clicked / users_exposed,
             users_clicked / users_exposed * (1 - users_clicked / users_exposed)),
            ('value', users_converted, variants.value / users_exposed, value_variance)
        ] AS measure
    ),
    compared AS
    (
        SELECT
            *,
            isNotNull(control_variant_id) AND NOT is_control AS comparable,
            anyIf(rate, is_control) OVER family AS control_rate,
            anyIf(variance, is_control) OVER family AS control_variance,
            anyIf(users_exposed, is_control) OVER family AS control_exposed,
            anyIf(users_counted, is_control) OVER family AS control_counted,
            welchTTestMergeStateIf(0.95)(value_as_control, is_control) OVER family AS control_value
        FROM metrics
        WINDOW family AS (PARTITION BY experiment_id, metric)
    ),
    tested AS
    (
        WITH
            -- Named here again, since ClickHouse 24.8 knows a lambda only in the SELECT that names it.
            x -> if(isFinite(x), x, NULL) AS known,
            -- The z that belongs to a two-sided level, from ClickHouse's own interval of a difference whose standard error is known.
            level -> (proportionsZTest(50, 50, 100, 100, level, 'unpooled').4) / sqrt(0.005) AS normal_quantile
        SELECT
            *,
            -- welchTTest throws where it finds no variance, which would take all other rows along. Its sums of squares
            -- find none that is less than some 1e-15 of the squared mean, and the square of a variance must be a number.
            variance + control_variance AS variances,
            variances > 1e-10 * (rate * rate + control_rate * control_rate) AND variances BETWEEN 1e-140 AND 1e140 AS values_vary,
            if(metric = 'value',
               arrayReduce('welchTTestMerge(0.95)', arraySlice([value_as_treatment, control_value], 1, if(values_vary, 2, 0))),
               proportionsZTest(users_counted, control_counted, users_exposed, control_exposed, 0.95, 'pooled')) AS test,
            if(comparable, known(rate - control_rate), NULL) AS difference,
            if(comparable, known(test.2), NULL) AS p_value,
            if(comparable, known(test.3), NULL) AS ci_low,
            if(comparable, known(test.4), NULL) AS ci_high,
            least(users_exposed, control_exposed) AS users_least,
            users_exposed + control_exposed AS users,
            (users_counted + control_counted) / users AS pooled,
            -- The squared standard error of the difference.
            variance / users_exposed + control_variance / control_exposed AS error,
            -- Of the confidence sequence: rho squared times the users.
            users * (log(1 / 0.05) * 2 + log(log(1 / 0.05) * 2 + 1)) / sequential_tuning_users AS spread,
            comparable AND users_least >= 100 AND error > 0 AS sequential,
            (normal_quantile(1 - alpha) + normal_quantile(2 * power - 1))
                * sqrt(control_variance * (1 / users_exposed + 1 / control_exposed)) AS detectable
        FROM compared
    ),
    judged AS
    (
        SELECT
            *,
            sqrt(error * (spread + 1) / spread * (2 * log(1 / 0.05) + log(spread + 1))) AS radius,
            if(sequential, difference - radius, NULL) AS sequential_low,
            if(sequential, difference + radius, NULL) AS sequential_high,
            if(sequential,
               least(1, sqrt(spread + 1) * exp(-pow(difference, 2) / error * spread / (2 * (spread + 1)))),
               NULL) AS sequential_p_value,
            -- A normal approximation needs 5 users expected with and without the event, or 30 users for a mean.
            multiIf(
                users_least = 0, 'no exposed users in one of the variants',
                metric = 'value' AND users_least < 30, 'fewer than 30 users in one of the variants',
                metric = 'value' AND NOT values_vary, 'the values vary too little, or beyond all numbers',
                metric != 'value' AND users_least * pooled < 5, concat('too few users with a ', metric),
                metric != 'value' AND users_least * (1 - pooled) < 5, concat('too few users without a ', metric),
                '') AS lacking,
            p_value * (count(p_value) OVER family + 1 - row_number() OVER (family ORDER BY p_value)) AS p_value_stepped
        FROM tested
        WINDOW family AS (PARTITION BY experiment_id, metric)
    )
SELECT
    experiment_id,
    name AS experiment,
    metric,
    variant_id,
    variant_key,
    is_control,
    users_assigned,
    users_exposed,
    users_counted AS users_converted,
    known(judged.rate) AS rate,
    difference,
    if(isNull(difference), NULL, known(assumeNotNull(difference) / abs(control_rate))) AS lift,
    ci_low,
    ci_high,
    p_value,
    if(isNull(p_value), NULL, least(1, max(p_value_stepped) OVER (PARTITION BY experiment_id, metric ORDER BY p_value))) AS p_value_holm,
    sequential_low,
    sequential_high,
    sequential_p_value,
    if(comparable AND detectable > 0, known(detectable), NULL) AS minimum_detectable_effect,
    srm_p_value,
    users_in_two_variants,
    events_left_out,
    multiIf(
        is_control, 'Control',
        control_problem != '', concat('No verdict: ', control_problem),
        ifNull(srm_p_value < srm_alpha, false),
        concat('No verdict: users are not split as expected (sample-ratio mismatch, ', in_words(assumeNotNull(srm_p_value)), ')'),
        lacking != '', concat('Not enough data: ', lacking),
        ifNull(p_value_holm < alpha, false),
        concat(
            if(difference > 0, 'Better', 'Worse'), ' than control (', in_words(assumeNotNull(p_value_holm)), ')',
            if(ifNull(sequential_p_value < alpha, false),
               ', whenever you look', ', if the end was planned for now: not yet safe against peeking')),
        concat('No difference seen; one below ',
               if(metric = 'value', toString(round(detectable, 4)), concat(toString(round(100 * detectable, 2)), ' percentage points')),
               ' would probably stay unseen')
    ) AS verdict
FROM judged;

CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_results
(
    experiment_id              UInt32,
    experiment                 String,
    metric                     LowCardinality(String),
    variant_id                 UInt32,
    variant_key                String,
    is_control                 Bool,
    users_assigned             UInt64,
    users_exposed              UInt64,
    users_converted            UInt64,
    rate                       Nullable(Float64),
    difference                 Nullable(Float64),
    lift                       Nullable(Float64),
    ci_low                     Nullable(Float64),
    ci_high                    Nullable(Float64),
    p_value                    Nullable(Float64),
    p_value_holm               Nullable(Float64),
    sequential_low             Nullable(Float64),
    sequential_high            Nullable(Float64),
    sequential_p_value         Nullable(Float64),
    minimum_detectable_effect  Nullable(Float64),
    srm_p_value                Nullable(Float64),
    users_in_two_variants      UInt64,
    events_left_out            UInt64,
    verdict                    String,
    computed_at                DateTime('UTC')
)
ENGINE = MergeTree
ORDER BY (experiment_id, metric, variant_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_results_mv
REFRESH DEPENDS ON
    experiments_analytics.experiment_summary_mv,
    experiments_analytics.experiment_left_out_users_mv,
    experiments_analytics.variants_seen_mv
TO experiments_analytics.experiment_results AS
SELECT *, now('UTC') AS computed_at FROM experiments_analytics.experiment_results_now;
