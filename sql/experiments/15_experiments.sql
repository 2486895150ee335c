-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- One row an experiment that has events or settings: its settings with their defaults filled in, its control, and what was
-- left out of it.
CREATE OR REPLACE VIEW experiments_analytics.experiments AS
WITH
    settings AS
    (
        SELECT *, true AS configured FROM experiments_analytics.experiment_settings FINAL
    ),
    found AS
    (
        SELECT
            experiment_id,
            sum(seen.events) AS events,
            sum(seen.counted) AS counted,
            minIf(seen.first_hour, seen.counted > 0) AS first_hour,
            maxIf(seen.last_hour, seen.counted > 0) AS last_hour,
            groupUniqArrayIf(variant_id, seen.events > 0) AS variants_seen,
            groupUniqArrayIf(variant_id, is_control) AS named_controls
        FROM
        (
            SELECT experiment_id, variant_id, is_control, events, counted, first_hour, last_hour
            FROM experiments_analytics.variants_seen
            UNION ALL
            SELECT experiment_id, 0, false, 0, 0, toDateTime64(0, 3, 'UTC'), toDateTime64(0, 3, 'UTC') FROM settings
        ) AS seen
        GROUP BY experiment_id
    ),
    left_out AS
    (
        SELECT
            experiment_id,
            sumIf(users, reason = 'user seen in two variants') AS users_in_two_variants,
            sum(parts.events) AS events_left_out
        FROM experiments_analytics.experiment_left_out_users AS parts
        GROUP BY experiment_id
    ),
    arraySort(arrayFilter(variant -> empty(settings.expected_split) OR mapContains(settings.expected_split, variant),
        arrayDistinct(arrayConcat(
            variants_seen,
            mapKeys(settings.expected_split),
            if(isNull(settings.control_variant_id), [], [assumeNotNull(settings.control_variant_id)]))))) AS known_variants,
    arrayFilter(variant -> has(named_controls, variant), known_variants) AS controls
SELECT
    found.experiment_id AS experiment_id,
    if(settings.name != '', settings.name, concat('Experiment ', toString(experiment_id))) AS name,
    settings.configured AS configured,
    multiIf(
        isNotNull(settings.control_variant_id), settings.control_variant_id,
        length(controls) = 1, controls[1],
        NULL) AS control_variant_id,
    multiIf(
        isNotNull(control_variant_id), '',
        empty(controls), 'no control variant: name it in experiment_settings',
        concat(toString(length(controls)), ' control variants (', arrayStringConcat(controls, ', '),
               '): name one in experiment_settings')) AS control_problem,
    known_variants AS variants,
    settings.expected_split AS expected_split,
    if(configured, settings.alpha, 0.05) AS alpha,
    if(configured, settings.power, 0.8) AS power,
    if(configured, settings.srm_alpha, 0.001) AS srm_alpha,
    if(configured, settings.sequential_tuning_users, 10000) AS sequential_tuning_users,
    found.events AS events,
    found.counted AS counted,
    found.first_hour AS first_hour,
    found.last_hour AS last_hour,
    left_out.users_in_two_variants AS users_in_two_variants,
    left_out.events_left_out AS events_left_out
FROM found
LEFT JOIN settings ON settings.experiment_id = found.experiment_id
LEFT JOIN left_out ON left_out.experiment_id = found.experiment_id;

-- Everything that was left out, or counts with a doubt: nothing is dropped without a row here. The last three reasons are
-- events that do count, with the value 0; they are read from `properties`, so ask for one experiment.
CREATE OR REPLACE VIEW experiments_analytics.experiment_left_out AS
SELECT experiment_id, reason, users, events FROM experiments_analytics.experiment_left_out_users
UNION ALL
SELECT
    experiment_id,
    multiIf(
        NOT JSONHas(properties, 'value') OR JSONType(properties, 'value') = 'Null', 'conversion without value (counts as 0)',
        match(JSONExtractString(properties, 'value'), '^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$'),
        'conversion of value 0',
        'conversion whose value is no number (counts as 0)') AS reason,
    uniqExact(user_id) AS users,
    count() AS events
FROM experiments_analytics.experiment_events
WHERE place = 'counted' AND is_conversion AND value = 0
GROUP BY experiment_id, reason;

-- Needs no more than that.
