"""Experiments whose truth is known, as moments of samples from fixed seeds: how often each kind of figure is wrong.

2,000 experiments without an effect and 1,000 with one, 400 users a variant. A rate is right where it lies within the 99.9 % bounds of
its binomial distribution. test_simulation asks the same of events, for the three metrics of the bundle.
"""
import numpy
import pytest
from scipy import stats

from tests.analytics.figures import note
from tests.analytics.moments import buckets, many, moments
from tests.analytics.test_simulation import within

FIRST, NULL, EFFECTIVE, USERS = 100_000, 2000, 1000, 400
EXPERIMENTS = NULL + EFFECTIVE
LOOKS = [100, 150, 200, 300, 400]
# Kind of metric -> what the treatment has more of; as large as would be seen 8 times of 10.
EFFECT = {"share": 0.0841, "mean": 0.396, "capped": 0.21, "ratio": 0.1, "adjusted": 0.3, "quantile": 1.6}
SEGMENTS = ["a", "b", "c", "d"]


def sample(chance, variant: int) -> dict:
    """Kind -> x, or x and more, of all experiments: a row an experiment."""
    size = (EXPERIMENTS, USERS)
    shift = numpy.where(numpy.arange(EXPERIMENTS) >= NULL, variant, 0)[:, None]
    visits = chance.poisson(3, size) + 1.
    before = chance.gamma(2, 2, size)
    skewed = chance.lognormal(0, 1, size)
    return {
        "share": {"x": (chance.random(size) < 0.2 + EFFECT["share"] * shift).astype(float)},
        "mean": {"x": chance.normal(10, 2, size) + EFFECT["mean"] * shift},
        "capped": {"x": skewed * (1 + EFFECT["capped"] * shift)},
        "ratio": {"x": visits * (chance.gamma(4, 0.25, size) + EFFECT["ratio"] * shift), "y": visits},
        "adjusted": {"x": before + chance.normal(10, 1.5, size) + EFFECT["adjusted"] * shift, "p": before},
        # Worse by just what the margin allows.
        "guard": {"x": chance.normal(10, 2, size) * (1 - 0.1 * variant)},
        "quantile": {"x": chance.lognormal(2, 0.5, size) + EFFECT["quantile"] * shift},
    }


@pytest.fixture(scope="module")
def rows(statistics) -> dict:
    """metric -> a row of results for each experiment, in their order."""
    chance = numpy.random.default_rng(17)
    numbers = range(FIRST, FIRST + EXPERIMENTS)
    statistics.experiments(numbers)
    samples = [sample(chance, variant) for variant in (0, 1)]
    # The cap is a quantile of both variants together.
    cap = numpy.quantile(numpy.hstack([own["capped"]["x"] for own in samples]), 0.99, axis=1, keepdims=True)
    for own in samples:
        own["capped"]["x"] = numpy.minimum(own["capped"]["x"], cap)
    kinds = {"share": ("conversion", "goal"), "mean": ("sum", "goal"), "capped": ("sum", "goal"), "ratio": ("ratio", "secondary"),
             "adjusted": ("sum", "secondary"), "guard": ("sum", "guardrail"), "quantile": ("quantile", "secondary")}
    for name, (kind, role) in kinds.items():
        statistics.metric(name, kind, numbers, role=role, margin=0.1 if name == "guard" else 0, cuped=name == "adjusted", quantile=0.75)
    for size in LOOKS:
        statistics.metric(f"mean of {size}", "sum", numbers, role="secondary")
        statistics.metric(f"ratio of {size}", "ratio", numbers, role="secondary")
    parts = []
    for variant, own in enumerate(samples):
        parts += [many(FIRST, name, variant, **columns) for name, columns in own.items() if name != "quantile"]
        for size in LOOKS:
            parts.append(many(FIRST, f"mean of {size}", variant, own["mean"]["x"][:, :size]))
            parts.append(many(FIRST, f"ratio of {size}", variant, own["ratio"]["x"][:, :size], y=own["ratio"]["y"][:, :size]))
        for number, segment in enumerate(SEGMENTS):
            parts.append(many(FIRST, "mean", variant, own["mean"]["x"][:NULL, number::len(SEGMENTS)], segment=("device", segment)))
        statistics.give([moments(number, "quantile", variant, x, buckets=buckets(x)) for number, x in zip(numbers, own["quantile"]["x"])])
    statistics.give_many("".join(parts))
    found: dict = {}
    columns = ("experiment_id, metric, difference, lift_low, lift_high, ci_low, ci_high, p_value, p_value_corrected, margin_p_value, adjusted_low, "
               "adjusted_high, adjusted_p_value, variance_gained, sequential_low, sequential_high, verdict")
    for row in statistics.now(f"experiment_id >= {FIRST} AND NOT is_control ORDER BY experiment_id", columns):
        found.setdefault(row["metric"], []).append(row)
    assert all(len(own) == EXPERIMENTS for own in found.values())
    return found


@pytest.mark.parametrize("metric", ["share", "mean", "capped", "ratio", "adjusted", "quantile"])
def test_false_positives_are_as_many_as_alpha_says(rows, metric):
    column = "adjusted_p_value" if metric == "adjusted" else "p_value"
    wrong = sum(row[column] < 0.05 for row in rows[metric][:NULL])
    assert within(f"{metric}: {column} < 0.05 without an effect", wrong, NULL)


def test_false_passes_of_a_guardrail_at_its_margin(rows):
    """Each is worse by just the margin."""
    assert within("guardrail: passed, at the margin", sum(row["margin_p_value"] < 0.05 for row in rows["guard"]), EXPERIMENTS)


@pytest.mark.parametrize("metric", ["share", "mean", "ratio", "adjusted", "quantile"])
def test_intervals_cover_the_truth(rows, metric):
    low, high = ("adjusted_low", "adjusted_high") if metric == "adjusted" else ("ci_low", "ci_high")
    outside = sum(not row[low] <= (EFFECT[metric] if number >= NULL else 0) <= row[high] for number, row in enumerate(rows[metric]))
    assert within(f"{metric}: 95 % intervals without the true difference", outside, EXPERIMENTS)


@pytest.mark.parametrize("metric, control", [("share", 0.2), ("mean", 10), ("ratio", 1), ("quantile", float(stats.lognorm.ppf(0.75, 0.5, scale=numpy.e ** 2)))])
def test_intervals_of_the_lift_cover_the_truth(rows, metric, control):
    outside = sum(not row["lift_low"] <= (EFFECT[metric] / control if number >= NULL else 0) <= row["lift_high"]
                  for number, row in enumerate(rows[metric]))
    assert within(f"{metric}: 95 % intervals without the true lift (Fieller)", outside, EXPERIMENTS)


@pytest.mark.parametrize("metric, power", [("share", 0.8), ("mean", 0.8)])
def test_a_known_effect_is_seen_as_often_as_the_power_says(rows, metric, power):
    """The effects are the detectable ones: 2.8 standard errors."""
    seen = sum(row["p_value"] < 0.05 for row in rows[metric][NULL:])
    assert within(f"{metric}: the detectable effect is seen", seen, EFFECTIVE, power)


def test_adjusting_sees_more(rows):
    plain, adjusted = (sum(row[column] < 0.05 for row in rows["adjusted"][NULL:]) for column in ("p_value", "adjusted_p_value"))
    gained = numpy.mean([row["variance_gained"] for row in rows["adjusted"]])
    # Variances: 8 of before, 2.25 of the noise.
    expected = stats.norm.sf(1.96 - 0.3 / (2 * 2.25 / USERS) ** 0.5)
    note(f"adjusted by before: {gained:.1f} % of the variance gone (true {100 * 8 / 10.25:.1f} %); a difference of 0.3 seen in {adjusted}, "
         f"without in {plain} of {EFFECTIVE}")
    assert gained == pytest.approx(100 * 8 / 10.25, abs=1) and plain < 0.5 * adjusted
    assert within("adjusted: a difference of 0.3 is seen", adjusted, EFFECTIVE, expected)


@pytest.mark.parametrize("family", [["share", "mean", "capped"], ["ratio", "adjusted", "quantile"]])
def test_several_metrics_together_are_wrong_as_seldom_as_one(rows, family):
    """Goals by Holm, secondary metrics by Benjamini and Hochberg: without any effect both keep the chance of a false verdict at alpha."""
    if "ratio" in family:
        family = [name for name in rows if name not in ("share", "mean", "capped", "guard")]
    wrong = sum(any(rows[name][number]["p_value_corrected"] < 0.05 for name in family) for number in range(NULL))
    alone = sum(any(rows[name][number]["p_value"] < 0.05 for name in family) for number in range(NULL))
    note(f"any of {len(family)} metrics below 0.05 without an effect: corrected {wrong}, without {alone} of {NULL}")
    assert wrong <= stats.binom.ppf(0.9995, NULL, 0.05) < alone
    assert sum(any(rows[name][number]["verdict"].startswith(("Better", "Worse")) for name in family) for number in range(NULL)) == wrong


def test_segments_together_are_wrong_as_seldom_as_one(statistics, rows):
    found: dict = {}
    for row in statistics.now(f"experiment_id >= {FIRST} AND NOT is_control", "experiment_id, p_value, finding", "experiment_segment_results_now"):
        found.setdefault(row["experiment_id"], []).append(row)
    assert len(found) == NULL
    wrong = sum(any(row["finding"].startswith(("Better", "Worse")) for row in own) for own in found.values())
    alone = sum(any(row["p_value"] < 0.05 for row in own) for own in found.values())
    note(f"any of {len(SEGMENTS)} segments: corrected {wrong}, without {alone} of {NULL}")
    assert wrong <= stats.binom.ppf(0.9995, NULL, 0.05) < alone


@pytest.mark.parametrize("metric", ["mean", "ratio"])
def test_sequential_intervals_cover_the_truth_at_all_looks(rows, metric):
    def outside(low: str, high: str) -> int:
        return sum(any(not row[low] <= (EFFECT[metric] if number >= NULL else 0) <= row[high] for row in looks)
                   for number, looks in enumerate(zip(*(rows[f"{metric} of {size}"] for size in LOOKS))))

    sequential, fixed = outside("sequential_low", "sequential_high"), outside("ci_low", "ci_high")
    note(f"{metric}, {len(LOOKS)} looks: sequential intervals that ever left the truth out {sequential}, fixed ones {fixed} of {EXPERIMENTS}")
    assert sequential <= stats.binom.ppf(0.9995, EXPERIMENTS, 0.05) < fixed
