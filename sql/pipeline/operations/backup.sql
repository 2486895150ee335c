-- The statement that backs up database {database} with all pipelines, without the tables that consume, since a restored copy must not join a
-- group.
--
--   debezium-udf pipeline … --operation backup | clickhouse-client --format TSVRaw --param_to="Disk('backups', '2026-01-02')" | clickhouse-client
--
-- To restore (docs/maintenance.md): 1. RESTORE DATABASE {database} FROM …; 2. set the groups back to the backup's offsets, as --operation
-- positions says; 3. the pipelines' SQL, which starts the consumption. For a copy beside the first server leave out 2, and give another --group in 3.
SELECT concat('BACKUP DATABASE {database} EXCEPT TABLES ',
              arrayStringConcat(arraySort(groupUniqArrayArray([kafka_table, views[1]])), ', '), ' TO ', {to:String})
FROM {database}.pipelines FINAL
FORMAT TSVRaw;
