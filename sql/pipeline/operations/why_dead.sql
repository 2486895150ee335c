-- What is wrong with the open dead letters of pipeline {pipeline}: reasons without their values and bytes, the newest message of each.
SELECT
    replaceRegexpOne(reason, ': .* does not fit ', ': … does not fit ') AS reason,
    count() AS letters,
    min(kafka_time) AS first,
    max(kafka_time) AS last,
    argMax((topic, partition, offset), kafka_time) AS last_at
FROM {database}.dead_letters_open
WHERE pipeline = '{pipeline}'
GROUP BY reason
ORDER BY letters DESC;
