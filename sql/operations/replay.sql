-- Decodes the open dead letters again, after the layout or the program has been mended. A letter that decodes becomes an
-- event (or is skipped) and is resolved; one that does not stays open with its attempt counted. A second run finds only
-- those. Add a WHERE to take some of them; to mend the messages, put replaceOne(message, …) for both.
INSERT INTO experiments_analytics.decoded_events
    (event, message, key, `headers.name`, `headers.value`, topic, partition, offset, row, attempt, kafka_time)
SELECT experimentEvent(message), message, key, headers.name, headers.value, topic, partition, offset,
       row, attempt + 1, kafka_time
FROM experiments_analytics.dead_letters_open;
