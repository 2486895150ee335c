-- Rows that differ between pipeline {pipeline} and its source, in both directions, by key and by a hash of each value. No row: all is equal.
--
--   debezium-udf pipeline … --operation reconcile --source "postgresql(shop_postgres, table = 'tickets')" |
--       clickhouse-client --param_buckets=1 --param_bucket=0
--
-- Run it while nobody writes, or twice, since a change on its way is a difference, too. Compare a large table in parts: with 100 buckets, each of 0
-- to 99 takes a hundredth of the memory, but reads the whole source. Columns that are read from inside a document are not compared. If the
-- source's type cannot be cast to the column's, remove the column from both lists.
WITH
    in_source AS
    (
        SELECT {source_key}, [{source_hashes}] AS hashes, 1 AS there
        FROM {source}
        WHERE cityHash64({source_key_values}) % {buckets:UInt32} = {bucket:UInt32}
    ),
    here AS
    (
        SELECT {sharding_key}, [{here_hashes}] AS hashes, 1 AS there
        FROM {database}.{view}
        WHERE cityHash64({sharding_key}) % {buckets:UInt32} = {bucket:UInt32}
    )
SELECT
    {either_key},
    multiIf(here.there = 0, 'missing here', in_source.there = 0, 'not in the source', 'differs') AS difference,
    if(difference != 'differs', [],
       arrayFilter((name, a, b) -> a != b, {compared_columns}, in_source.hashes, here.hashes)) AS columns
FROM in_source
FULL JOIN here ON {source_equals}
WHERE here.there = 0 OR in_source.there = 0 OR in_source.hashes != here.hashes
ORDER BY ALL
SETTINGS join_use_nulls = 0;
