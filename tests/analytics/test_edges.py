"""Where there is nothing to compare, or too little, or too much: each has its words, no row is lost, and no figure is other than a number."""
import math

import numpy
import pytest

from tests.analytics.analytics import DATABASE
from tests.analytics.moments import buckets, moments

FEW, VARY = "Not enough data: fewer than 30 users in one of the variants", "Not enough data: the values vary too little, or beyond all numbers"
SPREAD = numpy.arange(100.)


def ratio(x, y) -> dict:
    return {"x": numpy.asarray(x, float), "y": numpy.asarray(y, float)}


# name -> kind, what the control and the treatment have, and the verdict of the treatment
EDGES = {
    "denominator of zero": ("ratio", ratio(SPREAD, 0 * SPREAD), ratio(SPREAD, 0 * SPREAD),
                            "Not enough data: the denominator is zero in one of the variants"),
    "denominator of zero in one": ("ratio", ratio(SPREAD, SPREAD), ratio(SPREAD, 0 * SPREAD),
                                   "Not enough data: the denominator is zero in one of the variants"),
    "no events": ("sum", {"x": 0 * SPREAD}, {"x": 0 * SPREAD}, VARY),
    "no events of a share": ("conversion", {"x": 0 * SPREAD}, {"x": 0 * SPREAD}, "Not enough data: too few users with a no events of a share"),
    "no events of a ratio's numerator": ("ratio", ratio(0 * SPREAD, SPREAD), ratio(0 * SPREAD, SPREAD), VARY),
    "zero variance": ("sum", {"x": 0 * SPREAD + 7}, {"x": 0 * SPREAD + 8}, VARY),
    "zero variance in one": ("sum", {"x": 0 * SPREAD + 7}, {"x": SPREAD}, "Better than control (p < 0.0001), whenever you look"),
    "two users": ("sum", {"x": [1, 2]}, {"x": [2, 4]}, FEW),
    "one user": ("sum", {"x": [1]}, {"x": [2]}, FEW),
    "29 users": ("sum", {"x": SPREAD[:29]}, {"x": SPREAD}, FEW),
    "30 users": ("sum", {"x": SPREAD[:30]}, {"x": SPREAD}, "Better than control (p < 0.0001), if the end was planned for now: not yet safe against peeking"),
    "huge": ("sum", {"x": SPREAD * 1e300}, {"x": SPREAD * 1e300}, VARY),
    "large": ("sum", {"x": SPREAD * 1e60}, {"x": SPREAD * 2e60}, "Better than control (p < 0.0001), whenever you look"),
    "small": ("sum", {"x": SPREAD * 1e-60}, {"x": SPREAD * 2e-60}, "Better than control (p < 0.0001), whenever you look"),
    "too small": ("sum", {"x": SPREAD * 1e-200}, {"x": SPREAD * 2e-200}, VARY),
    "control around zero": ("sum", {"x": SPREAD - 49.5}, {"x": SPREAD}, "Better than control (p < 0.0001), whenever you look"),
    "quantile of equal values": ("quantile", {"x": 0 * SPREAD}, {"x": 0 * SPREAD}, VARY),
    "quantile of few": ("quantile", {"x": SPREAD[:19] + 1}, {"x": SPREAD + 1}, FEW),
    "quantile without users": ("quantile", {"x": []}, {"x": SPREAD + 1}, "Not enough data: no exposed users in one of the variants"),
}
FIRST = 3000


@pytest.fixture(scope="module")
def rows(statistics) -> dict:
    """name -> the row of each variant"""
    numbers = range(FIRST, FIRST + len(EDGES))
    statistics.experiments(numbers)
    given = []
    for number, (name, (kind, *samples, _)) in zip(numbers, EDGES.items()):
        statistics.metric(name, kind, [number])
        given += [moments(number, name, variant, **sample, **({"buckets": buckets(sample["x"])} if kind == "quantile" else {}))
                  for variant, sample in enumerate(samples) if len(sample["x"])]
    statistics.give(given)
    found: dict = {}
    for row in statistics.now(f"experiment_id >= {FIRST} AND experiment_id < {FIRST + len(EDGES)} ORDER BY variant_id"):
        found.setdefault(row["metric"], []).append(row)
    return found


@pytest.mark.parametrize("name", EDGES)
def test_each_edge_has_its_words(rows, name):
    control, treatment = rows[name]
    assert control["verdict"] == "Control" and treatment["verdict"] == EDGES[name][-1]
    for key, value in treatment.items():
        assert not isinstance(value, float) or math.isfinite(value), key
    if treatment["verdict"] == VARY:
        assert treatment["p_value"] is None and treatment["ci_low"] is None and treatment["sequential_low"] is None


def test_a_control_around_zero_leaves_the_lift_without_bounds(rows):
    _, row = rows["control around zero"]
    assert row["ci_low"] is not None and row["lift_low"] is None and row["lift_high"] is None and row["lift"] is None


def test_one_variant_only(statistics):
    statistics.experiments([3101], variants=1)
    statistics.experiments([3102], variants=1, control_variant_id=None)
    statistics.metric("alone", "sum", [3101, 3102])
    statistics.give([moments(number, "alone", 0, SPREAD) for number in (3101, 3102)])
    rows = {row["experiment_id"]: row for row in statistics.now("metric = 'alone'")}
    assert rows[3101]["verdict"] == "Control" and rows[3101]["rate"] == 49.5
    assert rows[3102]["verdict"] == "No verdict: no control variant: name it in experiment_settings"
    assert all(row["difference"] is None for row in rows.values())


def test_a_variant_that_begins_late_is_said(statistics):
    statistics.experiments([3111])
    statistics.metric("late", "sum", [3111])
    statistics.give([moments(3111, "late", variant, SPREAD + 30 * variant) for variant in (0, 1)])
    statistics.query(f"INSERT INTO {DATABASE}.variants_seen (experiment_id, variant_id, variant_key, is_control, events, counted, first_hour, last_hour) "
                     "VALUES (3111, 0, 'control', 1, 9, 9, '2026-03-01 00:00:00', '2026-03-09 00:00:00'), "
                     "(3111, 1, 'late', 0, 9, 9, '2026-03-03 05:00:00', '2026-03-09 00:00:00')")
    assert statistics.one(3111, "late")["verdict"] == (
        "Better than control (p < 0.0001), whenever you look. It began 2 days after the control: some of its users are of other days")


def test_a_metric_of_other_experiments_is_not_here(statistics):
    statistics.experiments([3121, 3122])
    statistics.metric("only there", "sum", [3122])
    assert {row["experiment_id"] for row in statistics.now("metric = 'only there'")} == {3122}


