-- The latest row of each key. `version` says which it is; of a deleted row the key stays, so that a message which comes again does not
-- bring it back, and FINAL hides it.
--| if left_out
-- PostgreSQL leaves a long value out of an update that does not change it. So each value that may be left out is kept in a row of its
-- own, too, where `row` names it: the latest of these is the value that PostgreSQL has. All are in one table, since what one message makes
-- must become visible at one moment.
--| end
CREATE TABLE IF NOT EXISTS {storage}.{target}
(
{target_columns}
)
ENGINE = {replicated}ReplacingMergeTree(version, deleted)
ORDER BY ({target_sorting_key});

--| distributed {target} by {sharding_key}
--| if left_out
-- The table as it is now. `complete` is false where a value was left out and has never come: the key was changed, or the row was stored
-- before the pipeline began. A write of that value in the source, or REPLICA IDENTITY FULL, mends it.
CREATE OR REPLACE VIEW {storage}.{view} AS
WITH
    rows AS
    (
        SELECT * FROM {storage}.{target} FINAL WHERE row = ''
    ),
    kept AS
    (
        SELECT
            {key_columns},
            groupArray(toString(row)) AS values,
{kept_columns}
        FROM {storage}.{target} FINAL
        WHERE row != '' AND ({key_columns}) IN (SELECT {key_columns} FROM {storage}.{target} FINAL WHERE row = '' AND notEmpty(left_out))
        GROUP BY {key_columns}
    )
SELECT
{view_columns},
    hasAll(kept.values, rows.left_out) AS complete,
    rows.version AS version
FROM rows
LEFT JOIN kept ON {key_equals}
SETTINGS join_use_nulls = 0;

--| end
--| if not left_out
-- The table as it is now.
CREATE OR REPLACE VIEW {storage}.{view} AS
SELECT
{view_columns},
    version
FROM {storage}.{target} FINAL;

--| end
--| if cluster
CREATE OR REPLACE TABLE {database}.{view} AS {storage}.{view}
ENGINE = Distributed('{cluster}', '{storage}', '{view}');

--| end
CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{target_mv}
TO {database}.{target} AS
WITH
    {is_deleted} AS gone,
--| if left_out
    row = '' AND NOT gone AS is_row,
--| end
--| if not left_out
    NOT gone AS is_row,
--| end
    -- No constant: of if(…, value, NULL) ClickHouse would store the value, too, under the NULL.
    materialize(defaultValueOfArgumentType(event)) AS nothing
SELECT
{target_values},
    {version} AS version,
    gone AS deleted,
--| if left_out
    row,
    if(is_row, arrayMap(name -> transform(name, {names_from}, {names_to}, name), tupleElement(event, 'left_out')), []) AS left_out,
--| end
    topic,
    partition,
    offset,
    kafka_time
FROM {database}.{decoded}
--| if left_out
ARRAY JOIN arrayConcat([''], {kept_values}) AS row
--| end
WHERE tupleElement(event, 'outcome') = 'event';
