-- Ends a batch: the running block is finished and its offsets committed. The group {batch_group} keeps its position on the broker.
DROP VIEW IF EXISTS {database}.{kafka}_batch_mv SYNC;

DROP TABLE IF EXISTS {database}.{kafka}_batch SYNC;
