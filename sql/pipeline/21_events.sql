--| if once_by_key
-- Each row of the source once, by its key, since it is written once and never changed.
--| end
--| if not once_by_key
-- Each message once.
--| end
CREATE TABLE IF NOT EXISTS {storage}.{target}
(
{target_columns}
)
ENGINE = {replicated}ReplacingMergeTree(version)
--| if not once_by_key
PARTITION BY toYear(kafka_time)
--| end
ORDER BY ({target_sorting_key})
SETTINGS min_bytes_for_wide_part = 134217728;

--| distributed {target} by {target_sorting_key}
CREATE OR REPLACE VIEW {database}.{view} AS
SELECT
{view_columns},
    _rows.topic AS topic,
    _rows.partition AS partition,
    _rows.offset AS offset,
    _rows.kafka_time AS kafka_time
FROM {database}.{target} AS _rows FINAL;

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{target_mv}
TO {database}.{target} AS
SELECT
{target_values},
    {version} AS version,
    topic,
    partition,
    offset,
    kafka_time,
    identity
FROM
(
    SELECT event AS _event, topic, partition, offset, kafka_time, identity
    FROM {database}.{decoded}
    WHERE tupleElement(event, 'outcome') = 'event'
);
