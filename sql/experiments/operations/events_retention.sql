-- How long events are kept. Change the interval, then run it, every month.
-- Events are dropped by their month, in whole parts, which costs nothing.
ALTER TABLE experiments_analytics.events_processed MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE experiments_analytics.events_processed MODIFY TTL event_date + INTERVAL 25 MONTH;

-- A TTL ignores times before 1970.
ALTER TABLE experiments_analytics.events_processed DELETE WHERE event_date < toDate32('1970-01-02') SETTINGS mutations_sync = 2;
