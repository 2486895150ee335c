-- Names the pipeline, for pipeline_status.
INSERT INTO {database}.pipelines
    (pipeline, function, kind, topic, collection, group_name, kafka_table, decoded, target, tables, views, fingerprint, release)
VALUES
    ('{pipeline}', '{function}', '{kind}', '{topic}', '{collection}', '{group}', '{kafka}', '{decoded}', '{target}',
     {tables_list}, {views_list}, {fingerprint}, '{release}');
