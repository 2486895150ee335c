-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- What users add to the totals: with source = 'users' all of them, as they are in experiment_user_rows; 'batch', what the
-- batch at hand changes.
CREATE OR REPLACE VIEW experiments_analytics.experiment_totals_computed AS
SELECT
    experiment_id,
    version,
    variant_id,
    part.1 AS segment_type,
    part.2 AS segment,
    bucket,
    sum(parts.counted) AS counted,
    sum(parts.refused) AS refused,
    sum(parts.x) AS x,
    sum(parts.y) AS y,
    sum(parts.p) AS p,
    sum(parts.q) AS q,
    sum(parts.xx) AS xx,
    sum(parts.yy) AS yy,
    sum(parts.pp) AS pp,
    sum(parts.qq) AS qq,
    sum(parts.xy) AS xy,
    sum(parts.xp) AS xp,
    sum(parts.xq) AS xq,
    sum(parts.yp) AS yp,
    sum(parts.yq) AS yq,
    sum(parts.pq) AS pq
FROM
(
    -- First what is equal in all segments is added up, then once for each.
    SELECT
        experiment_id,
        variant_id,
        entry.version AS version,
        entry.bucket AS bucket,
        entry.parts AS parts_of,
        sum(toInt64(sign * entry.counted)) AS counted,
        sum(toInt64(sign * entry.refused)) AS refused,
        sum(sign * toInt256(entry.x)) AS x,
        sum(sign * toInt256(entry.y)) AS y,
        sum(sign * toInt256(entry.p)) AS p,
        sum(sign * toInt256(entry.q)) AS q,
        sum(sign * toInt256(entry.x) * entry.x) AS xx,
        sum(sign * toInt256(entry.y) * entry.y) AS yy,
        sum(sign * toInt256(entry.p) * entry.p) AS pp,
        sum(sign * toInt256(entry.q) * entry.q) AS qq,
        sum(sign * toInt256(entry.x) * entry.y) AS xy,
        sum(sign * toInt256(entry.x) * entry.p) AS xp,
        sum(sign * toInt256(entry.x) * entry.q) AS xq,
        sum(sign * toInt256(entry.y) * entry.p) AS yp,
        sum(sign * toInt256(entry.y) * entry.q) AS yq,
        sum(sign * toInt256(entry.p) * entry.q) AS pq
    FROM
    (
        SELECT
            sign,
            experiment_id,
            variant_id,
            arrayJoin(CAST(arrayConcat(
                if(compared,
                   [(segments, 0, 0, 1, exposed, exposed AND conversions > 0, clicked, conversions, value_units)], []),
                if(exposed AND isNotNull(first_exposure),
                   [([('day', toString(toDate32(assumeNotNull(first_exposure))))], 0, 0, 0, 1, 0, conversions > 0, 0, value_units)], []),
                if(exposed AND isNotNull(first_conversion),
                   [([('day', toString(toDate32(assumeNotNull(first_conversion))))], 0, 0, 0, 0, 1, 0, 0, toInt128(0))], []),
                arrayMap(reason -> ([('left out', reason.1)], 0, 0, 1, 0, 0, 0, reason.2, toInt128(0)),
                    arrayFilter(reason -> reason.2 > 0,
                    [
                        ('event before its assignment', before_assignment),
                        ('event without assignment', no_assignment),
                        ('event of an unknown variant', unknown_variant),
                        ('event with a clock ahead', clock_ahead),
                        ('event outside the period', outside_period),
                        ('conversion before exposure', before_exposure),
                        ('user seen in two variants', if(state = 'two variants', events, 0)),
                        ('user assigned again to another variant', if(state = 'reassigned', events, 0)),
                        ('user excluded', if(state = 'excluded', events, 0))
                    ])),
                if(events > 0, [([('state', toString(state))], 0, 0, 1, 0, 0, 0, events, toInt128(0))], []),
                if(exposed,
                   arrayMap(one -> (segments, one.version, one.bucket, one.counted, one.refused, one.x, one.y, one.p, one.q), metrics), [])),
                'Array(Tuple(parts Array(Tuple(String, String)), version UInt64, bucket Int16, counted Int64, refused Int64,
                             x Int128, y Int128, p Int128, q Int128))')) AS entry
        FROM
        (
            SELECT
                *,
                if(exposed, arrayConcat([('all', ''), ('device', toString(device)), ('browser', toString(browser)), ('page', page)],
                                        if(phase = '', [], [('phase', toString(phase))])),
                   [('all', '')]) AS segments
            FROM
            (
                SELECT
                    *,
                    -- Who has no event any more has a row without a state.
                    events > 0 AND state = 'exposed' AS exposed,
                    events > 0 AND state IN ('exposed', 'assigned') AS compared
                FROM
                (
                    SELECT 1 AS sign, * EXCEPT batch FROM experiments_analytics.experiment_user_rows FINAL WHERE {source:String} = 'users'
                    UNION ALL
                    SELECT
                        change.1 AS sign,
                        experiment_id,
                        user_id,
                        change.2.variants AS variants, change.2.variant_id AS variant_id, change.2.assigned_at AS assigned_at,
                        change.2.first_exposure AS first_exposure, change.2.state AS state,
                        change.2.first_conversion AS first_conversion, change.2.conversions AS conversions,
                        change.2.value_units AS value_units, change.2.clicked AS clicked, change.2.device AS device,
                        change.2.browser AS browser, change.2.page AS page, change.2.phase AS phase, change.2.events AS events,
                        change.2.before_assignment AS before_assignment, change.2.no_assignment AS no_assignment,
                        change.2.unknown_variant AS unknown_variant, change.2.clock_ahead AS clock_ahead,
                        change.2.outside_period AS outside_period, change.2.before_exposure AS before_exposure,
                        change.2.without_value AS without_value, change.2.definition AS definition, change.2.metrics AS metrics
                    FROM
                    (
                        SELECT experiment_id, user_id, arrayJoin([(1, `is`), (-1, was)]) AS change
                        FROM experiments_analytics.experiment_changes
                        WHERE {source:String} = 'batch' AND batch = (SELECT max(batch) FROM experiments_analytics.experiment_batch)
                    )
                )
            )
        )
    )
    GROUP BY experiment_id, variant_id, version, bucket, parts_of
) AS parts
ARRAY JOIN parts_of AS part
GROUP BY experiment_id, version, variant_id, segment_type, segment, bucket
HAVING counted != 0 OR refused != 0 OR x != 0 OR y != 0 OR p != 0 OR q != 0 OR xx != 0 OR yy != 0 OR pp != 0 OR qq != 0 OR xy != 0 OR xp != 0 OR xq != 0 OR yp != 0 OR yq != 0 OR pq != 0;

-- The steps of a batch. First it is planned, when the one before is done and there is anything to do: of touched users as many
-- blocks as have 200,000 (at least one), of experiments to be computed anew a slice of 50,000 users. What was touched less
-- than a second ago waits for the next batch.
--
-- Inserts of touched users which no batch has taken:
CREATE OR REPLACE VIEW experiments_analytics.experiment_touched_waiting AS
WITH
    (SELECT argMax(horizon, batch) FROM experiments_analytics.experiment_batches) AS horizon
SELECT at, block, experiment_id
FROM experiments_analytics.experiment_touched
WHERE at >= horizon - INTERVAL 1 HOUR
  AND at < now64(3) - INTERVAL 1 SECOND
  AND block NOT IN (SELECT arrayJoin(blocks) FROM experiments_analytics.experiment_batches WHERE newest >= horizon - INTERVAL 2 HOUR);

-- The metrics of each experiment, and what their totals depend on.
CREATE OR REPLACE VIEW experiments_analytics.experiment_definitions AS
WITH
    (SELECT groupArray((experiment_ids, definition)) FROM experiments_analytics.experiment_metrics_defined) AS metrics
SELECT
    known.experiment_id AS experiment_id,
    arraySort(arrayMap(metric -> cityHash64(metric.2, rules.definition),
                       arrayFilter(metric -> empty(metric.1) OR has(metric.1, known.experiment_id), metrics))) AS versions,
    cityHash64(rules.definition, versions) AS definition
FROM
(
    SELECT experiment_id FROM experiments_analytics.experiment_totals WHERE version = 0
    UNION DISTINCT
    SELECT experiment_id FROM experiments_analytics.experiment_progress
    UNION DISTINCT
    SELECT experiment_id FROM experiments_analytics.experiment_touched_waiting
) AS known
LEFT JOIN experiments_analytics.experiment_rules AS rules ON rules.experiment_id = known.experiment_id
SETTINGS join_use_nulls = 0;

-- Experiments whose totals are not complete for their present settings and metrics.
CREATE OR REPLACE VIEW experiments_analytics.experiment_unfinished AS
SELECT
    definitions.experiment_id AS experiment_id,
    definitions.definition AS definition,
    definitions.versions AS versions,
    progress.definition != definitions.definition AS begins,
    if(begins, '', progress.reached) AS after
FROM experiments_analytics.experiment_definitions AS definitions
LEFT JOIN (SELECT * FROM experiments_analytics.experiment_progress FINAL) AS progress
    ON progress.experiment_id = definitions.experiment_id
WHERE begins OR NOT progress.complete
SETTINGS join_use_nulls = 0;

-- The same, with how many users they may have and
-- where to go on. `chosen`: the next slice begins with them.
CREATE OR REPLACE VIEW experiments_analytics.experiment_pending AS
SELECT
    experiment_id, definition, versions, begins, after,
    sum(greatest(users.users, 1)) OVER (ORDER BY unfinished.experiment_id) - greatest(users.users, 1) < 50000 AS chosen
FROM experiments_analytics.experiment_unfinished AS unfinished
LEFT JOIN
(
    SELECT experiment_id, sum(counted) AS users FROM experiments_analytics.experiment_totals FINAL
    WHERE version = 0 AND segment_type = 'state' GROUP BY experiment_id
) AS users ON users.experiment_id = unfinished.experiment_id
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW experiments_analytics.experiment_slices AS
WITH
    (SELECT mapFromArrays(groupArray(experiment_id), groupArray(after)) FROM experiments_analytics.experiment_pending WHERE chosen) AS reached,
    candidates AS
    (
        SELECT DISTINCT experiment_id, user_id
        FROM
        (
            SELECT DISTINCT experiment_id, user_id
            FROM experiments_analytics.events_by_user
            WHERE experiment_id IN (SELECT experiment_id FROM experiments_analytics.experiment_pending WHERE chosen)
              AND user_id >= (SELECT min(after) FROM experiments_analytics.experiment_pending WHERE chosen)
              AND (reached[experiment_id] = '' OR user_id > reached[experiment_id])
            ORDER BY experiment_id, user_id
            LIMIT 50000
            UNION ALL
            SELECT DISTINCT experiment_id, user_id
            FROM experiments_analytics.experiment_user_rows
            WHERE experiment_id IN (SELECT experiment_id FROM experiments_analytics.experiment_pending WHERE chosen)
              AND user_id >= (SELECT min(after) FROM experiments_analytics.experiment_pending WHERE chosen)
              AND (reached[experiment_id] = '' OR user_id > reached[experiment_id])
            ORDER BY experiment_id, user_id
            LIMIT 50000
        )
        ORDER BY experiment_id, user_id
        LIMIT 50000
    )
SELECT
    pending.experiment_id AS experiment_id,
    pending.definition AS definition,
    pending.versions AS versions,
    pending.after AS after,
    if(found.users > 0, found.upto, pending.after) AS upto,
    chosen AND (all_users < 50000 OR pending.experiment_id < furthest) AS last
FROM experiments_analytics.experiment_pending AS pending
LEFT JOIN
(
    SELECT experiment_id, max(user_id) AS upto, count() AS users FROM candidates GROUP BY experiment_id
) AS found ON found.experiment_id = pending.experiment_id
CROSS JOIN (SELECT count() AS all_users, max(experiment_id) AS furthest FROM candidates) AS all_found
WHERE chosen OR begins
SETTINGS join_use_nulls = 0;

CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_checks
(
    asked_at  DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY asked_at
TTL toDateTime(asked_at) + INTERVAL 1 YEAR;

CREATE OR REPLACE VIEW experiments_analytics.experiment_slices_none AS
SELECT * FROM experiments_analytics.experiment_slices WHERE false;

CREATE OR REPLACE VIEW experiments_analytics.experiment_next_batch AS
WITH
    (SELECT argMax(horizon, batch) FROM experiments_analytics.experiment_batches) AS last_horizon,
    ifNull((SELECT max(asked_at) FROM experiments_analytics.experiment_checks), toDateTime64(0, 3, 'UTC'))
        > (SELECT max(at) FROM experiments_analytics.experiment_batches WHERE compare) AS asked
SELECT
    greatest(toUInt64(toUnixTimestamp64Milli(now64(3))), (SELECT max(batch) FROM experiments_analytics.experiment_batches) + 1) AS batch,
    'planned' AS step,
    now64(3) AS at,
    if(compare, [], taken) AS blocks,
    if(compare, last_horizon, oldest_taken) AS oldest,
    if(compare, last_horizon, newest_taken) AS newest,
    if(compare, last_horizon, multiIf(left_over > 0, oldest_left, notEmpty(taken), newest_taken, last_horizon)) AS horizon,
    if(compare, [], slices_found) AS slices,
    asked AND empty(slices_found) AS compare
FROM
(
    SELECT
        groupArrayIf(block, is_taken) AS taken,
        minIf(waiting.oldest, is_taken) AS oldest_taken,
        maxIf(waiting.newest, is_taken) AS newest_taken,
        countIf(NOT is_taken) AS left_over,
        minIf(waiting.oldest, NOT is_taken) AS oldest_left
    FROM
    (
        SELECT *, sum(users) OVER (ORDER BY oldest, block) - users < 200000 AS is_taken
        FROM
        (
            SELECT block, min(at) AS oldest, max(at) AS newest, count() AS users
            FROM experiments_analytics.experiment_touched_waiting
            GROUP BY block
        )
    ) AS waiting
) AS blocks_found
CROSS JOIN
(
    SELECT CAST(groupArray((experiment_id, definition, versions, after, upto, last)),
                'Array(Tuple(experiment_id UInt32, definition UInt64, versions Array(UInt64), after String, upto String, last Bool))') AS slices_found
    FROM merge('experiments_analytics',
        concat('^experiment_slices', (SELECT if(count() > 0, '', '_none') FROM experiments_analytics.experiment_unfinished), '$'))
) AS slices_of
WHERE (SELECT count() FROM experiments_analytics.experiment_batch) = 0
  AND (notEmpty(taken) OR notEmpty(slices_found) OR asked);

CREATE OR REPLACE VIEW experiments_analytics.experiment_next_batch_none AS
SELECT * FROM experiments_analytics.experiment_batches WHERE false;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_batches_mv
REFRESH AFTER 5 SECOND APPEND
TO experiments_analytics.experiment_batches AS
SELECT batch, step, at, blocks, oldest, newest, horizon, slices, compare
FROM merge('experiments_analytics',
    concat('^experiment_next_batch',
           (SELECT if((SELECT count() FROM experiments_analytics.experiment_batch) = 0
                      AND ((SELECT count() FROM experiments_analytics.experiment_touched_waiting) > 0
                           OR (SELECT count() FROM experiments_analytics.experiment_unfinished) > 0
                           OR (SELECT max(asked_at) FROM experiments_analytics.experiment_checks)
                               > (SELECT max(at) FROM experiments_analytics.experiment_batches WHERE compare)), '', '_none')),
           '$'));

-- Its users are computed.
CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_changes AS
SELECT
    (SELECT max(batch) FROM experiments_analytics.experiment_batch) AS batch,
    users.experiment_id AS experiment_id,
    users.user_id AS user_id,
    tuple(
        computed.variants, computed.variant_id, computed.assigned_at, computed.first_exposure, computed.state,
        computed.first_conversion, computed.conversions, computed.value_units, computed.clicked, computed.device,
        computed.browser, computed.page, computed.phase, computed.events, computed.before_assignment, computed.no_assignment,
        computed.unknown_variant, computed.clock_ahead, computed.outside_period, computed.before_exposure,
        computed.without_value, computed.definition, computed.metrics) AS `is`,
    tuple(
        stored.variants, stored.variant_id, stored.assigned_at, stored.first_exposure, stored.state, stored.first_conversion,
        stored.conversions, stored.value_units, stored.clicked, stored.device, stored.browser, stored.page, stored.phase,
        stored.events, stored.before_assignment, stored.no_assignment, stored.unknown_variant, stored.clock_ahead,
        stored.outside_period, stored.before_exposure, stored.without_value, stored.definition, stored.metrics) AS was
FROM experiments_analytics.experiment_batch_users AS users
LEFT JOIN experiments_analytics.experiment_user_rows_computed(everything = false) AS computed
    ON computed.experiment_id = users.experiment_id AND computed.user_id = users.user_id
LEFT JOIN
(
    SELECT * FROM experiments_analytics.experiment_user_rows FINAL
    WHERE (experiment_id, user_id) IN (SELECT experiment_id, user_id FROM experiments_analytics.experiment_batch_users)
) AS stored ON stored.experiment_id = users.experiment_id AND stored.user_id = users.user_id
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_changes_none AS
SELECT * FROM experiments_analytics.experiment_changes WHERE false;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_changes_mv
REFRESH DEPENDS ON experiments_analytics.experiment_batches_mv APPEND
TO experiments_analytics.experiment_changes AS
SELECT batch, experiment_id, user_id, `is`, was
FROM merge('experiments_analytics',
    concat('^experiment_batch_changes', (SELECT if(countIf(NOT compare) > 0, '', '_none') FROM experiments_analytics.experiment_batch), '$'));

-- When all are, they are kept.
CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_rows AS
SELECT
    experiment_id,
    user_id,
    batch,
    `is`.variants AS variants, `is`.variant_id AS variant_id, `is`.assigned_at AS assigned_at,
    `is`.first_exposure AS first_exposure, `is`.state AS state, `is`.first_conversion AS first_conversion,
    `is`.conversions AS conversions, `is`.value_units AS value_units, `is`.clicked AS clicked, `is`.device AS device,
    `is`.browser AS browser, `is`.page AS page, `is`.phase AS phase, `is`.events AS events,
    `is`.before_assignment AS before_assignment, `is`.no_assignment AS no_assignment, `is`.unknown_variant AS unknown_variant,
    `is`.clock_ahead AS clock_ahead, `is`.outside_period AS outside_period, `is`.before_exposure AS before_exposure,
    `is`.without_value AS without_value, `is`.definition AS definition, `is`.metrics AS metrics
FROM experiments_analytics.experiment_changes
WHERE batch = (SELECT max(batch) FROM experiments_analytics.experiment_batch)
  AND (experiment_id, user_id) NOT IN
      (SELECT experiment_id, user_id FROM experiments_analytics.experiment_user_rows
       WHERE batch = (SELECT max(batch) FROM experiments_analytics.experiment_batch)
         AND (experiment_id, user_id) IN
             (SELECT experiment_id, user_id FROM experiments_analytics.experiment_changes
              WHERE batch = (SELECT max(batch) FROM experiments_analytics.experiment_batch)));

CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_rows_ready AS
SELECT * FROM experiments_analytics.experiment_batch_rows
WHERE (SELECT count() FROM experiments_analytics.experiment_batch_users) = 0;

CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_rows_ready_none AS
SELECT * FROM experiments_analytics.experiment_user_rows WHERE false;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_user_rows_mv
REFRESH DEPENDS ON experiments_analytics.experiment_changes_mv APPEND
TO experiments_analytics.experiment_user_rows AS
SELECT
    experiment_id, user_id, batch, variants, variant_id, assigned_at, first_exposure, state, first_conversion, conversions, value_units,
    clicked, device, browser, page, phase, events, before_assignment, no_assignment, unknown_variant, clock_ahead, outside_period,
    before_exposure, without_value, definition, metrics
FROM merge('experiments_analytics',
    concat('^experiment_batch_rows_ready', (SELECT if(countIf(NOT compare) > 0, '', '_none') FROM experiments_analytics.experiment_batch), '$'));

-- When all are, the totals are moved by the differences. Only totals that differ get a row.
CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_totals AS
SELECT
    experiment_id, version, variant_id, segment_type, segment, bucket,
    (SELECT max(batch) FROM experiments_analytics.experiment_batch) AS batch,
    sum(parts.counted) AS counted,
    sum(parts.refused) AS refused,
    sum(parts.x) AS x,
    sum(parts.y) AS y,
    sum(parts.p) AS p,
    sum(parts.q) AS q,
    sum(parts.xx) AS xx,
    sum(parts.yy) AS yy,
    sum(parts.pp) AS pp,
    sum(parts.qq) AS qq,
    sum(parts.xy) AS xy,
    sum(parts.xp) AS xp,
    sum(parts.xq) AS xq,
    sum(parts.yp) AS yp,
    sum(parts.yq) AS yq,
    sum(parts.pq) AS pq
FROM
(
    SELECT true AS is_new, toUInt64(0) AS of_batch, * FROM experiments_analytics.experiment_totals_computed(source = 'batch')
    UNION ALL
    SELECT false AS is_new, batch AS of_batch, * EXCEPT batch FROM experiments_analytics.experiment_totals FINAL
    WHERE experiment_id IN
        (SELECT experiment_id FROM experiments_analytics.experiment_changes
         WHERE batch = (SELECT max(batch) FROM experiments_analytics.experiment_batch))
) AS parts
GROUP BY experiment_id, version, variant_id, segment_type, segment, bucket
HAVING max(is_new) AND max(of_batch) < batch;

CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_totals_ready AS
SELECT * FROM experiments_analytics.experiment_batch_totals
WHERE (SELECT count() FROM experiments_analytics.experiment_batch_users) = 0
  AND (SELECT count() FROM experiments_analytics.experiment_batch_rows) = 0;

CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_totals_ready_none AS
SELECT * FROM experiments_analytics.experiment_totals WHERE false;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_totals_mv
REFRESH DEPENDS ON experiments_analytics.experiment_user_rows_mv APPEND
TO experiments_analytics.experiment_totals AS
SELECT
    experiment_id, version, variant_id, segment_type, segment, bucket, batch, counted, refused, x, y, p, q, xx, yy, pp, qq, xy, xp, xq, yp, yq, pq
FROM merge('experiments_analytics',
    concat('^experiment_batch_totals_ready', (SELECT if(countIf(NOT compare) > 0, '', '_none') FROM experiments_analytics.experiment_batch), '$'));

-- When they are, it is done.
CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_done AS
SELECT batch, 'done' AS step, now64(3) AS at, emptyArrayUInt64() AS blocks, oldest, newest, horizon, slices, compare
FROM experiments_analytics.experiment_batch
WHERE NOT compare
  AND (SELECT count() FROM experiments_analytics.experiment_batch_users) = 0
  AND (SELECT count() FROM experiments_analytics.experiment_batch_rows) = 0
  AND (SELECT count() FROM experiments_analytics.experiment_batch_totals) = 0;

CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_done_none AS
SELECT * FROM experiments_analytics.experiment_batches WHERE false;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_done_mv
REFRESH DEPENDS ON experiments_analytics.experiment_totals_mv APPEND
TO experiments_analytics.experiment_batches AS
SELECT batch, step, at, blocks, oldest, newest, horizon, slices, compare
FROM merge('experiments_analytics',
    concat('^experiment_batch_done', (SELECT if(countIf(NOT compare) > 0, '', '_none') FROM experiments_analytics.experiment_batch), '$'));

-- A batch that compares adds up all users anew, while nothing else moves the totals, and writes those that differ; when none
-- does, it is done.
CREATE OR REPLACE VIEW experiments_analytics.experiment_totals_differing AS
SELECT
    experiment_id, version, variant_id, segment_type, segment, bucket,
    (SELECT max(batch) FROM experiments_analytics.experiment_batch) AS batch,
    sumIf(parts.counted, is_new) AS counted,
    sumIf(parts.refused, is_new) AS refused,
    sumIf(parts.x, is_new) AS x,
    sumIf(parts.y, is_new) AS y,
    sumIf(parts.p, is_new) AS p,
    sumIf(parts.q, is_new) AS q,
    sumIf(parts.xx, is_new) AS xx,
    sumIf(parts.yy, is_new) AS yy,
    sumIf(parts.pp, is_new) AS pp,
    sumIf(parts.qq, is_new) AS qq,
    sumIf(parts.xy, is_new) AS xy,
    sumIf(parts.xp, is_new) AS xp,
    sumIf(parts.xq, is_new) AS xq,
    sumIf(parts.yp, is_new) AS yp,
    sumIf(parts.yq, is_new) AS yq,
    sumIf(parts.pq, is_new) AS pq
FROM
(
    SELECT true AS is_new, * FROM experiments_analytics.experiment_totals_computed(source = 'users')
    WHERE (SELECT max(compare) FROM experiments_analytics.experiment_batch)
    UNION ALL
    SELECT false AS is_new, * EXCEPT batch FROM experiments_analytics.experiment_totals FINAL
    WHERE (SELECT max(compare) FROM experiments_analytics.experiment_batch)
) AS parts
GROUP BY experiment_id, version, variant_id, segment_type, segment, bucket
HAVING sumIf(parts.counted, NOT is_new) != counted OR sumIf(parts.refused, NOT is_new) != refused OR sumIf(parts.x, NOT is_new) != x OR sumIf(parts.y, NOT is_new) != y
         OR sumIf(parts.p, NOT is_new) != p OR sumIf(parts.q, NOT is_new) != q OR sumIf(parts.xx, NOT is_new) != xx OR sumIf(parts.yy, NOT is_new) != yy
         OR sumIf(parts.pp, NOT is_new) != pp OR sumIf(parts.qq, NOT is_new) != qq OR sumIf(parts.xy, NOT is_new) != xy OR sumIf(parts.xp, NOT is_new) != xp
         OR sumIf(parts.xq, NOT is_new) != xq OR sumIf(parts.yp, NOT is_new) != yp OR sumIf(parts.yq, NOT is_new) != yq OR sumIf(parts.pq, NOT is_new) != pq;

CREATE OR REPLACE VIEW experiments_analytics.experiment_totals_differing_none AS
SELECT * FROM experiments_analytics.experiment_totals WHERE false;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_totals_differing_mv
REFRESH AFTER 10 SECOND APPEND
TO experiments_analytics.experiment_totals AS
SELECT
    experiment_id, version, variant_id, segment_type, segment, bucket, batch, counted, refused, x, y, p, q, xx, yy, pp, qq, xy, xp, xq, yp, yq, pq
FROM merge('experiments_analytics',
    concat('^experiment_totals_differing', (SELECT if(countIf(compare) > 0, '', '_none') FROM experiments_analytics.experiment_batch), '$'));

CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_compared AS
SELECT batch, 'done' AS step, now64(3) AS at, emptyArrayUInt64() AS blocks, oldest, newest, horizon, slices, compare
FROM experiments_analytics.experiment_batch
WHERE compare AND (SELECT count() FROM experiments_analytics.experiment_totals_differing) = 0;

CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_compared_none AS
SELECT * FROM experiments_analytics.experiment_batches WHERE false;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_compared_mv
REFRESH AFTER 10 SECOND APPEND
TO experiments_analytics.experiment_batches AS
SELECT batch, step, at, blocks, oldest, newest, horizon, slices, compare
FROM merge('experiments_analytics',
    concat('^experiment_batch_compared', (SELECT if(countIf(compare) > 0, '', '_none') FROM experiments_analytics.experiment_batch), '$'));

-- What was not as computed from nothing, of a comparison: totals, users, and events that events_by_user had otherwise. Such a
-- row is a fault of this program or of somebody's hand, and is put right by the same refresh.
CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_differences
(
    at             DateTime64(3, 'UTC') DEFAULT now64(3),
    what           Enum8('total' = 1, 'user' = 2, 'event' = 3),
    experiment_id  UInt32,
    place          String,
    detail         String
)
ENGINE = MergeTree
ORDER BY at
TTL toDateTime(at) + INTERVAL 1 YEAR;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_differences_totals_mv
TO experiments_analytics.experiment_differences AS
SELECT
    now64(3) AS at, 'total' AS what, experiment_id,
    concat('variant ', toString(variant_id), ', ', segment_type, ' ', segment, ', version ', toString(version)) AS place,
    concat('is now counted ', toString(counted), ', x ', toString(x)) AS detail
FROM experiments_analytics.experiment_totals
WHERE batch IN (SELECT batch FROM experiments_analytics.experiment_batches WHERE compare);

-- Every night: first events_by_user against events_processed, then every user anew, in slices, then the totals. Events are
-- compared by a sum of hashes over each of a million groups of users, and one by one only in groups that differ.
CREATE OR REPLACE VIEW experiments_analytics.events_by_user_differing AS
WITH
    differing AS
    (
        SELECT part
        FROM
        (
            SELECT 1 AS side, cityHash64(experiment_id, user_id) % 1048576 AS part,
                   cityHash64(timestamp, variant_id, event_key, event_type, ifNull(toUnixTimestamp64Micro(assignment_at), -1),
                                   ifNull(toUnixTimestamp64Micro(created_at), -1), value, score, page, device, browser, properties) AS digest
            FROM experiments_analytics.events
            UNION ALL
            SELECT 2 AS side, cityHash64(experiment_id, user_id) % 1048576 AS part,
                   cityHash64(timestamp, variant_id, event_key, event_type, ifNull(toUnixTimestamp64Micro(assignment_at), -1),
                                   ifNull(toUnixTimestamp64Micro(created_at), -1), value, score, page, device, browser, properties) AS digest
            FROM experiments_analytics.events_by_user FINAL WHERE NOT gone
        )
        GROUP BY part
        HAVING sumIf(digest, side = 1) != sumIf(digest, side = 2)
    )
SELECT
    experiment_id, user_id, timestamp, variant_id, event_key,
    columns.1 AS event_type, columns.2 AS assignment_at, columns.3 AS created_at, columns.4 AS value, columns.5 AS score, columns.6 AS page,
    columns.7 AS device, columns.8 AS browser, columns.9 AS properties, lsn, gone
FROM
(
    SELECT experiment_id, user_id, timestamp, variant_id, event_key,
           argMax(tuple(event_type, assignment_at, created_at, value, score, page, device, browser, properties), side = 1) AS columns, max(sides.lsn) AS lsn, max(side = 1) = 0 AS gone
    FROM
    (
        SELECT 1 AS side, experiment_id, user_id, timestamp, variant_id, event_key, event_type, assignment_at, created_at, value, score, page, device, browser, properties, lsn
        FROM experiments_analytics.events
        WHERE cityHash64(experiment_id, user_id) % 1048576 IN (SELECT part FROM differing)
        UNION ALL
        SELECT 2 AS side, experiment_id, user_id, timestamp, variant_id, event_key, event_type, assignment_at, created_at, value, score, page, device, browser, properties, lsn
        FROM experiments_analytics.events_by_user FINAL
        WHERE NOT gone AND cityHash64(experiment_id, user_id) % 1048576 IN (SELECT part FROM differing)
    ) AS sides
    GROUP BY experiment_id, user_id, timestamp, variant_id, event_key
    HAVING count() = 1 OR uniqExact(toString(tuple(event_type, assignment_at, created_at, value, score, page, device, browser, properties))) > 1
);

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.events_by_user_differing_mv
REFRESH EVERY 1 DAY OFFSET 2 HOUR APPEND
TO experiments_analytics.events_by_user AS
SELECT * FROM experiments_analytics.events_by_user_differing;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_checks_mv
REFRESH EVERY 1 DAY OFFSET 3 HOUR APPEND
TO experiments_analytics.experiment_progress AS
SELECT
    found.experiment_id AS experiment_id,
    greatest(progress.batch, toUInt64(toUnixTimestamp64Milli(now64(3)))) AS batch,
    progress.definition AS definition,
    '' AS reached,
    false AS complete,
    progress.versions AS versions
FROM (SELECT DISTINCT experiment_id FROM experiments_analytics.events_by_user) AS found
LEFT JOIN (SELECT * FROM experiments_analytics.experiment_progress FINAL) AS progress ON progress.experiment_id = found.experiment_id
SETTINGS join_use_nulls = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_checks_totals_mv
REFRESH EVERY 1 DAY OFFSET 3 HOUR APPEND
TO experiments_analytics.experiment_checks EMPTY AS
SELECT now64(3) AS asked_at;

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_progress_mv
TO experiments_analytics.experiment_progress AS
SELECT
    slice.experiment_id AS experiment_id,
    batch,
    slice.definition AS definition,
    slice.upto AS reached,
    slice.last AS complete,
    if(slice.last, slice.versions, arrayIntersect(slice.versions, before.versions)) AS versions
FROM (SELECT batch, arrayJoin(slices) AS slice FROM experiments_analytics.experiment_batches WHERE step = 'done') AS parts
LEFT JOIN (SELECT * FROM experiments_analytics.experiment_progress FINAL) AS before ON before.experiment_id = parts.slice.experiment_id
SETTINGS join_use_nulls = 0;

-- What the statistics are made of: one row a metric, variant and segment, as means, variances and covariances (n - 1) over
-- the exposed users; README.md has the columns. They are computed from sums of whole numbers, and rounded once, at the end.
-- Only metrics whose totals hold all users are here; experiment_computing says which do not yet.
--
-- A cap by quantile is the upper end of the bucket in which that quantile of all exposed users of the experiment lies; what is
-- in higher buckets counts with it.
CREATE OR REPLACE VIEW experiments_analytics.experiment_moments
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH
    (n, total_one, total_two, total_product) -> if(n > 1, toFloat64(toInt256(n) * total_product - total_one * total_two)
                                                          / (toFloat64(n) * toFloat64(n - 1)) / 1e18, nan) AS covariance,
    (n, total) -> if(n > 0, toFloat64(total) / toFloat64(n) / 1e9, nan) AS mean,
    totals AS
    (
        SELECT * EXCEPT batch FROM experiments_analytics.experiment_totals FINAL
    ),
    metrics AS
    (
        SELECT metric, kind, kind IN ('mean', 'max') OR (kind = 'quantile' AND quantile_of != 'sum') AS only_counted, experiment_ids, cap_quantile,
               definition
        FROM experiments_analytics.experiment_metrics_defined
    ),
    -- Each metric of each experiment's segments, with its exposed users.
    measured AS
    (
        SELECT
            users.experiment_id AS experiment_id, users.variant_id AS variant_id, users.segment_type AS segment_type,
            users.segment AS segment, toUInt64(users.refused) AS users_exposed,
            metrics.metric AS metric, metrics.kind AS kind, metrics.only_counted AS only_counted, metrics.cap_quantile AS cap_quantile,
            cityHash64(metrics.definition, rules.definition) AS version
        FROM (SELECT experiment_id, variant_id, segment_type, segment, refused FROM totals WHERE version = 0 AND segment_type NOT IN ('day', 'state', 'left out') AND refused > 0) AS users
        LEFT JOIN experiments_analytics.experiment_rules AS rules ON rules.experiment_id = users.experiment_id
        CROSS JOIN metrics
        WHERE empty(metrics.experiment_ids) OR has(metrics.experiment_ids, users.experiment_id)
    ),
    -- Of a cap by quantile the highest bucket that is not capped. Users who are in no bucket are in 0.
    caps AS
    (
        SELECT
            experiment_id, version,
            arraySort(arrayConcat(arrayMap((one, count) -> (one, count), buckets.1, buckets.2),
                                  [(toInt16(0), toInt64(users_exposed) - toInt64(arraySum(buckets.2)))])) AS ordered,
            arrayFirstIndex(below -> below >= share * users_exposed, arrayCumSum(ordered.2)) AS place,
            ordered[greatest(place, 1)].1 AS highest,
            if(highest > 0, toInt256(round(exp(highest * log(1.01)))), toInt256(0)) AS cap_units
        FROM
        (
            SELECT experiment_id, version, sum(users_exposed) AS users_exposed, any(assumeNotNull(cap_quantile)) AS share
            FROM measured
            WHERE segment_type = 'all' AND isNotNull(cap_quantile)
            GROUP BY experiment_id, version
        ) AS users
        LEFT JOIN
        (
            SELECT experiment_id, version, sumMap([bucket], [counted]) AS buckets
            FROM totals
            WHERE version != 0 AND segment_type = 'all'
            GROUP BY experiment_id, version
        ) AS found ON found.experiment_id = users.experiment_id AND found.version = users.version
    ),
    sums AS
    (
        SELECT
            totals.experiment_id AS experiment_id, totals.version AS version, totals.variant_id AS variant_id,
            totals.segment_type AS segment_type, totals.segment AS segment,
            caps.version != 0 AND totals.bucket > caps.highest AS is_capped,
            sum(totals.counted) AS counted,
            sum(totals.refused) AS refused,
            sum(if(is_capped, totals.counted * cap_units, totals.x)) AS x,
            sum(totals.y) AS y, sum(totals.p) AS p, sum(totals.q) AS q,
            sum(if(is_capped, totals.counted * cap_units * cap_units, totals.xx)) AS xx,
            sum(totals.yy) AS yy, sum(totals.pp) AS pp, sum(totals.qq) AS qq,
            sum(if(is_capped, cap_units * totals.y, totals.xy)) AS xy,
            sum(if(is_capped, cap_units * totals.p, totals.xp)) AS xp,
            sum(if(is_capped, cap_units * totals.q, totals.xq)) AS xq,
            sum(totals.yp) AS yp, sum(totals.yq) AS yq, sum(totals.pq) AS pq,
            arraySort(groupArray((totals.bucket, totals.counted))) AS buckets
        FROM totals
        LEFT JOIN caps ON caps.experiment_id = totals.experiment_id AND caps.version = totals.version
        WHERE totals.version != 0
        GROUP BY experiment_id, version, variant_id, segment_type, segment, is_capped
    )
SELECT
    experiment_id, metric, kind, variant_id, segment_type, segment, version, users, users_counted, events_refused,
    mean(users, x) AS mean_x,
    covariance(users, x, x, xx) AS var_x,
    if(kind = 'ratio', mean(users, y), 1) AS mean_y,
    if(kind = 'ratio', covariance(users, y, y, yy), 0) AS var_y,
    if(kind = 'ratio', covariance(users, x, y, xy), 0) AS cov_xy,
    mean(users, p) AS mean_p,
    covariance(users, p, p, pp) AS var_p,
    covariance(users, x, p, xp) AS cov_xp,
    if(kind = 'ratio', mean(users, q), 1) AS mean_q,
    if(kind = 'ratio', covariance(users, q, q, qq), 0) AS var_q,
    if(kind = 'ratio', covariance(users, x, q, xq), 0) AS cov_xq,
    if(kind = 'ratio', covariance(users, y, p, yp), 0) AS cov_yp,
    if(kind = 'ratio', covariance(users, y, q, yq), 0) AS cov_yq,
    if(kind = 'ratio', covariance(users, p, q, pq), 0) AS cov_pq,
    -- Of a quantile: the values, each the middle of its bucket, with the users who have it, in order; who has none has 0.
    if(kind != 'quantile', [],
       arrayMap((bucket, count) -> (if(bucket = 0, 0., sign(bucket) * exp((abs(bucket) - 0.5) * log(1.01)) / 1e9), toUInt64(count)),
                in_buckets.1, in_buckets.2)) AS buckets
FROM
(
    SELECT
        measured.experiment_id AS experiment_id,
        measured.metric AS metric,
        measured.kind AS kind,
        measured.variant_id AS variant_id,
        measured.segment_type AS segment_type,
        measured.segment AS segment,
        measured.version AS version,
        toUInt64(sum(sums.counted)) AS users_counted,
        if(any(only_counted), users_counted, any(users_exposed)) AS users,
        toUInt64(sum(sums.refused)) AS events_refused,
        sum(sums.x) AS x,
        sum(sums.y) AS y,
        sum(sums.p) AS p,
        sum(sums.q) AS q,
        sum(sums.xx) AS xx,
        sum(sums.yy) AS yy,
        sum(sums.pp) AS pp,
        sum(sums.qq) AS qq,
        sum(sums.xy) AS xy,
        sum(sums.xp) AS xp,
        sum(sums.xq) AS xq,
        sum(sums.yp) AS yp,
        sum(sums.yq) AS yq,
        sum(sums.pq) AS pq,
        sumMap(arrayPushBack(sums.buckets.1, 0::Int16), arrayPushBack(sums.buckets.2, 0::Int64)) AS found,
        mapFromArrays(found.1, found.2) AS counts,
        mapAdd(counts, map(0::Int16, toInt64(users) - toInt64(users_counted))) AS filled,
        (mapKeys(filled), mapValues(filled)) AS in_buckets
    FROM measured
    LEFT JOIN sums ON sums.experiment_id = measured.experiment_id AND sums.version = measured.version
        AND sums.variant_id = measured.variant_id AND sums.segment_type = measured.segment_type AND sums.segment = measured.segment
    GROUP BY experiment_id, metric, kind, variant_id, segment_type, segment, version
)
WHERE (experiment_id, version) IN (SELECT experiment_id, arrayJoin(versions) FROM experiments_analytics.experiment_progress FINAL)
SETTINGS join_use_nulls = 0;

-- Metrics that are being computed: how far, in words.
CREATE OR REPLACE VIEW experiments_analytics.experiment_computing
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    waiting.experiment_id AS experiment_id,
    waiting.metric AS metric,
    users.done / greatest(users.users, 1) AS share,
    concat('computing, ', toString(floor(100 * share)), ' %') AS progress
FROM
(
    SELECT definitions.experiment_id AS experiment_id, metrics.metric AS metric, cityHash64(metrics.definition, rules.definition) AS version
    FROM experiments_analytics.experiment_definitions AS definitions
    LEFT JOIN experiments_analytics.experiment_rules AS rules ON rules.experiment_id = definitions.experiment_id
    CROSS JOIN experiments_analytics.experiment_metrics_defined AS metrics
    WHERE empty(metrics.experiment_ids) OR has(metrics.experiment_ids, definitions.experiment_id)
) AS waiting
LEFT JOIN
(
    SELECT rows.experiment_id AS experiment_id, count() AS users, countIf(progress.definition = pending.definition AND rows.user_id <= progress.reached) AS done
    FROM experiments_analytics.experiment_user_rows AS rows FINAL
    INNER JOIN experiments_analytics.experiment_pending AS pending ON pending.experiment_id = rows.experiment_id
    LEFT JOIN (SELECT * FROM experiments_analytics.experiment_progress FINAL) AS progress ON progress.experiment_id = rows.experiment_id
    WHERE rows.experiment_id IN (SELECT experiment_id FROM experiments_analytics.experiment_pending)
    GROUP BY experiment_id
) AS users ON users.experiment_id = waiting.experiment_id
WHERE (waiting.experiment_id, waiting.version) NOT IN
    (SELECT experiment_id, arrayJoin(versions) FROM experiments_analytics.experiment_progress FINAL)
SETTINGS join_use_nulls = 0;

-- Needs no more than that.
