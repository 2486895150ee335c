-- What somebody should look at now: no row means all is well. Ask once a minute; thresholds are in this file.
CREATE OR REPLACE VIEW experiments_analytics.pipeline_alerts AS
SELECT 'page' AS severity, 'not consuming' AS alert, concat(topic, '/', toString(partition)) AS place, diagnosis AS detail
FROM experiments_analytics.pipeline_status
WHERE match(diagnosis, '^(view|table|function|no consumer|not connected|nothing read: |blocked|inside one block|held back|stalled|messages arrive)')
UNION ALL
SELECT 'ticket', 'consumer without partitions', consumer, diagnosis
FROM experiments_analytics.pipeline_status
WHERE match(diagnosis, '^(no assignment|waiting for an assignment)')
UNION ALL
SELECT 'page', 'far behind', concat(topic, '/', toString(partition)), concat(toString(lag), ' messages')
FROM experiments_analytics.pipeline_status
WHERE lag > 500000
UNION ALL
SELECT 'ticket', 'slow', concat(topic, '/', toString(partition)), concat(toString(delay_ms_minute), ' ms from Kafka to here')
FROM experiments_analytics.pipeline_status
WHERE delay_ms_minute > 5000
UNION ALL
SELECT if(errors > rows / 100, 'page', 'ticket'), 'dead letters', topic, concat(toString(errors), ' of ', toString(rows), ' in an hour: ', reason)
FROM
(
    SELECT topic, sum(rows) AS rows, sum(errors) AS errors, max(error_reason) AS reason
    FROM experiments_analytics.pipeline_minutes AS m
    WHERE minute > now() - 3600
    GROUP BY topic
)
WHERE errors > 0
UNION ALL
SELECT 'page', 'lost', concat(topic, '/', toString(partition)),
       concat(toString(lost), ' messages from offset ', toString(first_offset), ' to ', toString(last_offset))
FROM experiments_analytics.pipeline_gaps
WHERE verdict = 'lost'
UNION ALL
-- Where another replica takes the inserts nothing is blocked.
SELECT 'ticket', 'table is read-only', concat(database, '.', table), 'it waits for its keeper'
FROM system.replicas
WHERE database = 'experiments_analytics' AND is_readonly
UNION ALL
SELECT 'ticket', 'merges fall behind', partition, concat(toString(count()), ' active parts')
FROM system.parts
WHERE database = 'experiments_analytics' AND table = 'events_processed' AND active
GROUP BY partition
HAVING count() > 300
UNION ALL
SELECT 'ticket', 'figures are old', view,
       concat('last computed at ', ifNull(toString(last_success_time), 'no time'), '; since then: ', splitByString(', Stack trace', exception)[1])
FROM system.view_refreshes
WHERE database = 'experiments_analytics' AND exception != '';
