-- Reads messages from a file in user_files, one a line, through the same path as live rows. Its topic is the file's path
-- and its offset the row, so a second run changes nothing.
--
--   clickhouse-client --param_file=outbox.ndjson --queries-file sql/operations/backfill.sql
--
-- From elsewhere: s3(…, 'LineAsString', 'message String') or url(…) in place of file(…).
INSERT INTO experiments_analytics.decoded_events (event, message, topic, offset, row)
SELECT experimentEvent(message), message, _path, ifNull(_row_number, 0), 0
FROM file({file:String}, 'LineAsString', 'message String');
