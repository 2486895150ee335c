-- Every event once, and the place that it has in the analysis. Only `counted` events count; nothing is dropped unseen:
-- experiment_left_out says how many are elsewhere.
--
-- `clock ahead`: the event says that it happened more than 5 minutes after PostgreSQL wrote it down (where it is not known
-- when that was: after now). `no assignment` is an event that does not say when its user was assigned, except an event of
-- type `assignment`, which is the assignment itself.
CREATE OR REPLACE VIEW experiments_analytics.experiment_events AS
SELECT
    *,
    CAST(
        multiIf(
            timestamp > ifNull(created_at, now64(6)) + INTERVAL 5 MINUTE, 5,
            experiment_id IN
                (SELECT experiment_id FROM experiments_analytics.experiment_settings FINAL WHERE notEmpty(expected_split))
            AND (experiment_id, variant_id) NOT IN
                (SELECT experiment_id, arrayJoin(mapKeys(expected_split)) FROM experiments_analytics.experiment_settings FINAL), 4,
            isNull(assignment_at) AND event_type != 'assignment', 3,
            ifNull(timestamp < assignment_at, false), 2,
            1),
        'Enum8(\'counted\' = 1, \'before assignment\' = 2, \'no assignment\' = 3, \'unknown variant\' = 4, \'clock ahead\' = 5)'
    ) AS place
FROM experiments_analytics.events;
