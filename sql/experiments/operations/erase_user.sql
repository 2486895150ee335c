-- Erases one user from every table: events, dead letters (whatever their state) and what is computed from events.
--
--   clickhouse-client --param_user=u-123 --queries-file sql/experiments/operations/erase_user.sql
--
-- Erase the user at the source first. The topic keeps its messages for its own retention: after a redelivery or a batch
-- that reads them again, run this again. Replaced parts leave the disk within old_parts_lifetime (8 minutes); backups are
-- yours to see to.
ALTER TABLE experiments_analytics.events_processed DELETE WHERE user_id = {user:String} SETTINGS mutations_sync = 2;

-- A letter that cannot be read is found by the user's name as a word of its text.
ALTER TABLE experiments_analytics.dead_letters
    DELETE WHERE ifNull(debeziumExtract(message, 'after.payload.user_id') = {user:String}, false)
        OR match(concat(key, ' ', message), concat('(^|\\W)', regexpQuoteMeta({user:String}), '($|\\W)'))
    SETTINGS mutations_sync = 2;

-- A reason shows up to 64 bytes of a value.
ALTER TABLE experiments_analytics.pipeline_minutes
    UPDATE error_reason = '' WHERE position(error_reason, {user:String}) > 0 SETTINGS mutations_sync = 2;

-- The aggregates are computed anew; what is computed from experiment_users follows by itself.
SYSTEM REFRESH VIEW experiments_analytics.experiment_users_mv;

SYSTEM WAIT VIEW experiments_analytics.experiment_users_mv;

-- 0 where nothing of the user is left.
SELECT
    (SELECT count() FROM experiments_analytics.events_processed WHERE user_id = {user:String})
    + (SELECT count() FROM experiments_analytics.experiment_users WHERE user_id = {user:String})
    + (SELECT count() FROM experiments_analytics.dead_letters WHERE position(message, {user:String}) > 0) AS left;
