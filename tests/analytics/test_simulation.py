"""Experiments whose truth is known, made in the engine from fixed seeds: how often the results are wrong.

1,000 experiments without an effect and 500 with one, each looked at 6 times as it grows by 200 users a look. A rate of errors
is right where it lies within the 99.9 % bounds of its binomial distribution.
"""
import pytest
from scipy import stats

from tests.analytics.analytics import DATABASE, Analytics
from tests.analytics.figures import note

NULL, EFFECTIVE, LOOKS, USERS = 1000, 500, 6, 200
RATE, EFFECT = 0.2, 0.06

# Everything random is a hash of the user: its variant, whether it converts, and an exponentially distributed value.
GROW = f"""
INSERT INTO {DATABASE}.events_processed
    (id, experiment_id, variant_id, user_id, variant_key, event_type, timestamp, assignment_at, created_at, value, outbox_id)
WITH
    intDiv(number, {USERS}) + 1 AS experiment,
    {{look:UInt32}} * {USERS} + number % {USERS} AS person,
    toDateTime64('2026-01-01 00:00:00', 6, 'UTC') + toIntervalMinute(person) AS moment,
    salt -> cityHash64(experiment, person, salt) / 18446744073709551616. AS chance
SELECT
    'simulated',
    experiment,
    chance('variant') < 0.5 AS variant,
    toString(person),
    if(variant = 0, 'control', 'treatment'),
    kind,
    moment + if(kind = 'exposure', 0, 60),
    moment,
    moment + 60,
    if(kind = 'exposure', 0, -log(chance('value')) * 50),
    concat(kind, toString(experiment), '/', toString(person))
FROM numbers({(NULL + EFFECTIVE) * USERS})
ARRAY JOIN
    if(chance('conversion') < {RATE} + if(experiment > {NULL} AND chance('variant') < 0.5, {EFFECT}, 0),
       ['exposure', 'conversion'], ['exposure']) AS kind
"""


@pytest.fixture(scope="module")
def looks(tmp_path_factory) -> list:
    """For each look the treatments' results by (experiment, metric)."""
    found = []
    with Analytics(tmp_path_factory.mktemp("simulation")) as server:
        for look in range(LOOKS):
            server.query(GROW, params={"look": look})
            server.refresh()
            rows = server.rows(f"""
                SELECT experiment_id, metric, p_value, ci_low, ci_high, sequential_low, sequential_high, sequential_p_value,
                       srm_p_value, verdict
                FROM {DATABASE}.experiment_results WHERE NOT is_control AND metric != 'click'""")
            assert len(rows) == 2 * (NULL + EFFECTIVE)
            found.append({(row["experiment_id"], row["metric"]): row for row in rows})
    return found


def within(name: str, errors: int, trials: int, rate: float = 0.05) -> bool:
    low, high = stats.binom.interval(0.999, trials, rate)
    note(f"{name}: {errors} of {trials} ({errors / trials:.1%}), 99.9 % bounds {low:.0f} to {high:.0f}")
    return low <= errors <= high


@pytest.mark.parametrize("metric", ["conversion", "value"])
def test_false_positives_at_one_look_are_as_many_as_alpha_says(looks, metric):
    wrong = sum(looks[-1][experiment, metric]["p_value"] < 0.05 for experiment in range(1, NULL + 1))
    assert within(f"{metric}: p < 0.05 without an effect", wrong, NULL)


@pytest.mark.parametrize("metric", ["conversion", "value"])
def test_p_value_and_interval_agree(looks, metric):
    """A Wald interval and a pooled test may differ at the edge alone; Welch's never."""
    apart = [row for row in looks[-1].values() if row["metric"] == metric
             and (row["p_value"] < 0.05) == (row["ci_low"] <= 0 <= row["ci_high"])]
    assert all(0.045 < row["p_value"] < 0.055 for row in apart) and (metric == "conversion" or not apart)


def test_false_alarms_of_the_sample_ratio_are_as_many_as_its_level_says(looks):
    wrong = sum(looks[-1][experiment, "conversion"]["srm_p_value"] < 0.05 for experiment in range(1, NULL + 1))
    assert within("sample ratio: p < 0.05 with a true split", wrong, NULL)


def test_the_interval_covers_a_known_effect(looks):
    effective = range(NULL + 1, NULL + EFFECTIVE + 1)
    rows = [looks[-1][experiment, "conversion"] for experiment in effective]
    assert within("intervals without the effect", sum(not row["ci_low"] <= EFFECT <= row["ci_high"] for row in rows), EFFECTIVE)
    found = sum(row["verdict"].startswith("Better") for row in rows)
    note(f"a difference of {EFFECT} was seen in {found} of {EFFECTIVE}")
    assert found > EFFECTIVE / 2


@pytest.mark.parametrize("metric", ["conversion", "value"])
def test_peeking_ruins_the_p_value_and_not_the_sequential_one(looks, metric):
    def ever_below(column: str) -> int:
        return sum(any((look[experiment, metric][column] or 1) < 0.05 for look in looks) for experiment in range(1, NULL + 1))

    fixed, sequential = ever_below("p_value"), ever_below("sequential_p_value")
    note(f"{metric}, {LOOKS} looks without an effect: p < 0.05 at some look {fixed}, sequential p {sequential} of {NULL}")
    assert not within("p_value", fixed, NULL) and fixed > 0.1 * NULL
    assert sequential <= stats.binom.ppf(0.9995, NULL, 0.05)


def test_the_sequential_interval_covers_a_known_effect_at_all_looks(looks):
    outside = sum(any(look[experiment, "conversion"]["sequential_low"] is not None and not
                      look[experiment, "conversion"]["sequential_low"] <= EFFECT <= look[experiment, "conversion"]["sequential_high"]
                      for look in looks) for experiment in range(NULL + 1, NULL + EFFECTIVE + 1))
    note(f"sequential intervals that ever left the effect out: {outside} of {EFFECTIVE}")
    assert outside <= stats.binom.ppf(0.9995, EFFECTIVE, 0.05)
    assert sum(row["sequential_low"] is not None for row in looks[-1].values()) == 2 * (NULL + EFFECTIVE)
