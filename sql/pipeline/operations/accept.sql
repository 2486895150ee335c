-- Ends the codes topic_begins_anew and lost_to_retention: the status of pipeline {pipeline} then depends only on messages from now on, and
-- pipeline_losses has the loss as accepted. docs/operating.md says what to do first. On a cluster, run it on each node.
--
-- The offsets of the former topic mean nothing in the recreated one.
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
