-- Needs ClickHouse 24.8, whose analyzer resolves the names of these views.
-- The metrics of this database's pipelines, one row for each sample, for FORMAT Prometheus; docs/metrics.md lists them. The handler
-- /pipelines/metrics (sql/config) reads the views of this name in all databases. Its user needs no other grant.
CREATE OR REPLACE VIEW {database}.pipeline_metrics
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH
    CAST(map(), 'Map(String, String)') AS no_more,
    known AS (SELECT * FROM {database}.pipelines FINAL)
SELECT
    concat('debezium_pipeline_', sample.1) AS name,
    sample.2 AS value,
    sample.3 AS help,
    'gauge' AS type,
    -- The format cannot write control characters other than line feed as Prometheus reads them, so such a text is written as JSON.
    mapApply((label, text) -> (label, toValidUTF8(if(match(text, '[[:cntrl:]]'), toJSONString(text), text))), mapUpdate(place, sample.4)) AS labels
FROM
(
    -- All samples of the status, from one query of it.
    SELECT
        CAST(map('database', '{database}', 'pipeline', pipeline, 'topic', topic, 'partition', ifNull(toString(partition), '')
--| if cluster
                 , 'node', node
--| end
             ), 'Map(String, String)') AS place,
        arrayJoin(arrayFilter(sample -> sample.5, [
            ('code', toFloat64(toInt8(code)), 'What pipeline_status says: the label is its code, the value the number of it', map('code', toString(code)), true),
            ('lag_messages', toFloat64(lag), 'Messages that wait in the topic', no_more, is_assigned),
            ('last_offset', toFloat64(last_offset), 'The last offset that arrived: its rate is that of the messages', no_more, last_arrival > 0),
            ('last_arrival_timestamp_seconds', toFloat64(toUnixTimestamp(last_arrival)), 'When a message arrived last', no_more, last_arrival > 0),
            ('last_commit_timestamp_seconds', toFloat64(toUnixTimestamp(last_commit)), 'When the consumer committed last', no_more,
             is_assigned AND last_commit > 0),
            ('last_watch_timestamp_seconds', toFloat64(toUnixTimestamp(watched_at)), 'When pipeline_watch_mv looked last at the partition', no_more,
             is_assigned AND watched_at > 0),
            ('delay_p50_seconds', delay_p50_ms / 1000, 'From the time in Kafka to here, in this minute and the one before: the median', no_more,
             (events_minute + skipped_minute + errors_minute > clock_errors_minute) AS has_delay),
            ('delay_p99_seconds', delay_p99_ms / 1000, 'The same: 99 of 100 messages are quicker', no_more, has_delay),
            ('messages', toFloat64(events_minute), 'Messages that arrived in a window; its minute is this one and the one before',
             map('outcome', 'event', 'window', 'minute'), last_arrival > 0),
            ('messages', toFloat64(skipped_minute), '', map('outcome', 'skipped', 'window', 'minute'), last_arrival > 0),
            ('messages', toFloat64(errors_minute), '', map('outcome', 'error', 'window', 'minute'), last_arrival > 0),
            ('messages', toFloat64(events_hour), '', map('outcome', 'event', 'window', 'hour'), last_arrival > 0),
            ('messages', toFloat64(skipped_hour), '', map('outcome', 'skipped', 'window', 'hour'), last_arrival > 0),
            ('messages', toFloat64(errors_hour), '', map('outcome', 'error', 'window', 'hour'), last_arrival > 0),
            ('messages', toFloat64(events_day), '', map('outcome', 'event', 'window', 'day'), last_arrival > 0),
            ('messages', toFloat64(skipped_day), '', map('outcome', 'skipped', 'window', 'day'), last_arrival > 0),
            ('messages', toFloat64(errors_day), '', map('outcome', 'error', 'window', 'day'), last_arrival > 0),
            ('clock_errors', toFloat64(clock_errors_day), 'Messages of a day whose time is missing or wrong', no_more, last_arrival > 0)])) AS sample
    FROM {database}.pipeline_status
    UNION ALL
    -- Of a pipeline as a whole.
    SELECT
        CAST(map('database', '{database}', 'pipeline', known.pipeline), 'Map(String, String)') AS place,
        arrayJoin([
            ('info', 1., 'A pipeline, and what it was made of', map('function', function, 'kind', kind, 'layout', layout, 'release', release), true),
            ('silence_seconds', toFloat64(silence_seconds), 'A message is due this often (--silence); 0: nobody said so', no_more, true),
            ('dead_letters_open', toFloat64(letters.number), 'Dead letters that wait for somebody', no_more, true),
            ('parts', toFloat64(stored.parts), 'Active parts of its table', no_more, true),
            ('partition_parts', toFloat64(stored.partition_parts), 'Active parts of the partition that has most', no_more, true),
            ('stored_rows', toFloat64(stored.rows), 'Rows in its table, before merges collapse them', no_more, true),
            ('stored_bytes', toFloat64(stored.bytes), 'Bytes of its table on disk', no_more, true)]) AS sample
    FROM known
    LEFT JOIN
    (
        SELECT pipeline, count() AS number FROM {database}.dead_letters_open GROUP BY pipeline
    ) AS letters ON letters.pipeline = known.pipeline
    LEFT JOIN
    (
        SELECT name, sum(number) AS parts, max(number) AS partition_parts, sum(rows) AS rows, sum(bytes) AS bytes
        FROM
        (
            SELECT table AS name, partition, count() AS number, sum(rows) AS rows, sum(bytes_on_disk) AS bytes
--| if cluster
            FROM clusterAllReplicas('{cluster}', system.parts)
--| end
--| if not cluster
            FROM system.parts
--| end
            WHERE database = '{storage}' AND active
            GROUP BY name, hostName(), partition
        )
        GROUP BY name
    ) AS stored ON stored.name = known.target
    UNION ALL
    SELECT
        CAST(map('database', '{database}', 'pipeline', pipeline, 'topic', topic, 'partition', toString(partition), 'verdict', verdict), 'Map(String, String)'),
        arrayJoin([
            ('gap_offsets', toFloat64(sum(offsets)), 'Offsets that did not arrive, by the verdict of pipeline_gaps', no_more, true),
            ('gap_oldest_timestamp_seconds', toFloat64(toUnixTimestamp(min(since))), 'Since when the oldest of these gaps is there', no_more, true)])
    FROM {database}.pipeline_gaps
    GROUP BY pipeline, topic, partition, verdict
    UNION ALL
    SELECT
        CAST(map('database', '{database}', 'pipeline', pipeline, 'topic', topic, 'partition', toString(partition), 'kind', toString(kind)), 'Map(String, String)'),
        ('losses', toFloat64(count()), 'Losses that nobody has accepted yet, of pipeline_losses', no_more, true)
    FROM {database}.pipeline_losses
    WHERE NOT accepted
    GROUP BY pipeline, topic, partition, kind
    UNION ALL
    -- Of the database.
    SELECT
        CAST(map('database', '{database}'), 'Map(String, String)'),
        ('read_only_tables', toFloat64(count()), 'Replicated tables that wait for their keeper', no_more, true)
--| if cluster
    FROM clusterAllReplicas('{cluster}', system.replicas)
--| end
--| if not cluster
    FROM system.replicas
--| end
    WHERE database = '{storage}' AND is_readonly
    UNION ALL
    SELECT
        CAST(map('database', '{database}', 'view', view), 'Map(String, String)'),
        arrayJoin(arrayFilter(sample -> sample.5, [
            ('refresh_failed', toFloat64(max(exception != '')), 'Whether the last refresh of the view failed', no_more, true),
            ('refresh_success_timestamp_seconds', toFloat64(toUnixTimestamp(ifNull(min(last_success_time), toDateTime(0)))),
             'When the view was refreshed last', no_more, min(last_success_time) > 0)]))
--| if cluster
    FROM clusterAllReplicas('{cluster}', system.view_refreshes)
--| end
--| if not cluster
    FROM system.view_refreshes
--| end
    WHERE database = '{database}'
    GROUP BY view
)
UNION ALL
-- Of this server, the same in each database: the cost of its executable functions (ClickHouse 26.6), and those that it could not load.
SELECT concat('executable_function_', sample.2), toFloat64(value) * sample.3, sample.4, 'counter', sample.5
FROM system.events
INNER JOIN
(
    SELECT arrayJoin([
        ('Invocations', 'calls_total', 1., 'Calls of executable functions, of all on this server', no_more),
        ('ElapsedMicroseconds', 'elapsed_seconds_total', 1e-6, 'How long the calls took', no_more),
        ('PoolWaitMicroseconds', 'wait_seconds_total', 1e-6, 'How long calls waited for a free process of the pool', no_more),
        ('UserTimeMicroseconds', 'cpu_seconds_total', 1e-6, 'CPU of the processes', map('mode', 'user')),
        ('SystemTimeMicroseconds', 'cpu_seconds_total', 1e-6, '', map('mode', 'system')),
        ('PeakMemoryByteSeconds', 'memory_byte_seconds_total', 1., 'Peak memory of the processes times the time of their calls', no_more),
        ('InputBytes', 'input_bytes_total', 1., 'Bytes that the processes were given', no_more),
        ('OutputBytes', 'output_bytes_total', 1., 'Bytes that they answered', no_more)]) AS sample
) AS samples ON concat('ExecutableUserDefinedFunction', sample.1) = event
UNION ALL
SELECT 'executable_function_load_failed', toFloat64(loading_error_message != ''), 'Whether the server cannot load the registration that is there now', 'gauge',
       map('function', name)
FROM {storage}.pipeline_registrations;

-- Needs no more than that.
