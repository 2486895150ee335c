-- Needs ClickHouse 24.9, for APPEND.
--
-- Compares every 20 seconds the broker's answer for each partition of this server with the one before:
--   lost_to_retention    the topic begins after the next offset to be read, and not everything between has arrived since
--   topic_begins_anew    the topic ends or begins earlier than before; it ends before the last stored offset; a later message came at an
--                        earlier offset; or the second reading (--operation audit) found later messages at stored offsets
-- Only statistics that are newer than the last ones count.
CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.pipeline_watch_mv
REFRESH EVERY 20 SECOND APPEND
TO {database}.pipeline_watch AS
WITH
    before AS
    (
        SELECT * FROM {database}.pipeline_watch FINAL WHERE kind = 'position'
    ),
    -- Messages that arrived since the last time, with a minute's overlap.
    came AS
    (
        SELECT
            m.pipeline AS pipeline, m.topic AS topic, m.partition AS partition,
            max(m.last_offset) AS last_offset,
            max(m.end_kafka_time) AS end_kafka_time,
            -- A stored offset comes again, and all messages of its minute are later than the stored ones, unlike those of a second delivery.
            countIf(before.held_time > 0 AND m.first_offset <= before.held AND m.first_kafka_time > before.held_time) > 0 AS went_back
        FROM
        (
            SELECT if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline, topic, partition, minute, last_offset,
                   toInt64(first_offset) AS first_offset, first_kafka_time, end_kafka_time
            FROM (SELECT * FROM {database}.pipeline_minutes)
        ) AS m
        LEFT JOIN before ON before.pipeline = m.pipeline AND before.topic = m.topic AND before.partition = m.partition
        WHERE m.minute > before.looked_at - 120
        GROUP BY pipeline, topic, partition
    ),
    stored AS
    (
        SELECT
            if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline, topic, partition, bucket,
            min(o.first_kafka_time) AS first_time
        FROM {database}.pipeline_offsets AS o
        GROUP BY pipeline, topic, partition, bucket
    ),
    -- Offsets of the second reading with a later first message than the stored one: other messages, if the offsets are the same.
    others AS
    (
        SELECT
            if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline, topic, partition, bucket, min(a.first_kafka_time) AS first_time
        FROM {database}.pipeline_offsets_audited AS a
        GROUP BY pipeline, topic, partition, bucket
    ),
    suspects AS
    (
        SELECT others.pipeline AS pipeline, others.topic AS topic, others.partition AS partition, others.bucket AS bucket
        FROM others
        INNER JOIN stored ON stored.pipeline = others.pipeline AND stored.topic = others.topic
            AND stored.partition = others.partition AND stored.bucket = others.bucket
        WHERE others.first_time > stored.first_time
    ),
    replaced AS
    (
        SELECT pipeline, topic, partition, min(bucket) AS first_bucket
        FROM
        (
            SELECT
                if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline, topic, partition, bucket,
                groupBitmapMergeStateIf(offsets, is_audit = 0) AS ours,
                groupBitmapMergeStateIf(offsets, is_audit = 1) AS theirs
            FROM
            (
                SELECT pipeline, topic, partition, bucket, offsets, 0 AS is_audit FROM {database}.pipeline_offsets
                UNION ALL
                SELECT pipeline, topic, partition, bucket, offsets, 1 FROM {database}.pipeline_offsets_audited
            )
            WHERE (if(pipeline = '', 'experiments', toString(pipeline)), topic, partition, bucket)
                IN (SELECT pipeline, topic, partition, bucket FROM suspects)
            GROUP BY pipeline, topic, partition, bucket
        )
        WHERE bitmapHasAll(theirs, ours)
          -- Reported once.
          AND (pipeline, topic, partition, bitShiftLeft(bucket, 16)) NOT IN
              (SELECT pipeline, topic, partition, first_offset FROM {database}.pipeline_watch WHERE kind = 'topic_begins_anew')
        GROUP BY pipeline, topic, partition
    ),
    looks AS
    (
        SELECT
            here.pipeline AS pipeline, assumeNotNull(here.partition) AS partition, here.topic AS topic,
            here.log_begin AS log_begin, here.log_end AS log_end,
            before.looked_at > 0 AS is_known, before.held AS held_before, before.log_begin AS begin_before, before.log_end AS end_before,
            multiIf(
                NOT is_known, '',
                here.log_end < before.log_end,
                    concat('it ended before offset ', toString(before.log_end), ', and ends before ', toString(here.log_end) ),
                here.log_begin < before.log_begin,
                    concat('it began at offset ', toString(before.log_begin), ', and begins at ', toString(here.log_begin)),
                here.log_end <= before.held,
                    concat('offset ', toString(before.held), ' is stored, and it ends before ', toString(here.log_end)),
                came.went_back,
                    concat('offset ', toString(before.held), ' is stored, and later messages came at earlier offsets'),
                replaced.pipeline != '',
                    concat('the second reading found other messages at the offsets from ', toString(bitShiftLeft(replaced.first_bucket, 16)), ' on'),
                '') AS anew,
            if(replaced.pipeline != '', bitShiftLeft(replaced.first_bucket, 16), toUInt64(greatest(here.log_begin, 0))) AS anew_first,
            greatest(if(anew = '', held_before, -1), least(if(came.pipeline = '', -1, toInt64(came.last_offset)), here.log_end - 1),
                     if(is_known, -1, here.committed_offset - 1)) AS held,
            greatest(ifNull(came.end_kafka_time, toDateTime64(0, 3, 'UTC')), before.held_time) AS held_time,
            is_known AND anew = '' AND here.log_begin > held_before + 1 AS begins_behind
        FROM {storage}.pipeline_positions AS here
        LEFT JOIN before ON before.pipeline = here.pipeline AND before.topic = here.topic AND before.partition = here.partition
        LEFT JOIN came ON came.pipeline = here.pipeline AND came.topic = here.topic AND came.partition = here.partition
        LEFT JOIN replaced ON replaced.pipeline = here.pipeline AND replaced.topic = here.topic AND replaced.partition = here.partition
        WHERE here.partition IS NOT NULL AND here.is_active AND here.log_end >= 0 AND here.statistics_time > before.looked_at
    ),
    -- The messages that arrived, of a range that the topic no longer has.
    arrived AS
    (
        SELECT looks.pipeline AS pipeline, looks.topic AS topic, looks.partition AS partition,
               bitmapCardinality(bitmapSubsetInRange(groupBitmapMergeState(o.offsets), toUInt64(any(held_before) + 1), toUInt64(any(log_begin)))) AS number
        FROM looks
        INNER JOIN {database}.pipeline_offsets AS o ON o.topic = looks.topic AND o.partition = looks.partition
        WHERE begins_behind AND if(o.pipeline = '', 'experiments', toString(o.pipeline)) = looks.pipeline
          AND o.bucket BETWEEN bitShiftRight(toUInt64(held_before + 1), 16) AND bitShiftRight(toUInt64(log_begin), 16)
        GROUP BY pipeline, topic, partition
    )
SELECT
    looks.pipeline AS pipeline,
    looks.topic AS topic,
    looks.partition AS partition,
    found.1 AS kind,
    found.2 AS first_offset,
    found.3 AS last_offset,
    found.4 AS messages,
    found.5 AS detail,
    log_begin,
    log_end,
    held,
    held_time,
    now64(3, 'UTC') AS found_at,
    false AS accepted,
    found_at AS looked_at
FROM
(
    SELECT
        looks.*,
        toUInt64(if(begins_behind, log_begin - held_before - 1 - arrived.number, 0)) AS lost,
        arrayJoin(arrayConcat(
            [('position', toUInt64(0), toUInt64(0), toUInt64(0), '')],
            if(lost > 0,
               [('lost_to_retention', toUInt64(held_before + 1), toUInt64(log_begin - 1), lost,
                 concat(toString(lost), ' messages from offset ', toString(held_before + 1), ' to ', toString(log_begin - 1),
                        ' were deleted from the topic before they were read'))], []),
            if(anew != '', [('topic_begins_anew', anew_first, toUInt64(greatest(held_before, 0)), toUInt64(0), anew)], []))) AS found
    FROM looks
    LEFT JOIN arrived ON arrived.pipeline = looks.pipeline AND arrived.topic = looks.topic AND arrived.partition = looks.partition
) AS looks;
-- Needs no more than that.
