-- Deletes the letters that were resolved 90 days ago, with all their attempts: without the last one, an earlier one would stand open again.
-- Open letters stay until somebody sees to them. pipeline_minutes keeps a quarter of a year by itself; pipeline_offsets is a bit a message.
ALTER TABLE {storage}.dead_letters
    DELETE WHERE (topic, partition, offset, row, pipeline, identity) IN
    (
        SELECT topic, partition, offset, row, pipeline, identity
        FROM {storage}.dead_letters FINAL
        WHERE resolved AND failed_at < now() - INTERVAL 90 DAY
    )
    SETTINGS mutations_sync = 2;
