-- Needs ClickHouse 24.8, for refreshable views.
--
-- What all statistics are made of: one row an experiment, metric, variant and segment, with the number of its exposed users and the
-- moments of what each of them has (variances and covariances with n - 1): x and y of a ratio (y is 1 of what is none), p and q the same
-- before the first exposure.
CREATE OR REPLACE VIEW experiments_analytics.experiment_moments AS
WITH
    measured AS
    (
        SELECT
            summary.* EXCEPT (value_as_treatment, value_as_control),
            measure.1 AS metric,
            measure.2 AS users_counted,
            measure.3 AS mean_x,
            measure.4 AS var_x
        FROM experiments_analytics.experiment_summary AS summary
        ARRAY JOIN
        [
            ('conversion', users_converted, users_converted / users_exposed,
             users_converted / users_exposed * (users_exposed - users_converted) / (users_exposed - 1)),
            ('click', users_clicked, users_clicked / users_exposed,
             users_clicked / users_exposed * (users_exposed - users_clicked) / (users_exposed - 1)),
            ('value', users_converted, summary.value / users_exposed, value_variance)
        ] AS measure
        WHERE users_exposed > 0
    )
SELECT
    experiment_id,
    metric,
    defined.kind AS kind,
    variant_id,
    toUInt64(0) AS version,
    segment_type,
    segment,
    users_exposed AS users,
    users_counted,
    toUInt64(0) AS events_refused,
    mean_x,
    var_x,
    1. AS mean_y,
    0. AS var_y,
    0. AS cov_xy,
    0. AS mean_p,
    0. AS var_p,
    0. AS cov_xp,
    1. AS mean_q,
    0. AS var_q,
    0. AS cov_xq,
    0. AS cov_yp,
    0. AS cov_yq,
    0. AS cov_pq,
    []::Array(Tuple(Float64, UInt64)) AS buckets
FROM measured
INNER JOIN experiments_analytics.experiment_metrics_defined AS defined USING (metric);

-- Needs no more than that.
