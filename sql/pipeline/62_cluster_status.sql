-- The status of each node of the cluster, with a row for a node that does not answer; numbers then lack its shard. A partition that another node
-- has is left out; one that no node has appears for each node.
CREATE OR REPLACE VIEW {database}.pipeline_status AS
WITH
    -- clusterAllReplicas counts nodes in this order.
    nodes AS
    (
        SELECT toUInt32(row_number() OVER (ORDER BY shard_num, replica_num)) AS number, concat(host_name, ':', toString(port)) AS node
        FROM system.clusters
        WHERE cluster = '{cluster}'
    ),
    answers AS
    (
        SELECT _shard_num AS number, 1 AS answered, *
        FROM clusterAllReplicas('{cluster}', {storage}.pipeline_status)
    )
-- The code of a row without an answer is the first, node_missing.
SELECT
    node,
    answers.* EXCEPT (number, answered)
        REPLACE (if(answered = 1, diagnosis, concat('node ', node, ' does not answer; while it is away, blocks with rows for it wait in Kafka'))
            AS diagnosis)
FROM nodes
LEFT JOIN answers ON answers.number = nodes.number
QUALIFY is_assigned OR code != 'not_assigned_here' OR NOT max(is_assigned) OVER (PARTITION BY pipeline, topic, partition)
ORDER BY pipeline, topic, partition, node
SETTINGS skip_unavailable_shards = 1;
