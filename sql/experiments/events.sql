-- One row for each event. The first columns are the layout's (udf/experiment_event.json), in its order.
--
-- Sorting key: queries filter by one experiment, then compare its variants over time. event_key is its end, so rows that are equal in the whole key
-- are one event that came twice, and collapse; lsn, which grows with every change in PostgreSQL, decides which of them stays. event_key is not in
-- the primary key: no query searches a range of it, and it would take the index's memory.
-- Partitions: by the event's month, which is the same for a second delivery, since rows in two partitions never collapse.
-- Times span 1900 to 2299: toYYYYMM, toDate32 and toHour are right there, toDate and toStartOfHour would wrap.
-- Codecs: ZSTD everywhere, since these rows are read far more often than written; Delta first where neighbours in the
-- sorting key differ little (times, positions). LowCardinality where a column has hundreds of values, not for pages and
-- ids, whose dictionaries would grow with the data.
-- DEFAULT expressions use only ClickHouse's own functions: a server attaches its tables before it loads executable
-- functions, and would not start with one in a table's definition.
CREATE TABLE IF NOT EXISTS {storage}.events_processed
(
    id             String CODEC(ZSTD(1)),
    experiment_id  UInt32 CODEC(ZSTD(1)),
    variant_id     UInt32 CODEC(ZSTD(1)),
    user_id        String CODEC(ZSTD(1)),
    variant_key    LowCardinality(String) CODEC(ZSTD(1)),
    event_type     LowCardinality(String) CODEC(ZSTD(1)),
    session_id     String CODEC(ZSTD(1)),
    request_id     String CODEC(ZSTD(1)),
    timestamp      DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    assignment_at  Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    -- Kept whole for members without a column; such text compresses better at a higher level.
    properties     String DEFAULT '{}' CODEC(ZSTD(3)),
    -- For rows by hand, as the decoder reads them: a JSON number, or a string with one; anything else is 0. ClickHouse's JSON functions rewrite
    -- numbers and objects (page 1.0 gives 1), and read nothing from properties with a number beyond Float64 or UInt64.
    value          Float64 DEFAULT
        if(match(JSONExtractString(properties, 'value'), '^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$')
           AND isFinite(JSONExtractFloat(properties, 'value')), JSONExtractFloat(properties, 'value'), 0)
        CODEC(ZSTD(1)),
    score          Float64 DEFAULT
        if(match(JSONExtractString(properties, 'score'), '^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$')
           AND isFinite(JSONExtractFloat(properties, 'score')), JSONExtractFloat(properties, 'score'), 0)
        CODEC(ZSTD(1)),
    page           String DEFAULT JSONExtractString(properties, 'page') CODEC(ZSTD(1)),
    device         LowCardinality(String) DEFAULT JSONExtractString(properties, 'device') CODEC(ZSTD(1)),
    browser        LowCardinality(String) DEFAULT JSONExtractString(properties, 'browser') CODEC(ZSTD(1)),
    created_at     Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    updated_at     Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    outbox_id      String CODEC(ZSTD(1)),
    lsn            UInt64 CODEC(Delta(8), ZSTD(1)),

    event_date     Date32 DEFAULT toDate32(timestamp) CODEC(Delta(4), ZSTD(1)),
    event_hour     UInt8 DEFAULT toHour(timestamp) CODEC(ZSTD(1)),
    is_conversion  Bool DEFAULT event_type = 'conversion' CODEC(ZSTD(1)),
    is_exposure    Bool DEFAULT event_type = 'exposure' CODEC(ZSTD(1)),
    is_click       Bool DEFAULT event_type = 'click' CODEC(ZSTD(1)),
    -- An event before its assignment, or without one, does not count for a variant. NULL into Bool would throw.
    is_valid       Bool DEFAULT ifNull(timestamp >= assignment_at, false) CODEC(ZSTD(1)),

    -- The message's source: a Kafka topic, or a file (then `offset` is the row in it).
    topic          LowCardinality(String) CODEC(ZSTD(1)),
    partition      UInt64 CODEC(ZSTD(1)),
    offset         UInt64 CODEC(Delta(8), ZSTD(1)),
    kafka_time     DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    -- A row's identity: the outbox row, else the message (Debezium writes one row for each message), else for a row by hand its id.
    event_key      String DEFAULT
        multiIf(outbox_id != '', outbox_id, topic != '', concat(topic, '/', toString(partition), '/', toString(offset)), id)
        CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree(lsn)
PARTITION BY toYYYYMM(timestamp)
PRIMARY KEY (experiment_id, variant_id, timestamp)
ORDER BY (experiment_id, variant_id, timestamp, event_key)
-- Up to this size a part is one file, which makes inserts cheaper. Merges beyond it write files for each column.
SETTINGS min_bytes_for_wide_part = 134217728;

--| distributed events_processed by experiment_id, variant_id, timestamp, event_key
-- For readers: every event once. Rows that came twice stay in events_processed until a merge; FINAL leaves them out at once. A view keeps the columns
-- with which it was made, hence OR REPLACE.
CREATE OR REPLACE VIEW experiments_analytics.events AS
SELECT * FROM experiments_analytics.events_processed FINAL;

-- Events into events_processed; columns that are not named here have that table's DEFAULT.
-- A value of the outbox EventRouter has no row image: its id is the message's key, its identity the header `id`. Both
-- come as text, as a JSON string, or as a JSON string with its schema, as the converter was set.
-- tupleElement, not event.id: older servers find no parts of a column in what is inserted.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.events_kafka_mv
TO experiments_analytics.events_processed AS
WITH
    headers.value[indexOf(headers.name, 'id')] AS header_id
SELECT
    if(tupleElement(event, 'id') != '', tupleElement(event, 'id'),
       multiIf(JSONType(key) = 'String', JSONExtractString(key),
               JSONHas(key, 'schema', 'type'), JSONExtractString(key, 'payload'), key)) AS id,
    tupleElement(event, 'experiment_id') AS experiment_id,
    tupleElement(event, 'variant_id') AS variant_id,
    tupleElement(event, 'user_id') AS user_id,
    tupleElement(event, 'variant_key') AS variant_key,
    tupleElement(event, 'event_type') AS event_type,
    tupleElement(event, 'session_id') AS session_id,
    tupleElement(event, 'request_id') AS request_id,
    tupleElement(event, 'timestamp') AS timestamp,
    tupleElement(event, 'assignment_at') AS assignment_at,
    tupleElement(event, 'properties') AS properties,
    tupleElement(event, 'value') AS value,
    tupleElement(event, 'score') AS score,
    tupleElement(event, 'page') AS page,
    tupleElement(event, 'device') AS device,
    tupleElement(event, 'browser') AS browser,
    tupleElement(event, 'created_at') AS created_at,
    tupleElement(event, 'updated_at') AS updated_at,
    if(tupleElement(event, 'outbox_id') != '', tupleElement(event, 'outbox_id'),
       multiIf(JSONType(header_id) = 'String', JSONExtractString(header_id),
               JSONHas(header_id, 'schema', 'type'), JSONExtractString(header_id, 'payload'), header_id)) AS outbox_id,
    tupleElement(event, 'lsn') AS lsn,
    topic,
    partition,
    offset,
    kafka_time,
    -- Without an outbox row the message itself, also in a recreated topic. A file's row is identified by its position, and so is a message from
    -- before release 2.0, since its row may be stored already.
    multiIf(outbox_id != '', outbox_id,
            topic = '', id,
            concat(topic, '/', toString(partition), '/', toString(offset), if(identity = 0, '', concat('/', toString(identity))))) AS event_key
FROM experiments_analytics.decoded_events
WHERE tupleElement(event, 'outcome') = 'event';
