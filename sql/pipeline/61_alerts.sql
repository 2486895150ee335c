-- Needs ClickHouse 24.8, whose analyzer resolves the names of these views.
-- What needs attention; no row: nothing. Query it once a minute. `page` needs somebody now, `ticket` needs somebody today.
CREATE OR REPLACE VIEW {database}.pipeline_alerts AS
WITH
    -- All thresholds; those of the codes are in 60_status.sql.
    500000 AS far_behind,            -- messages
    5000 AS slow,                    -- milliseconds from Kafka to here, the mean of a minute
    0.01 AS many_letters,            -- of an hour's messages: above it somebody comes at once
    300 AS many_parts,               -- of one partition
    86400 AS audit_delay,            -- seconds that a gap may wait for its audit
    300 AS watch_delay,              -- and a partition for pipeline_watch
    -- Codes that page, and their alerts. A code that is neither here nor below needs nobody.
    ['node_missing', 'table_missing', 'view_missing', 'function_missing', 'function_fails', 'no_consumer', 'not_connected', 'no_topic',
     'blocked', 'inside_block', 'read_only', 'held_back', 'stalled', 'all_skipped', 'none_decoded', 'too_many_consumers'] AS not_consuming,
    ['no_assignment', 'waiting_for_assignment'] AS without_partitions
-- Alerts of the status, from one query of it.
SELECT
    found.1 AS severity,
    found.2 AS alert,
    found.3 AS place,
    found.4 AS detail,
    pipeline,
    code
FROM
(
    SELECT
        s.pipeline AS pipeline, toString(s.code) AS code, topic, consumer, lag, s.delay_ms_minute AS delay, diagnosis, silence_seconds, watched_at,
        concat(topic, '/', toString(partition)) AS here,
        -- Once for a topic or a pipeline, though each partition has it.
        row_number() OVER (PARTITION BY s.pipeline, topic, code ORDER BY partition) = 1 AS is_first,
        row_number() OVER (PARTITION BY s.pipeline, code ORDER BY topic, partition) = 1 AS is_first_of_all,
        s.clock_errors_day AS wrong_clocks,
        arrayJoin(arrayFilter(alert -> alert.5, [
            ('page', 'not consuming', ifNull(here, ''), diagnosis, has(not_consuming, code)),
            ('ticket', 'consumer without partitions', consumer, diagnosis, has(without_partitions, code)),
            ('page', 'far behind', ifNull(here, ''), concat(toString(lag), ' messages'), lag > far_behind),
            ('ticket', 'slow', ifNull(here, ''), concat(toString(delay), ' ms from Kafka to here'), delay > slow),
            ('page', 'many are skipped', ifNull(here, ''), diagnosis, code = 'skipped_jump'),
            ('page', 'topic begins anew', ifNull(here, ''), diagnosis, code = 'topic_begins_anew'),
            ('page', 'lost', ifNull(here, ''), diagnosis, code = 'lost_to_retention' AND watched_at = 0),
            -- Without --silence it is a guess.
            (if(silence_seconds > 0, 'page', 'ticket'), 'silent', topic, diagnosis, code = 'silent' AND is_first),
            -- It runs until the server is restarted.
            ('ticket', 'registration is broken', s.pipeline, diagnosis, code = 'registration_broken' AND is_first_of_all),
            ('ticket', 'new members', s.pipeline, diagnosis, code = 'new_members' AND is_first_of_all),
            ('ticket', 'clocks', ifNull(here, ''),
             concat(toString(wrong_clocks), ' messages of a day have no time or a wrong one, so their delay is not known'), wrong_clocks > 0),
            -- Without it a loss to retention could go unnoticed.
            ('ticket', 'nothing watches', ifNull(here, ''), concat('pipeline_watch_mv last ran at ', toString(watched_at)),
             watched_at > 0 AND watched_at < now() - watch_delay AND s.is_assigned AND NOT has(not_consuming, code))])) AS found
    FROM {database}.pipeline_status AS s
    LEFT JOIN
    (
        SELECT pipeline, silence_seconds FROM {database}.pipelines FINAL
    ) AS pipelines ON pipelines.pipeline = s.pipeline
)
UNION ALL
SELECT if(errors > rows * many_letters, 'page', 'ticket'), 'dead letters', topic,
       concat(toString(errors), ' of ', toString(rows), ' in an hour: ', reason), pipeline, 'dead_letters'
FROM
(
    SELECT if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline, toString(topic) AS topic,
           sum(rows) AS rows, sum(errors) AS errors, max(error_reason) AS reason
    FROM {database}.pipeline_minutes AS m
    WHERE minute > now() - 3600
    GROUP BY pipeline, topic
)
WHERE errors > 0
UNION ALL
SELECT 'page', 'lost', concat(topic, '/', toString(partition)), concat('lost to retention: ', detail), pipeline, 'lost_to_retention'
FROM {database}.pipeline_losses
WHERE kind = 'lost_to_retention' AND NOT accepted
UNION ALL
SELECT if(verdict = 'lost', 'page', 'ticket'), if(verdict = 'lost', 'lost', 'gaps without an audit'), concat(topic, '/', toString(partition)),
       if(verdict = 'lost',
          concat(toString(missing), ' messages from offset ', toString(begin), ' to ', toString(end)),
          concat(toString(gaps), ' since ', toString(oldest), ', the first at offset ', toString(begin),
                 ': read the topic a second time (debezium-udf pipeline … --operation audit)')),
       pipeline, if(verdict = 'lost', 'lost', 'not_audited')
FROM
(
    SELECT pipeline, topic, partition, verdict,
           min(first_offset) AS begin, max(last_offset) AS end, sum(lost) AS missing, count() AS gaps, min(since) AS oldest
    FROM {database}.pipeline_gaps
    WHERE verdict = 'lost' OR (verdict = 'not audited' AND since < now() - audit_delay)
    -- One alert for each loss.
    GROUP BY pipeline, topic, partition, verdict, if(verdict = 'lost', first_offset, 0)
)
UNION ALL
-- If another replica takes the inserts, nothing is blocked.
SELECT 'ticket', 'table is read-only', concat(database, '.', table), 'it waits for its keeper', '', 'read_only'
--| if cluster
FROM clusterAllReplicas('{cluster}', system.replicas)
--| end
--| if not cluster
FROM system.replicas
--| end
WHERE database = '{storage}' AND is_readonly
UNION ALL
SELECT 'ticket', 'merges fall behind', partition, concat(toString(count()), ' active parts'), any(pipelines.pipeline), 'merges'
--| if cluster
FROM clusterAllReplicas('{cluster}', system.parts) AS parts
--| end
--| if not cluster
FROM system.parts AS parts
--| end
INNER JOIN {database}.pipelines AS pipelines FINAL ON pipelines.target = parts.table
WHERE parts.database = '{storage}' AND parts.active
GROUP BY parts.table, parts.partition
HAVING count() > many_parts
UNION ALL
SELECT 'ticket', 'figures are old', view,
       concat('last computed at ', ifNull(toString(last_success_time), 'no time'), '; since then: ', splitByString(', Stack trace', exception)[1]),
       '', 'refresh'
--| if cluster
FROM clusterAllReplicas('{cluster}', system.view_refreshes)
--| end
--| if not cluster
FROM system.view_refreshes
--| end
WHERE database = '{database}' AND exception != '';

-- Needs no more than that.
