-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- One row a variant: its users, and whether the users are split over the variants as they should be. A variant that is
-- expected and has no users is a row of zeros.
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
            if(seen.counted > 0, seen.first_hour, NULL) AS first_hour,
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
            -- How many days after the control the variant was first seen.
            dateDiff('hour', anyIf(first_hour, is_control) OVER experiment, first_hour) / 24 AS days_late,
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

-- Needs no more than that.
