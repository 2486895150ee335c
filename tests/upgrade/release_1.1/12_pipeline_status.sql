-- Is it consuming, and if not, why: one row for each partition, and for each consumer that has none.
--
--   SELECT topic, partition, diagnosis FROM experiments_analytics.pipeline_status
--
-- system.kafka_consumers is this server's; on several, each answers for itself. Its statistics (rdkafka_stat) are two
-- seconds old at most. Names of topics and groups are secret to whoever may not see secrets; then the setting is named.
CREATE OR REPLACE VIEW experiments_analytics.pipeline_status AS
WITH
    consumers AS
    (
        SELECT
            consumer_id,
            assignments.topic AS topics,
            assignments.partition_id AS partitions,
            -- What it reads next of each; negative before its first message.
            assignments.current_offset AS next_offsets,
            rdkafka_stat AS statistics,
            -- An exception ends with its stack.
            arrayMap(text -> splitByString('\n', text)[1], exceptions.text) AS errors,
            exceptions.time AS error_times,
            last_poll_time,
            last_commit_time,
            JSONExtractString(rdkafka_stat, 'cgrp', 'join_state') AS group_state,
            arrayFilter(broker -> JSONExtractInt(broker.2, 'nodeid') >= 0 OR JSONExtractString(broker.2, 'source') = 'configured',
                        JSONExtractKeysAndValuesRaw(rdkafka_stat, 'brokers')) AS brokers,
            -- The first statistics come after the first block.
            if(empty(brokers), notEmpty(topics), arrayExists(broker -> JSONExtractString(broker.2, 'state') = 'UP', brokers)) AS connected,
            -- At work, and does not read: something behind the view takes its time, or the commit does.
            is_currently_used AND notEmpty(topics) AND last_poll_time < now() - 30 AS inside_block,
            arrayExists(time -> time >= last_commit_time, error_times) AS has_failed
        FROM system.kafka_consumers
        WHERE database = 'experiments_analytics' AND table = 'raw_events_kafka'
    ),
    assigned AS
    (
        SELECT
            consumer_id, last_poll_time, inside_block,
            topic, toUInt64(number) AS partition, next_offset,
            JSONExtractRaw(statistics, 'topics', topic, 'partitions', toString(number)) AS position,
            JSONExtract(position, 'lo_offset', 'Int64') AS first_offset,
            JSONExtract(position, 'hi_offset', 'Int64') AS end_offset,
            -- The last stable offset: a consumer is given nothing of a transaction before its end, and nothing behind it.
            JSONExtract(position, 'ls_offset', 'Int64') AS stable_offset,
            JSONExtract(position, 'committed_offset', 'Int64') AS committed_offset,
            greatest(committed_offset, first_offset, 0) AS stored_offset,
            -- Where all there is was fetched and handed on, and no block hangs or fails, what lies behind the last message are no messages,
            -- but the marks that end transactions: they are never committed.
            JSONExtract(position, 'next_offset', 'Int64') >= end_offset AND JSONExtract(position, 'fetchq_cnt', 'Int64') = 0
                AND NOT inside_block AND NOT has_failed AS is_at_end,
            if(is_at_end, 0, greatest(end_offset - stored_offset, 0)) AS lag
        FROM consumers
        ARRAY JOIN topics AS topic, partitions AS number, next_offsets AS next_offset
    ),
    arrived AS
    (
        SELECT
            topic, partition,
            max(m.last_offset) AS last_offset,
            max(m.last_kafka_time) AS last_kafka_time,
            max(m.last_arrival) AS last_arrival,
            sumIf(rows, minute > now() - 120) AS rows_minute,
            sumIf(events, minute > now() - 120) AS events_minute,
            sumIf(skipped, minute > now() - 120) AS skipped_minute,
            sumIf(errors, minute > now() - 120) AS errors_minute,
            sumIf(rows, minute > now() - 3600) AS rows_hour,
            sumIf(events, minute > now() - 3600) AS events_hour,
            sumIf(skipped, minute > now() - 3600) AS skipped_hour,
            sumIf(errors, minute > now() - 3600) AS errors_hour,
            sumIf(rows, minute > now() - 86400) AS rows_day,
            sumIf(events, minute > now() - 86400) AS events_day,
            sumIf(skipped, minute > now() - 86400) AS skipped_day,
            sumIf(errors, minute > now() - 86400) AS errors_day,
            if(rows_minute = 0, 0, sumIf(delay_ms, minute > now() - 120) / rows_minute) AS delay_ms_minute,
            maxIf(max_delay_ms, minute > now() - 120) AS max_delay_ms_minute,
            -- Of a minute's reasons the greatest, which is the one that merges keep.
            argMaxIf(skipped_reason, (minute, skipped_reason), skipped_reason != '') AS last_skipped,
            argMaxIf(error_reason, (minute, error_reason), error_reason != '') AS last_error
        FROM experiments_analytics.pipeline_minutes AS m
        GROUP BY topic, partition
    ),
    -- A partition that is assigned or from which something came; a consumer without one; at least one row.
    places AS
    (
        SELECT topic, toNullable(partition) AS partition, '' AS idle FROM arrived
        UNION DISTINCT
        -- Both by one look: between two a consumer may be assigned, and neither would show it.
        SELECT topic, if(empty(topics), NULL, toUInt64(number)), if(empty(topics), consumer_id, '')
        FROM consumers
        LEFT ARRAY JOIN topics AS topic, partitions AS number
        UNION DISTINCT
        SELECT '', NULL, '' WHERE (SELECT count() FROM consumers) = 0
    ),
    setting AS
    (
        SELECT anyIf(value, key = 'kafka_topic_list') AS topic, anyIf(value, key = 'kafka_group_name') AS group_name
        FROM
        (
            SELECT key, value
            FROM system.named_collections
            ARRAY JOIN mapKeys(collection) AS key, mapValues(collection) AS value
            WHERE name = 'experiments_kafka' AND value != '[HIDDEN]'
        )
    ),
    -- What is wrong with the whole of it; empty where nothing is.
    fault AS
    (
        SELECT
            (SELECT groupArray(name) FROM system.tables WHERE database = 'experiments_analytics') AS present,
            arrayFilter(name -> NOT has(present, name),
                        ['raw_events_kafka', 'decoded_events', 'events_processed', 'dead_letters', 'pipeline_offsets']) AS missing_tables,
            arrayFilter(name -> NOT has(present, name),
                        ['decoded_events_mv', 'events_kafka_mv', 'dead_letters_mv', 'pipeline_minutes_mv', 'pipeline_offsets_mv']) AS missing_views,
            -- Errors that no commit came after. A block's is tried again in half a second: what it meets in the second of a commit it
            -- meets again in the next, and after a minute of reading without another it is over.
            (SELECT groupArrayArray(arrayFilter((text, time) -> time >= last_commit_time, errors, error_times)) FROM consumers) AS errors,
            (SELECT groupArrayArray(arrayFilter((text, time) -> time > last_commit_time AND last_poll_time < time + 60, errors, error_times))
             FROM consumers) AS block_errors,
            (SELECT groupArrayArray(arrayMap(broker -> broker.1, brokers)) FROM consumers) AS brokers,
            -- librdkafka knows no such setting, or no such value of it.
            extract(arrayFirst(text -> text LIKE '%Failed to set %', errors), '(Failed to set .*?)(?:, Stack trace|$)') AS unset,
            arrayFirst(text -> text ILIKE '%failed to resolve%', errors) AS unresolved,
            arrayFirst(text -> match(text, '(?i)sasl|ssl|tls|certificate|authenticat'), errors) AS refused,
            arrayLast(text -> match(text, '(?i)experimentEvent|executable|user_scripts|child process|\\bpipe\\b'), block_errors) AS broken,
            arrayLast(text -> NOT match(text, '(?i)brokers are down|disconnected|timed out'), block_errors) AS failure,
            (SELECT arraySort(groupArray(concat(database, '.', table))) FROM system.replicas
             WHERE database = 'experiments_analytics' AND is_readonly) AS read_only,
            concat(arrayStringConcat(read_only, ', '), if(length(read_only) = 1, ' is', ' are'), ' read-only; bring the keeper back')
                AS without_keeper,
            -- The server's last error, since an open block began, of the kinds that an insert meets and tries again.
            (SELECT argMax(splitByChar('\n', last_error_message)[1], last_error_time) FROM system.errors
             WHERE last_error_time >= (SELECT min(last_poll_time) FROM consumers WHERE inside_block)
               AND name IN ('TABLE_IS_READ_ONLY', 'NOT_INITIALIZED', 'KEEPER_EXCEPTION', 'NO_ZOOKEEPER', 'NETWORK_ERROR', 'SOCKET_TIMEOUT',
                            'ALL_CONNECTION_TRIES_FAILED', 'S3_ERROR', 'NOT_ENOUGH_SPACE', 'MEMORY_LIMIT_EXCEEDED')) AS server_error,
            -- Older servers make the answer of a subquery Nullable.
            multiIf(
                notEmpty(read_only), without_keeper,
                server_error != '', concat('its inserts are slow or fail: ', ifNull(server_error, '')),
                'its inserts are slow, or their commit is; see what stands behind decoded_events, last_exceptions and the server''s log')
                AS hindrance,
            multiIf(
                notEmpty(missing_tables),
                    concat('table missing: ', arrayStringConcat(missing_tables, ', '),
                           '; ATTACH it where it was detached, otherwise apply the SQL bundle'),
                notEmpty(missing_views),
                    concat('view missing: ', arrayStringConcat(missing_views, ', '),
                           '; ATTACH TABLE where it was detached, otherwise apply the SQL bundle'),
                (SELECT count() FROM system.functions WHERE name = 'experimentEvent') = 0,
                    'function experimentEvent is not registered; put what `debezium-udf config` writes beside the server''s config.xml',
                broken != '',
                    concat('function experimentEvent fails: ', broken, '; run `debezium-udf check` on the server'),
                (SELECT count() FROM consumers) = 0,
                    'no consumer; the server''s log says why raw_events_kafka has none',
                (SELECT max(connected) FROM consumers) = 0 AND unset != '',
                    concat('not connected: ', unset, '; mend it in experiments_kafka'),
                (SELECT max(connected) FROM consumers) = 0 AND unresolved != '',
                    concat('not connected: broker ', extract(unresolved, 'resolve .([^'']*)'),
                           ' cannot be resolved; mend kafka_broker_list or the name service'),
                (SELECT max(connected) FROM consumers) = 0 AND refused != '',
                    concat('not connected: ', refused, '; mend the credentials or certificates in experiments_kafka'),
                (SELECT max(connected) FROM consumers) = 0,
                    concat('not connected: broker ', if(empty(brokers), 'unknown so far', extract(brokers[1], '^[^/]*')),
                           ' cannot be reached; is it running, and does kafka_broker_list name it?'),
                arrayExists(text -> text ILIKE '%unknown topic%', errors) AND (SELECT sum(length(topics)) FROM consumers) = 0,
                    concat('nothing read: topic ', if(setting.topic = '', 'kafka_topic_list', concat('"', setting.topic, '"')),
                           ' does not exist or is misspelled; mend kafka_topic_list in experiments_kafka or create the topic'),
                failure != '' AND (SELECT sum(length(topics)) FROM consumers) > 0,
                    concat('blocked: ', if(empty(read_only), failure, without_keeper), '; the block is tried again until this is mended'),
                '') AS diagnosis
        FROM setting
    )
SELECT
    places.topic AS topic,
    places.partition AS partition,
    if(assigned.consumer_id != '', assigned.consumer_id, places.idle) AS consumer,
    assigned.consumer_id != '' AS is_assigned,
    assigned.end_offset AS end_offset,
    -- The group's: what it will begin with after a crash. Negative where nothing was committed yet.
    assigned.committed_offset AS committed_offset,
    assigned.lag AS lag,
    arrived.last_offset AS last_offset,
    arrived.last_kafka_time AS last_kafka_time,
    arrived.last_arrival AS last_arrival,
    round(arrived.delay_ms_minute) AS delay_ms_minute,
    max_delay_ms_minute,
    events_minute, skipped_minute, errors_minute,
    events_hour, skipped_hour, errors_hour,
    events_day, skipped_day, errors_day,
    consumers.last_poll_time AS last_poll,
    consumers.last_commit_time AS last_commit,
    consumers.errors AS last_exceptions,
    consumers.error_times AS last_exception_times,
    multiIf(
        fault.diagnosis != '', fault.diagnosis,
        assigned.inside_block, concat('inside one block since ', toString(assigned.last_poll_time, 'UTC'), ': ', hindrance),
        places.partition IS NULL AND group_state != 'steady',
            concat('waiting for an assignment: the group is in state ', group_state,
                   '; a member that died holds its partitions for session_timeout_ms'),
        places.partition IS NULL,
            concat('no assignment: group ', if(setting.group_name = '', 'of experiments_kafka', concat('"', setting.group_name, '"')),
                   ' has more consumers than partitions; lower kafka_num_consumers or add partitions'),
        last_arrival = 0 AND next_offset >= 0, 'reading: no message is stored yet',
        NOT is_assigned,
            'not assigned here; another member of the group has it, or none while the group rebalances',
        end_offset = assigned.first_offset AND last_arrival = 0,
            concat('nothing read since the consumer started and topic "', topic, '" is empty or misspelled; does Debezium write to it?'),
        lag > 0 AND last_arrival < now() - 60 AND assigned.stable_offset <= assigned.stored_offset,
            concat('held back: ', toString(lag), ' messages wait for the end of their producer''s transaction; Kafka ends it ',
                   'transaction.timeout.ms after its begin'),
        lag > 0 AND last_arrival < now() - 60,
            concat('stalled: ', toString(lag), ' messages wait', if(last_arrival = 0, '', concat(' since ', toString(last_arrival))),
                   '; see last_exceptions and the server''s log'),
        rows_hour = 0, concat('up to date: nothing new since ', toString(last_arrival)),
        events_hour = 0 AND errors_hour = 0, concat('messages arrive and all are skipped: ', last_skipped, '; is the layout''s accept right?'),
        events_hour = 0, concat('messages arrive and none is decoded: ', last_error, '; is the layout right? see dead_letters_open'),
        errors_minute > 0, concat('consuming, with errors: ', last_error, '; see dead_letters_open'),
        lag > 0, concat('consuming, ', toString(lag), ' messages behind'),
        'consuming') AS diagnosis
FROM places
CROSS JOIN fault
CROSS JOIN setting
LEFT JOIN assigned ON assigned.topic = places.topic AND assigned.partition = places.partition
LEFT JOIN arrived ON arrived.topic = places.topic AND arrived.partition = places.partition
LEFT JOIN consumers ON consumers.consumer_id = consumer
ORDER BY topic, partition;
