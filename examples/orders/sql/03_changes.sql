-- Every message passes here once, decoded; nothing is stored.
CREATE TABLE IF NOT EXISTS shop.changes
ENGINE = Null EMPTY AS
SELECT
    orderChange('') AS change,
    '' AS message,
    '' AS topic,
    toUInt64(0) AS partition,
    toUInt64(0) AS offset,
    toUInt32(0) AS attempt,
    toDateTime64(0, 3, 'UTC') AS kafka_time;

CREATE MATERIALIZED VIEW IF NOT EXISTS shop.orders_rows_mv
TO shop.orders_rows AS
SELECT
    change.id AS id,
    change.customer_id AS customer_id,
    change.status AS status,
    change.total AS total,
    change.exchange_rate AS exchange_rate,
    change.items AS items,
    change.gift AS gift,
    change.coupon AS coupon,
    change.ordered_on AS ordered_on,
    change.due_on AS due_on,
    change.created_at AS created_at,
    change.updated_at AS updated_at,
    change.lsn AS lsn,
    change.version AS version
FROM shop.changes
WHERE change.outcome = 'event' AND change.op != 'd';

CREATE MATERIALIZED VIEW IF NOT EXISTS shop.orders_instructions_mv
TO shop.orders_instructions AS
SELECT
    change.id AS id,
    change.instructions AS instructions,
    change.version AS version
FROM shop.changes
WHERE change.outcome = 'event' AND change.op != 'd'
  AND ifNull(change.instructions != '__debezium_unavailable_value', true);

CREATE MATERIALIZED VIEW IF NOT EXISTS shop.orders_details_mv
TO shop.orders_details AS
SELECT
    change.id AS id,
    change.details AS details,
    change.city AS city,
    change.shipping AS shipping,
    change.shipping_price AS shipping_price,
    change.discount AS discount,
    change.fee AS fee,
    change.paid_at AS paid_at,
    change.first_sku AS first_sku,
    change.version AS version
FROM shop.changes
WHERE change.outcome = 'event' AND change.op != 'd'
  AND change.details != '__debezium_unavailable_value';

-- A delete is the key and nothing else, whatever the replica identity sends along.
CREATE MATERIALIZED VIEW IF NOT EXISTS shop.orders_rows_deleted_mv
TO shop.orders_rows AS
SELECT change.id AS id, change.version AS version, 1 AS deleted
FROM shop.changes
WHERE change.outcome = 'event' AND change.op = 'd';

CREATE MATERIALIZED VIEW IF NOT EXISTS shop.orders_instructions_deleted_mv
TO shop.orders_instructions AS
SELECT change.id AS id, change.version AS version, 1 AS deleted
FROM shop.changes
WHERE change.outcome = 'event' AND change.op = 'd';

CREATE MATERIALIZED VIEW IF NOT EXISTS shop.orders_details_deleted_mv
TO shop.orders_details AS
SELECT change.id AS id, change.version AS version, 1 AS deleted
FROM shop.changes
WHERE change.outcome = 'event' AND change.op = 'd';

CREATE MATERIALIZED VIEW IF NOT EXISTS shop.dead_letters_mv
TO shop.dead_letters AS
SELECT
    topic,
    partition,
    offset,
    attempt,
    change.outcome != 'error' AS resolved,
    change.reason AS reason,
    message,
    kafka_time
FROM shop.changes
WHERE change.outcome = 'error' OR attempt > 0;
