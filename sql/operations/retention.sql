-- How long rows are kept. Change the intervals, then run it, every month.
-- pipeline_minutes keeps a quarter of a year by itself; pipeline_offsets is a bit a message.
--
-- Events go by their own month, whole parts at a time, which costs nothing.
ALTER TABLE experiments_analytics.events_processed MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE experiments_analytics.events_processed MODIFY TTL event_date + INTERVAL 25 MONTH;

-- A TTL takes a time before 1970 for none.
ALTER TABLE experiments_analytics.events_processed DELETE WHERE event_date < toDate32('1970-01-02') SETTINGS mutations_sync = 2;

-- Letters that have been resolved, with all their attempts: without the last one, an earlier one would stand open again.
-- Open letters stay until somebody sees to them.
ALTER TABLE experiments_analytics.dead_letters
    DELETE WHERE (topic, partition, offset, row) IN
    (
        SELECT topic, partition, offset, row
        FROM experiments_analytics.dead_letters FINAL
        WHERE resolved AND failed_at < now() - INTERVAL 90 DAY
    )
    SETTINGS mutations_sync = 2;
