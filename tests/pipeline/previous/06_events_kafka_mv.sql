-- Events into events_processed; what is not named here is that table's DEFAULT.
-- A value of the outbox EventRouter has no row image: its id is the message's key, its identity the header `id`. Both
-- come as text, as a JSON string, or as a JSON string with its schema, as the converter was set.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.events_kafka_mv
TO experiments_analytics.events_processed AS
WITH
    headers.value[indexOf(headers.name, 'id')] AS header_id
SELECT
    if(event.id != '', event.id,
       multiIf(JSONType(key) = 'String', JSONExtractString(key),
               JSONHas(key, 'schema', 'type'), JSONExtractString(key, 'payload'), key)) AS id,
    event.experiment_id AS experiment_id,
    event.variant_id AS variant_id,
    event.user_id AS user_id,
    event.variant_key AS variant_key,
    event.event_type AS event_type,
    event.session_id AS session_id,
    event.request_id AS request_id,
    event.timestamp AS timestamp,
    event.assignment_at AS assignment_at,
    event.properties AS properties,
    event.value AS value,
    event.score AS score,
    event.page AS page,
    event.device AS device,
    event.browser AS browser,
    event.created_at AS created_at,
    event.updated_at AS updated_at,
    if(event.outbox_id != '', event.outbox_id,
       multiIf(JSONType(header_id) = 'String', JSONExtractString(header_id),
               JSONHas(header_id, 'schema', 'type'), JSONExtractString(header_id, 'payload'), header_id)) AS outbox_id,
    event.lsn AS lsn,
    topic,
    partition,
    offset,
    kafka_time
FROM experiments_analytics.decoded_events
WHERE event.outcome = 'event';
