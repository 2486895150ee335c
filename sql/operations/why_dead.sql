-- What is wrong with the open dead letters: reasons without their values and bytes, the newest message of each.
SELECT
    replaceRegexpOne(reason, ': .* does not fit ', ': … does not fit ') AS reason,
    count() AS letters,
    min(kafka_time) AS first,
    max(kafka_time) AS last,
    argMax((topic, partition, offset), kafka_time) AS last_at
FROM experiments_analytics.dead_letters_open
GROUP BY reason
ORDER BY letters DESC;
