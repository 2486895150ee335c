-- What is measured: one row a metric. Empty experiment_ids: in all experiments. Roles, directions and margins decide how
-- 25_experiment_results.sql judges it.
CREATE OR REPLACE VIEW experiments_analytics.experiment_metrics_defined AS
SELECT
    metric,
    experiment_ids,
    CAST(kind, 'Enum8(\'conversion\' = 1, \'count\' = 2, \'sum\' = 3, \'mean\' = 4, \'max\' = 5, \'ratio\' = 6, \'quantile\' = 7)') AS kind,
    CAST(role, 'Enum8(\'goal\' = 1, \'guardrail\' = 2, \'secondary\' = 3)') AS role,
    CAST('up', 'Enum8(\'up\' = 1, \'down\' = -1)') AS direction,
    0. AS margin,
    0.5 AS quantile,
    false AS cuped
FROM values(
    'metric String, experiment_ids Array(UInt32), kind String, role String',
    ('conversion', [], 'conversion', 'goal'),
    ('value', [], 'sum', 'secondary'),
    ('click', [], 'conversion', 'secondary'));
