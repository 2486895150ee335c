-- After the layout has got, lost or changed a column. Until then the pipeline runs on as it was: tuples are matched by name.
--   1. the new layout beside the program, its XML by `debezium-udf config`, then SYSTEM RELOAD FUNCTIONS
--   2. the column in sql/02_events_processed.sql, there also as ALTER TABLE … ADD COLUMN IF NOT EXISTS, and in
--      sql/06_events_kafka_mv.sql
--   3. these statements, which stop the consumption and forget the old tuple (no row is stored in it)
--   4. `make schema`, which makes both anew and goes on where the consumption stopped
DROP VIEW IF EXISTS experiments_analytics.decoded_events_mv SYNC;

DROP TABLE IF EXISTS experiments_analytics.decoded_events SYNC;
