"""From events to verdicts of metrics that a team defines: every figure from the users' own numbers."""
from datetime import timedelta

import numpy
import pytest
from scipy import stats

from tests.analytics.analytics import DATABASE, START, event, text

EXPERIMENT, USERS, DAY = 7001, 300, 86400
EARLY = {"assignment_at": text(START - timedelta(days=12))}
METRICS = [
    {"metric": "paid a visit", "kind": "ratio", "event_types": ["conversion"], "number": "value", "denominator_event_types": ["click"],
     "role": "secondary"},
    {"metric": "paid", "kind": "sum", "event_types": ["conversion"], "number": "value", "role": "goal", "cuped": True, "cuped_days": 10},
    {"metric": "paid by most", "kind": "quantile", "event_types": ["conversion"], "number": "value", "quantile": 0.9, "role": "secondary"},
    {"metric": "visits", "kind": "count", "event_types": ["click"], "role": "guardrail", "margin": 0.2},
    {"metric": "paid at most", "kind": "max", "event_types": ["conversion"], "number": "value", "role": "secondary"},
]


@pytest.fixture(scope="module")
def people() -> list:
    """(paid, visits, paid before, most paid at once) of each user of each variant"""
    chance = numpy.random.default_rng(7)
    found = []
    for variant in (0, 1):
        own = []
        for _ in range(USERS):
            taste = chance.gamma(4, 5)
            payments = [round(taste + chance.exponential(2) + 3 * variant, 2) for _ in range(chance.integers(1, 4))]
            own.append((payments, int(chance.integers(1, 6)), round(2 * taste + chance.exponential(1), 2)))
        found.append(own)
    return found


@pytest.fixture(scope="module")
def rows(analytics, people) -> dict:
    """metric -> the treatment's row"""
    analytics.insert([{"experiment_ids": [EXPERIMENT], **metric} for metric in METRICS], "experiment_metrics")
    events = []
    for variant, own in enumerate(people):
        for number, (payments, visits, before) in enumerate(own):
            user = f"m{variant}u{number}"
            events.append(event(EXPERIMENT, variant, user, "conversion", -3 * DAY, value=before, **EARLY))
            events.append(event(EXPERIMENT, variant, user, "exposure", 60, **EARLY))
            events += [event(EXPERIMENT, variant, user, "click", 100 + turn, **EARLY) for turn in range(visits)]
            events += [event(EXPERIMENT, variant, user, "conversion", 200 + turn, value=value, **EARLY) for turn, value in enumerate(payments)]
    analytics.insert(events)
    analytics.refresh()
    return {row["metric"]: row for row in analytics.rows(
        f"SELECT * FROM {DATABASE}.experiment_results WHERE experiment_id = {EXPERIMENT} AND NOT is_control")}


@pytest.fixture(scope="module")
def samples(people) -> dict:
    return {name: [numpy.array([take(*user) for user in own], float) for own in people] for name, take in {
        "paid": lambda payments, visits, before: sum(payments), "visits": lambda payments, visits, before: visits,
        "before": lambda payments, visits, before: before, "most": lambda payments, visits, before: max(payments)}.items()}


def welch(samples: list) -> tuple:
    test = stats.ttest_ind(samples[1], samples[0], equal_var=False)
    return test.pvalue, *test.confidence_interval(0.95)


def test_a_maximum(rows, samples):
    row = rows["paid at most"]
    assert (row["p_value"], row["ci_low"], row["ci_high"]) == pytest.approx(welch(samples["most"]), rel=1e-8)


def test_a_ratio(rows, samples):
    linear = [x.sum() / y.sum() + (x - x.sum() / y.sum() * y) / y.mean() for x, y in zip(samples["paid"], samples["visits"])]
    row = rows["paid a visit"]
    assert row["rate"] == pytest.approx(samples["paid"][1].sum() / samples["visits"][1].sum())
    assert (row["p_value"], row["ci_low"], row["ci_high"]) == pytest.approx(welch(linear), rel=1e-8)


def test_a_sum_adjusted_by_before(rows, samples):
    row, paid, before = rows["paid"], samples["paid"], samples["before"]
    slope = sum(numpy.cov(x, p)[0, 1] for x, p in zip(paid, before)) / sum(numpy.var(p, ddof=1) for p in before)
    assert (row["p_value"], row["ci_low"], row["ci_high"]) == pytest.approx(welch(paid), rel=1e-8)
    adjusted = [x - slope * p for x, p in zip(paid, before)]
    assert (row["adjusted_p_value"], row["adjusted_low"], row["adjusted_high"]) == pytest.approx(welch(adjusted), rel=1e-8)
    assert row["before_rate"] == pytest.approx(before[1].mean()) and row["variance_gained"] > 10
    assert "adjusted by what the users did before" in row["verdict"]


def test_a_quantile(rows, samples):
    row = rows["paid by most"]
    assert row["rate"] == pytest.approx(numpy.quantile(samples["paid"][1], 0.9), rel=0.02)
    assert row["difference"] == pytest.approx(numpy.quantile(samples["paid"][1], 0.9) - numpy.quantile(samples["paid"][0], 0.9), abs=1.5)
    assert row["ci_low"] < row["difference"] < row["ci_high"]


def test_a_guardrail(rows, samples):
    row = rows["visits"]
    test = stats.ttest_ind(samples["visits"][1], 0.8 * samples["visits"][0], equal_var=False, alternative="greater")
    assert row["margin_p_value"] == pytest.approx(test.pvalue, rel=1e-8)
    assert row["verdict"].startswith("Not worse than control by 20 % or more")


def test_the_families(rows):
    """Of the bundle's own metrics `value` alone has a p-value here: everybody converts and clicks."""
    secondary = {name for name, row in rows.items() if row["role"] == "secondary" and row["p_value"] is not None}
    assert secondary == {"value", "paid a visit", "paid by most", "paid at most"}
    assert {rows[name]["correction"] for name in secondary} == {"Benjamini-Hochberg over 4 comparisons of secondary metrics"}
    assert rows["paid"]["correction"] == rows["visits"]["correction"] == ""
