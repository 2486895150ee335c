-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- The event types that a metric reads, for its number (`side` 1) and for its denominator (2).
CREATE OR REPLACE VIEW experiments_analytics.experiment_metric_events AS
SELECT
    experiment_ids, kind, quantile_of, devices, browsers, pages, window_hours, cap, isNotNull(cap_quantile) OR kind = 'quantile' AS in_buckets,
    if(cuped, cuped_days, 0) AS days_before, definition AS metric_definition,
    part.1 AS side,
    arrayJoin(arrayDistinct(part.2)) AS metric_event_type,
    multiIf(part.3 = '', 1, part.3 = 'value', 2, part.3 = 'score', 3, 4) AS number_of,
    substring(part.3, length('properties.') + 1) AS property
FROM
(
    SELECT *, arrayJoin([(1, event_types, number), (2, denominator_event_types, denominator_number)]) AS part
    FROM experiments_analytics.experiment_metrics_defined
);

-- The events of events_by_user with their place (11_experiment_events.sql says what that is) and the rules of their experiment.
--
-- `properties` are read where a metric names a member of them, and are empty elsewhere.
CREATE OR REPLACE VIEW experiments_analytics.experiment_user_events AS
SELECT
    experiment_id, user_id, timestamp, variant_id, event_key, event_type, assignment_at, created_at, value, score, page, device, browser,
    if((SELECT count() > 0 FROM experiments_analytics.experiment_metric_events WHERE number_of = 4), properties, '') AS properties_read,
    rules.washout_hours AS washout_hours,
    rules.phases AS phases,
    rules.excluded_browsers AS excluded_browsers,
    rules.definition AS definition,
    user_id IN (SELECT user_id FROM experiments_analytics.experiment_excluded_users FINAL WHERE NOT deleted AND experiment_id = 0)
        OR (experiment_id, user_id) IN
            (SELECT experiment_id, user_id FROM experiments_analytics.experiment_excluded_users FINAL WHERE NOT deleted) AS is_excluded,
    CAST(
        multiIf(
            timestamp > ifNull(created_at, now64(6)) + INTERVAL 5 MINUTE, 5,
            notEmpty(rules.known_variants) AND NOT has(rules.known_variants, variant_id), 4,
            ifNull(timestamp < rules.starts_at, false) OR ifNull(timestamp >= rules.ends_at, false), 6,
            isNull(assignment_at) AND event_type != 'assignment', 3,
            ifNull(timestamp < assignment_at, false), 2,
            1),
        'Enum8(\'counted\' = 1, \'before assignment\' = 2, \'no assignment\' = 3, \'unknown variant\' = 4, \'clock ahead\' = 5,
               \'outside the period\' = 6)'
    ) AS place
FROM
(
    SELECT * FROM experiments_analytics.events_by_user FINAL
    WHERE NOT gone
      AND ({everything:Bool} OR (experiment_id, user_id) IN (SELECT experiment_id, user_id FROM experiments_analytics.experiment_batch_users))
) AS events
LEFT JOIN experiments_analytics.experiment_rules AS rules ON rules.experiment_id = events.experiment_id
SETTINGS join_use_nulls = 0;

-- What each user did in each experiment, computed from the events: so a second delivery, a replay or an event that comes 40
-- days late can make no number wrong, and nothing need be undone.
--
-- The user's variant is the one that was seen; a user seen in several is left out of every comparison (`variants` then holds
-- the lowest and the highest): `reassigned` where events of type `assignment` name several, else `two variants`. `excluded`
-- are the users of experiment_excluded_users and those with a browser that the settings exclude. A user counts from the first
-- exposure on (after the washout, where there is one): conversions, clicks and values before it say nothing about the
-- variant. The segments are those of that first exposure, so a user is in one device, browser, page and phase only.
--
-- With everything = false it has the users of the batch at hand (13_experiment_totals.sql).
CREATE OR REPLACE VIEW experiments_analytics.experiment_users_computed AS
SELECT
    experiment_id,
    user_id,
    variants,
    variants[1] AS variant_id,
    assigned_at,
    first_exposure,
    CAST(
        multiIf(excluded, 6, length(variants) > 1, if(assigned_twice, 5, 4), isNull(assigned_at), 3, isNull(first_exposure), 2, 1),
        'Enum8(\'exposed\' = 1, \'assigned\' = 2, \'never assigned\' = 3, \'two variants\' = 4, \'reassigned\' = 5, \'excluded\' = 6)'
    ) AS state,
    if(empty(own_conversions), NULL, own_conversions[1].1) AS first_conversion,
    toUInt32(length(own_conversions)) AS conversions,
    -- In units of 1e-9, so that no order of adding up changes it.
    toInt128(arraySum(conversion -> if(abs(conversion.2) <= 1e15, toInt128(round(conversion.2 * 1e9)), 0), own_conversions)) AS value_units,
    toFloat64(value_units) / 1e9 AS value,
    ifNull(last_click >= counts_from, false)::Bool AS clicked,
    segments.1 AS device,
    segments.2 AS browser,
    segments.3 AS page,
    arrayLast(phase -> phase.1 <= first_exposure, phases).2 AS phase,
    events,
    -- Left out, or doubtful: see experiment_left_out.
    before_assignment,
    no_assignment,
    unknown_variant,
    clock_ahead,
    outside_period,
    toUInt64(length(all_conversions) - length(own_conversions)) AS before_exposure,
    toUInt64(arrayCount(conversion -> conversion.2 = 0, own_conversions)) AS without_value,
    counts_from,
    definition,
    -- What metrics may read, so that a user's events are read once.
    metric_events
FROM
(
    SELECT *, arrayFilter(conversion -> ifNull(conversion.1 >= counts_from, false), all_conversions) AS own_conversions
    FROM
    (
        SELECT *, if(isNull(first_exposure), NULL,
                     greatest(assumeNotNull(first_exposure), assumeNotNull(assigned_at) + toIntervalHour(washout_hours))) AS counts_from
        FROM
        (
            WITH
                place IN ('counted', 'before assignment', 'no assignment') AS seen,
                place = 'counted' AS counted,
                counted AND event_type = 'exposure' AS exposes
            SELECT
                experiment_id,
                user_id,
                arrayDistinct(arrayResize([minIf(variant_id, seen), maxIf(variant_id, seen)], if(countIf(seen) > 0, 2, 0))) AS variants,
                uniqUpToIf(1)(variant_id, seen AND event_type = 'assignment') > 1 AS assigned_twice,
                max(is_excluded OR (seen AND excluded_browsers != '' AND match(browser, excluded_browsers))) AS excluded,
                minOrNullIf(ifNull(assignment_at, timestamp), place IN ('counted', 'before assignment')) AS assigned_at,
                minOrNullIf(timestamp, exposes) AS first_exposure,
                -- Of the first exposure; among two at the same microsecond always the same one.
                argMinIf(
                    (device, browser, page),
                    toInt128(toUnixTimestamp64Micro(timestamp)) * toInt128('18446744073709551616') + cityHash64(event_key),
                    exposes) AS segments,
                maxIf(timestamp, counted AND event_type = 'click') AS last_click,
                arraySort(groupArrayIf((timestamp, value), counted AND event_type = 'conversion')) AS all_conversions,
                count() AS events,
                countIf(place = 'before assignment') AS before_assignment,
                countIf(place = 'no assignment') AS no_assignment,
                countIf(place = 'unknown variant') AS unknown_variant,
                countIf(place = 'clock ahead') AS clock_ahead,
                countIf(place = 'outside the period') AS outside_period,
                any(washout_hours) AS washout_hours,
                any(phases) AS phases,
                any(definition) AS definition,
                groupArrayIf(
                    (event_type, timestamp, counted, seen OR place = 'outside the period', value, score, device, browser, page, properties_read),
                    event_type IN (SELECT metric_event_type FROM experiments_analytics.experiment_metric_events)) AS metric_events
            FROM experiments_analytics.experiment_user_events(everything = {everything:Bool})
            GROUP BY experiment_id, user_id
        )
    )
)
SETTINGS join_use_nulls = 0;

-- Each event once for each metric that reads it, of exposed users: `after` their exposure, within the metric's window, or
-- `before` it, for CUPED. `version` is 0 where the event is neither, and of a user without events that a metric reads; so
-- each user is here, and `person` has what experiment_users_computed says.
CREATE OR REPLACE VIEW experiments_analytics.experiment_metric_parts AS
SELECT
    *,
    if(after OR before, cityHash64(metric_definition, definition), 0) AS version
FROM
(
    SELECT
        events.experiment_id AS experiment_id,
        events.user_id AS user_id,
        person, definition, metric_definition, kind, quantile_of, cap, in_buckets, side, number_of, property,
        event.5 AS value, event.6 AS score, event.10 AS properties,
        reads AND has_events
            AND (empty(metrics.experiment_ids) OR has(metrics.experiment_ids, events.experiment_id))
            AND (empty(devices) OR has(devices, event.7))
            AND (empty(browsers) OR has(browsers, event.8))
            AND (empty(pages) OR has(pages, event.9)) AS is_read,
        is_read AND event.3 AND event.2 >= counts_from
            AND (isNull(window_hours) OR event.2 < counts_from + toIntervalSecond(assumeNotNull(window_hours) * 3600)) AS after,
        is_read AND event.4 AND event.2 < exposed_at AND event.2 >= exposed_at - toIntervalDay(days_before) AS before
    FROM
    (
        SELECT experiment_id, user_id, person, definition, exposed_at, counts_from, notEmpty(own_events) AS has_events, event, event.1 AS event_type
        FROM
        (
            SELECT
                experiment_id, user_id, definition,
                ifNull(first_exposure, toDateTime64(0, 6, 'UTC')) AS exposed_at,
                ifNull(users.counts_from, toDateTime64(0, 6, 'UTC')) AS counts_from,
                if(state = 'exposed', metric_events, []) AS own_events,
                tuple(variants, variant_id, assigned_at, first_exposure, state, first_conversion, conversions, value_units, clicked, device,
                      browser, page, phase, events, before_assignment, no_assignment, unknown_variant, clock_ahead, outside_period,
                      before_exposure, without_value, definition) AS person
            FROM experiments_analytics.experiment_users_computed(everything = {everything:Bool}) AS users
        )
        LEFT ARRAY JOIN own_events AS event
    ) AS events
    LEFT JOIN (SELECT *, true AS reads FROM experiments_analytics.experiment_metric_events) AS metrics ON metrics.metric_event_type = events.event_type
)
SETTINGS join_use_nulls = 0;

-- What each exposed user adds to each metric: one row a user and metric where there is any event for it, also before the
-- exposure, and one with `version` 0 that adds nothing where there are other events, or none. Numbers are whole ones of 1e-9,
-- so that sums are the same in any order: x the number itself or the numerator, y the denominator; p and q the same over the
-- days before the first exposure. `refused` are events whose number is missing, is no number, or lies beyond 1e15; so is a sum
-- beyond that: it counts as 0. `version` changes with the definition of the metric and with the settings of the experiment.
--
-- `bucket` is 0 but for quantiles and caps by quantile: 1 + floor(log(x / 1e-9) / log(1.01)), and the negative of that for
-- negative values.
CREATE OR REPLACE VIEW experiments_analytics.experiment_contributions_computed AS
SELECT
    experiment_id, user_id, person, version, x, y, p, q, counted, refused,
    toInt16(if(in_buckets AND x != 0, sign(x) * (1 + floor(log(toFloat64(abs(x))) / log(1.01))), 0)) AS bucket
FROM
(
    SELECT
        experiment_id,
        user_id,
        person,
        version,
        in_buckets,
        toInt128(if(fits, if(whole_x < cap_units, whole_x, cap_units), 0)) AS x,
        toInt128(if(fits, total_y, 0)) AS y,
        toInt128(if(fits, if(whole_p < cap_units, whole_p, cap_units), 0)) AS p,
        toInt128(if(fits, total_q, 0)) AS q,
        toUInt8(fits AND events_x > 0) AS counted,
        toUInt32(refused + if(fits, 0, events_x + events_y)) AS refused
    FROM
    (
        -- Not by least() and greatest(): compiled, these take an Int128 for unsigned (ClickHouse 26.7).
        SELECT *, toInt128('1000000000000000000000000') AS most,
               abs(whole_x) <= most AND abs(total_y) <= most AND abs(whole_p) <= most AND abs(total_q) <= most AS fits
        FROM
        (
            SELECT
                experiment_id, user_id, person, version, in_buckets, cap_units, events_x, events_y, total_y, total_q, refused,
                multiIf(
                    measured = 1, toInt128(events_x > 0) * 1000000000,
                    measured = 4, toInt128(round(toFloat64(total_x) / greatest(events_x, 1))),
                    measured = 5, max_x,
                    total_x) AS whole_x,
                if(measured = 1, toInt128(events_p > 0) * 1000000000, total_p) AS whole_p
            FROM
            (
                SELECT
                    experiment_id,
                    user_id,
                    version,
                    any(person) AS person,
                    any(if(kind = 'quantile', toInt8(quantile_of), toInt8(kind))) AS measured,
                    any(if(isNull(cap), toInt128('1000000000000000000000000'), toInt128(round(assumeNotNull(cap) * 1e9)))) AS cap_units,
                    any(in_buckets) AS in_buckets,
                    countIf(after AND side = 1 AND good) AS events_x,
                    countIf(after AND side = 2 AND good) AS events_y,
                    countIf(before AND side = 1 AND good) AS events_p,
                    sumIf(units, after AND side = 1) AS total_x,
                    sumIf(units, after AND side = 2) AS total_y,
                    sumIf(units, before AND side = 1) AS total_p,
                    sumIf(units, before AND side = 2) AS total_q,
                    maxIf(units, after AND side = 1 AND good) AS max_x,
                    countIf(after AND NOT good) AS refused
                FROM
                (
                    SELECT *, isFinite(number) AND abs(number) <= 1e15 AS good, if(good, toInt128(round(number * 1e9)), 0) AS units
                    FROM
                    (
                        SELECT
                            *,
                            multiIf(
                                number_of = 1, 1,
                                number_of = 2, value,
                                number_of = 3, score,
                                match(JSONExtractString(properties, property), '^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$'),
                                JSONExtractFloat(properties, property),
                                nan) AS number
                        FROM experiments_analytics.experiment_metric_parts(everything = {everything:Bool})
                    )
                )
                GROUP BY experiment_id, user_id, version
            )
        )
    )
);

-- Both in one row, as experiment_user_rows keeps them.
CREATE OR REPLACE VIEW experiments_analytics.experiment_user_rows_computed AS
SELECT
    experiment_id,
    user_id,
    person.1 AS variants, person.2 AS variant_id, person.3 AS assigned_at, person.4 AS first_exposure, person.5 AS state,
    person.6 AS first_conversion, person.7 AS conversions, person.8 AS value_units, person.9 AS clicked,
    person.10 AS device, person.11 AS browser, person.12 AS page, person.13 AS phase, person.14 AS events,
    person.15 AS before_assignment, person.16 AS no_assignment, person.17 AS unknown_variant, person.18 AS clock_ahead,
    person.19 AS outside_period, person.20 AS before_exposure, person.21 AS without_value, person.22 AS definition,
    metrics
FROM
(
    SELECT
        experiment_id,
        user_id,
        any(contributions.person) AS person,
        CAST(arraySort(groupArrayIf((version, x, y, p, q, counted, refused, bucket), version != 0)),
             'Array(Tuple(version UInt64, x Int128, y Int128, p Int128, q Int128, counted UInt8, refused UInt32, bucket Int16))') AS metrics
    FROM experiments_analytics.experiment_contributions_computed(everything = {everything:Bool}) AS contributions
    GROUP BY experiment_id, user_id
);

-- The users at once, without waiting for a refresh; quick for one experiment (WHERE experiment_id = …).
CREATE OR REPLACE VIEW experiments_analytics.experiment_users_now AS
SELECT
    experiment_id, user_id, variants, variant_id, assigned_at, first_exposure, state, first_conversion, conversions, value, clicked, device,
    browser, page, phase, events, before_assignment, no_assignment, unknown_variant, clock_ahead, outside_period, before_exposure, without_value
FROM experiments_analytics.experiment_users_computed(everything = true);

-- Needs no more than that.
