-- What people decide about an experiment before they look at it: one row an experiment, the newest counts. An experiment
-- without a row is analysed all the same: its control is the variant whose variant_key is `control`, its split is equal.
--
--   INSERT INTO experiments_analytics.experiment_settings (experiment_id, name, control_variant_id, expected_split)
--   VALUES (7, 'Checkout in one step', 0, map(0, 50, 1, 50))
CREATE TABLE IF NOT EXISTS experiments_analytics.experiment_settings
(
    experiment_id            UInt32,
    name                     String,
    -- NULL: the variant whose variant_key is `control`.
    control_variant_id       Nullable(UInt32),
    -- variant_id -> weight; empty: every variant that is seen, equally. A variant that is not named here is unknown: its
    -- events are left out, and counted in experiment_left_out.
    expected_split           Map(UInt32, Float64),
    -- A verdict of a difference is wrong with this probability, where there is none.
    alpha                    Float64 DEFAULT 0.05,
    -- The probability with which the minimum detectable effect would be seen: more than a coin's.
    power                    Float64 DEFAULT 0.8,
    -- Below this p-value of the chi-square test the split is not what it should be, and nothing is decided.
    srm_alpha                Float64 DEFAULT 0.001,
    -- The number of users, over both variants of a comparison, at which the sequential interval is tightest.
    sequential_tuning_users  UInt64 DEFAULT 10000,
    updated_at               DateTime64(6, 'UTC') DEFAULT now64(6),
    CONSTRAINT alpha_is_a_probability CHECK alpha > 0 AND alpha < 1,
    CONSTRAINT power_is_better_than_chance CHECK power > 0.5 AND power < 1,
    CONSTRAINT srm_alpha_is_a_probability CHECK srm_alpha > 0 AND srm_alpha < 1,
    CONSTRAINT weights_are_positive CHECK arrayAll(weight -> weight > 0 AND isFinite(weight), mapValues(expected_split)),
    CONSTRAINT variants_are_named_once CHECK length(mapKeys(expected_split)) = length(arrayDistinct(mapKeys(expected_split))),
    CONSTRAINT control_is_in_the_split
        CHECK empty(expected_split) OR isNull(control_variant_id) OR mapContains(expected_split, assumeNotNull(control_variant_id)),
    CONSTRAINT tuning_users_are_some CHECK sequential_tuning_users > 0
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY experiment_id;
