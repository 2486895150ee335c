-- Decodes the open dead letters again, after the layout was mended; those that are good now go on, once.
INSERT INTO shop.changes
SELECT orderChange(message), message, topic, partition, offset, attempt + 1, kafka_time
FROM shop.dead_letters FINAL
WHERE NOT resolved;
