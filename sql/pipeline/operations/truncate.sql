-- After a TRUNCATE in the source, which is a dead letter of op t: every row whose last change came before it is gone here, too. Where `version`
-- is the message's ts_ns.
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
