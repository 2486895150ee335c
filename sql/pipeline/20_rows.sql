-- The latest row of each key, by `version`. The key of a deleted row stays, so that a repeated message does not bring the row back. FINAL hides it.
--| if left_out
-- PostgreSQL leaves a long value out of an update that does not change it. So each such value is also kept in a row of its own, with its name in
-- `row`; the latest of these is PostgreSQL's value. All rows are in one table, so that the rows of a message become visible at the same time.
--| end
CREATE TABLE IF NOT EXISTS {storage}.{target}
(
{target_columns}
)
ENGINE = {replicated}ReplacingMergeTree(version, deleted)
ORDER BY ({target_sorting_key})
SETTINGS min_bytes_for_wide_part = 134217728;

--| distributed {target} by {sharding_key}
--| if left_out
-- The table as it is now. `complete` is false if a value was left out and never came, since the key was changed or the row is older than the
-- pipeline. A write of this value in the source, or REPLICA IDENTITY FULL, fixes it.
CREATE OR REPLACE VIEW {storage}.{view} AS
WITH
    _rows AS
    (
        SELECT * FROM {storage}.{target} FINAL WHERE row = ''
    ),
    _kept AS
    (
        SELECT
            {key_of_stored_named},
            groupArray(toString(_stored.row)) AS _values{kept_columns}
        FROM {storage}.{target} AS _stored FINAL
        WHERE _stored.row != ''
          AND ({key_of_stored}) IN (SELECT {key_of_rows} FROM {storage}.{target} AS _rows FINAL WHERE _rows.row = '' AND notEmpty(_rows.left_out))
        GROUP BY {key_of_stored}
    )
SELECT
{view_columns},
    CAST(hasAll(_kept._values, _rows.left_out), 'Bool') AS complete,
    _rows.version AS version
FROM _rows
LEFT JOIN _kept ON {key_equals}
SETTINGS join_use_nulls = 0;

--| end
--| if not left_out
-- The table as it is now.
CREATE OR REPLACE VIEW {storage}.{view} AS
SELECT
{view_columns},
    _rows.version AS version
FROM {storage}.{target} AS _rows FINAL;

--| end
--| if cluster
CREATE OR REPLACE TABLE {database}.{view} AS {storage}.{view}
ENGINE = Distributed('{cluster}', '{storage}', '{view}');

--| end
CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{target_mv}
TO {database}.{target} AS
WITH
--| if left_out
    -- The column of which the row has the value: '' all of them, ' ' none, since it is deleted.
    if(_e._gone, ' ', _row) AS _holds
--| end
--| if not left_out
    if(_e._gone, ' ', '') AS _holds
--| end
SELECT
{target_values},
    _e._version AS version,
    _e._gone AS deleted,
--| if left_out
    _row AS row,
    if(_holds = '', arrayDistinct(arrayMap(_name -> transform(_name, {names_from}, {names_to}, _name), _e._left)), []) AS left_out,
--| end
    _e.topic AS topic,
    _e.partition AS partition,
    _e.offset AS offset,
    _e.kafka_time AS kafka_time
FROM
(
--| if left_out
    -- The row itself, and each of its values that might be left out later; a delete ends all of them. A short plain word is never left out.
    SELECT
        *,
        arrayConcat(
            ['']{kept_values}) AS _values
    FROM
    (
--| end
    -- The Tuple's elements one by one: an expression over a Tuple of hundreds takes long to analyze, with each insert.
    SELECT
{event_values},
        {version} AS _version,
        {is_deleted} AS _gone,
--| if left_out
        tupleElement(_event, 'left_out') AS _left,
--| end
        topic,
        partition,
        offset,
        kafka_time
    FROM (SELECT event AS _event, topic, partition, offset, kafka_time FROM {database}.{decoded} WHERE tupleElement(event, 'outcome') = 'event')
--| if left_out
    ) AS _f
--| end
) AS _e
--| if left_out
ARRAY JOIN _e._values AS _row
--| end
;
