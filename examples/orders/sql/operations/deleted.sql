-- Ends the orders that PostgreSQL has no longer and whose delete never came: those of reconcile.sql that were "deleted there".
-- What was written within the last minute is left alone: it may have come to PostgreSQL after this statement looked there.
INSERT INTO shop.orders_values (id, value, version, deleted)
SELECT id, value, version + 1, 1
FROM shop.orders_values FINAL
WHERE version < toUnixTimestamp64Nano(now64(9) - INTERVAL 1 MINUTE)
  AND id NOT IN (SELECT id FROM postgresql(orders_postgres, table = 'orders'));
