-- The differences between {storage}.{target} and {layout}: the statements that fix them, and what to do about stored rows. No line: no
-- difference. Use FORMAT TSVRaw.
WITH
    (SELECT count() FROM system.tables WHERE database = '{storage}' AND name = '{target}') > 0 AS exists,
    present AS
    (
        SELECT name, type, position FROM system.columns WHERE database = '{storage}' AND table = '{target}'
    ),
    wanted AS
    (
        SELECT tupleElement(column, 1) AS name, tupleElement(column, 2) AS type, tupleElement(column, 3) AS codec, position,
               if(position > 1, {target_columns_list}[position - 1].1, '') AS after
        FROM (SELECT {target_columns_list} AS columns)
        ARRAY JOIN columns AS column, arrayEnumerate(columns) AS position
    ),
    added AS
    (
        SELECT * FROM wanted WHERE name NOT IN (SELECT name FROM present)
    ),
    retyped AS
    (
        SELECT wanted.name AS name, wanted.type AS type, present.type AS before, codec, position
        FROM wanted INNER JOIN present ON present.name = wanted.name
        WHERE present.type != wanted.type
    ),
    removed AS
    (
        SELECT * FROM present WHERE name NOT IN (SELECT name FROM wanted)
    )
SELECT line
FROM
(
    SELECT 0 AS step, 0 AS position, '-- {storage}.{target} does not exist yet: debezium-udf pipeline {layout} … creates it' AS line WHERE NOT exists
    UNION ALL
    SELECT 1, position, concat('ALTER TABLE {storage}.{target} ADD COLUMN `', name, '` ', type, ' ', codec, if(after = '', ' FIRST', concat(' AFTER `', after, '`')), ';')
    FROM added WHERE exists
    UNION ALL
    SELECT 2, position, concat('ALTER TABLE {storage}.{target} MODIFY COLUMN `', name, '` ', type, ' ', codec, '; -- was ', before)
    FROM retyped WHERE exists
    UNION ALL
    SELECT 3, position, concat('ALTER TABLE {storage}.{target} DROP COLUMN `', name, '`; -- its values are lost')
    FROM removed WHERE exists
    UNION ALL
    SELECT 4, 0, concat('-- Then run the pipeline''s SQL again. Stored rows have the default in ', arrayStringConcat(arraySort(groupArray(name)), ', '),
                        ' (or the old value in its new type): debezium-udf pipeline {layout} … --operation decode_again')
    FROM (SELECT name FROM added UNION ALL SELECT name FROM retyped) WHERE exists
    HAVING count() > 0
)
ORDER BY step, position
FORMAT TSVRaw;
