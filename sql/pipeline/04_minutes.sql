-- Messages in each minute, per pipeline, topic and partition. These are deliveries, so a message that came twice counts twice.
-- pipeline_status reads it. Rows are kept for a quarter of a year.
CREATE TABLE IF NOT EXISTS {storage}.pipeline_minutes
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
    -- From Kafka's time to arrival: the sum over the rows, and the maximum. Only of messages with a plausible time.
    delay_ms        SimpleAggregateFunction(sum, Int64),
    max_delay_ms    SimpleAggregateFunction(max, Int64),
    -- One of the minute's reasons; '' only if it has none.
    skipped_reason  SimpleAggregateFunction(max, String),
    error_reason    SimpleAggregateFunction(max, String),
    pipeline        LowCardinality(String),
    -- Messages without a time, with one from before 2000 or from the future: they have no delay.
    clock_errors    SimpleAggregateFunction(sum, UInt64),
    delays          AggregateFunction(quantilesTDigest(0.5, 0.99), Int64),
    first_offset    SimpleAggregateFunction(min, Nullable(UInt64)),
    -- The earliest and the latest, whatever their clocks.
    first_kafka_time SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))),
    end_kafka_time  SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC')))
)
ENGINE = {replicated}AggregatingMergeTree
PRIMARY KEY (topic, partition, minute)
ORDER BY (topic, partition, minute, pipeline)
TTL minute + INTERVAL 92 DAY;

--| distributed pipeline_minutes by topic, partition, minute
-- Members without a column in the layout, as the column `unmapped` lists them.
CREATE TABLE IF NOT EXISTS {storage}.pipeline_unmapped
(
    pipeline LowCardinality(String),
    member   String,
    first    SimpleAggregateFunction(min, DateTime('UTC')),
    last     SimpleAggregateFunction(max, DateTime('UTC')),
    rows     SimpleAggregateFunction(sum, UInt64)
)
ENGINE = {replicated}AggregatingMergeTree
ORDER BY (pipeline, member);

--| distributed pipeline_unmapped by pipeline, member
