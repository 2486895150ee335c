-- What readers use: PostgreSQL's table as it is now.
-- `complete` is false where a value was left out and has never come: the order's key was changed, or it was stored before the
-- pipeline began and no snapshot was taken. A write of that value in PostgreSQL, or REPLICA IDENTITY FULL, mends it.
CREATE OR REPLACE VIEW shop.orders AS
SELECT
    rows.id AS id,
    rows.customer_id AS customer_id,
    rows.status AS status,
    rows.total AS total,
    rows.exchange_rate AS exchange_rate,
    rows.items AS items,
    rows.gift AS gift,
    rows.coupon AS coupon,
    rows.ordered_on AS ordered_on,
    rows.due_on AS due_on,
    rows.created_at AS created_at,
    rows.updated_at AS updated_at,
    kept_instructions.instructions AS instructions,
    kept_details.details AS details,
    kept_details.city AS city,
    kept_details.shipping AS shipping,
    kept_details.shipping_price AS shipping_price,
    kept_details.discount AS discount,
    kept_details.fee AS fee,
    kept_details.paid_at AS paid_at,
    kept_details.first_sku AS first_sku,
    kept_instructions.version > 0 AND kept_details.version > 0 AS complete,
    rows.version AS version
FROM (SELECT * FROM shop.orders_values FINAL WHERE value = 'order') AS rows
LEFT JOIN (SELECT * FROM shop.orders_values FINAL WHERE value = 'instructions') AS kept_instructions ON kept_instructions.id = rows.id
LEFT JOIN (SELECT * FROM shop.orders_values FINAL WHERE value = 'details') AS kept_details ON kept_details.id = rows.id
SETTINGS join_use_nulls = 0;
