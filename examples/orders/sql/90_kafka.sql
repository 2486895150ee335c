-- The topic, and the view that decodes it. The last step: what comes through must find all other views in place.
CREATE TABLE IF NOT EXISTS shop.orders_kafka (message String)
ENGINE = Kafka(orders_kafka);

CREATE MATERIALIZED VIEW IF NOT EXISTS shop.changes_mv
TO shop.changes AS
SELECT
    orderChange(message) AS change,
    message,
    _topic AS topic,
    _partition AS partition,
    _offset AS offset,
    toUInt32(0) AS attempt,
    ifNull(_timestamp_ms, toDateTime64(0, 3, 'UTC')) AS kafka_time
FROM shop.orders_kafka;
