-- Replays and files are not part of the stream.
CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{minutes_mv}
TO {database}.pipeline_minutes AS
WITH
    now64(3, 'UTC') AS arrival,
    -- A clock may be five seconds ahead, and a message years old where a topic is read from its beginning.
    kafka_time BETWEEN toDateTime64('2000-01-01 00:00:00', 3, 'UTC') AND arrival + INTERVAL 5 SECOND AS is_sane,
    greatest(dateDiff('ms', kafka_time, arrival), 0) AS delay
SELECT
    topic,
    partition,
    toStartOfMinute(now('UTC')) AS minute,
    count() AS rows,
    countIf(tupleElement(event, 'outcome') = 'event') AS events,
    countIf(tupleElement(event, 'outcome') = 'skipped') AS skipped,
    countIf(tupleElement(event, 'outcome') = 'error') AS errors,
    max(offset) AS last_offset,
    maxIf(kafka_time, is_sane) AS last_kafka_time,
    arrival AS last_arrival,
    sumIf(delay, is_sane) AS delay_ms,
    maxIf(delay, is_sane) AS max_delay_ms,
    maxIf(tupleElement(event, 'reason'), tupleElement(event, 'outcome') = 'skipped') AS skipped_reason,
    maxIf(tupleElement(event, 'reason'), tupleElement(event, 'outcome') = 'error') AS error_reason,
    '{pipeline}' AS pipeline,
    countIf(NOT is_sane) AS clock_errors,
    quantilesTDigestStateIf(0.5, 0.99)(delay, is_sane) AS delays,
    toNullable(min(offset)) AS first_offset,
    toNullable(min(kafka_time)) AS first_kafka_time,
    toNullable(max(kafka_time)) AS end_kafka_time
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
