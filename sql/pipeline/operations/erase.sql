-- Erases one person from pipeline {pipeline}: rows by a column of the table, letters and raw messages by the value as a word of their text.
--
--   debezium-udf pipeline … --operation erase | clickhouse-client --param_column=customer_id --param_value=4711
--
-- Erase the person in the source first. The topic keeps its messages for its retention time: run this again after a second delivery or a batch that
-- reads them. Replaced parts leave the disk within old_parts_lifetime (8 minutes). Backups are not changed.
ALTER TABLE {storage}.{target} DELETE WHERE ifNull(toString({column:Identifier}), '') = {value:String} SETTINGS mutations_sync = 2;

ALTER TABLE {storage}.dead_letters
    DELETE WHERE match(concat(key, ' ', message), concat('(^|\\W)', regexpQuoteMeta({value:String}), '($|\\W)'))
    SETTINGS mutations_sync = 2;

--| if keep_raw
ALTER TABLE {storage}.{raw}
    DELETE WHERE match(concat(key, ' ', message), concat('(^|\\W)', regexpQuoteMeta({value:String}), '($|\\W)'))
    SETTINGS mutations_sync = 2;

--| end
-- A reason shows up to 64 bytes of a value.
ALTER TABLE {storage}.pipeline_minutes
    UPDATE error_reason = '' WHERE position(error_reason, {value:String}) > 0 SETTINGS mutations_sync = 2;

-- 0 if nothing of the person is left.
SELECT
    (SELECT count() FROM {database}.{target} WHERE ifNull(toString({column:Identifier}), '') = {value:String})
--| if keep_raw
    + (SELECT count() FROM {database}.{raw} WHERE position(message, {value:String}) > 0)
--| end
    + (SELECT count() FROM {database}.dead_letters WHERE position(message, {value:String}) > 0) AS left;
