-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- From moments to an estimate and its variance: one row an experiment, metric, variant and segment. segment_type `all` is the
-- whole experiment; there a variant that nobody has seen has a row, too. Formulas and their references: docs/experiments.md.
--
--   estimate         of the variant: a share, a mean, a ratio or a quantile; not a number where there is none (no users, a
--                    denominator of zero)
--   variance         of a user's part in it: variance / users is the squared standard error of the estimate
--   variance_linear  the same from moments alone; it is another one for shares (n - 1) and for quantiles (which have none)
--   before           the same metric of the same users before their first exposure, with its variance
--   shared           the covariance of a user's parts in the two
--
-- A ratio is made linear (delta method): R = mean x / mean y varies as the mean of (x - R y) / mean y. A mean has y = 1.
CREATE OR REPLACE VIEW experiments_analytics.experiment_estimates AS
WITH
    measured AS
    (
        SELECT
            * EXCEPT segment_type,
            if(moments.segment_type = '', 'all', moments.segment_type) AS segment_type
        FROM
        (
            SELECT
                variants.* EXCEPT (users_converted, users_clicked, conversions, value, value_variance, value_as_treatment, value_as_control),
                metrics.metric AS metric,
                toString(metrics.kind) AS kind,
                toString(metrics.role) AS role,
                toString(metrics.direction) AS direction,
                metrics.margin AS margin,
                metrics.quantile AS quantile,
                metrics.cuped AS cuped
            FROM experiments_analytics.experiment_variants AS variants
            CROSS JOIN experiments_analytics.experiment_metrics_defined AS metrics
            WHERE empty(metrics.experiment_ids) OR has(metrics.experiment_ids, experiment_id)
        ) AS cells
        LEFT JOIN (SELECT * EXCEPT (kind, version, events_refused) FROM experiments_analytics.experiment_moments) AS moments
            USING (experiment_id, variant_id, metric)
    ),
    -- Of a quantile: its rank among the users, and the ranks 1.96 of its own standard errors below and above.
    ranked AS
    (
        SELECT
            *,
            arraySort(buckets) AS sorted,
            arrayCumSum(bucket -> bucket.2, sorted) AS users_up_to,
            toFloat64(users_up_to[-1]) AS users_ranked,
            1.96 * sqrt(users_ranked * quantile * (1 - quantile)) AS rank_error,
            if(kind = 'quantile' AND notEmpty(sorted),
               arrayMap(step -> least(greatest(users_ranked * quantile + step * rank_error, 0.), users_ranked), [0, -1, 1]),
               []) AS ranks
        FROM measured
    ),
    placed AS
    (
        SELECT *, arrayMap(rank -> arrayFirstIndex(count -> count >= rank, users_up_to), ranks) AS places
        FROM ranked
    ),
    -- The value at each rank: within a bucket, which is 1 % wide, the users are spread evenly.
    valued AS
    (
        SELECT
            *,
            arrayMap((rank, place) -> sorted[place].1 * pow(1.01, sign(sorted[place].1) *
                                          (0.5 - (users_up_to[place] - rank) / sorted[place].2)), ranks, places) AS values_at
        FROM placed
    ),
    estimated AS
    (
        SELECT
            *,
            mean_p / mean_q AS before,
            multiIf(
                kind = 'conversion', users_counted / users,
                kind = 'quantile', if(empty(values_at), nan, values_at[1]),
                mean_x / mean_y) AS estimate
        FROM valued
    )
SELECT
    * EXCEPT (buckets, sorted, users_up_to, users_ranked, rank_error, ranks, places, values_at),
    (var_x - 2 * estimate * cov_xy + estimate * estimate * var_y) / (mean_y * mean_y) AS variance_linear,
    multiIf(
        kind = 'conversion', estimate * (1 - estimate),
        kind = 'quantile', if(empty(values_at), nan, users * pow((values_at[3] - values_at[2]) / (2 * 1.96), 2)),
        variance_linear) AS variance,
    (var_p - 2 * before * cov_pq + before * before * var_q) / (mean_q * mean_q) AS before_variance,
    (cov_xp - before * cov_xq - estimate * cov_yp + estimate * before * cov_yq) / (mean_y * mean_q) AS shared
FROM estimated;

-- Needs no more than that.
