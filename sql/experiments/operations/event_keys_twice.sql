-- Each event_key with two sorting keys, and both of them: rows that FINAL cannot collapse and that count twice.
-- There should be none, since outbox rows are append-only; an updated payload (or an id used twice by hand) makes one.
SELECT
    event_key,
    groupUniqArray(10)((experiment_id, variant_id, timestamp)) AS sorting_keys
FROM experiments_analytics.events_processed
GROUP BY event_key
HAVING length(sorting_keys) > 1
ORDER BY event_key;
