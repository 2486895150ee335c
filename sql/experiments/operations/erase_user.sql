-- Erases one user from every table: events, dead letters (whatever their state) and what is computed from events.
--
--   clickhouse-client --param_user=u-123 --queries-file sql/experiments/operations/erase_user.sql
--
-- Erase the user at the source first. The topic keeps its messages for its own retention: after a redelivery or a batch
-- that reads them again, run this again. Replaced parts leave the disk within old_parts_lifetime (8 minutes), what batches
-- have noted of the user within 3 days; backups are yours to see to.
ALTER TABLE experiments_analytics.events_processed DELETE WHERE user_id = {user:String} SETTINGS mutations_sync = 2;

ALTER TABLE experiments_analytics.events_by_user DELETE WHERE user_id = {user:String} SETTINGS mutations_sync = 2;

-- A letter that cannot be read is found by the user's name as a word of its text.
ALTER TABLE experiments_analytics.dead_letters
    DELETE WHERE ifNull(debeziumExtract(message, 'after.payload.user_id') = {user:String}, false)
        OR match(concat(key, ' ', message), concat('(^|\\W)', regexpQuoteMeta({user:String}), '($|\\W)'))
    SETTINGS mutations_sync = 2;

-- A reason shows up to 64 bytes of a value.
ALTER TABLE experiments_analytics.pipeline_minutes
    UPDATE error_reason = '' WHERE position(error_reason, {user:String}) > 0 SETTINGS mutations_sync = 2;

-- The next batch finds no event of the user, and takes the user out of the totals. Then the user's own row can go.
INSERT INTO experiments_analytics.experiment_touched (experiment_id, user_id)
SELECT experiment_id, user_id FROM experiments_analytics.experiment_user_rows FINAL WHERE user_id = {user:String};

INSERT INTO experiments_analytics.experiment_hours_touched
SELECT experiment_id, variant_id, hour, now64(3) FROM experiments_analytics.experiment_hours
WHERE experiment_id IN (SELECT experiment_id FROM experiments_analytics.experiment_user_rows WHERE user_id = {user:String});

SELECT sleep(2) FORMAT Null;

-- Twice, since a batch may be on its way that was planned before.
SYSTEM REFRESH VIEW experiments_analytics.experiment_batches_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_batches_mv;

SYSTEM REFRESH VIEW experiments_analytics.experiment_changes_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_changes_mv;

SYSTEM REFRESH VIEW experiments_analytics.experiment_user_rows_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_user_rows_mv;

SYSTEM REFRESH VIEW experiments_analytics.experiment_totals_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_totals_mv;

SYSTEM REFRESH VIEW experiments_analytics.experiment_done_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_done_mv;

SYSTEM REFRESH VIEW experiments_analytics.experiment_batches_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_batches_mv;

SYSTEM REFRESH VIEW experiments_analytics.experiment_changes_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_changes_mv;

SYSTEM REFRESH VIEW experiments_analytics.experiment_user_rows_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_user_rows_mv;

SYSTEM REFRESH VIEW experiments_analytics.experiment_totals_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_totals_mv;

SYSTEM REFRESH VIEW experiments_analytics.experiment_done_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_done_mv;

-- Only a row that says that there is nothing: where an earlier batch took long, run this operation again.
ALTER TABLE experiments_analytics.experiment_user_rows
    DELETE WHERE user_id = {user:String}
        AND (experiment_id, user_id) IN
            (SELECT experiment_id, user_id FROM experiments_analytics.experiment_user_rows FINAL WHERE user_id = {user:String} AND events = 0)
    SETTINGS mutations_sync = 2;

-- 0 where nothing of the user is left.
SELECT
    (SELECT count() FROM experiments_analytics.events_processed WHERE user_id = {user:String})
    + (SELECT count() FROM experiments_analytics.events_by_user WHERE user_id = {user:String})
    + (SELECT count() FROM experiments_analytics.experiment_user_rows WHERE user_id = {user:String})
    + (SELECT count() FROM experiments_analytics.dead_letters
       WHERE match(concat(key, ' ', message), concat('(^|\\W)', regexpQuoteMeta({user:String}), '($|\\W)'))) AS left;
