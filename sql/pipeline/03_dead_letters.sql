-- Messages of all pipelines that could not be decoded, with the reason and everything that is needed to decode them again.
-- The key has the row's position, so a second delivery is the same letter, and the message's identity, since a recreated topic has the same
-- offsets again. A replay writes the letter again with a higher attempt; the last attempt counts.
CREATE TABLE IF NOT EXISTS {storage}.dead_letters
(
    topic           LowCardinality(String) CODEC(ZSTD(1)),
    partition       UInt64 CODEC(ZSTD(1)),
    offset          UInt64 CODEC(Delta(8), ZSTD(1)),
    -- In LineAsString a message with newlines makes several rows, counted from the first bad one.
    row             UInt64 CODEC(ZSTD(1)),
    attempt         UInt32 CODEC(ZSTD(1)),
    resolved        Bool CODEC(ZSTD(1)),
    reason          String CODEC(ZSTD(1)),
    message         String CODEC(ZSTD(3)),
    key             String CODEC(ZSTD(1)),
    `headers.name`  Array(String) CODEC(ZSTD(1)),
    `headers.value` Array(String) CODEC(ZSTD(1)),
    kafka_time      DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    failed_at       DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1)),
    -- '' in rows from before release 2.0, which had only the pipeline `experiments`.
    pipeline        LowCardinality(String) CODEC(ZSTD(1)),
    identity        UInt64 CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree(attempt)
PRIMARY KEY (topic, partition, offset, row)
ORDER BY (topic, partition, offset, row, pipeline, identity);

--| distributed dead_letters by topic, partition, offset, row
-- The open letters, each once.
CREATE OR REPLACE VIEW {database}.dead_letters_open AS
SELECT * REPLACE (if(pipeline = '', 'experiments', toString(pipeline)) AS pipeline)
FROM {database}.dead_letters FINAL
WHERE NOT resolved;

-- The open letters, each row of the source once. After a crash Debezium writes again what it had not confirmed: the same row at another offset,
-- so another letter. A row is identified by the message's key, which is the primary key as a JSON object (of an event router: by the header
-- `id`), and otherwise by its position.
CREATE OR REPLACE VIEW {database}.dead_letters_once AS
SELECT *
FROM {database}.dead_letters_open
ORDER BY pipeline, topic, partition, offset
LIMIT 1 BY pipeline, topic, if(has(headers.name, 'id'), headers.value[indexOf(headers.name, 'id')],
                               if(JSONType(key) = 'Object', key, concat(toString(partition), '/', toString(offset), '/', toString(row))));
