-- The commands, for a machine with Kafka's tools, that set group {group} back to the last stored messages: after a restore, or if another program
-- has moved the group. Nothing may consume meanwhile. Messages that are read twice count once.
SELECT concat('kafka-consumer-groups --bootstrap-server ', {broker:String}, ' --group ', {group_text},
              ' --topic ', topic, ':', toString(partition), ' --reset-offsets --to-offset ', toString(position), ' --execute')
FROM
(
    SELECT topic, partition, max(bitmapMax(offsets)) + 1 AS position
    FROM {database}.pipeline_offsets AS o
    WHERE if(pipeline = '', 'experiments', toString(pipeline)) = '{pipeline}'
    GROUP BY topic, partition
)
ORDER BY topic, partition
FORMAT TSVRaw;
