-- Loads the existing rows of the source, while the stream is running. {database}.{pipeline}_source is your own view of them, with the source's
-- names:
--
--   CREATE VIEW {database}.{pipeline}_source AS SELECT * FROM postgresql(shop_postgres, table = 'tickets')
--
-- A loaded row has the version {load_version_text}: every change that it does not show is later, and changes that it shows and that are on
-- their way come once more, in their order. So the stream must have started before. A value that the layout cannot read is a dead letter. It can
-- be run again.
SELECT throwIf(count() = 0, 'debezium-udf pipeline: view {database}.{pipeline}_source does not exist: create one that reads the source, such as CREATE VIEW {database}.{pipeline}_source AS SELECT * FROM postgresql(…)')
FROM system.tables WHERE database = '{database}' AND name = '{pipeline}_source' FORMAT Null;

INSERT INTO {database}.{decoded} (event, message, topic, offset, row, kafka_time)
WITH {load_version} AS _load_version
SELECT {function}(message), message, 'initial load', {load_offset}, 0, now64(3)
FROM
(
    SELECT concat('{"op":"r","ts_ns":', toString(_load_version), ',"source":{"lsn":0,"scn":0},"before":null,"after":', formatRowNoNewline('JSONEachRow', *), '}') AS message
    FROM
    (
        SELECT {load_columns}
        FROM {database}.{pipeline}_source
    )
)
SETTINGS output_format_json_quote_64bit_integers = 0, output_format_json_quote_decimals = 0, output_format_json_quote_denormals = 1,
         output_format_json_escape_forward_slashes = 0;
