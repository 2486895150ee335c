-- Messages that could not be decoded, with the reason and everything that is needed to decode them again.
-- The key is the row's place, so a second delivery is the same letter. A replay writes the letter again with a higher
-- attempt (sql/operations/replay.sql): the last one says how things stand.
CREATE TABLE IF NOT EXISTS experiments_analytics.dead_letters
(
    topic           LowCardinality(String) CODEC(ZSTD(1)),
    partition       UInt64 CODEC(ZSTD(1)),
    offset          UInt64 CODEC(Delta(8), ZSTD(1)),
    -- A message in LineAsString that holds newlines makes several rows: counted from its first bad one.
    row             UInt64 CODEC(ZSTD(1)),
    attempt         UInt32 CODEC(ZSTD(1)),
    resolved        Bool CODEC(ZSTD(1)),
    reason          String CODEC(ZSTD(1)),
    message         String CODEC(ZSTD(3)),
    key             String CODEC(ZSTD(1)),
    `headers.name`  Array(String) CODEC(ZSTD(1)),
    `headers.value` Array(String) CODEC(ZSTD(1)),
    kafka_time      DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    failed_at       DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(attempt)
ORDER BY (topic, partition, offset, row);

-- The letters that still wait for somebody, each once.
CREATE OR REPLACE VIEW experiments_analytics.dead_letters_open AS
SELECT * FROM experiments_analytics.dead_letters FINAL WHERE NOT resolved;
