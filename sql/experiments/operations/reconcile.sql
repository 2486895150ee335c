-- Counts of both sides by the day on which the outbox row was written, for the last eight days; `missing` should be 0 for every past day.
-- PostgreSQL is the named collection experiments_postgres (sql/config/config.d/experiments_postgres.xml). An event keeps
-- its outbox row's id and created_at; a dead letter has them in its message.
SELECT
    day,
    sum(outbox) AS outbox,
    sum(events) AS events,
    sum(letters) AS letters,
    outbox - (events - extra) - letters AS missing,
    -- Events without an outbox row: it was deleted, or undone by a restore of PostgreSQL.
    sum(not_there) AS extra
FROM
(
    SELECT toDate32(created_at, 'UTC') AS day, toInt64(count()) AS outbox, 0 AS events, 0 AS letters, 0 AS not_there
    FROM postgresql(experiments_postgres, table = 'outbox')
    WHERE created_at >= toStartOfDay(now('UTC')) - INTERVAL 7 DAY AND aggregate_type IN ('event', 'assignment')
    GROUP BY day
    UNION ALL
    SELECT toDate32(assumeNotNull(created_at)) AS day, 0, toInt64(uniqExact(outbox_id)), 0,
           toInt64(uniqExactIf(outbox_id, outbox_id NOT IN (SELECT toString(id) FROM postgresql(experiments_postgres, table = 'outbox')
                                                               WHERE created_at >= toStartOfDay(now('UTC')) - INTERVAL 7 DAY)))
    FROM experiments_analytics.events
    WHERE created_at >= toStartOfDay(now('UTC')) - INTERVAL 7 DAY AND outbox_id != ''
    GROUP BY day
    UNION ALL
    SELECT toDate32(assumeNotNull(created_at)) AS day, 0, 0, toInt64(count()), 0
    FROM
    (
        SELECT parseDateTime64BestEffortOrNull(debeziumExtract(message, 'after.created_at'), 6, 'UTC') AS created_at
        FROM experiments_analytics.dead_letters_once
    )
    WHERE created_at >= toStartOfDay(now('UTC')) - INTERVAL 7 DAY
    GROUP BY day
)
GROUP BY day
ORDER BY day;
