"""Every figure of the results against SciPy, statsmodels or the samples themselves, from moments of generated data."""
import numpy
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import test_proportions_2indep as proportions

from tests.analytics.analytics import DATABASE
from tests.analytics.figures import note
from tests.analytics.moments import buckets, moments
from tests.analytics.test_results import sequential

# Formulas are the same, only the order of the additions differs.
CLOSE = 1e-9


def compare(name: str, ours: dict, theirs: dict, source: str, close: float = CLOSE) -> None:
    note(f"{name:52}{'experiment_results':>24}{source:>28}")
    for key, value in theirs.items():
        note(f"    {key:48}{ours[key]!s:>24}{float(value)!s:>28}")
    for key, value in theirs.items():
        assert ours[key] == pytest.approx(value, rel=close, abs=1e-12), key


def welch(treatment, control) -> dict:
    test = stats.ttest_ind(treatment, control, equal_var=False)
    interval = test.confidence_interval(0.95)
    return {"p_value": test.pvalue, "ci_low": interval.low, "ci_high": interval.high}


def fieller(treatment, control) -> tuple:
    """Where (T - r C)^2 = k^2 (var T + r^2 var C) for r = 1 + lift: the two roots."""
    error = [numpy.var(sample, ddof=1) / len(sample) for sample in (treatment, control)]
    test = stats.ttest_ind(treatment, control, equal_var=False)
    k = stats.t.ppf(0.975, test.df)
    C = numpy.mean(control)
    D = numpy.mean(treatment) - C
    return tuple(sorted(numpy.roots([C * C - k * k * error[1], -2 * (D * C + k * k * error[1]), D * D - k * k * sum(error)])))


def linear(x, y) -> numpy.ndarray:
    """A sample whose mean is the ratio of the means, and that varies as it does (delta method)."""
    ratio = numpy.mean(x) / numpy.mean(y)
    return ratio + (x - ratio * y) / numpy.mean(y)


def error_of(*samples) -> float:
    return sum(numpy.var(sample, ddof=1) / len(sample) for sample in samples)


MEANS = {
    "lognormal": lambda chance, n: chance.lognormal(2, 1, n),
    "mostly zero": lambda chance, n: chance.exponential(20, n) * (chance.random(n) < 0.1),
    "counts": lambda chance, n: chance.poisson(0.4, n).astype(float),
    "far from zero": lambda chance, n: 1e6 + chance.normal(0, 300, n),
    "below zero": lambda chance, n: -50 + chance.normal(0, 30, n),
    "tiny": lambda chance, n: chance.exponential(1e-12, n),
    "huge": lambda chance, n: chance.exponential(1e12, n),
}


SIZES = [(4, 6), (30, 47), (500, 520), (80_000, 20_000)]


@pytest.fixture(scope="module")
def means(statistics) -> dict:
    """(name, sizes) -> control, treatment, and the row of results."""
    found = {}
    for number, (name, sizes) in enumerate((name, sizes) for name in MEANS for sizes in SIZES):
        chance = numpy.random.default_rng(number)
        control, treatment = (MEANS[name](chance, n) for n in sizes)
        if numpy.std(control) > 0 and numpy.std(treatment) > 0:
            found[name, sizes] = control, treatment + 0.1 * numpy.std(control), 2000 + number
    numbers = [number for _, _, number in found.values()]
    statistics.experiments(numbers)
    statistics.metric("mean", "sum", numbers)
    statistics.give([moments(number, "mean", variant, samples[variant]) for *samples, number in found.values() for variant in (0, 1)])
    rows = {row["experiment_id"]: row for row in statistics.now("metric = 'mean' AND variant_id = 1")}
    return {key: (control, treatment, rows[number]) for key, (control, treatment, number) in found.items()}


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("name", MEANS)
def test_a_mean_is_welchs_test(means, name, sizes):
    if (name, sizes) not in means:
        assert sizes == SIZES[0]
        return
    control, treatment, row = means[name, sizes]
    gap = numpy.mean(treatment) - numpy.mean(control)
    expected = {"rate": numpy.mean(treatment), "difference": gap, "lift": gap / abs(numpy.mean(control)), **welch(treatment, control)}
    if row["lift_low"] is not None:
        low, high = fieller(treatment, control)
        expected |= {"lift_low": low, "lift_high": high} if numpy.mean(control) > 0 else {"lift_low": -high, "lift_high": -low}
        # No lift is outside exactly where no difference is.
        assert (row["lift_low"] <= 0 <= row["lift_high"]) == (row["ci_low"] <= 0 <= row["ci_high"])
    if min(sizes) >= 100:
        expected |= sequential(gap, error_of(control, treatment), sum(sizes))
        assert row["lift_low"] is not None
    # The moments themselves have 16 digits, of which a mean far from zero takes some away from the difference.
    compare(f"mean, {name}, {sizes}", row, expected, "SciPy", 1e-7 if name == "far from zero" else CLOSE)
    assert (row["ci_low"] <= 0 <= row["ci_high"]) == (row["p_value"] >= 0.05)


@pytest.fixture(scope="module")
def pairs():
    """x, y of 3,000 users a variant, p and q before; x / y is 0.2 larger in the treatment."""
    chance = numpy.random.default_rng(31)
    found = []
    for variant in (0, 1):
        taste, visits, visits_before = chance.gamma(4, 0.5, 3000), chance.poisson(5, 3000) + 1., chance.poisson(4, 3000) + 1.
        found.append((visits * (taste + 0.2 * variant) + chance.normal(0, 1, 3000), visits,
                      visits_before * taste + chance.normal(0, 1, 3000), visits_before))
    return found


def test_a_ratio_is_welchs_test_of_its_linear_form(statistics, pairs):
    statistics.experiments([2101])
    statistics.metric("ratio", "ratio", [2101], cuped=True)
    statistics.give([moments(2101, "ratio", variant, x, y=y, p=p, q=q) for variant, (x, y, p, q) in enumerate(pairs)])
    row = statistics.one(2101, "ratio")
    (xc, yc, pc, qc), (xt, yt, pt, qt) = pairs
    control, treatment = linear(xc, yc), linear(xt, yt)
    low, high = fieller(treatment, control)
    compare("ratio", row, {"rate": xt.sum() / yt.sum(), "difference": xt.sum() / yt.sum() - xc.sum() / yc.sum(), **welch(treatment, control),
                           "lift_low": low, "lift_high": high,
                           **sequential(treatment.mean() - control.mean(), error_of(control, treatment), 6000)}, "SciPy, linear form")
    before = linear(pc, qc), linear(pt, qt)
    compare("ratio, adjusted", row, adjusted(control, treatment, *before), "SciPy, statsmodels OLS")
    compare("ratio before", row, {"before_rate": before[1].mean(), "before_difference": before[1].mean() - before[0].mean(),
                                  "before_p_value": stats.ttest_ind(before[1], before[0], equal_var=False).pvalue}, "SciPy")
    assert row["verdict"].startswith("Better than control (p < 0.0001, adjusted by what the users did before)")
    # A bootstrap over users knows nothing of the delta method.
    chance = numpy.random.default_rng(5)
    again = []
    for _ in range(1000):
        one, other = chance.integers(0, 3000, 3000), chance.integers(0, 3000, 3000)
        again.append(xt[one].sum() / yt[one].sum() - xc[other].sum() / yc[other].sum())
    note(f"    standard error of the ratio's difference: {error_of(control, treatment) ** 0.5:.5f}, bootstrap {numpy.std(again):.5f}")
    assert numpy.std(again) == pytest.approx(error_of(control, treatment) ** 0.5, rel=0.1)


def adjusted(control, treatment, control_before, treatment_before) -> dict:
    """An analysis of covariance has the same slope and difference; Welch's test is of what it leaves."""
    sizes = len(control), len(treatment)
    design = numpy.column_stack([numpy.ones(sum(sizes)), numpy.repeat([0, 1], sizes), numpy.concatenate([control_before, treatment_before])])
    fit = sm.OLS(numpy.concatenate([control, treatment]), design).fit()
    own, other = treatment - fit.params[2] * treatment_before, control - fit.params[2] * control_before
    test = welch(own, other)
    return {"adjusted_difference": fit.params[1], "adjusted_p_value": test["p_value"], "adjusted_low": test["ci_low"],
            "adjusted_high": test["ci_high"], "variance_gained": 100 * (1 - error_of(own, other) / error_of(treatment, control))}


def test_a_mean_adjusted_by_before_is_an_analysis_of_covariance(statistics):
    chance = numpy.random.default_rng(32)
    before = [chance.gamma(2, 10, n) for n in (900, 1100)]
    after = [0.8 * sample + chance.normal(10 + shift, 6, len(sample)) for sample, shift in zip(before, (0, 0.9))]
    statistics.experiments([2111])
    statistics.metric("spent", "sum", [2111], cuped=True)
    statistics.give([moments(2111, "spent", variant, after[variant], p=before[variant]) for variant in (0, 1)])
    row = statistics.one(2111, "spent")
    compare("mean, adjusted", row, {**adjusted(after[0], after[1], before[0], before[1]), **welch(after[1], after[0])}, "SciPy, statsmodels OLS")
    # Of itself too small to be seen; the verdict is the adjusted one.
    assert row["p_value"] > 0.05 > row["adjusted_p_value"] and 75 < row["variance_gained"] < 90
    assert row["verdict"] == "Better than control (p < 0.0001, adjusted by what the users did before), whenever you look"


def test_a_share_adjusted_by_before(statistics):
    chance = numpy.random.default_rng(33)
    before = [(chance.random(2000) < 0.5).astype(float) for _ in (0, 1)]
    after = [(chance.random(2000) < 0.1 + 0.6 * sample + shift).astype(float) for sample, shift in zip(before, (0, 0.03))]
    statistics.experiments([2112])
    statistics.metric("back", "conversion", [2112], cuped=True)
    statistics.give([moments(2112, "back", variant, after[variant], p=before[variant]) for variant in (0, 1)])
    compare("share, adjusted", statistics.one(2112, "back"), adjusted(after[0], after[1], before[0], before[1]), "SciPy, statsmodels OLS")


def test_without_the_flag_nothing_is_adjusted(statistics):
    sample = numpy.random.default_rng(34).gamma(2, 10, (2, 500))
    statistics.experiments([2113])
    statistics.metric("plain", "sum", [2113])
    statistics.give([moments(2113, "plain", variant, sample[variant], p=sample[variant] + 1) for variant in (0, 1)])
    row = statistics.one(2113, "plain")
    assert row["adjusted_difference"] is None and row["variance_gained"] is None and row["before_rate"] is None


@pytest.mark.parametrize("experiment, direction, shift", [(2121, "up", 0), (2122, "up", -0.1), (2123, "down", 0), (2124, "down", 0.1)])
def test_a_guardrail_is_a_one_sided_test_against_its_margin(statistics, experiment, direction, shift):
    chance = numpy.random.default_rng(experiment)
    control, treatment = chance.gamma(4, 1, 1500), chance.gamma(4, 1, 1400) * (1 + shift)
    metric, margin = f"latency {experiment}", 0.06
    statistics.experiments([experiment])
    statistics.metric(metric, "sum", [experiment], role="guardrail", margin=margin, direction=direction)
    statistics.give([moments(experiment, metric, 0, control), moments(experiment, metric, 1, treatment)])
    row = statistics.one(experiment, metric)
    if direction == "up":
        test = stats.ttest_ind(treatment, (1 - margin) * control, equal_var=False, alternative="greater")
    else:
        test = stats.ttest_ind(treatment, (1 + margin) * control, equal_var=False, alternative="less")
    compare(f"guardrail, {direction}, true change {shift:+.0%}", row, {"margin_p_value": test.pvalue, **welch(treatment, control)}, "SciPy")
    if shift == 0:
        assert row["margin_p_value"] < 0.05 and row["verdict"].startswith("Not worse than control by 6 % or more (p ")
        assert "one-sided" in row["verdict"]
    else:
        assert row["verdict"].startswith("Worse than control (p < 0.0001), and a loss of 6 % or more cannot be ruled out")


def test_a_guardrail_of_shares_is_a_z_test_against_its_margin(statistics):
    control, treatment = numpy.repeat([1., 0], [4800, 1200]), numpy.repeat([1., 0], [4790, 1210])
    statistics.experiments([2125])
    statistics.metric("stays", "conversion", [2125], role="guardrail", margin=0.03)
    statistics.give([moments(2125, "stays", 0, control), moments(2125, "stays", 1, treatment)])
    row = statistics.one(2125, "stays")
    rates = [sample.mean() for sample in (control, treatment)]
    errors = [rate * (1 - rate) / 6000 for rate in rates]
    compare("guardrail of shares", row, {"margin_p_value": stats.norm.sf((rates[1] - 0.97 * rates[0]) / (errors[1] + 0.97 ** 2 * errors[0]) ** 0.5)},
            "SciPy, normal")
    # The ratio's score test asks the same: is the risk ratio at least 0.97?
    theirs = proportions(4790, 6000, 4800, 6000, value=0.97, compare="ratio", alternative="larger", method="score", correction=False).pvalue
    note(f"    statsmodels, score test of the risk ratio: {theirs}")
    assert row["margin_p_value"] == pytest.approx(theirs, rel=0.05)


@pytest.mark.parametrize("experiment, level", [(2131, 0.5), (2132, 0.9), (2133, 0.99)])
def test_a_quantile_has_the_interval_of_its_order_statistics(statistics, experiment, level):
    chance = numpy.random.default_rng(experiment)
    samples = [chance.lognormal(5 + 0.1 * variant, 0.8, 20_000) for variant in (0, 1)]
    metric = f"quantile {experiment}"
    statistics.experiments([experiment])
    statistics.metric(metric, "quantile", [experiment], quantile=level)
    statistics.give([moments(experiment, metric, variant, sample, buckets=buckets(sample)) for variant, sample in enumerate(samples)])
    row = statistics.one(experiment, metric)
    true = [numpy.quantile(sample, level) for sample in samples]
    # Of the exact order statistics (binomial), as standard errors.
    intervals = [stats.quantile_test(sample, q=true[variant], p=level).confidence_interval(0.95) for variant, sample in enumerate(samples)]
    error = sum(((interval.high - interval.low) / 2 / stats.norm.ppf(0.975)) ** 2 for interval in intervals) ** 0.5
    gap = true[1] - true[0]
    note(f"quantile {level}: {row['difference']:.4f} ({row['ci_low']:.4f} to {row['ci_high']:.4f}), SciPy's quantile_test "
         f"{gap:.4f} ({gap - 1.96 * error:.4f} to {gap + 1.96 * error:.4f})")
    # A bucket is 1 % wide.
    assert row["rate"] == pytest.approx(true[1], rel=0.005)
    assert (row["ci_high"] - row["ci_low"]) / 2 == pytest.approx(1.96 * error, rel=0.1)
    middle, radius = (row["ci_high"] + row["ci_low"]) / 2, (row["ci_high"] - row["ci_low"]) / 2
    assert middle == pytest.approx(row["difference"])
    assert row["p_value"] == pytest.approx(2 * stats.norm.sf(abs(row["difference"]) / (radius / stats.norm.ppf(0.975))), rel=1e-6)
    assert row["sequential_low"] is None


def test_corrections_over_goals_secondary_metrics_and_variants(statistics):
    chance = numpy.random.default_rng(41)
    roles = {"goal one": "goal", "goal two": "goal", "second one": "secondary", "second two": "secondary", "second three": "secondary",
             "guard": "guardrail"}
    statistics.experiments([2141], variants=3)
    rows = {}
    for name, role in roles.items():
        statistics.metric(name, "sum", [2141], role=role, margin=0.01 if role == "guardrail" else 0)
        rows[name] = [chance.normal(10 + shift * chance.random() * 0.3, 1, 800) for shift in (0, 1, 1)]
    statistics.give([moments(2141, name, variant, sample) for name, samples in rows.items() for variant, sample in enumerate(samples)])
    found = {(row["metric"], row["variant_id"]): row for row in statistics.now("experiment_id = 2141")}
    for role, method, words in (("goal", "holm", "Holm over 4 comparisons of goals"),
                                ("secondary", "fdr_bh", "Benjamini-Hochberg over 6 comparisons of secondary metrics"),
                                ("guardrail", "holm", "Holm over 2 comparisons of guard")):
        keys = [(name, variant) for name, own in roles.items() if own == role for variant in (1, 2)]
        column = "margin_p_value" if role == "guardrail" else "p_value"
        theirs = multipletests([found[key][column] for key in keys], method=method)[1]
        for key, value in zip(keys, theirs):
            compare(f"{words}: {key}", found[key], {"p_value_corrected": value}, "statsmodels")
            assert found[key]["correction"] == words
        sequential_column = f"sequential_{column}"
        if sequential_column in found[keys[0]]:
            theirs = multipletests([found[key][sequential_column] for key in keys], method=method)[1]
            assert [found[key]["sequential_p_value_corrected"] for key in keys] == pytest.approx(list(theirs))
    for name in roles:
        theirs = multipletests([found[name, variant]["p_value"] for variant in (1, 2)], method="holm")[1]
        assert [found[name, variant]["p_value_holm"] for variant in (1, 2)] == pytest.approx(list(theirs))
    decided = [row for row in found.values() if row["verdict"].startswith(("Better", "Worse", "Not worse"))]
    assert len(decided) > 3 and all(f", {row['correction']}" in row["verdict"] for row in decided if row["role"] != "guardrail")


def test_down_is_good(statistics):
    chance = numpy.random.default_rng(42)
    statistics.experiments([2142])
    statistics.metric("seconds", "sum", [2142], direction="down")
    statistics.give([moments(2142, "seconds", variant, chance.normal(10 - variant, 1, 500)) for variant in (0, 1)])
    assert statistics.one(2142, "seconds")["verdict"] == "Better than control (p < 0.0001), whenever you look"
    assert statistics.one(2142, "seconds")["difference"] < 0


def test_segments_are_compared_apart_and_corrected(statistics):
    chance = numpy.random.default_rng(43)
    segments = [("device", "phone"), ("device", "desktop"), ("browser", "a"), ("browser", "b"), ("page", "rare")]
    statistics.experiments([2143])
    statistics.metric("in segments", "sum", [2143])
    samples = {segment: [chance.normal(10 + 0.12 * variant * (segment[1] == "phone"), 1, 20 if segment[1] == "rare" else 3000)
                         for variant in (0, 1)] for segment in segments}
    statistics.give([moments(2143, "in segments", variant, sample, segment=segment)
                 for segment, own in [*samples.items(), (("all", ""), samples["browser", "a"])] for variant, sample in enumerate(own)])
    rows = {(row["segment_type"], row["segment"]): row
            for row in statistics.now("experiment_id = 2143 AND variant_id = 1", of="experiment_segment_results_now")}
    large = segments[:-1]
    theirs = multipletests([stats.ttest_ind(samples[key][1], samples[key][0], equal_var=False).pvalue for key in large], method="fdr_bh")[1]
    for key, value in zip(large, theirs):
        compare(f"segment {key}", rows[key], {"p_value_corrected": value, **welch(samples[key][1], samples[key][0])}, "SciPy, statsmodels")
        assert rows[key]["correction"] == "Benjamini-Hochberg over 4 comparisons in segments"
    assert rows["device", "phone"]["finding"].startswith("Better than control here (p = 0.") or \
        rows["device", "phone"]["finding"].startswith("Better than control here (p < 0.0001")
    assert rows["device", "desktop"]["finding"] == "No difference seen here"
    assert rows["page", "rare"]["finding"] == "Not enough data: fewer than 30 users in one of the variants"
    # The whole is not of the family.
    assert statistics.one(2143, "in segments")["correction"] == ""


def test_variants_that_differed_before(statistics):
    chance = numpy.random.default_rng(44)
    statistics.experiments([2144], variants=3)
    statistics.metric("known before", "sum", [2144], cuped=True)
    before = [chance.normal(10 + 0.5 * (variant == 2), 1, 500) for variant in range(3)]
    statistics.give([moments(2144, "known before", variant, chance.normal(10, 1, 500), p=sample) for variant, sample in enumerate(before)])
    fill(statistics, 2144)
    rows = {row["variant_id"]: row for row in statistics.now("experiment_id = 2144", of="experiment_before")}
    alone = [stats.ttest_ind(before[variant], before[0], equal_var=False).pvalue for variant in (1, 2)]
    corrected = multipletests(alone, method="holm")[1]
    for variant in (1, 2):
        compare(f"before, variant {variant}", rows[variant], {"before_p_value": alone[variant - 1], "p_value_corrected": corrected[variant - 1]},
                "SciPy, statsmodels")
    assert [rows[variant]["finding"] for variant in range(3)] == [
        "Control", "No difference before the experiment",
        "Differed from the control before the experiment (p < 0.0001, Holm over 2 comparisons)"]


def fill(statistics, experiment: int) -> None:
    """What a refresh does."""
    statistics.query(f"INSERT INTO {DATABASE}.experiment_results (* EXCEPT computed_at) "
                 f"SELECT * FROM {DATABASE}.experiment_results_now WHERE experiment_id = {experiment}")


def test_the_plan_and_the_detectable_effect_have_the_power_they_say(statistics):
    statistics.experiments([2151], alpha=0.01, power=0.9)
    chance = numpy.random.default_rng(45)
    statistics.metric("planned", "sum", [2151])
    statistics.metric("planned share", "conversion", [2151])
    control, treatment = chance.gamma(2, 5, 4000), chance.gamma(2, 5, 1000)
    shares = (chance.random(4000) < 0.1).astype(float), (chance.random(1000) < 0.1).astype(float)
    statistics.give([moments(2151, "planned", 0, control), moments(2151, "planned", 1, treatment),
                 moments(2151, "planned share", 0, shares[0]), moments(2151, "planned share", 1, shares[1])])
    deviation = control.std(ddof=1)
    power = NormalIndPower().power(statistics.one(2151, "planned")["minimum_detectable_effect"] / deviation, 1000, 0.01, ratio=4)
    note(f"power of the detectable effect: {power} (statsmodels), wanted 0.9")
    assert power == pytest.approx(0.9, abs=1e-6)
    fill(statistics, 2151)
    statistics.query(f"INSERT INTO {DATABASE}.users_by_day (experiment_id, variant_id, day, users_exposed) "
                 "SELECT 2151, v, today() - 10 + number, if(v = 0, 400, 100) FROM numbers(10) ARRAY JOIN [0, 1] AS v")
    plan = {(row["metric"], row["effect_share"]): row for row in statistics.now("experiment_id = 2151", of="experiment_plan")}
    row = plan["planned", 0.05]
    theirs = NormalIndPower().solve_power(0.05 * control.mean() / deviation, alpha=0.01, power=0.9, ratio=4)
    compare("plan, 5 % of a mean", row, {"users_needed": numpy.ceil(5 * theirs), "effect": 0.05 * control.mean(), "users_per_day": 500,
                                         "days_needed": numpy.ceil(5 * theirs) / 500, "days_left": (numpy.ceil(5 * theirs) - 5000) / 500},
            "statsmodels", 1e-4)
    row = plan["planned share", 0.1]
    rate = shares[0].mean()
    squared = (stats.norm.ppf(0.995) + stats.norm.ppf(0.9)) ** 2
    compare("plan, 10 % of a share", row, {"users_needed": numpy.ceil(squared / (0.1 * rate) ** 2 * (
        rate * (1 - rate) / 0.8 + 1.1 * rate * (1 - 1.1 * rate) / 0.2))}, "SciPy")
    assert all(row["users_needed"] > 0 for row in plan.values()) and ("planned share", 1) in plan
