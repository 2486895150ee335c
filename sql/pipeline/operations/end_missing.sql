-- Deletes the rows that the source no longer has although no delete came, as --operation reconcile lists them: after a second snapshot, a restore of
-- the source, a lost slot. Rows that changed within the last minute stay, since they may have come to the source after this statement read it.
--
--   debezium-udf pipeline … --operation end_missing --source "postgresql(shop_postgres, table = 'tickets')" | clickhouse-client
INSERT INTO {database}.{target} ({sharding_key}, version, deleted{also_row}, topic, partition, offset, kafka_time)
SELECT {sharding_key}, version + 1, 1{also_row}, topic, partition, offset, kafka_time
FROM {database}.{target} FINAL
WHERE kafka_time < now() - INTERVAL 1 MINUTE
  AND ({sharding_key}) NOT IN (SELECT {source_key} FROM {source});
