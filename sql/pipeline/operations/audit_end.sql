-- Ends an audit. The group {audit_group} keeps its position on the broker.
DROP VIEW IF EXISTS {database}.{kafka}_audit_mv SYNC;

DROP TABLE IF EXISTS {database}.{kafka}_audit SYNC;
