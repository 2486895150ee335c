-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- Each variant beside the control of its experiment: one row an experiment, metric, segment and variant, with every figure of
-- a single comparison. Corrections for several of them, and verdicts, are made from these in the next files. Formulas and
-- their references: docs/experiments.md.
--
-- Each step names what the next one reads: an expression that is written out in several others makes a query slow to plan.
CREATE OR REPLACE VIEW experiments_analytics.experiment_comparisons AS
WITH
    x -> if(isFinite(x), x, NULL) AS known,
    -- The largest level whose confidence sequence leaves 0 out; `square` is that of difference / standard error.
    square -> least(1, sqrt(spread + 1) * exp(-square * spread / (2 * (spread + 1)))) AS sequential_p,
    beside AS
    (
        SELECT
            *,
            isNotNull(control_variant_id) AND NOT is_control AS comparable,
            anyIf(users, is_control) OVER family AS control_users,
            anyIf(users_counted, is_control) OVER family AS control_counted,
            anyIf(estimate, is_control) OVER family AS control_estimate,
            anyIf(variance, is_control) OVER family AS control_variance,
            anyIf(variance_linear, is_control) OVER family AS control_linear,
            anyIf(before, is_control) OVER family AS control_before,
            anyIf(before_variance, is_control) OVER family AS control_before_variance,
            anyIf(shared, is_control) OVER family AS control_shared
        FROM experiments_analytics.experiment_estimates
        WINDOW family AS (PARTITION BY experiment_id, metric, segment_type, segment)
    ),
    -- Errors are squared standard errors.
    differing AS
    (
        WITH
            -- The z that belongs to a two-sided level, from ClickHouse's own interval of a difference whose standard error is known.
            level -> (proportionsZTest(50, 50, 100, 100, level, 'unpooled').4) / sqrt(0.005) AS normal_quantile
        SELECT
            *,
            0.95 AS level,
            kind IN ('conversion', 'quantile') AS normal,
            least(users, control_users) AS users_least,
            users + control_users AS users_both,
            estimate - control_estimate AS gap,
            variance / users AS own_error,
            control_variance / control_users AS control_error,
            variance + control_variance AS variances,
            -- The worst that a guardrail allows, as a multiple of the control's estimate: (1 - margin) where up is good.
            1 - if(direction = 'up', 1, -1) * sign(control_estimate) * margin AS allowed,
            before - control_before AS before_gap,
            before_variance + control_before_variance AS before_variances,
            -- The one slope of both variants, as in an analysis of covariance.
            ((users - 1) * shared + (control_users - 1) * control_shared)
                / ((users - 1) * before_variance + (control_users - 1) * control_before_variance) AS slope,
            normal_quantile(level) AS z,
            normal_quantile(1 - alpha) + normal_quantile(2 * power - 1) AS z_detectable
        FROM beside
    ),
    adjusted AS
    (
        SELECT
            *,
            own_error + control_error AS error,
            if(direction = 'up', 1, -1) * (estimate - allowed * control_estimate) AS reserve,
            own_error + allowed * allowed * control_error AS reserve_error,
            variance_linear + slope * slope * before_variance - 2 * slope * shared AS adjusted_variance,
            control_linear + slope * slope * control_before_variance - 2 * slope * control_shared AS control_adjusted_variance,
            gap - slope * before_gap AS adjusted_gap,
            -- Where values vary by less than what sums of squares can tell, or where squares are beyond all numbers, nothing is tested.
            variances > if(normal, 0, 1e-10 * (estimate * estimate + control_estimate * control_estimate))
                AND variances BETWEEN 1e-140 AND 1e140 AS values_vary,
            before_variances > 1e-10 * (before * before + control_before * control_before)
                AND before_variances BETWEEN 1e-140 AND 1e140 AS before_varies
        FROM differing
    ),
    ready AS
    (
        SELECT
            *,
            adjusted_variance / users + control_adjusted_variance / control_users AS adjusted_error,
            variance_linear / users + control_linear / control_users AS linear_error,
            comparable AND users_least > 1 AND values_vary AND isFinite(gap) AS testable,
            comparable AND users_least > 1 AND before_varies AND isFinite(before_gap) AS testable_before
        FROM adjusted
    ),
    asked AS
    (
        SELECT
            *,
            testable AND role = 'guardrail' AS guarded,
            testable AND testable_before AND cuped AND adjusted_error > 1e-10 * linear_error AND isFinite(adjusted_gap) AS adjustable,
            -- The mean and the two variances of each t-test: plain, adjusted, against the margin, before exposure. The first is false where
            -- there is nothing to test.
            [
                (testable AND NOT normal, gap, variance, control_variance),
                (adjustable, adjusted_gap, adjusted_variance, control_adjusted_variance),
                (guarded AND NOT normal, reserve, variance, allowed * allowed * control_variance),
                (testable_before, before_gap, before_variance, control_before_variance)
            ] AS samples
        FROM ready
    ),
    -- Welch's t-test is ClickHouse's own. It wants states of two samples: these are made of the moments, as such a state is stored (numbers
    -- of users, sums, sums of squares), the control's mean moved to 0, so that no digits are lost. It throws where there is no
    -- variance.
    tested AS
    (
        WITH
            x -> reinterpretAsFixedString(toFloat64(x)) AS stored
        SELECT
            * EXCEPT samples,
            arrayMap(sample -> arrayReduce('welchTTestMerge(0.95)', if(sample.1, [CAST(concat(
                stored(users), stored(control_users), stored(sample.2 * users), stored(0),
                stored(sample.3 * (users - 1) + sample.2 * sample.2 * users), stored(sample.4 * (control_users - 1))),
                'AggregateFunction(welchTTest(0.95), Float64, UInt8)')], [])), samples) AS tests,
            -- A share's p-value and interval are ClickHouse's own, too.
            proportionsZTest(users_counted, control_counted, users, control_users, level, 'pooled') AS shares,
            estimate / control_estimate AS multiple,
            -- Of the confidence sequence: rho squared times the users.
            users_both * (log(1 / (1 - level)) * 2 + log(log(1 / (1 - level)) * 2 + 1)) / sequential_tuning_users AS spread,
            testable AND users_least >= 100 AND kind != 'quantile' AS sequential
        FROM asked
    ),
    told AS
    (
        SELECT
            *,
            (users_counted + control_counted) / users_both AS pooled,
            tests[2] AS test_adjusted,
            tests[4] AS test_before,
            -- p-value and interval.
            multiIf(
                kind = 'conversion', (shares.2, shares.3, shares.4),
                normal AND NOT testable, (nan, nan, nan),
                normal, (erfc(abs(gap) / sqrt(2 * error)), gap - z * sqrt(error), gap + z * sqrt(error)),
                (tests[1].2, tests[1].3, tests[1].4)) AS plain,
            multiIf(
                normal, erfc(reserve / sqrt(2 * reserve_error)) / 2,
                reserve > 0, tests[3].2 / 2,
                1 - tests[3].2 / 2) AS margin_p,
            -- What a two-sided interval takes on each side; then Fieller's interval of a ratio.
            if(normal, z * z, pow((tests[1].4 - tests[1].3) / 2, 2) / error) AS reach_squared,
            reach_squared * control_error / (control_estimate * control_estimate) AS unsure,
            sqrt(reach_squared * (own_error * (1 - unsure) + multiple * multiple * control_error)) / abs(control_estimate) AS multiple_radius,
            (2 * log(1 / (1 - level)) + log(spread + 1)) * (spread + 1) / spread AS sequential_reach_squared,
            z_detectable * sqrt(control_variance * (1 / users + 1 / control_users)) AS detectable
        FROM tested
    ),
    bounded AS
    (
        SELECT
            *,
            -- (multiple -+ radius) / (1 - unsure) - 1, which would lose digits near 0.
            (gap / control_estimate + unsure - multiple_radius) / (1 - unsure) AS multiple_low,
            (gap / control_estimate + unsure + multiple_radius) / (1 - unsure) AS multiple_high,
            testable AND unsure < 1 AS lift_is_bounded,
            sqrt(error * sequential_reach_squared) AS sequential_radius
        FROM told
    )
SELECT
    experiment_id,
    name AS experiment,
    metric,
    kind,
    role,
    direction,
    margin,
    segment_type,
    segment,
    variant_id,
    variant_key,
    is_control,
    users_assigned,
    users_exposed,
    users,
    users_counted,
    known(bounded.estimate) AS rate,
    if(comparable, known(gap), NULL) AS difference,
    if(comparable, known(gap / abs(control_estimate)), NULL) AS lift,
    -- A control that cannot be told from 0 leaves the lift without bounds.
    if(lift_is_bounded, known(if(control_estimate > 0, multiple_low, -multiple_high)), NULL) AS lift_low,
    if(lift_is_bounded, known(if(control_estimate > 0, multiple_high, -multiple_low)), NULL) AS lift_high,
    if(comparable, known(plain.2), NULL) AS ci_low,
    if(comparable, known(plain.3), NULL) AS ci_high,
    if(comparable, known(plain.1), NULL) AS p_value,
    if(sequential, known(gap - sequential_radius), NULL) AS sequential_low,
    if(sequential, known(gap + sequential_radius), NULL) AS sequential_high,
    if(sequential, sequential_p(gap * gap / error), NULL) AS sequential_p_value,
    -- One-sided: that the variant is worse than the margin allows.
    if(guarded, known(margin_p), NULL) AS margin_p_value,
    if(guarded AND sequential, if(reserve > 0, sequential_p(reserve * reserve / reserve_error), 1), NULL) AS sequential_margin_p_value,
    if(adjustable, known(adjusted_gap), NULL) AS adjusted_difference,
    if(adjustable, known(test_adjusted.3), NULL) AS adjusted_low,
    if(adjustable, known(test_adjusted.4), NULL) AS adjusted_high,
    if(adjustable, known(test_adjusted.2), NULL) AS adjusted_p_value,
    if(adjustable AND sequential, sequential_p(adjusted_gap * adjusted_gap / adjusted_error), NULL) AS sequential_adjusted_p_value,
    -- In per cent of the variance without.
    if(adjustable, known(100 * (1 - adjusted_error / linear_error)), NULL) AS variance_gained,
    if(cuped, known(bounded.before), NULL) AS before_rate,
    if(testable_before, known(before_gap), NULL) AS before_difference,
    if(testable_before, known(test_before.2), NULL) AS before_p_value,
    if(comparable AND detectable > 0, known(detectable), NULL) AS minimum_detectable_effect,
    known(bounded.control_variance) AS control_variance,
    -- A normal approximation needs 5 users expected with and without the event, or 30 users for a mean.
    multiIf(
        users_least = 0, 'no exposed users in one of the variants',
        kind = 'conversion' AND users_least * pooled < 5, concat('too few users with a ', metric),
        kind = 'conversion' AND users_least * (1 - pooled) < 5, concat('too few users without a ', metric),
        kind = 'conversion', '',
        users_least < 30, 'fewer than 30 users in one of the variants',
        kind = 'quantile' AND users_least * least(quantile, 1 - quantile) < 10, 'too few users beyond the quantile',
        kind = 'ratio' AND NOT isFinite(gap), 'the denominator is zero in one of the variants',
        NOT values_vary, 'the values vary too little, or beyond all numbers',
        '') AS lacking,
    control_problem,
    alpha,
    power,
    srm_alpha,
    srm_p_value,
    users_in_two_variants,
    events_left_out,
    days_late
FROM bounded;

-- Needs no more than that.
