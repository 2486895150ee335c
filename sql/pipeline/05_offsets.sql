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

--| distributed pipeline_offsets by topic, partition, bucket
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

--| distributed pipeline_offsets_audited by topic, partition, bucket
-- What the broker said last of each partition (kind position), and every time that it no longer had what was still to be read, or that
-- a topic began anew. Losses are kept, since the broker shows them for a moment only; pipeline_watch_mv fills it (63_watch.sql).
CREATE TABLE IF NOT EXISTS {storage}.pipeline_watch
(
    pipeline     LowCardinality(String),
    topic        LowCardinality(String),
    partition    UInt64,
    kind         Enum8('position' = 0, 'lost_to_retention' = 1, 'topic_begins_anew' = 2),
    -- Of a position 0; of a loss the range: what was to be read next, and the last that the broker no longer has.
    first_offset UInt64,
    last_offset  UInt64,
    -- So many are missing of the range; 0: not known.
    messages     UInt64,
    detail       String,
    -- The topic's first offset and the one behind its last; the last that is stored here, -1 for none, and the latest Kafka time.
    log_begin    Int64,
    log_end      Int64,
    held         Int64,
    held_time    DateTime64(3, 'UTC'),
    found_at     DateTime64(3, 'UTC'),
    -- Somebody has seen to it (docs/operating.md).
    accepted     Bool,
    looked_at    DateTime64(3, 'UTC')
)
ENGINE = {replicated}ReplacingMergeTree(looked_at)
ORDER BY (pipeline, topic, partition, kind, first_offset);

--| distributed pipeline_watch by pipeline, topic, partition, kind, first_offset
-- What was lost before it could be read. It stays here; what was seen to is `accepted`.
CREATE OR REPLACE VIEW {database}.pipeline_losses AS
SELECT pipeline, topic, partition, kind, first_offset, last_offset, messages, detail, found_at, accepted
FROM {database}.pipeline_watch FINAL
WHERE kind != 'position';

-- Every gap: offsets between the first and the last that arrived, and did not. Kafka itself leaves offsets out (transaction
-- markers, aborted transactions, compaction), and only a second reading can tell:
--   lost            the second reading found messages there
--   retention       the topic had already deleted it when it was to be read: pipeline_losses
--   left out        the second reading passed by and found none
--   not audited     it has not been there: --operation audit
-- `since` is the minute in which a message from behind it arrived (0: more than a quarter of a year ago).
CREATE OR REPLACE VIEW {database}.pipeline_gaps AS
WITH
    arrived AS
    (
        SELECT
            if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline, topic, partition, bucket,
            groupBitmapMergeState(offsets) AS offsets
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
    ),
    losses AS
    (
        SELECT pipeline, topic, partition, groupArray((first_offset, last_offset)) AS ranges
        FROM {database}.pipeline_losses
        WHERE kind = 'lost_to_retention'
        GROUP BY pipeline, topic, partition
    ),
    arrivals AS
    (
        SELECT
            if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline, topic, partition, minute, max(m.last_offset) AS last_offset
        FROM {database}.pipeline_minutes AS m
        GROUP BY pipeline, topic, partition, minute
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
            arrayExists(loss -> loss.1 <= last_offset AND loss.2 >= first_offset, losses.ranges), 'retention',
            bitmapCardinality(audit.passed) > 0 AND bitmapMin(audit.passed) < first_offset AND bitmapMax(audit.passed) > last_offset,
            'left out', 'not audited') AS verdict,
    arrivals.minute AS since
FROM gaps
LEFT JOIN audit ON audit.pipeline = gaps.pipeline AND audit.topic = gaps.topic AND audit.partition = gaps.partition
LEFT JOIN losses ON losses.pipeline = gaps.pipeline AND losses.topic = gaps.topic AND losses.partition = gaps.partition
ASOF LEFT JOIN arrivals ON arrivals.pipeline = gaps.pipeline AND arrivals.topic = gaps.topic AND arrivals.partition = gaps.partition
    AND arrivals.last_offset > gaps.gap.2;
