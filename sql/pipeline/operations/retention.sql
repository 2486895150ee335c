-- Deletes letters that were resolved 90 days ago, with all their attempts: without the last attempt an earlier one would be open again. Open letters
-- stay. pipeline_minutes keeps a quarter of a year by its TTL; pipeline_offsets has one bit for each message.
ALTER TABLE {storage}.dead_letters
    DELETE WHERE (topic, partition, offset, row, pipeline, identity) IN
    (
        SELECT topic, partition, offset, row, pipeline, identity
        FROM {storage}.dead_letters FINAL
        WHERE resolved AND failed_at < now() - INTERVAL 90 DAY
    )
    SETTINGS mutations_sync = 2;
