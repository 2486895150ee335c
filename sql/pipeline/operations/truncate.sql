-- After a TRUNCATE in the source, which is a dead letter of op t: deletes every row with an earlier last change. It needs the message's ts_ns as
-- `version`.
INSERT INTO {database}.{target} ({sharding_key}, version, deleted{also_row}, topic, partition, offset, kafka_time)
WITH
(
    SELECT max(JSONExtractUInt(message, 'ts_ns'))
    FROM {database}.dead_letters_open
    WHERE pipeline = '{pipeline}' AND JSONExtractString(message, 'op') = 't'
) AS truncated
SELECT {sharding_key}, truncated, 1{also_row}, topic, partition, offset, kafka_time
FROM {database}.{target} FINAL
WHERE version < truncated;
