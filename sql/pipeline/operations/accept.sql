-- Says that somebody has seen to what pipeline_status calls topic_begins_anew or lost_to_retention: then pipeline {pipeline} is judged by
-- what comes from now on, and pipeline_losses keeps it as accepted. docs/operating.md has what to do first. On a cluster, on each node.
--
-- The offsets of a topic that has begun anew tell nothing of the one before it.
ALTER TABLE {storage}.pipeline_offsets
    DELETE WHERE if(pipeline = '', 'experiments', toString(pipeline)) = '{pipeline}' AND (topic, partition) IN
        (SELECT topic, partition FROM {database}.pipeline_losses
         WHERE pipeline = '{pipeline}' AND kind = 'topic_begins_anew' AND NOT accepted)
    SETTINGS mutations_sync = 2;

ALTER TABLE {storage}.pipeline_offsets_audited
    DELETE WHERE if(pipeline = '', 'experiments', toString(pipeline)) = '{pipeline}' AND (topic, partition) IN
        (SELECT topic, partition FROM {database}.pipeline_losses
         WHERE pipeline = '{pipeline}' AND kind = 'topic_begins_anew' AND NOT accepted)
    SETTINGS mutations_sync = 2;

INSERT INTO {database}.pipeline_watch
SELECT * REPLACE (true AS accepted, now64(3, 'UTC') AS looked_at)
FROM {database}.pipeline_watch FINAL
WHERE pipeline = '{pipeline}' AND kind != 'position';
