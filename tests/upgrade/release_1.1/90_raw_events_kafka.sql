-- The topic. All settings are in the named collection (sql/config/config.d/experiments_kafka.xml): broker, topic, group,
-- format, security. One column, since the message is decoded by the view.
CREATE TABLE IF NOT EXISTS experiments_analytics.raw_events_kafka (message String)
ENGINE = Kafka(experiments_kafka);

-- The same topic for batches on demand (sql/operations/batch.sql). A Kafka table with a view cannot be read directly,
-- so this one has none, and a group of its own, which starts at the oldest message.
CREATE TABLE IF NOT EXISTS experiments_analytics.raw_events_kafka_batch (message String)
ENGINE = Kafka(experiments_kafka, kafka_group_name = 'ch_consumer_batch', kafka_poll_timeout_ms = 3000);
