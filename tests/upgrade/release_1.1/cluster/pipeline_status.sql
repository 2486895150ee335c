-- What each node of the cluster says of itself, and of a node that does not answer that it does not: then numbers lack what
-- its shard holds. A partition that another node has is left out; one that nobody has is there for each node.
CREATE OR REPLACE VIEW experiments_analytics.pipeline_status AS
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
        FROM clusterAllReplicas('{cluster}', {cluster}.pipeline_status)
    )
SELECT
    node,
    answers.* EXCEPT (number, answered)
        REPLACE (if(answered = 1, diagnosis, concat('node ', node, ' does not answer; while it is away, blocks with rows for it wait in Kafka'))
            AS diagnosis)
FROM nodes
LEFT JOIN answers ON answers.number = nodes.number
QUALIFY is_assigned OR NOT startsWith(diagnosis, 'not assigned here') OR NOT max(is_assigned) OVER (PARTITION BY topic, partition)
ORDER BY topic, partition, node
SETTINGS skip_unavailable_shards = 1;
