-- The reasons of the open dead letters of pipeline {pipeline}, without values and positions, each with its newest message.
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
