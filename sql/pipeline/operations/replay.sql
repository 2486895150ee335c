-- Decodes the open dead letters of pipeline {pipeline} again, after the layout or the program was fixed. A letter that decodes becomes a row (or is
-- skipped) and is resolved; one that does not stays open with a higher attempt. A second run finds only those. Add a WHERE to take only some; to
-- fix the messages themselves, write replaceOne(message, …) in both places.
INSERT INTO {database}.{decoded}
    (event, message, key, `headers.name`, `headers.value`, topic, partition, offset, row, attempt, kafka_time, identity)
SELECT {function}(message), message, key, headers.name, headers.value, topic, partition, offset,
       row, attempt + 1, kafka_time, identity
FROM {database}.dead_letters_open
WHERE pipeline = '{pipeline}';
