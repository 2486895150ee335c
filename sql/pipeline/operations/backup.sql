-- The statement that backs up database {database}, all pipelines in it, without what consumes: a restored copy must not join a group.
--
--   debezium-udf pipeline … --operation backup | clickhouse-client --format TSVRaw --param_to="Disk('backups', '2026-01-02')" | clickhouse-client
--
-- To restore (docs/maintenance.md): 1. RESTORE DATABASE {database} FROM …; 2. set the groups back to what the backup holds, as --operation
-- positions says; 3. the pipelines' SQL, which starts the consumption. For a copy beside the first server: no 2, and in 3 another --group.
SELECT concat('BACKUP DATABASE {database} EXCEPT TABLES ',
              arrayStringConcat(arraySort(groupUniqArrayArray([kafka_table, views[1]])), ', '), ' TO ', {to:String})
FROM {database}.pipelines FINAL
FORMAT TSVRaw;
