-- Needs ClickHouse 24.9, for APPEND of views that refresh themselves.
--
-- From the users to totals, at a cost that follows what is new. A batch has the users that were touched since the last one.
-- They are computed anew from their events, and what has changed of them is added to the totals:
--
--   experiment_touched ─> experiment_batches ─> experiment_changes ─> experiment_user_rows ─> experiment_totals ─> done
--
-- Each arrow is a view that refreshes itself and appends. None relies on the one before it having come to its end: a step
-- writes only rows that are still missing, never a row twice, and the next begins when none is missing. So a refresh that
-- fails or is killed, in the middle of an insert or between two, is made up for by the next, and no user is added twice.

-- What a batch takes: blocks of touched users, and slices of experiments whose settings or metrics have changed, or which are
-- computed anew to compare. A batch's number is the time in milliseconds at which it was planned, and grows.
CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_batches
(
    batch    UInt64,
    step     Enum8('planned' = 1, 'done' = 2),
    at       DateTime64(3, 'UTC') DEFAULT now64(3),
    blocks   Array(UInt64),
    -- When the blocks' rows were written; from `horizon` on the next batch looks for others, and an hour before it, too.
    oldest   DateTime64(3, 'UTC'),
    newest   DateTime64(3, 'UTC'),
    horizon  DateTime64(3, 'UTC'),
    -- Users of these experiments behind `after` and up to `upto`; `last`: there are none behind them.
    slices   Array(Tuple(experiment_id UInt32, definition UInt64, versions Array(UInt64), after String, upto String, last Bool)),
    -- The totals are added up anew from all users, too.
    compare  Bool
)
ENGINE = MergeTree
ORDER BY (batch, step)
TTL toDateTime(at) + INTERVAL 7 DAY;

-- How far an experiment is with its present settings and metrics. `versions` are the metrics whose totals hold all users.
CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_progress
(
    experiment_id  UInt32,
    batch          UInt64,
    definition     UInt64,
    reached        String,
    complete       Bool,
    versions       Array(UInt64)
)
ENGINE = ReplacingMergeTree(batch)
ORDER BY experiment_id;

-- What a user is and adds to the metrics, as of a batch: the newest row of a user counts. One that has no events any more is
-- there until the operation that erased the user takes it away.
CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_user_rows
(
    experiment_id      UInt32,
    user_id            String CODEC(ZSTD(1)),
    batch              UInt64 CODEC(ZSTD(1)),
    variants           Array(UInt32) CODEC(ZSTD(1)),
    variant_id         UInt32 CODEC(ZSTD(1)),
    assigned_at        Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    first_exposure     Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    state              Enum8('exposed' = 1, 'assigned' = 2, 'never assigned' = 3, 'two variants' = 4, 'reassigned' = 5, 'excluded' = 6),
    first_conversion   Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    conversions        UInt32 CODEC(ZSTD(1)),
    value_units        Int128 CODEC(ZSTD(1)),
    clicked            Bool,
    device             LowCardinality(String),
    browser            LowCardinality(String),
    page               String CODEC(ZSTD(1)),
    phase              LowCardinality(String),
    events             UInt64 CODEC(ZSTD(1)),
    before_assignment  UInt64 CODEC(ZSTD(1)),
    no_assignment      UInt64 CODEC(ZSTD(1)),
    unknown_variant    UInt64 CODEC(ZSTD(1)),
    clock_ahead        UInt64 CODEC(ZSTD(1)),
    outside_period     UInt64 CODEC(ZSTD(1)),
    before_exposure    UInt64 CODEC(ZSTD(1)),
    without_value      UInt64 CODEC(ZSTD(1)),
    -- Of the experiment's settings.
    definition         UInt64 CODEC(ZSTD(1)),
    -- As experiment_contributions_computed has them.
    metrics            Array(Tuple(version UInt64, x Int128, y Int128, p Int128, q Int128, counted UInt8, refused UInt32, bucket Int16))
                       CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(batch)
PRIMARY KEY (experiment_id, user_id)
ORDER BY (experiment_id, user_id)
SETTINGS index_granularity = 32, min_bytes_for_wide_part = 1000000000000000, min_rows_for_wide_part = 1000000000000000;

-- The users of a batch as they are, and as they were before it: `is` and `was` differ by what the totals do not have yet.
CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_changes
(
    batch          UInt64,
    experiment_id  UInt32,
    user_id        String CODEC(ZSTD(1)),
    `is`           Tuple(
                       variants Array(UInt32), variant_id UInt32, assigned_at Nullable(DateTime64(6, 'UTC')),
                       first_exposure Nullable(DateTime64(6, 'UTC')),
                       state Enum8('exposed' = 1, 'assigned' = 2, 'never assigned' = 3, 'two variants' = 4, 'reassigned' = 5, 'excluded' = 6),
                       first_conversion Nullable(DateTime64(6, 'UTC')), conversions UInt32, value_units Int128, clicked Bool,
                       device LowCardinality(String), browser LowCardinality(String), page String, phase LowCardinality(String),
                       events UInt64, before_assignment UInt64, no_assignment UInt64, unknown_variant UInt64, clock_ahead UInt64,
                       outside_period UInt64, before_exposure UInt64, without_value UInt64,
                       definition UInt64, metrics Array(Tuple(version UInt64, x Int128, y Int128, p Int128, q Int128, counted UInt8, refused UInt32, bucket Int16))) CODEC(ZSTD(1)),
    was            Tuple(
                       variants Array(UInt32), variant_id UInt32, assigned_at Nullable(DateTime64(6, 'UTC')),
                       first_exposure Nullable(DateTime64(6, 'UTC')),
                       state Enum8('exposed' = 1, 'assigned' = 2, 'never assigned' = 3, 'two variants' = 4, 'reassigned' = 5, 'excluded' = 6),
                       first_conversion Nullable(DateTime64(6, 'UTC')), conversions UInt32, value_units Int128, clicked Bool,
                       device LowCardinality(String), browser LowCardinality(String), page String, phase LowCardinality(String),
                       events UInt64, before_assignment UInt64, no_assignment UInt64, unknown_variant UInt64, clock_ahead UInt64,
                       outside_period UInt64, before_exposure UInt64, without_value UInt64,
                       definition UInt64, metrics Array(Tuple(version UInt64, x Int128, y Int128, p Int128, q Int128, counted UInt8, refused UInt32, bucket Int16))) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY intDiv(batch, 3600000)
ORDER BY (batch, experiment_id, user_id)
TTL toDateTime(intDiv(batch, 1000)) + INTERVAL 2 HOUR
SETTINGS ttl_only_drop_parts = 1;

-- The sums over users of which the results are made: by metric (`version`), variant, segment, and bucket of the value where
-- the metric has any. The newest row of a key counts. Numbers are whole ones of 1e-9, their products of 1e-18, so a sum is
-- the same in whatever order it was added up, and the same as from nothing, to the last digit.
--
-- `version` 0 is of the users themselves. There `counted` are users assigned, `refused` users exposed, x users converted,
-- y users who clicked, p conversions, q their value; of segment_type `day` refused and x are users whose first exposure and
-- first conversion was that day, y and q the conversion and value of those first exposed then; of `state` and `left out`
-- counted are users and p events.
CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_totals
(
    experiment_id  UInt32,
    version        UInt64,
    variant_id     UInt32,
    segment_type   LowCardinality(String),
    segment        String,
    bucket         Int16,
    batch          UInt64,
    counted        Int64,
    refused        Int64,
    x              Int256,
    y              Int256,
    p              Int256,
    q              Int256,
    xx             Int256,
    yy             Int256,
    pp             Int256,
    qq             Int256,
    xy             Int256,
    xp             Int256,
    xq             Int256,
    yp             Int256,
    yq             Int256,
    pq             Int256
)
ENGINE = ReplacingMergeTree(batch)
ORDER BY (experiment_id, version, variant_id, segment_type, segment, bucket);

-- The batch at hand: planned and not done, or none.
CREATE OR REPLACE VIEW experiments_analytics.experiment_batch AS
SELECT * FROM experiments_analytics.experiment_batches
WHERE batch = (SELECT max(batch) FROM experiments_analytics.experiment_batches)
  AND batch NOT IN (SELECT batch FROM experiments_analytics.experiment_batches WHERE step = 'done');

-- Its users that are still to be computed: of its blocks, and of its slices where it has any.
--
-- Here and below, merge() with a name that a query chooses stands for a view that is looked into only when there is something
-- in it: to plan these statements costs more than they do where there is nothing new, and that is most of the time. Where
-- a server only looks at a statement, such a query is empty text, and the name is that of the view with something in it.
CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_users_of_blocks AS
SELECT experiment_id, user_id
FROM experiments_analytics.experiment_touched
WHERE at BETWEEN (SELECT max(oldest) FROM experiments_analytics.experiment_batch)
             AND (SELECT max(newest) FROM experiments_analytics.experiment_batch)
  AND block IN (SELECT arrayJoin(blocks) FROM experiments_analytics.experiment_batch);

CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_users_of_slices AS
SELECT users.experiment_id AS experiment_id, users.user_id AS user_id
FROM
(
    SELECT experiment_id, user_id FROM experiments_analytics.events_by_user
    WHERE experiment_id IN (SELECT arrayJoin(slices.experiment_id) FROM experiments_analytics.experiment_batch)
    UNION ALL
    SELECT experiment_id, user_id FROM experiments_analytics.experiment_user_rows
    WHERE experiment_id IN (SELECT arrayJoin(slices.experiment_id) FROM experiments_analytics.experiment_batch)
) AS users
INNER JOIN (SELECT arrayJoin(slices) AS slice FROM experiments_analytics.experiment_batch) AS part
    ON part.slice.experiment_id = users.experiment_id
WHERE (part.slice.after = '' OR users.user_id > part.slice.after) AND users.user_id <= part.slice.upto;

CREATE OR REPLACE VIEW experiments_analytics.experiment_batch_users AS
SELECT DISTINCT experiment_id, user_id
FROM merge('experiments_analytics',
    concat('^experiment_batch_users_of_blocks$',
           (SELECT if(countIf(notEmpty(slices)) > 0, '|^experiment_batch_users_of_slices$', '') FROM experiments_analytics.experiment_batch)))
WHERE (experiment_id, user_id) NOT IN
    (SELECT experiment_id, user_id FROM experiments_analytics.experiment_changes
     WHERE batch = (SELECT max(batch) FROM experiments_analytics.experiment_batch));

-- Who is excluded, or no more, is computed anew.
CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_analytics.experiment_touched_excluded_mv
TO {storage}.experiment_touched DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT DISTINCT
    now64(3) AS at,
    cityHash64(now64(9), randConstant(), hostName()) AS block,
    users.experiment_id AS experiment_id,
    users.user_id AS user_id
FROM {storage}.experiment_excluded_users AS given
INNER JOIN
(
    SELECT DISTINCT experiment_id, user_id FROM experiments_analytics.experiment_user_rows
    WHERE user_id IN (SELECT user_id FROM experiments_analytics.experiment_excluded_users)
) AS users ON users.user_id = given.user_id;

-- Needs no more than that.
