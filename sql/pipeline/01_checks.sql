-- Conditions that are checked before anything is made. Each check fails with one line that says what to do.
--| if not custom
SELECT throwIf(toUInt32(splitByChar('.', version())[1]) * 100 + toUInt32(splitByChar('.', version())[2]) < 2408, 'debezium-udf pipeline: this server is older than ClickHouse 24.8: update it')
FORMAT Null;

--| end
--| if not landing
SYSTEM RELOAD FUNCTIONS;
--| end
--| if cluster

SELECT throwIf(count() = 0, 'debezium-udf pipeline: this server''s remote_servers has no cluster {cluster}')
FROM system.clusters WHERE cluster = '{cluster}' FORMAT Null;

SELECT throwIf(value != '1', 'debezium-udf pipeline: distributed_foreground_insert is not 1, so an offset would be committed before its rows are stored: copy sql/cluster/users.d')
FROM system.settings WHERE name = 'distributed_foreground_insert' FORMAT Null;

SELECT throwIf(count() > 0, 'debezium-udf pipeline: {database}.{target} holds rows of one node: move it away first (docs/cluster.md)')
FROM system.tables WHERE database = '{database}' AND name = '{target}' AND engine LIKE '%MergeTree' FORMAT Null;
--| end

SELECT throwIf(count() = 0, 'debezium-udf pipeline: function {function} is not registered on this server: run `debezium-udf register {layout}` there; if that was done, the server''s log says why it does not load')
FROM system.functions WHERE name = '{function}' FORMAT Null;

-- Another layout may be registered under that name.
SELECT throwIf(toTypeName({function}('')) != toTypeName(defaultValueOfTypeName({event_type_text})), 'debezium-udf pipeline: the registered {function} returns other columns than {layout}: run `debezium-udf register {layout}` on the server')
FORMAT Null;

--| if not landing
SELECT throwIf(count() = 0, 'debezium-udf pipeline: named collection {collection} does not exist: copy debezium_kafka.xml to config.d and write the broker into it, or give --collection')
FROM system.named_collections WHERE name = '{collection}' FORMAT Null;

--| end
--| if not custom
SELECT throwIf(count() > 0, 'debezium-udf pipeline: {database}.{target_mv} writes to another table than {target}: the pipeline was of another kind; give another --name, or remove it with `debezium-udf pipeline {layout} --remove`')
FROM system.tables
WHERE database = '{database}' AND name = '{target_mv}' AND position(create_table_query, ' TO {database}.{target} ') = 0
FORMAT Null;

--| end
-- Tables and views with the names of this pipeline must be its own.
SELECT throwIf(count() > 0, 'debezium-udf pipeline: {database}.{kafka}, {decoded}, {target} or {view} exists and is something else: give another --name, or rename it')
FROM system.tables
WHERE database IN ('{database}', '{storage}')
  AND (name = '{decoded}' AND engine != 'Null'
--| if not landing
    OR name = '{kafka}' AND engine != 'Kafka'
--| end
--| if not custom
    OR name = '{target}' AND engine NOT LIKE '%ReplacingMergeTree' AND engine != 'Distributed'
    OR name = '{view}' AND NOT (engine = 'View' AND position(create_table_query, '.{target} ') > 0 OR engine = 'Distributed')
--| end
    OR name = '{decoded_mv}' AND engine != 'MaterializedView')
FORMAT Null;
--| if topic

-- A pipeline of this name that reads another topic, or in another group.
SELECT throwIf(count() > 0, 'debezium-udf pipeline: {database}.{kafka} reads another topic or in another group: give that --topic and --group, or another --name, or remove it with `debezium-udf pipeline {layout} --remove`')
FROM system.tables
WHERE database = '{database}' AND name = '{kafka}'
  AND (position(create_table_query, {topic_setting_text}) = 0 OR position(create_table_query, {group_setting_text}) = 0)
FORMAT Null;

-- The members of a group share a topic's messages.
SELECT throwIf(count() > 0, 'debezium-udf pipeline: another Kafka table of this server reads in the group {group}, and each would get a part of the messages: give another --group')
FROM system.tables
WHERE engine = 'Kafka' AND (database, name) != ('{database}', '{kafka}') AND position(create_table_query, {group_setting_text}) > 0
FORMAT Null;
--| end
--| if not custom

-- A table of that name with other columns.
SELECT throwIf(count() > 0, 'debezium-udf pipeline: {storage}.{target} has other columns than {layout}: `debezium-udf pipeline {layout} --diff` prints a query for the differences, and what to do')
FROM
(
    SELECT name, type FROM system.columns WHERE database = '{storage}' AND table = '{target}'
) AS present
FULL JOIN
(
    SELECT tupleElement(wanted, 1) AS name, tupleElement(wanted, 2) AS type
    FROM (SELECT arrayJoin(
        {target_columns_list}) AS wanted)
) AS wanted ON present.name = wanted.name
WHERE present.type != wanted.type
  AND (SELECT count() FROM system.tables WHERE database = '{storage}' AND name = '{target}') > 0
FORMAT Null;

SELECT throwIf(count() > 0, 'debezium-udf pipeline: {storage}.{target} has another sorting key than {layout} requires: give another --name, or rename the table')
FROM system.tables
WHERE database = '{storage}' AND name = '{target}' AND replaceAll(sorting_key, '`', '') != replaceAll({target_sorting_key_text}, '`', '')
FORMAT Null;
--| end
