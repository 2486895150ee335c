-- Which offsets have arrived, as bitmaps: a bit a message, so that every gap can be named for as long as the topic's
-- history matters. A message that comes twice sets its bit twice.
CREATE TABLE IF NOT EXISTS {storage}.pipeline_offsets
(
    topic     LowCardinality(String),
    partition UInt64,
    -- 65,536 offsets each.
    bucket    UInt64,
    offsets   AggregateFunction(groupBitmap, UInt64),
    pipeline  LowCardinality(String),
    -- The earliest and the latest of its messages.
    first_kafka_time SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))),
    last_kafka_time  SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC')))
)
ENGINE = {replicated}AggregatingMergeTree
PRIMARY KEY (topic, partition, bucket)
ORDER BY (topic, partition, bucket, pipeline);

ALTER TABLE {storage}.pipeline_offsets
    ADD COLUMN IF NOT EXISTS pipeline LowCardinality(String),
    ADD COLUMN IF NOT EXISTS first_kafka_time SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))),
    ADD COLUMN IF NOT EXISTS last_kafka_time SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC'))),
    MODIFY ORDER BY (topic, partition, bucket, pipeline);

--| distributed pipeline_offsets by topic, partition, bucket, pipeline
-- What a second reading of the topic found there (--operation audit).
CREATE TABLE IF NOT EXISTS {storage}.pipeline_offsets_audited
(
    topic     LowCardinality(String),
    partition UInt64,
    bucket    UInt64,
    offsets   AggregateFunction(groupBitmap, UInt64),
    pipeline  LowCardinality(String),
    first_kafka_time SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))),
    last_kafka_time  SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC')))
)
ENGINE = {replicated}AggregatingMergeTree
PRIMARY KEY (topic, partition, bucket)
ORDER BY (topic, partition, bucket, pipeline);

ALTER TABLE {storage}.pipeline_offsets_audited
    ADD COLUMN IF NOT EXISTS pipeline LowCardinality(String),
    ADD COLUMN IF NOT EXISTS first_kafka_time SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))),
    ADD COLUMN IF NOT EXISTS last_kafka_time SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC'))),
    MODIFY ORDER BY (topic, partition, bucket, pipeline);

--| distributed pipeline_offsets_audited by topic, partition, bucket, pipeline
-- Every gap: offsets between the first and the last that arrived, and did not. Kafka itself leaves offsets out (transaction
-- markers, aborted transactions, compaction), and only a second reading can tell:
--   lost            the second reading found messages there
--   left out        it passed by and found none
--   not audited     it has not been there: --operation audit
CREATE OR REPLACE VIEW {database}.pipeline_gaps AS
WITH
    arrived AS
    (
        SELECT if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline, topic, partition, bucket, groupBitmapMergeState(offsets) AS offsets
        FROM {database}.pipeline_offsets AS o
        GROUP BY pipeline, topic, partition, bucket
    ),
    -- The offsets at which a bucket's runs begin and end. A bucket without a hole is one run, and is not unfolded.
    runs AS
    (
        SELECT
            pipeline, topic, partition, bucket,
            bitmapMin(offsets) AS low,
            bitmapMax(offsets) AS high,
            if(high - low + 1 = bitmapCardinality(offsets), [low, high], arraySort(bitmapToArray(offsets))) AS found,
            lagInFrame(high, 1, toUInt64(low - 1)) OVER (PARTITION BY pipeline, topic, partition ORDER BY bucket) AS before,
            high - low + 1 = bitmapCardinality(offsets) AS whole
        FROM arrived
    ),
    gaps AS
    (
        SELECT
            pipeline, topic, partition,
            arrayJoin(arrayConcat(
                if(low > before + 1, [(before + 1, toUInt64(low - 1))], []),
                if(whole, [], arrayFilter(gap -> gap.1 <= gap.2,
                    arrayMap((offset, next) -> (offset + 1, toUInt64(next - 1)), arrayPopBack(found), arrayPopFront(found)))))) AS gap
        FROM runs
    ),
    audit AS
    (
        SELECT if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline, topic, partition, groupBitmapMergeState(offsets) AS passed
        FROM {database}.pipeline_offsets_audited AS o
        GROUP BY pipeline, topic, partition
    )
SELECT
    gaps.pipeline AS pipeline,
    gaps.topic AS topic,
    gaps.partition AS partition,
    gap.1 AS first_offset,
    gap.2 AS last_offset,
    last_offset - first_offset + 1 AS offsets,
    bitmapCardinality(bitmapSubsetInRange(audit.passed, first_offset, last_offset + 1)) AS lost,
    multiIf(lost > 0, 'lost',
            bitmapCardinality(audit.passed) > 0 AND bitmapMin(audit.passed) < first_offset AND bitmapMax(audit.passed) > last_offset,
            'left out', 'not audited') AS verdict
FROM gaps
LEFT JOIN audit ON audit.pipeline = gaps.pipeline AND audit.topic = gaps.topic AND audit.partition = gaps.partition;
