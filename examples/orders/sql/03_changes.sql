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

-- A message makes a row of each kind that came with it, and all of them in one insert.
-- A delete is the key and nothing else, whatever the replica identity sends along; it ends every kind.
-- `nothing` is no constant: of if(…, value, NULL) ClickHouse would store the value, too, under the NULL.
CREATE MATERIALIZED VIEW IF NOT EXISTS shop.orders_values_mv
TO shop.orders_values AS
WITH
    change.op = 'd' AS gone,
    gone OR ifNull(change.instructions != '__debezium_unavailable_value', true) AS with_instructions,
    gone OR change.details != '__debezium_unavailable_value' AS with_details,
    NOT gone AND value = 'order' AS is_order,
    NOT gone AND value = 'instructions' AS is_instructions,
    NOT gone AND value = 'details' AS is_details
SELECT
    change.id AS id,
    value,
    if(is_order, change.customer_id, nothing.customer_id) AS customer_id,
    if(is_order, change.status, nothing.status) AS status,
    if(is_order, change.total, nothing.total) AS total,
    if(is_order, change.exchange_rate, nothing.exchange_rate) AS exchange_rate,
    if(is_order, change.items, nothing.items) AS items,
    if(is_order, change.gift, nothing.gift) AS gift,
    if(is_order, change.coupon, nothing.coupon) AS coupon,
    if(is_order, change.ordered_on, nothing.ordered_on) AS ordered_on,
    if(is_order, change.due_on, nothing.due_on) AS due_on,
    if(is_order, change.created_at, nothing.created_at) AS created_at,
    if(is_order, change.updated_at, nothing.updated_at) AS updated_at,
    if(is_order, change.lsn, nothing.lsn) AS lsn,
    if(is_instructions, change.instructions, nothing.instructions) AS instructions,
    if(is_details, change.details, nothing.details) AS details,
    if(is_details, change.city, nothing.city) AS city,
    if(is_details, change.shipping, nothing.shipping) AS shipping,
    if(is_details, change.shipping_price, nothing.shipping_price) AS shipping_price,
    if(is_details, change.discount, nothing.discount) AS discount,
    if(is_details, change.fee, nothing.fee) AS fee,
    if(is_details, change.paid_at, nothing.paid_at) AS paid_at,
    if(is_details, change.first_sku, nothing.first_sku) AS first_sku,
    change.version AS version,
    gone AS deleted
FROM
(
    SELECT change, materialize(defaultValueOfArgumentType(change)) AS nothing
    FROM shop.changes
    WHERE change.outcome = 'event'
)
ARRAY JOIN arrayConcat(['order'], if(with_instructions, ['instructions'], []), if(with_details, ['details'], [])) AS value;

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
