-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- How many users, and how many days at today's traffic, until a difference of so much would be seen: one row an experiment, metric,
-- variant and effect, a share of the control's estimate. "Seen" is with the probability `power`, at the level `alpha`, in one look at a planned
-- end, without a correction. To plan an experiment before it starts, read those of one that has the same users and metric.
--
-- Traffic is the users first exposed on the last 7 whole days that had any.
CREATE OR REPLACE VIEW experiments_analytics.experiment_plan
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH
    days AS
    (
        SELECT experiment_id, variant_id, sum(users_exposed) AS newcomers
        FROM
        (
            SELECT experiment_id, variant_id, users_exposed, dense_rank() OVER (PARTITION BY experiment_id ORDER BY day DESC) AS place
            FROM experiments_analytics.users_by_day
            WHERE users_exposed > 0 AND day < toDate32(now('UTC'))
        )
        WHERE place <= 7
        GROUP BY experiment_id, variant_id
    ),
    lengths AS
    (
        SELECT experiment_id, least(uniqExact(day), 7) AS days
        FROM experiments_analytics.users_by_day
        WHERE users_exposed > 0 AND day < toDate32(now('UTC'))
        GROUP BY experiment_id
    ),
    results AS
    (
        SELECT
            experiment_id, metric, variant_id, kind, is_control, users, users_exposed,
            anyIf(rate, is_control) OVER family AS control_rate,
            anyIf(users, is_control) OVER family AS control_users,
            anyIf(variant_id, is_control) OVER family AS control,
            control_variance
        FROM experiments_analytics.experiment_results
        WINDOW family AS (PARTITION BY experiment_id, metric)
    ),
    settings AS
    (
        WITH
            -- The z that belongs to a two-sided level, from ClickHouse's own interval of a difference whose standard error is known.
            level -> (proportionsZTest(50, 50, 100, 100, level, 'unpooled').4) / sqrt(0.005) AS normal_quantile
        SELECT
            experiment_id,
            pow(normal_quantile(1 - alpha) + normal_quantile(2 * power - 1), 2) AS z_squared
        FROM (SELECT experiment_id, alpha, power FROM experiments_analytics.experiments)
    ),
    compared AS
    (
        SELECT
            results.experiment_id AS experiment_id,
            results.metric AS metric,
            results.variant_id AS variant_id,
            results.kind AS kind,
            results.control_rate AS control_rate,
            results.control_variance AS control_variance,
            results.users + results.control_users AS users_so_far,
            results.users / users_so_far AS share,
            -- Of the users that the metric counts.
            (own.newcomers + other.newcomers) / lengths.days * if(results.users_exposed > 0, results.users / results.users_exposed, 1) AS users_a_day,
            settings.z_squared AS z_squared
        FROM results
        INNER JOIN settings ON settings.experiment_id = results.experiment_id
        LEFT JOIN days AS own ON own.experiment_id = results.experiment_id AND own.variant_id = results.variant_id
        LEFT JOIN days AS other ON other.experiment_id = results.experiment_id AND other.variant_id = results.control
        LEFT JOIN lengths ON lengths.experiment_id = results.experiment_id
        WHERE NOT results.is_control AND isNotNull(results.control_rate) AND results.control_rate != 0 AND results.control_variance > 0
            AND results.users > 0 AND results.control_users > 0
    )
SELECT
    experiment_id,
    metric,
    variant_id,
    effect_share,
    abs(control_rate) * effect_share AS effect,
    -- Both variants together, split as they are now.
    ceil(z_squared / (effect * effect) * (control_variance / (1 - share)
        + if(kind = 'conversion', (control_rate + effect) * (1 - control_rate - effect), control_variance) / share)) AS users_needed,
    users_so_far,
    if(users_a_day > 0, users_a_day, NULL) AS users_per_day,
    users_needed / users_per_day AS days_needed,
    greatest(users_needed - users_so_far, 0) / users_per_day AS days_left
FROM compared
ARRAY JOIN [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1] AS effect_share
WHERE kind != 'conversion' OR control_rate * (1 + effect_share) <= 1;

-- Needs no more than that.
