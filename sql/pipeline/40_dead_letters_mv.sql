-- Errors, and every row of a replay: one that now decodes closes its letter.
CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{dead_letters_mv}
TO {database}.dead_letters AS
SELECT
    topic,
    partition,
    offset,
    toUInt64(decoded.row - if(attempt > 0, 0, min(decoded.row) OVER (PARTITION BY topic, partition, offset))) AS row,
    attempt,
    tupleElement(event, 'outcome') != 'error' AS resolved,
    tupleElement(event, 'reason') AS reason,
    message,
    key,
    headers.name,
    headers.value,
    kafka_time,
    {pipeline_key} AS pipeline,
    identity
FROM {database}.{decoded} AS decoded
WHERE tupleElement(event, 'outcome') = 'error' OR attempt > 0;
