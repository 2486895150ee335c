-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- Were the variants alike before the experiment? One row an experiment, metric and variant: the metric over the days before each
-- user's first exposure, where nothing can have differed (an A/A comparison). For metrics with `cuped`, which have those days. A
-- difference here says that the users were not split at random, or that the exposures of the variants are not counted alike: what comes
-- after it cannot be trusted.
--
-- Welch's t-test; Holm over all metrics and variants of the experiment, at the level srm_alpha, as for the sample ratio.
CREATE OR REPLACE VIEW experiments_analytics.experiment_before
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH
    p -> if(p < 0.0001, 'p < 0.0001', concat('p = ', toString(round(p, 4)))) AS in_words,
    stepped AS
    (
        SELECT
            results.experiment_id AS experiment_id,
            results.metric AS metric,
            results.variant_id AS variant_id,
            results.variant_key AS variant_key,
            results.is_control AS is_control,
            results.before_rate AS before_rate,
            results.before_difference AS before_difference,
            results.before_p_value AS before_p_value,
            settings.srm_alpha AS srm_alpha,
            count(before_p_value) OVER family AS tested,
            before_p_value * (tested + 1 - row_number() OVER (family ORDER BY before_p_value)) AS step
        FROM experiments_analytics.experiment_results AS results
        INNER JOIN (SELECT experiment_id, srm_alpha FROM experiments_analytics.experiments) AS settings
            ON settings.experiment_id = results.experiment_id
        WHERE isNotNull(results.before_rate)
        WINDOW family AS (PARTITION BY results.experiment_id)
    ),
    corrected AS
    (
        SELECT
            *,
            if(isNull(before_p_value), NULL,
               least(1, max(step) OVER (PARTITION BY experiment_id ORDER BY before_p_value))) AS p_value_corrected
        FROM stepped
    )
SELECT
    experiment_id,
    metric,
    variant_id,
    variant_key,
    is_control,
    before_rate,
    before_difference,
    before_p_value,
    p_value_corrected,
    multiIf(
        is_control, 'Control',
        isNull(p_value_corrected), 'Nothing to compare: the values before do not vary',
        p_value_corrected < srm_alpha,
        concat('Differed from the control before the experiment (', in_words(assumeNotNull(p_value_corrected)),
               if(tested > 1, concat(', Holm over ', toString(tested), ' comparisons'), ''), ')'),
        'No difference before the experiment') AS finding
FROM corrected;

-- Needs no more than that.
