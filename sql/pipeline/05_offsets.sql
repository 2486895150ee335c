-- The offsets that have arrived, as bitmaps with a bit for each message, so that every gap is known. A message that comes twice sets its bit
-- twice.
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
-- What a second reading of the topic found (--operation audit).
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
-- The broker's last answer for each partition (kind position), and each time that it no longer had messages which were still to be read, or that
-- a topic was recreated. Losses are kept, since the broker shows them only for a moment. pipeline_watch_mv fills it (63_watch.sql).
CREATE TABLE IF NOT EXISTS {storage}.pipeline_watch
(
    pipeline     LowCardinality(String),
    topic        LowCardinality(String),
    partition    UInt64,
    kind         Enum8('position' = 0, 'lost_to_retention' = 1, 'topic_begins_anew' = 2),
    -- 0 for a position; for a loss the range: the next offset to be read, and the last one that the broker no longer has.
    first_offset UInt64,
    last_offset  UInt64,
    -- The missing messages of the range; 0: not known.
    messages     UInt64,
    detail       String,
    -- The topic's first offset, and the one after its last; the last stored offset, -1 for none, and the latest time in Kafka.
    log_begin    Int64,
    log_end      Int64,
    held         Int64,
    held_time    DateTime64(3, 'UTC'),
    found_at     DateTime64(3, 'UTC'),
    -- Somebody has dealt with it (docs/operating.md).
    accepted     Bool,
    looked_at    DateTime64(3, 'UTC')
)
ENGINE = {replicated}ReplacingMergeTree(looked_at)
ORDER BY (pipeline, topic, partition, kind, first_offset);

--| distributed pipeline_watch by pipeline, topic, partition, kind, first_offset
-- Messages that were lost before they were read. Rows stay here, `accepted` after somebody has dealt with them.
CREATE OR REPLACE VIEW {database}.pipeline_losses AS
SELECT pipeline, topic, partition, kind, first_offset, last_offset, messages, detail, found_at, accepted
FROM {database}.pipeline_watch FINAL
WHERE kind != 'position';

-- Every gap: offsets between the first and the last that did not arrive. Kafka itself leaves out offsets (transaction markers, aborted
-- transactions, compaction), and only a second reading can tell:
--   lost            the second reading found messages there
--   retention       the topic had deleted them before they were read: pipeline_losses
--   left out        the second reading found no messages there
--   not audited     the second reading was not there yet: --operation audit
-- `since` is the minute in which a message after the gap arrived (0: more than a quarter of a year ago).
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
