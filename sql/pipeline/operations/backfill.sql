-- Reads messages from a file in user_files, one a line, and decodes them like live rows. The topic is the file's path and the offset the row, so a
-- second run changes nothing.
--
--   debezium-udf pipeline … --operation backfill | clickhouse-client --param_file=messages.ndjson
--
-- For other sources: s3(…, 'LineAsString', 'message String') or url(…) in place of file(…).
INSERT INTO {database}.{decoded} (event, message, topic, offset, row)
SELECT {function}(message), message, _path, ifNull(_row_number, 0), 0
FROM file({file:String}, 'LineAsString', 'message String');
