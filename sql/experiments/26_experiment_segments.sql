-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- The same comparisons in each segment: one row an experiment, metric, segment and variant. These rows decide nothing. Who looks at
-- twenty segments finds a difference below p = 0.05 in one of them, where there is none: `finding` says what is left after the
-- correction of Benjamini and Hochberg over all segments and variants of the experiment and metric. A difference found here is worth an
-- experiment of its own.
CREATE OR REPLACE VIEW experiments_analytics.experiment_segment_results_now AS
WITH
    p -> if(p < 0.0001, 'p < 0.0001', concat('p = ', toString(round(p, 4)))) AS in_words,
    tests AS
    (
        SELECT * EXCEPT p_value, p_value, if(lacking = '' AND control_problem = '', p_value, NULL) AS p_tested
        FROM experiments_analytics.experiment_comparisons
        WHERE segment_type != 'all'
    ),
    stepped AS
    (
        SELECT
            *,
            count(p_tested) OVER family AS tested,
            p_tested * tested / row_number() OVER (family ORDER BY p_tested) AS step
        FROM tests
        WINDOW family AS (PARTITION BY experiment_id, metric)
    ),
    corrected AS
    (
        SELECT
            *,
            if(isNull(p_tested), NULL, least(1, min(step) OVER (PARTITION BY experiment_id, metric ORDER BY p_tested DESC))) AS p_value_corrected
        FROM stepped
    )
SELECT
    experiment_id,
    experiment,
    metric,
    kind,
    role,
    direction,
    segment_type,
    segment,
    variant_id,
    variant_key,
    is_control,
    users,
    users_counted,
    rate,
    difference,
    lift,
    lift_low,
    lift_high,
    ci_low,
    ci_high,
    p_value,
    p_value_corrected,
    if(tested > 1, concat('Benjamini-Hochberg over ', toString(tested), ' comparisons in segments'), '') AS correction,
    multiIf(
        is_control, 'Control',
        control_problem != '', concat('No comparison: ', control_problem),
        lacking != '', concat('Not enough data: ', lacking),
        ifNull(p_value_corrected < alpha, false),
        concat(if(difference > 0 = (direction = 'up'), 'Better', 'Worse'), ' than control here (', in_words(assumeNotNull(p_value_corrected)),
               if(correction = '', '', concat(', ', correction)), ')'),
        'No difference seen here') AS finding
FROM corrected;

CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_segment_results
(
    experiment_id      UInt32,
    experiment         String,
    metric             LowCardinality(String),
    kind               LowCardinality(String),
    role               LowCardinality(String),
    direction          LowCardinality(String),
    segment_type       LowCardinality(String),
    segment            String,
    variant_id         UInt32,
    variant_key        String,
    is_control         Bool,
    users              UInt64,
    users_counted      UInt64,
    rate               Nullable(Float64),
    difference         Nullable(Float64),
    lift               Nullable(Float64),
    lift_low           Nullable(Float64),
    lift_high          Nullable(Float64),
    ci_low             Nullable(Float64),
    ci_high            Nullable(Float64),
    p_value            Nullable(Float64),
    p_value_corrected  Nullable(Float64),
    correction         String,
    finding            String
)
ENGINE = MergeTree
ORDER BY (experiment_id, metric, segment_type, segment, variant_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_segment_results_mv
REFRESH DEPENDS ON experiments_analytics.experiment_results_mv
TO experiments_analytics.experiment_segment_results AS
SELECT * FROM experiments_analytics.experiment_segment_results_now;

-- Needs no more than that.
