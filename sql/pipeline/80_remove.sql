-- Removes pipeline {pipeline}: first the consumption, after its last block was finished and committed. The group stays on the broker.
DROP VIEW IF EXISTS {database}.{decoded_mv} SYNC;

--| if not landing
DROP TABLE IF EXISTS {database}.{kafka} SYNC;

--| end
DROP VIEW IF EXISTS {database}.{kafka}_batch_mv SYNC;

DROP TABLE IF EXISTS {database}.{kafka}_batch SYNC;

DROP VIEW IF EXISTS {database}.{kafka}_audit_mv SYNC;

DROP TABLE IF EXISTS {database}.{kafka}_audit SYNC;

DROP VIEW IF EXISTS {database}.{target_mv} SYNC;

DROP VIEW IF EXISTS {database}.{dead_letters_mv} SYNC;

DROP VIEW IF EXISTS {database}.{minutes_mv} SYNC;

DROP VIEW IF EXISTS {database}.{unmapped_mv} SYNC;

DROP VIEW IF EXISTS {database}.{offsets_mv} SYNC;

DROP VIEW IF EXISTS {database}.{raw_mv} SYNC;

DROP TABLE IF EXISTS {database}.{decoded} SYNC;

--| if not custom
--| if cluster
DROP TABLE IF EXISTS {database}.{view} SYNC;

--| end
DROP VIEW IF EXISTS {storage}.{view} SYNC;

--| end
ALTER TABLE {database}.pipelines DELETE WHERE pipeline = '{pipeline}' SETTINGS mutations_sync = 2;

ALTER TABLE {storage}.pipeline_minutes DELETE WHERE pipeline = '{pipeline}' SETTINGS mutations_sync = 2;

ALTER TABLE {storage}.pipeline_unmapped DELETE WHERE pipeline = '{pipeline}' SETTINGS mutations_sync = 2;

ALTER TABLE {storage}.pipeline_offsets DELETE WHERE pipeline = '{pipeline}' SETTINGS mutations_sync = 2;

ALTER TABLE {storage}.pipeline_offsets_audited DELETE WHERE pipeline = '{pipeline}' SETTINGS mutations_sync = 2;

ALTER TABLE {storage}.pipeline_watch DELETE WHERE pipeline = '{pipeline}' SETTINGS mutations_sync = 2;

-- Stored rows, letters and raw messages stay. To drop them as well:
--
--   DROP TABLE IF EXISTS {storage}.{target} SYNC
--   DROP TABLE IF EXISTS {storage}.{raw} SYNC
--| if landing
--   DROP TABLE IF EXISTS {database}.{kafka} SYNC
--| end
--   ALTER TABLE {storage}.dead_letters DELETE WHERE pipeline = '{pipeline}'
--
-- and on the server: debezium-udf register --remove {layout}
