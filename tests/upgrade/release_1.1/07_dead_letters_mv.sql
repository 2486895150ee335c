-- Errors into dead_letters, and of a replay every row: one that decodes now closes its letter.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.dead_letters_mv
TO experiments_analytics.dead_letters AS
SELECT
    topic,
    partition,
    offset,
    toUInt64(decoded.row - if(attempt > 0, 0, min(decoded.row) OVER (PARTITION BY topic, partition, offset))) AS row,
    attempt,
    tupleElement(event, 'outcome') != 'error' AS resolved,
    tupleElement(event, 'reason') AS reason,
    message,
    key,
    headers.name,
    headers.value,
    kafka_time
FROM experiments_analytics.decoded_events AS decoded
WHERE tupleElement(event, 'outcome') = 'error' OR attempt > 0;
