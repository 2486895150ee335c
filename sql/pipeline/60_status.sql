-- Needs ClickHouse 24.8, whose analyzer resolves the names of these views.
-- The state of this server's Kafka consumers, each with its pipeline. librdkafka's statistics are at most two seconds old, and are written when
-- the consumer polls. Names of topics and groups are hidden from users who may not see secrets.
CREATE OR REPLACE VIEW {storage}.pipeline_consumers AS
SELECT
    pipelines.pipeline AS pipeline,
    consumer_id,
    assignments.topic AS topics,
    assignments.partition_id AS partitions,
    -- The next offset of each; negative before the first message.
    assignments.current_offset AS next_offsets,
    rdkafka_stat AS statistics,
    toDateTime64(JSONExtractInt(rdkafka_stat, 'time'), 3, 'UTC') AS statistics_time,
    -- Without the stack trace.
    arrayMap(text -> splitByString(', Stack trace', splitByChar('\n', text)[1])[1], exceptions.text) AS errors,
    exceptions.time AS error_times,
    last_poll_time,
    last_commit_time,
    JSONExtractString(rdkafka_stat, 'cgrp', 'join_state') AS group_state,
    arrayMap(broker -> broker.1,
        arrayFilter(broker -> JSONExtractInt(broker.2, 'nodeid') >= 0 OR JSONExtractString(broker.2, 'source') = 'configured',
                    JSONExtractKeysAndValuesRaw(rdkafka_stat, 'brokers')) AS known) AS brokers,
    -- The first statistics come after the first block.
    if(empty(known), notEmpty(topics), arrayExists(broker -> JSONExtractString(broker.2, 'state') = 'UP', known)) AS connected,
    -- At work but not reading: an insert or the commit takes long.
    is_currently_used AND notEmpty(topics) AND last_poll_time < now() - 30 AS inside_block,
    arrayExists(time -> time >= last_commit_time, error_times) AS has_failed
FROM system.kafka_consumers AS consumers
INNER JOIN {database}.pipelines AS pipelines FINAL ON pipelines.kafka_table = consumers.table
WHERE consumers.database = '{database}';

-- The server's errors when it loaded the executable functions. Before ClickHouse 26.3 there is no such table, and no row here.
CREATE TABLE IF NOT EXISTS {storage}.pipeline_registrations
(
    name                  String,
    -- '' if nothing was wrong.
    loading_error_message String
)
ENGINE = Merge('system', '^user_defined_functions$');

-- The position of each consumer: a row for each of its partitions, for each consumer without one, and for each pipeline without consumers.
CREATE OR REPLACE VIEW {storage}.pipeline_positions AS
SELECT
    pipelines.pipeline AS pipeline,
    consumer_id, topic,
    if(consumer_id = '' OR empty(topics), NULL, toUInt64(number)) AS partition,
    next_offset,
    JSONExtractRaw(statistics, 'topics', topic, 'partitions', toString(number)) AS position,
    JSONExtractString(position, 'fetch_state') = 'active' AS is_active,
    JSONExtract(position, 'lo_offset', 'Int64') AS log_begin,
    JSONExtract(position, 'hi_offset', 'Int64') AS log_end,
    -- The last stable offset: a consumer gets nothing of a transaction, and nothing after it, before the transaction ends.
    JSONExtract(position, 'ls_offset', 'Int64') AS stable_offset,
    JSONExtract(position, 'committed_offset', 'Int64') AS committed_offset,
    greatest(committed_offset, log_begin, 0) AS stored_offset,
    -- If everything was fetched and passed on, and no block hangs or fails, the offsets after the last message are transaction markers, which
    -- are never committed.
    JSONExtract(position, 'next_offset', 'Int64') >= log_end AND JSONExtract(position, 'fetchq_cnt', 'Int64') = 0
        AND NOT inside_block AND NOT has_failed AS is_at_end,
    if(is_at_end, 0, greatest(log_end - stored_offset, 0)) AS lag,
    statistics_time, errors, error_times, last_poll_time, last_commit_time, group_state, inside_block
FROM {database}.pipelines AS pipelines FINAL
LEFT JOIN {storage}.pipeline_consumers AS consumers ON consumers.pipeline = pipelines.pipeline
LEFT ARRAY JOIN topics AS topic, partitions AS number, next_offsets AS next_offset;

-- The messages of each partition lately, in an hour and in a day, and how long its topic is usually silent.
CREATE OR REPLACE VIEW {storage}.pipeline_arrivals AS
WITH
    -- now() is another constant on each node of a cluster, so comparisons with it stay outside.
    minutes AS
    (
        SELECT * REPLACE (if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline)
        FROM (SELECT * FROM {database}.pipeline_minutes) AS m
    ),
    arrived AS
    (
        SELECT
            pipeline, topic, partition,
            -- Of the last minute with messages, since a topic may be recreated.
            argMax(m.last_offset, (minute, m.last_offset)) AS last_offset,
            max(m.last_kafka_time) AS last_kafka_time,
            max(m.last_arrival) AS last_arrival,
            sumIf(rows, minute > now() - 120) AS rows_minute,
            sumIf(events, minute > now() - 120) AS events_minute,
            sumIf(skipped, minute > now() - 120) AS skipped_minute,
            sumIf(errors, minute > now() - 120) AS errors_minute,
            sumIf(clock_errors, minute > now() - 120) AS clock_errors_minute,
            sumIf(rows, minute > now() - 3600) AS rows_hour,
            sumIf(events, minute > now() - 3600) AS events_hour,
            sumIf(skipped, minute > now() - 3600) AS skipped_hour,
            sumIf(errors, minute > now() - 3600) AS errors_hour,
            sumIf(events, minute > now() - 86400) AS events_day,
            sumIf(skipped, minute > now() - 86400) AS skipped_day,
            sumIf(errors, minute > now() - 86400) AS errors_day,
            sumIf(clock_errors, minute > now() - 86400) AS clock_errors_day,
            -- The last ten minutes, and the day before them.
            sumIf(rows, minute > now() - 600) AS rows_lately,
            sumIf(skipped, minute > now() - 600) AS skipped_lately,
            sumIf(rows, minute BETWEEN now() - 87000 AND now() - 600) AS rows_before,
            sumIf(skipped, minute BETWEEN now() - 87000 AND now() - 600) AS skipped_before,
            if(rows_minute = clock_errors_minute, 0,
               sumIf(delay_ms, minute > now() - 120) / (rows_minute - clock_errors_minute)) AS delay_ms_minute,
            maxIf(max_delay_ms, minute > now() - 120) AS max_delay_ms_minute,
            arrayMap(delay -> if(isNaN(delay), 0, toUInt64(delay)),
                     quantilesTDigestMergeIf(0.5, 0.99)(delays, minute > now() - 120)) AS delay_quantiles,
            -- The greatest of a minute's reasons, since merges keep this one.
            argMaxIf(skipped_reason, (minute, skipped_reason), skipped_reason != '') AS last_skipped,
            argMaxIf(error_reason, (minute, error_reason), error_reason != '') AS last_error
        FROM minutes AS m
        GROUP BY pipeline, topic, partition
    ),
    rhythm AS
    (
        SELECT pipeline, topic, min(minute) AS since, count() AS busy_minutes, max(pause) AS longest_pause
        FROM
        (
            SELECT pipeline, topic, minute,
                   toUInt64(dateDiff('second', lagInFrame(minute, 1, minute) OVER (PARTITION BY pipeline, topic ORDER BY minute), minute)) AS pause
            FROM (SELECT DISTINCT pipeline, topic, minute FROM minutes WHERE minute > now() - INTERVAL 14 DAY)
        )
        GROUP BY pipeline, topic
    )
SELECT
    arrived.*,
    max(last_arrival) OVER (PARTITION BY pipeline, topic) AS topic_arrival,
    -- Three times the longest pause of two weeks, of a topic that has been known for three days; 0: not known.
    if(rhythm.busy_minutes >= 100 AND rhythm.since < now() - INTERVAL 3 DAY, greatest(3 * rhythm.longest_pause, 900), 0) AS usual_silence
FROM arrived
LEFT JOIN rhythm ON rhythm.pipeline = arrived.pipeline AND rhythm.topic = arrived.topic
WHERE pipeline IN (SELECT pipeline FROM {database}.pipelines);

-- What is wrong with a pipeline as a whole: code and words, both '' if nothing is. One row for each pipeline.
CREATE OR REPLACE VIEW {storage}.pipeline_faults AS
WITH
    settings AS
    (
        SELECT name, anyIf(value, key = 'kafka_topic_list') AS its_topic, anyIf(value, key = 'kafka_group_name') AS its_group
        FROM
        (
            SELECT name, key, value
            FROM system.named_collections
            ARRAY JOIN mapKeys(collection) AS key, mapValues(collection) AS value
            WHERE value != '[HIDDEN]'
        )
        GROUP BY name
    ),
    of_consumers AS
    (
        SELECT
            pipeline,
            count() AS number,
            max(connected) AS is_connected,
            sum(length(topics)) AS assigned,
            -- Errors without a later commit. A block is tried again after half a second, so an error in the second of a commit shows again if it
            -- lasts. After a minute of reading without an error it is over.
            groupArrayArray(arrayFilter((text, time) -> time >= last_commit_time, errors, error_times)) AS all_errors,
            groupArrayArray(arrayFilter((text, time) -> time > last_commit_time AND last_poll_time < time + 60, errors, error_times))
                AS block_errors,
            groupArrayArray(brokers) AS all_brokers,
            minIf(last_poll_time, inside_block) AS inside_since
        FROM {storage}.pipeline_consumers
        GROUP BY pipeline
    ),
    facts AS
    (
        SELECT
            pipelines.pipeline AS pipeline, layout, function, collection, kafka_table, decoded, every_seconds, silence_seconds, applied_at,
            -- Another program inserts the messages, so there is no consumer.
            collection = '' AS is_landing,
            tables, views,
            ifNull(of_consumers.number, 0) AS consumers, is_connected, assigned, all_errors, block_errors, all_brokers,
            multiIf(pipelines.topic != '', concat('"', pipelines.topic, '"'), its_topic != '', concat('"', its_topic, '"'),
                    'kafka_topic_list') AS topic_words,
            multiIf(pipelines.group_name != '', concat('"', pipelines.group_name, '"'),
                    its_group != '', concat('"', its_group, '"'), concat('of ', collection)) AS group_words,
            if(pipelines.topic != '', 'give the right --topic', concat('fix kafka_topic_list in ', collection)) AS topic_setting,
            (SELECT groupArray(name) FROM system.tables WHERE database = '{database}') AS present,
            has((SELECT groupArray(name) FROM system.functions WHERE origin != 'System'), function) AS is_registered,
            arrayFirst(said -> said.1 = function,
                (SELECT groupArray((name, splitByString(', Stack trace', splitByChar('\n', loading_error_message)[1])[1]))
                 FROM {storage}.pipeline_registrations WHERE loading_error_message != '')).2 AS not_loaded,
            arrayFilter(name -> NOT has(present, name), tables) AS missing_tables,
            arrayFilter(name -> NOT has(present, name), views) AS missing_views,
            (SELECT count() FROM system.kafka_consumers) AS server_consumers,
            (SELECT anyIf(toUInt64OrZero(value), name = 'background_message_broker_schedule_pool_size') FROM system.server_settings)
                AS server_threads,
            -- librdkafka does not know this setting or its value.
            extract(arrayFirst(text -> text LIKE '%Failed to set %', all_errors), '(Failed to set .*)$') AS unset,
            arrayFirst(text -> text ILIKE '%failed to resolve%', all_errors) AS unresolved,
            arrayFirst(text -> match(text, '(?i)sasl|ssl|tls|certificate|authenticat'), all_errors) AS refused,
            arrayLast(text -> match(text, '(?i)executable|user_scripts|child process|\\bpipe\\b')
                              OR match(text, concat('(?i)\\bfunction\\W+', function, '\\b|\\b', function, '\\(')), block_errors) AS broken,
            arrayLast(text -> NOT match(text, '(?i)brokers are down|disconnected|timed out|unknown topic'), block_errors) AS failure,
            arrayExists(text -> text ILIKE '%unknown topic%', all_errors) AND assigned = 0 AS no_topic,
            arraySort(arrayMap(place -> place.2, arrayFilter(place -> has(tables, place.1),
                (SELECT groupArray((table, concat(database, '.', table))) FROM system.replicas
                 WHERE database = '{storage}' AND is_readonly)))) AS read_only,
            concat(arrayStringConcat(read_only, ', '), if(length(read_only) = 1, ' is', ' are'), ' read-only; bring the keeper back')
                AS without_keeper,
            -- The server's last error since the open block began, of the kinds after which an insert is tried again.
            arrayFilter(error -> inside_since > 0 AND error.1 >= inside_since,
                (SELECT arraySort(groupArray((last_error_time, splitByString(', Stack trace', splitByChar('\n', last_error_message)[1])[1])))
                 FROM system.errors
                 WHERE name IN ('TABLE_IS_READ_ONLY', 'NOT_INITIALIZED', 'KEEPER_EXCEPTION', 'NO_ZOOKEEPER', 'NETWORK_ERROR',
                                'SOCKET_TIMEOUT', 'ALL_CONNECTION_TRIES_FAILED', 'S3_ERROR', 'NOT_ENOUGH_SPACE',
                                'MEMORY_LIMIT_EXCEEDED'))) AS server_errors
        FROM {database}.pipelines AS pipelines FINAL
        LEFT JOIN of_consumers ON of_consumers.pipeline = pipelines.pipeline
        LEFT JOIN settings ON settings.name = pipelines.collection
    )
SELECT
    pipeline, layout, kafka_table, is_landing, every_seconds, silence_seconds, applied_at, topic_words, group_words,
    server_consumers, server_threads,
    -- The function runs by a registration that no longer exists.
    if(not_loaded = '', '', concat('function ', function, ' runs as it was registered before, since the server cannot load the present registration: ',
        not_loaded, '; `debezium-udf check` on the server, then register its layout again, before the server is restarted')) AS stale_function,
    -- Why a block stays open.
    if(notEmpty(read_only), 'read_only', 'inside_block') AS hindrance_code,
    multiIf(
        notEmpty(read_only), without_keeper,
        notEmpty(server_errors), concat('its inserts are slow or fail: ', server_errors[-1].2),
        concat('its inserts are slow, or their commit is; see the views on ', decoded, ', last_exceptions and the server''s log'))
        AS hindrance,
    code,
    multiIf(
        code = 'table_missing',
            concat('table missing: ', arrayStringConcat(missing_tables, ', '),
                   '; ATTACH it if it was detached, otherwise apply the SQL bundle'),
        code = 'view_missing',
            concat('view missing: ', arrayStringConcat(missing_views, ', '),
                   '; ATTACH TABLE if it was detached, otherwise apply the SQL bundle'),
        code = 'function_missing',
            concat('function ', function, ' is not registered: ',
                   if(not_loaded = '', '', concat('the server cannot load it: ', not_loaded, '; ')),
                   '`debezium-udf register` its layout on the server, then SYSTEM RELOAD FUNCTIONS'),
        code = 'function_fails',
            concat('function ', function, ' fails: ', broken, '; run `debezium-udf check` on the server'),
        code = 'no_consumer', concat('no consumer; the server''s log says why ', kafka_table, ' has none'),
        code = 'not_connected' AND unset != '', concat('not connected: ', unset, '; fix it in ', collection),
        code = 'not_connected' AND unresolved != '',
            concat('not connected: broker ', extract(unresolved, 'resolve .([^'']*)'),
                   ' cannot be resolved; fix kafka_broker_list or the name service'),
        code = 'not_connected' AND refused != '',
            concat('not connected: ', refused, '; fix the credentials or certificates in ', collection),
        code = 'not_connected',
            concat('not connected: broker ', if(empty(all_brokers), 'unknown so far', extract(all_brokers[1], '^[^/]*')),
                   ' cannot be reached; is it running, and does kafka_broker_list name it?'),
        code = 'no_topic',
            concat('nothing read: topic ', topic_words, ' does not exist or is misspelled; ', topic_setting, ' or create the topic'),
        code = 'blocked', concat('blocked: ', failure, '; the block is tried again until this is fixed'),
        code = 'read_only', concat('blocked: ', without_keeper, '; the block is tried again until this is fixed'),
        '') AS diagnosis
FROM
(
    SELECT
        facts.*,
        multiIf(
            notEmpty(missing_tables), 'table_missing',
            notEmpty(missing_views), 'view_missing',
            NOT is_registered, 'function_missing',
            broken != '', 'function_fails',
            NOT is_landing AND consumers = 0, 'no_consumer',
            NOT is_landing AND NOT is_connected, 'not_connected',
            no_topic, 'no_topic',
            failure != '' AND assigned > 0, if(empty(read_only), 'blocked', 'read_only'),
            '') AS code
    FROM facts
);

-- Whether it consumes, and if not, why: a row for each partition of each pipeline, and for each consumer without one.
--
--   SELECT pipeline, topic, partition, code, diagnosis FROM {database}.pipeline_status
--
-- `code` is for programs, and its numbers never change; `diagnosis` says the same in words, with the remedy (docs/operating.md).
--| if cluster
-- The answer of this node; {database}.pipeline_status has those of all nodes.
--| end
CREATE OR REPLACE VIEW {storage}.pipeline_status AS
WITH
    members AS
    (
        SELECT u.pipeline AS pipeline, arraySort(groupUniqArray(u.member)) AS names, min(u.first) AS since
        FROM {database}.pipeline_unmapped AS u
        INNER JOIN {database}.pipelines AS p FINAL ON p.pipeline = u.pipeline
        -- Without members that the layout has since then.
        WHERE u.last >= p.applied_at
        GROUP BY pipeline
    ),
    watched AS
    (
        SELECT
            pipeline, topic, partition,
            max(looked_at) AS watched_at,
            countIf(kind = 'topic_begins_anew' AND NOT accepted) > 0 AS is_anew,
            countIf(kind = 'lost_to_retention' AND NOT accepted) > 0 AS is_lost,
            argMaxIf(detail, found_at, kind = 'topic_begins_anew' AND NOT accepted) AS anew,
            argMaxIf(detail, found_at, kind = 'lost_to_retention' AND NOT accepted) AS lost
        FROM {database}.pipeline_watch FINAL
        GROUP BY pipeline, topic, partition
    ),
    -- Each partition once, with the state of its consumer (here) and its messages (came).
    places AS
    (
        SELECT
            if(here.pipeline != '', here.pipeline, came.pipeline) AS pipeline,
            if(here.pipeline != '', here.topic, toString(came.topic)) AS topic,
            if(here.pipeline != '', here.partition, toNullable(came.partition)) AS partition,
            here.* EXCEPT (pipeline, topic, partition),
            came.* EXCEPT (pipeline, topic, partition)
        FROM {storage}.pipeline_positions AS here
        FULL JOIN {storage}.pipeline_arrivals AS came
            ON came.pipeline = here.pipeline AND came.topic = here.topic AND came.partition = here.partition
    ),
    judged AS
    (
        SELECT
            places.pipeline AS pipeline, places.topic AS topic, places.partition AS partition,
            places.* EXCEPT (pipeline, topic, partition), faults.* EXCEPT (pipeline, code, diagnosis), faults.diagnosis AS fault,
            members.names AS new_members, members.since AS new_members_since,
            watched.* EXCEPT (pipeline, topic, partition),
            consumer_id != '' AND places.partition IS NOT NULL AS is_assigned,
            60 + every_seconds AS patience,
            last_arrival < now() - patience AS is_quiet,
            toUInt64(greatest(dateDiff('second', topic_arrival, now64(3, 'UTC')), 0)) AS silence,
            if(silence_seconds > 0, silence_seconds, usual_silence) AS longest_silence,
            rows_lately >= 20 AND rows_before >= 100
                AND skipped_lately / rows_lately > skipped_before / rows_before + 0.2 AS skips_jump,
            multiIf(
                faults.code != '', faults.code,
                inside_block, hindrance_code,
                is_landing AND places.partition IS NULL, 'nothing_read',
                places.partition IS NULL AND last_poll_time = 0 AND server_consumers > server_threads, 'too_many_consumers',
                places.partition IS NULL AND group_state != 'steady', 'waiting_for_assignment',
                places.partition IS NULL, 'no_assignment',
                -- Without the watching view, the broker's present answer.
                is_anew OR (watched_at = 0 AND is_active AND is_quiet AND last_arrival > 0 AND log_end <= last_offset), 'topic_begins_anew',
                last_arrival = 0 AND next_offset >= 0, 'reading',
                NOT is_assigned AND NOT is_landing, 'not_assigned_here',
                log_end = log_begin AND last_arrival = 0, 'nothing_read',
                lag > 0 AND is_quiet AND stable_offset <= stored_offset, 'held_back',
                lag > 0 AND is_quiet, 'stalled',
                is_lost OR (watched_at = 0 AND is_active AND is_quiet AND last_arrival > 0 AND log_begin > last_offset + 1), 'lost_to_retention',
                longest_silence > 0 AND last_arrival > 0 AND silence > longest_silence, 'silent',
                stale_function != '' AND rows_hour = 0, 'registration_broken',
                rows_hour = 0, 'up_to_date',
                -- Heartbeats of a connector are always skipped.
                events_hour = 0 AND errors_hour = 0 AND last_skipped != 'heartbeat', 'all_skipped',
                events_hour = 0 AND errors_hour > 0, 'none_decoded',
                skips_jump, 'skipped_jump',
                stale_function != '', 'registration_broken',
                errors_minute > 0, 'consuming_with_errors',
                notEmpty(new_members), 'new_members',
                lag > 0, 'behind',
                'consuming') AS verdict
        FROM places
        LEFT JOIN {storage}.pipeline_faults AS faults ON faults.pipeline = places.pipeline
        LEFT JOIN members ON members.pipeline = places.pipeline
        LEFT JOIN watched ON watched.pipeline = places.pipeline AND watched.topic = places.topic AND watched.partition = places.partition
    )
SELECT
    topic,
    partition,
    consumer_id AS consumer,
    is_assigned,
    log_end AS end_offset,
    -- The group's offset, from which it continues after a crash. Negative if nothing was committed yet.
    committed_offset,
    lag,
    last_offset,
    last_kafka_time,
    last_arrival,
    -- Of messages with a plausible time; the others are clock_errors.
    round(judged.delay_ms_minute) AS delay_ms_minute,
    max_delay_ms_minute,
    events_minute, skipped_minute, errors_minute,
    events_hour, skipped_hour, errors_hour,
    events_day, skipped_day, errors_day,
    last_poll_time AS last_poll,
    last_commit_time AS last_commit,
    errors AS last_exceptions,
    error_times AS last_exception_times,
    multiIf(
        fault != '', fault,
        verdict IN ('inside_block', 'read_only'), concat('inside one block since ', toString(last_poll_time, 'UTC'), ': ', hindrance),
        verdict = 'too_many_consumers',
            concat('waiting for a thread: this server has ', toString(server_consumers), ' Kafka consumers and ', toString(server_threads),
                   ' threads for them; raise background_message_broker_schedule_pool_size, or lower kafka_num_consumers'),
        verdict = 'waiting_for_assignment',
            concat('waiting for an assignment: the group is in state ', group_state,
                   '; a member that died holds its partitions for session_timeout_ms'),
        verdict = 'no_assignment',
            concat('no assignment: group ', group_words,
                   ' has more consumers than partitions; lower kafka_num_consumers or add partitions'),
        verdict = 'topic_begins_anew',
            concat('the topic begins anew: ',
                   if(anew != '', anew, concat('it ends before offset ', toString(log_end), ', and ', toString(last_offset), ' is stored')),
                   '; was everything read? see docs/operating.md'),
        verdict = 'reading', 'reading: no message is stored yet',
        verdict = 'not_assigned_here',
            'not assigned here; another member of the group has it, or none while the group rebalances',
        verdict = 'nothing_read' AND is_landing,
            concat('nothing was inserted into ', kafka_table, ' yet; does the program that fills it run?'),
        verdict = 'nothing_read',
            concat('nothing read since the consumer started and topic "', topic, '" is empty or misspelled; does Debezium write to it?'),
        verdict = 'held_back',
            concat('held back: ', toString(lag), ' messages wait for the end of their producer''s transaction; Kafka ends it ',
                   'transaction.timeout.ms after it began'),
        verdict = 'stalled',
            concat('stalled: ', toString(lag), ' messages wait', if(last_arrival = 0, '', concat(' since ', toString(last_arrival))),
                   '; see last_exceptions and the server''s log'),
        verdict = 'lost_to_retention',
            concat('lost to retention: ',
                   if(lost != '', lost, concat('the topic begins at offset ', toString(log_begin), ', and ', toString(last_offset), ' is the last that is stored')),
                   '; read them from the source again: see docs/operating.md'),
        verdict = 'silent',
            concat('silent: nothing came since ', toString(topic_arrival), ', and ',
                   if(silence_seconds > 0, 'a message is due every ', 'three times its longest pause are '), toString(longest_silence),
                   ' seconds; do the source and its connector run, and do they write to this topic?'),
        verdict = 'registration_broken', stale_function,
        verdict = 'up_to_date', concat('up to date: nothing new since ', toString(last_arrival)),
        verdict = 'all_skipped', concat('messages arrive and all are skipped: ', last_skipped, '; is the layout''s accept right?'),
        verdict = 'none_decoded', concat('messages arrive and none is decoded: ', last_error, '; is the layout right? see dead_letters_open'),
        verdict = 'skipped_jump',
            concat('many are skipped: ', toString(skipped_lately), ' of ', toString(rows_lately), ' messages in ten minutes, and ',
                   toString(skipped_before), ' of ', toString(rows_before), ' in the day before: ', last_skipped,
                   '; did the source change what the layout''s accept reads?'),
        verdict = 'consuming_with_errors', concat('consuming, with errors: ', last_error, '; see dead_letters_open'),
        verdict = 'new_members',
            concat('new members since ', formatDateTime(new_members_since, '%F %H:%i', 'UTC'), ': ',
                   arrayStringConcat(arraySlice(new_members, 1, 10), ', '), if(length(new_members) > 10, ', …', ''),
                   '; the layout has no column for them: debezium-udf infer --against ', layout),
        verdict = 'behind', concat('consuming, ', toString(lag), ' messages behind'),
        'consuming') AS diagnosis,
    pipeline,
    CAST(verdict, 'Enum8(
        ''node_missing'' = 0, ''consuming'' = 1, ''up_to_date'' = 2, ''behind'' = 3, ''reading'' = 4, ''consuming_with_errors'' = 5,
        ''new_members'' = 6, ''not_assigned_here'' = 7, ''waiting_for_assignment'' = 8, ''no_assignment'' = 9, ''too_many_consumers'' = 10,
        ''nothing_read'' = 11, ''no_topic'' = 12, ''not_connected'' = 13, ''no_consumer'' = 14, ''table_missing'' = 15, ''view_missing'' = 16,
        ''function_missing'' = 17, ''function_fails'' = 18, ''blocked'' = 19, ''inside_block'' = 20, ''read_only'' = 21, ''held_back'' = 22,
        ''stalled'' = 23, ''silent'' = 24, ''all_skipped'' = 25, ''none_decoded'' = 26, ''skipped_jump'' = 27, ''topic_begins_anew'' = 28,
        ''lost_to_retention'' = 29, ''registration_broken'' = 30)') AS code,
    delay_quantiles[1] AS delay_p50_ms,
    delay_quantiles[2] AS delay_p99_ms,
    clock_errors_minute, clock_errors_day,
    new_members,
    if(partition IS NULL, 0, log_begin) AS begin_offset,
    watched_at
FROM judged
-- If another program inserts the messages, only their partitions are known.
WHERE NOT (is_landing AND partition IS NULL AND pipeline IN (SELECT pipeline FROM {storage}.pipeline_arrivals))
ORDER BY pipeline, topic, partition;

-- Needs no more than that.
