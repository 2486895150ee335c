-- After a TRUNCATE in PostgreSQL (a dead letter with op t): every order whose last change came before it is gone here, too.
INSERT INTO shop.orders_values (id, value, version, deleted)
WITH (
    SELECT max(JSONExtractUInt(message, 'ts_ns')) FROM shop.dead_letters WHERE JSONExtractString(message, 'op') = 't'
) AS truncated
SELECT id, value, truncated, 1 FROM shop.orders_values FINAL WHERE version < truncated;
