"""experiment_results against SciPy and statsmodels, on data with known effects and on edges."""
import math

import numpy
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from tests.analytics.analytics import configure, users
from tests.analytics.figures import note
from tests.stack.engine import QueryError

# How far a figure may be from SciPy's: the formulas are the same, only the order of the additions differs.
CLOSE = 1e-9


def compare(name: str, ours: dict, theirs: dict, whole: bool = False) -> None:
    """Note the figures beside each other, of the whole row or of what is compared, then compare them."""
    title = 'SELECT * FROM experiment_results' if whole else 'experiment_results'
    note(f"{name:38}{title:>32}{'SciPy, statsmodels':>24}")
    for key in ours if whole else theirs:
        note(f"    {key:34}{ours[key]!s:>32}{theirs.get(key, '')!s:>24}")
    for key, value in theirs.items():
        assert ours[key] == pytest.approx(value, rel=CLOSE, abs=1e-12), key


def expected_proportion(control: tuple, treatment: tuple) -> dict:
    """(converted, exposed) of both"""
    (c, m), (t, n) = control, treatment
    _, p_value = proportions_ztest([t, c], [n, m])
    low, high = confint_proportions_2indep(t, n, c, m, method="wald", compare="diff")
    return {"rate": t / n, "difference": t / n - c / m, "lift": (t / n) / (c / m) - 1, "p_value": p_value,
            "p_value_holm": p_value, "ci_low": low, "ci_high": high,
            **sequential(t / n - c / m, c / m * (1 - c / m) / m + t / n * (1 - t / n) / n, n + m),
            "minimum_detectable_effect": detectable(c / m * (1 - c / m), m, n)}


def expected_mean(control, treatment) -> dict:
    control, treatment = numpy.asarray(control), numpy.asarray(treatment)
    test = CompareMeans(DescrStatsW(treatment), DescrStatsW(control))
    _, p_value = stats.ttest_ind(treatment, control, equal_var=False)
    low, high = test.tconfint_diff(usevar="unequal")
    difference = treatment.mean() - control.mean()
    error = control.var(ddof=1) / len(control) + treatment.var(ddof=1) / len(treatment)
    return {"rate": treatment.mean(), "difference": difference, "lift": difference / control.mean(), "p_value": p_value,
            "ci_low": low, "ci_high": high, **sequential(difference, error, len(control) + len(treatment)),
            "minimum_detectable_effect": detectable(control.var(ddof=1), len(control), len(treatment))}


def sequential(difference: float, error: float, size: int, tuning: int = 10_000, alpha: float = 0.05) -> dict:
    """Waudby-Smith et al., for observations of the variance size * error, rho for the narrowest at `tuning`."""
    if error == 0 or size < 200:
        return {"sequential_low": None, "sequential_high": None, "sequential_p_value": None}
    rho_squared = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuning
    deviation = math.sqrt(size * error)
    t = size * rho_squared + 1
    radius = deviation * math.sqrt(2 * t / (size ** 2 * rho_squared) * math.log(math.sqrt(t) / alpha))
    # The largest level whose interval leaves 0 out.
    p_value = math.sqrt(t) * math.exp(-(difference / deviation) ** 2 * size ** 2 * rho_squared / (2 * t))
    return {"sequential_low": difference - radius, "sequential_high": difference + radius,
            "sequential_p_value": min(1, p_value)}


def detectable(variance: float, control: int, treatment: int, alpha: float = 0.05, power: float = 0.8) -> float:
    return (stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)) * math.sqrt(variance * (1 / control + 1 / treatment))


@pytest.mark.parametrize("experiment, control, treatment", [
    (1001, (100, 1000), (130, 1000)),
    (1002, (400, 4000), (404, 4000)),
    (1003, (250, 800), (90, 400)),
    (1004, (5, 300), (290, 300)),
])
def test_conversion_equals_the_z_test(analytics, experiment, control, treatment):
    analytics.insert(users(experiment, 0, control[1], control[0]) + users(experiment, 1, treatment[1], treatment[0]))
    analytics.refresh()
    row = analytics.results(experiment, "conversion", 1)
    compare(f"conversion, {control} against {treatment}", row, expected_proportion(control, treatment), whole=experiment == 1001)
    assert (row["users_exposed"], row["users_converted"]) == (treatment[1], treatment[0])
    base = analytics.results(experiment, "conversion", 0)
    assert base["is_control"] and base["rate"] == control[0] / control[1] and base["verdict"] == "Control"
    assert [base[key] for key in ("difference", "lift", "ci_low", "p_value", "sequential_low")] == [None] * 5


def test_click_equals_the_z_test(analytics):
    analytics.insert(users(1011, 0, 500, clicked=120) + users(1011, 1, 510, clicked=160))
    analytics.refresh()
    compare("click", analytics.results(1011, "click", 1), expected_proportion((120, 500), (160, 510)))


@pytest.mark.parametrize("experiment, shift, scale", [(1021, 0, 1), (1022, 8, 3), (1023, -40, 0.5)])
def test_value_equals_welchs_t_test(analytics, experiment, shift, scale):
    chance = numpy.random.default_rng(experiment)
    control = [round(value, 2) for value in chance.lognormal(3, 1, 300)]
    treatment = [round(value, 2) for value in chance.lognormal(3, scale, 250) + shift]
    analytics.insert(users(experiment, 0, 900, 300, values=control) + users(experiment, 1, 700, 250, values=treatment))
    analytics.refresh()
    compare("value per user", analytics.results(experiment, "value", 1),
            expected_mean(control + [0] * 600, treatment + [0] * 450))


def test_holm_corrects_for_several_variants(analytics):
    counts = [100, 132, 128, 117]
    analytics.insert([row for variant, converted in enumerate(counts) for row in users(1031, variant, 1000, converted)])
    analytics.refresh()
    rows = analytics.results(1031, "conversion")
    alone = [proportions_ztest([converted, counts[0]], [1000, 1000])[1] for converted in counts[1:]]
    corrected = multipletests(alone, method="holm")[1]
    for variant in (1, 2, 3):
        compare(f"variant {variant} of 3", rows[variant],
                {"p_value": alone[variant - 1], "p_value_holm": corrected[variant - 1]})
    # Significant alone, not as one of three.
    assert rows[2]["p_value"] < 0.05 < rows[2]["p_value_holm"] and rows[2]["verdict"].startswith("No difference seen")


@pytest.mark.parametrize("experiment, split, counts", [
    (1041, {0: 1, 1: 1}, [500, 560]),
    (1042, {0: 90, 1: 10}, [930, 100]),
    (1043, {0: 1, 1: 1, 2: 1}, [300, 310, 290]),
    (1044, {0: 2, 1: 1, 2: 1, 3: 1}, [400, 250, 190, 170]),
    (1045, {0: 1, 1: 1, 2: 1, 3: 1, 4: 1}, [200, 200, 200, 200, 200]),
    (1046, {0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1}, [200, 180, 220, 260, 150, 160]),
    (1047, {0: 1, 1: 1}, [1500, 0]),
])
def test_sample_ratio_equals_the_chi_square_test(analytics, experiment, split, counts):
    configure(analytics, experiment, expected_split=split)
    analytics.insert([row for variant, count in enumerate(counts) for row in users(experiment, variant, count)])
    analytics.refresh()
    row = analytics.results(experiment, "conversion", 1)
    weights = numpy.array(list(split.values())) / sum(split.values())
    compare(f"split {split}, users {counts}", row,
            {"srm_p_value": stats.chisquare(counts, weights * sum(counts)).pvalue, "users_assigned": counts[1]})
    assert row["verdict"].startswith("No verdict: users are not split as expected") == (row["srm_p_value"] < 0.001)


def test_no_split_is_set_means_equal_shares(analytics):
    analytics.insert(users(1048, 0, 100) + users(1048, 1, 130))
    analytics.refresh()
    compare("no split", analytics.results(1048, "conversion", 1), {"srm_p_value": stats.chisquare([100, 130]).pvalue})


def test_alpha_and_power_are_settings(analytics):
    analytics.insert(users(1051, 0, 1000, 100) + users(1051, 1, 1000, 130))
    analytics.refresh()
    assert analytics.results(1051, "conversion", 1)["verdict"].startswith("Better than control (p = 0.0355), if the end was")
    configure(analytics, 1051, alpha=0.01, power=0.9, name="Checkout")
    analytics.refresh()
    row = analytics.results(1051, "conversion", 1)
    assert row["experiment"] == "Checkout" and row["verdict"].startswith("No difference seen")
    compare("alpha 0.01, power 0.9", row, {"minimum_detectable_effect":
                                           detectable(0.1 * 0.9, 1000, 1000, alpha=0.01, power=0.9)})


def test_a_clear_winner_holds_whenever_one_looks(analytics):
    analytics.insert(users(1052, 0, 1000, 100) + users(1052, 1, 1000, 200))
    analytics.insert(users(1053, 0, 1000, 200) + users(1053, 1, 1000, 100))
    analytics.refresh()
    assert analytics.results(1052, "conversion", 1)["verdict"] == "Better than control (p < 0.0001), whenever you look"
    assert analytics.results(1053, "conversion", 1)["verdict"] == "Worse than control (p < 0.0001), whenever you look"


NOTHING = ["difference", "lift", "ci_low", "ci_high", "p_value", "p_value_holm", "sequential_low", "sequential_high",
           "sequential_p_value", "minimum_detectable_effect"]


def test_no_control(analytics):
    rows = users(1061, 1, 50, 10) + users(1061, 2, 50, 20)
    analytics.insert(rows)
    analytics.refresh()
    for metric in ("conversion", "click", "value"):
        for row in analytics.results(1061, metric).values():
            assert row["verdict"] == "No verdict: no control variant: name it in experiment_settings"
            assert not row["is_control"] and [row[key] for key in NOTHING] == [None] * len(NOTHING)
    assert analytics.results(1061, "conversion", 2)["rate"] == 0.4


def test_two_controls(analytics):
    rows = users(1062, 0, 50, 10) + [row | {"variant_key": "control"} for row in users(1062, 3, 50, 20)]
    analytics.insert(rows)
    analytics.refresh()
    for row in analytics.results(1062, "conversion").values():
        assert row["verdict"] == "No verdict: 2 control variants (0, 3): name one in experiment_settings"
        assert [row[key] for key in NOTHING] == [None] * len(NOTHING)
    configure(analytics, 1062, control_variant_id=3)
    analytics.refresh()
    assert analytics.results(1062, "conversion", 3)["verdict"] == "Control"
    compare("control named by a setting", analytics.results(1062, "conversion", 0),
            {"difference": -0.2, "p_value": proportions_ztest([10, 20], [50, 50])[1]})


def test_a_control_that_nobody_saw(analytics):
    configure(analytics, 1063, control_variant_id=0, expected_split={0: 1, 1: 1})
    analytics.insert(users(1063, 1, 4, 2))
    analytics.refresh()
    rows = analytics.results(1063, "conversion")
    assert rows[0]["users_assigned"] == 0 and rows[0]["rate"] is None and rows[0]["verdict"] == "Control"
    assert rows[1]["verdict"] == "Not enough data: no exposed users in one of the variants"
    assert rows[1]["p_value"] is None and rows[1]["difference"] is None


@pytest.mark.parametrize("experiment, control, treatment, converted, verdict", [
    (1071, 1, 1, (0, 1), "Not enough data: too few users with a conversion"),
    (1072, 200, 200, (0, 0), "Not enough data: too few users with a conversion"),
    (1073, 200, 200, (200, 200), "Not enough data: too few users without a conversion"),
])
def test_too_little_to_say(analytics, experiment, control, treatment, converted, verdict):
    analytics.insert(users(experiment, 0, control, converted[0]) + users(experiment, 1, treatment, converted[1]))
    analytics.refresh()
    row = analytics.results(experiment, "conversion", 1)
    assert row["verdict"] == verdict
    assert row["difference"] == converted[1] / treatment - converted[0] / control
    if converted in ((0, 0), (200, 200)):
        assert row["p_value"] is None and row["sequential_low"] is None
    assert all(isinstance(row[key], (float, int, type(None))) for key in NOTHING)
    value = analytics.results(experiment, "value", 1)
    assert value["p_value"] is None and value["verdict"].startswith("Not enough data")


def test_large_values_keep_their_digits(analytics):
    chance = numpy.random.default_rng(7)
    control, treatment = ([round(1e6 + value, 2) for value in chance.normal(size, 40, 400)] for size in (100, 103))
    analytics.insert(users(1081, 0, 400, 400, values=control) + users(1081, 1, 400, 400, values=treatment))
    analytics.refresh()
    row = analytics.results(1081, "value", 1)
    # Sums of squares lose digits; as many stay as money needs.
    assert row["p_value"] == pytest.approx(stats.ttest_ind(treatment, control, equal_var=False).pvalue, rel=1e-3)


@pytest.mark.parametrize("experiment, values", [
    (1082, [123456789.25] * 80), (1083, [1e8 + 1e-7 * (number % 2) for number in range(80)]), (1084, [1e200, -1e200] * 40),
    (1085, [1.7e308] * 80), (1086, [1e-200, 3e-200] * 40),
])
def test_values_without_a_usable_variance_have_no_test_and_do_no_harm(analytics, experiment, values):
    """ClickHouse's Welch test throws there."""
    analytics.insert(users(experiment, 0, 80, 80, values=values) + users(experiment, 1, 80, 80, values=values))
    analytics.refresh()
    row = analytics.results(experiment, "value", 1)
    assert row["p_value"] is None and row["verdict"] == "Not enough data: the values vary too little, or beyond all numbers"
    assert analytics.value("SELECT count() > 0 FROM experiments_analytics.experiment_results WHERE p_value > 0") == 1


@pytest.mark.parametrize("wrong, constraint", [
    ({"alpha": 0}, "alpha_is_a_probability"),
    ({"alpha": 1}, "alpha_is_a_probability"),
    ({"power": 0.5}, "power_is_better_than_chance"),
    ({"srm_alpha": 2}, "srm_alpha_is_a_probability"),
    ({"expected_split": {0: 1, 1: 0}}, "weights_are_positive"),
    ({"expected_split": {0: 1, 1: 1}, "control_variant_id": 2}, "control_is_in_the_split"),
    ({"sequential_tuning_users": 0}, "tuning_users_are_some"),
])
def test_settings_that_cannot_be_are_refused(analytics, wrong, constraint):
    with pytest.raises(QueryError, match=constraint):
        configure(analytics, 1091, **wrong)


def test_the_newest_settings_count(analytics):
    for name in ("first", "second", "third"):
        configure(analytics, 1092, name=name)
    assert analytics.rows("SELECT name FROM experiments_analytics.experiments WHERE experiment_id = 1092") == [
        {"name": "third"}]


def test_settings_and_view_agree_on_the_defaults(analytics):
    columns = "alpha, power, srm_alpha, sequential_tuning_users"
    configure(analytics, 1093, name="has a row of settings")
    analytics.insert(users(1094, 0, 1))
    analytics.refresh()
    rows = analytics.rows(f"SELECT configured, {columns} FROM experiments_analytics.experiments "
                          "WHERE experiment_id IN (1093, 1094) ORDER BY experiment_id")
    assert [row.pop("configured") for row in rows] == [True, False]
    assert rows[0] == rows[1]
