-- What came through in each minute, per topic and partition: deliveries, so a message that came twice counts twice.
-- pipeline_status reads it; a row a minute and partition is kept for a quarter of a year.
CREATE TABLE IF NOT EXISTS experiments_analytics.pipeline_minutes
(
    topic           LowCardinality(String),
    partition       UInt64,
    -- When it arrived here.
    minute          DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    rows            SimpleAggregateFunction(sum, UInt64),
    events          SimpleAggregateFunction(sum, UInt64),
    skipped         SimpleAggregateFunction(sum, UInt64),
    errors          SimpleAggregateFunction(sum, UInt64),
    last_offset     SimpleAggregateFunction(max, UInt64),
    last_kafka_time SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    last_arrival    SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    -- From Kafka's time to arrival, added up over the rows; and the longest.
    delay_ms        SimpleAggregateFunction(sum, Int64),
    max_delay_ms    SimpleAggregateFunction(max, Int64),
    -- One of the minute's; '' only where it has none.
    skipped_reason  SimpleAggregateFunction(max, String),
    error_reason    SimpleAggregateFunction(max, String)
)
ENGINE = AggregatingMergeTree
ORDER BY (topic, partition, minute)
TTL minute + INTERVAL 92 DAY;

-- Replays and files are no part of the stream: they have an attempt, or no time in Kafka.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.pipeline_minutes_mv
TO experiments_analytics.pipeline_minutes AS
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
    maxIf(tupleElement(event, 'reason'), tupleElement(event, 'outcome') = 'error') AS error_reason
FROM experiments_analytics.decoded_events
WHERE attempt = 0 AND kafka_time > 0
GROUP BY topic, partition;
