-- Replays and files are no part of the stream.
CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{minutes_mv}
TO {database}.pipeline_minutes AS
SELECT
    topic,
    partition,
    toStartOfMinute(now('UTC')) AS minute,
    count() AS rows,
    countIf(tupleElement(event, 'outcome') = 'event') AS events,
    countIf(tupleElement(event, 'outcome') = 'skipped') AS skipped,
    countIf(tupleElement(event, 'outcome') = 'error') AS errors,
    max(offset) AS last_offset,
    max(kafka_time) AS last_kafka_time,
    now64(3, 'UTC') AS last_arrival,
    sum(dateDiff('ms', kafka_time, now64(3, 'UTC'))) AS delay_ms,
    max(dateDiff('ms', kafka_time, now64(3, 'UTC'))) AS max_delay_ms,
    maxIf(tupleElement(event, 'reason'), tupleElement(event, 'outcome') = 'skipped') AS skipped_reason,
    maxIf(tupleElement(event, 'reason'), tupleElement(event, 'outcome') = 'error') AS error_reason,
    '{pipeline}' AS pipeline
FROM {database}.{decoded}
WHERE live
GROUP BY topic, partition;
--| if unmapped

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{unmapped_mv}
TO {database}.pipeline_unmapped AS
SELECT '{pipeline}' AS pipeline, arrayJoin(tupleElement(event, 'unmapped')) AS member, now('UTC') AS first, now('UTC') AS last, count() AS rows
FROM {database}.{decoded}
WHERE live AND notEmpty(tupleElement(event, 'unmapped'))
GROUP BY member;
--| end
