-- Registers the pipeline for pipeline_status.
INSERT INTO {database}.pipelines
    (pipeline, function, kind, topic, collection, group_name, kafka_table, decoded, target, tables, views, layout, fingerprint,
     release, every_seconds, silence_seconds)
SELECT
     '{pipeline}', '{function}', '{kind}', '{topic}', '{collection}', '{group}', '{kafka}', '{decoded}', '{target}',
     {tables_list}, {views_list}, '{layout}', {fingerprint},
     '{release}', {every_seconds}, {silence_seconds};
