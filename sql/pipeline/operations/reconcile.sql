-- Rows that differ between pipeline {pipeline} and its source, both ways, by key and by a hash of each value; no row where all is equal.
--
--   debezium-udf pipeline … --operation reconcile --source "postgresql(shop_postgres, table = 'tickets')" |
--       clickhouse-client --param_buckets=1 --param_bucket=0
--
-- Ask when writes pause, or twice: a change on its way is a difference, too. A large table goes by parts: with 100 buckets, one of 0 to 99 at a
-- time takes a hundredth of the memory, and reads the source whole. Columns that are read from inside a document are not compared by
-- themselves. Where the source's type cannot be cast to the column's, leave the column out of both lists.
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
