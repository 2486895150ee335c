-- Events into events_processed; what is not named here is that table's DEFAULT.
-- A value of the outbox EventRouter has no row image: its id is the message's key, its identity the header `id`. Both
-- come as text, as a JSON string, or as a JSON string with its schema, as the converter was set.
-- tupleElement, not event.id: older servers find no parts of a column in what is inserted.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.events_kafka_mv
TO experiments_analytics.events_processed AS
WITH
    headers.value[indexOf(headers.name, 'id')] AS header_id
SELECT
    if(tupleElement(event, 'id') != '', tupleElement(event, 'id'),
       multiIf(JSONType(key) = 'String', JSONExtractString(key),
               JSONHas(key, 'schema', 'type'), JSONExtractString(key, 'payload'), key)) AS id,
    tupleElement(event, 'experiment_id') AS experiment_id,
    tupleElement(event, 'variant_id') AS variant_id,
    tupleElement(event, 'user_id') AS user_id,
    tupleElement(event, 'variant_key') AS variant_key,
    tupleElement(event, 'event_type') AS event_type,
    tupleElement(event, 'session_id') AS session_id,
    tupleElement(event, 'request_id') AS request_id,
    tupleElement(event, 'timestamp') AS timestamp,
    tupleElement(event, 'assignment_at') AS assignment_at,
    tupleElement(event, 'properties') AS properties,
    tupleElement(event, 'value') AS value,
    tupleElement(event, 'score') AS score,
    tupleElement(event, 'page') AS page,
    tupleElement(event, 'device') AS device,
    tupleElement(event, 'browser') AS browser,
    tupleElement(event, 'created_at') AS created_at,
    tupleElement(event, 'updated_at') AS updated_at,
    if(tupleElement(event, 'outbox_id') != '', tupleElement(event, 'outbox_id'),
       multiIf(JSONType(header_id) = 'String', JSONExtractString(header_id),
               JSONHas(header_id, 'schema', 'type'), JSONExtractString(header_id, 'payload'), header_id)) AS outbox_id,
    tupleElement(event, 'lsn') AS lsn,
    topic,
    partition,
    offset,
    kafka_time
FROM experiments_analytics.decoded_events
WHERE tupleElement(event, 'outcome') = 'event';
