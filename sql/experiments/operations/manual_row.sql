-- A test row by hand. Columns that are not given follow from the others: here value and is_conversion.
INSERT INTO experiments_analytics.events_processed
    (id, experiment_id, variant_id, user_id, event_type, timestamp, assignment_at, properties)
VALUES
    ('manual_test_1', 1, 1, 'test_user', 'conversion', '2026-01-02 03:04:05', '2026-01-01 00:00:00', '{"value": 99.99}');

SELECT id, event_type, value, score, is_conversion FROM experiments_analytics.events_processed WHERE id = 'manual_test_1';
