-- Visitors of experiment 1 in the last two weeks, as an experimentation service tells of them, in one transaction; :visitors says how
-- many. Each run's visitors are others. Ten in a hundred of `control` convert, and fifteen of `treatment`.
BEGIN;
CREATE TEMPORARY TABLE visitor ON COMMIT DROP AS
SELECT
    to_char(clock_timestamp(), 'YYMMDDHH24MISSUS') || '-' || n AS number,
    (random() < 0.5)::integer AS variant,
    now() - interval '1 hour' - random() * interval '14 days' AS at,
    (ARRAY['mobile', 'mobile', 'desktop', 'tablet'])[1 + floor(random() * 4)::integer] AS device,
    (ARRAY['chrome', 'chrome', 'safari', 'firefox'])[1 + floor(random() * 4)::integer] AS browser,
    (ARRAY['/', '/cart', '/checkout', '/search'])[1 + floor(random() * 4)::integer] AS page,
    random() AS luck
FROM generate_series(1, :visitors) AS n;

INSERT INTO outbox (aggregate_id, aggregate_type, payload, created_at, updated_at)
SELECT
    kind || '-' || number, CASE kind WHEN 'assignment' THEN 'assignment' ELSE 'event' END,
    jsonb_build_object(
        'experiment_id', 1, 'variant_id', variant, 'variant_key', (ARRAY['control', 'treatment'])[1 + variant],
        'user_id', 'user-' || number, 'session_id', 's-' || number, 'event_type', kind,
        'timestamp', at + after, 'assignment_at', at,
        'properties', jsonb_build_object('device', device, 'browser', browser, 'page', page)
            || CASE kind WHEN 'conversion' THEN jsonb_build_object('value', round((20 + 60 * random())::numeric, 2)) ELSE '{}' END),
    at + after, at + after
FROM visitor
JOIN (VALUES ('assignment', interval '0', 1.0), ('exposure', interval '1 second', 1.0), ('click', interval '5 minutes', 0.5),
             ('conversion', interval '20 minutes', 0.1)) AS step (kind, after, share)
    ON luck < CASE WHEN kind = 'conversion' AND variant = 1 THEN 0.15 ELSE share END
ORDER BY at + after;

-- What nobody can read arrives as dead letters, each with its reason.
INSERT INTO outbox (aggregate_id, aggregate_type, payload) VALUES
    ('unreadable-1', 'event', '{"experiment_id": 1, "variant_id": "one", "user_id": "u", "timestamp": "2026-01-02T03:04:05Z"}'),
    ('unreadable-2', 'event', '{"experiment_id": 1, "variant_id": 1, "user_id": "u", "timestamp": "yesterday"}');
COMMIT;

SELECT format('testdata: the outbox holds %s rows', count(*)) FROM outbox;
