-- Copies the rows of an earlier pipeline's table, renamed to events_processed_old (docs/maintenance.md has the steps before
-- this one). Leave out the columns that it lacks: they follow from the others. A row is identified by id, experiment, variant
-- and time, so a second run, or a row that the old table held twice, changes nothing.
INSERT INTO experiments_analytics.events_processed
    (id, experiment_id, variant_id, user_id, event_type, timestamp, assignment_at, properties)
SELECT
    id, experiment_id, variant_id, user_id, event_type, timestamp, assignment_at, properties
FROM experiments_analytics.events_processed_old;
