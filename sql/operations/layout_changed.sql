-- After the layout has got, lost or changed a column. Until then the pipeline runs on as it was: tuples are matched by name.
--   1. the new layout beside the program UNDER A NEW NAME: written over the old one, a process that starts a moment later
--      would answer columns that the registration does not know. Its XML by `debezium-udf config`, moved over the old XML
--      (mv), then SYSTEM RELOAD FUNCTIONS
--   2. the column in sql/02_events_processed.sql and sql/06_events_kafka_mv.sql, and for servers that have the table as a
--      file of sql/migrations (ADD COLUMN, MODIFY COLUMN or DROP COLUMN)
--   3. these statements, which stop the consumption and forget the old tuple (no row is stored in it)
--   4. `make schema`, which makes both anew and goes on where the consumption stopped
DROP VIEW IF EXISTS experiments_analytics.decoded_events_mv SYNC;

DROP TABLE IF EXISTS experiments_analytics.decoded_events SYNC;
