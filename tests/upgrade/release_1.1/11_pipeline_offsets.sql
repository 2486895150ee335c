-- Which offsets have arrived, as bitmaps: a bit a message, so that every gap can be named for as long as the topic's
-- history matters. A message that comes twice sets its bit twice.
CREATE TABLE IF NOT EXISTS experiments_analytics.pipeline_offsets
(
    topic     LowCardinality(String),
    partition UInt64,
    -- 65,536 offsets each.
    bucket    UInt64,
    offsets   AggregateFunction(groupBitmap, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (topic, partition, bucket);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.pipeline_offsets_mv
TO experiments_analytics.pipeline_offsets AS
SELECT topic, partition, bitShiftRight(offset, 16) AS bucket, groupBitmapState(offset) AS offsets
FROM experiments_analytics.decoded_events
WHERE attempt = 0 AND kafka_time > 0
GROUP BY topic, partition, bucket;

-- What a second reading of the topic found there (sql/operations/audit_offsets.sql).
CREATE TABLE IF NOT EXISTS experiments_analytics.pipeline_offsets_audited
AS experiments_analytics.pipeline_offsets
ENGINE = AggregatingMergeTree
ORDER BY (topic, partition, bucket);

-- Every gap: offsets between the first and the last that arrived, and did not. Kafka itself leaves offsets out (transaction
-- markers, aborted transactions, compaction), and only a second reading can tell:
--   lost            the second reading found messages there
--   left out        it passed by and found none
--   not audited     it has not been there: run sql/operations/audit_offsets.sql
CREATE OR REPLACE VIEW experiments_analytics.pipeline_gaps AS
WITH
    arrived AS
    (
        SELECT topic, partition, bucket, groupBitmapMergeState(offsets) AS offsets
        FROM experiments_analytics.pipeline_offsets
        GROUP BY topic, partition, bucket
    ),
    -- The offsets at which a bucket's runs begin and end. A bucket without a hole is one run, and is not unfolded.
    runs AS
    (
        SELECT
            topic, partition, bucket,
            bitmapMin(offsets) AS low,
            bitmapMax(offsets) AS high,
            if(high - low + 1 = bitmapCardinality(offsets), [low, high], arraySort(bitmapToArray(offsets))) AS found,
            lagInFrame(high, 1, toUInt64(low - 1)) OVER (PARTITION BY topic, partition ORDER BY bucket) AS before,
            high - low + 1 = bitmapCardinality(offsets) AS whole
        FROM arrived
    ),
    gaps AS
    (
        SELECT
            topic, partition,
            arrayJoin(arrayConcat(
                if(low > before + 1, [(before + 1, toUInt64(low - 1))], []),
                if(whole, [], arrayFilter(gap -> gap.1 <= gap.2,
                    arrayMap((offset, next) -> (offset + 1, toUInt64(next - 1)), arrayPopBack(found), arrayPopFront(found)))))) AS gap
        FROM runs
    ),
    audit AS
    (
        SELECT topic, partition, groupBitmapMergeState(offsets) AS passed
        FROM experiments_analytics.pipeline_offsets_audited
        GROUP BY topic, partition
    )
SELECT
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
LEFT JOIN audit ON audit.topic = gaps.topic AND audit.partition = gaps.partition;
