CREATE DATABASE IF NOT EXISTS shop;

-- What is known of each order, as one row of each kind: the row itself, and each value that TOAST may store out of line and so
-- leave out of an update. Such a row stands only when the value came: the latest of them is the one that PostgreSQL has.
-- All kinds are in one table, since the rows that one message makes must become visible at one moment: between inserts into two
-- tables a reader would see an order that PostgreSQL never had.
-- `version` says which row is the latest: the time, in nanoseconds, at which Debezium took the change from the log (`ts_ns`), so
-- the order in which it sent them. A message that comes again has the version it had.
-- source.lsn is another order: a snapshot's rows carry the position of its end, and a change that was written before it and
-- committed after it, an earlier one.
-- Of a deleted order the keys alone stay, so that a message which comes again does not bring it back; FINAL hides them.
CREATE TABLE IF NOT EXISTS shop.orders_values
(
    id             UUID,
    value          Enum8('order' = 0, 'instructions' = 1, 'details' = 2),
    -- of 'order'
    customer_id    Int64,
    status         LowCardinality(String),
    total          Decimal(12, 2),
    exchange_rate  Nullable(Decimal(38, 10)),
    items          Int32,
    gift           Nullable(Bool),
    coupon         Nullable(UUID),
    ordered_on     Date32,
    due_on         Nullable(Date32),
    created_at     DateTime64(6, 'UTC'),
    updated_at     DateTime64(6, 'UTC'),
    lsn            UInt64,
    -- of 'instructions'
    instructions   Nullable(String) CODEC(ZSTD(3)),
    -- of 'details': the document, and what is read from it
    details        String CODEC(ZSTD(3)),
    city           String,
    shipping       Nullable(String),
    shipping_price Nullable(Decimal(12, 2)),
    discount       Decimal(5, 4),
    fee            Nullable(Float64),
    paid_at        Nullable(DateTime64(3, 'UTC')),
    first_sku      String,
    -- of all
    version        UInt64 CODEC(Delta(8), ZSTD(1)),
    deleted        UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (value, id);

-- Messages that could not be decoded, and TRUNCATE (op t), which has no row to decode: somebody must look at both.
CREATE TABLE IF NOT EXISTS shop.dead_letters
(
    topic      LowCardinality(String),
    partition  UInt64,
    offset     UInt64,
    attempt    UInt32,
    resolved   Bool,
    reason     String,
    message    String CODEC(ZSTD(3)),
    kafka_time DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(attempt)
ORDER BY (topic, partition, offset);
