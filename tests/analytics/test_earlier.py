"""The three metrics of release 1.1 have the figures that its own SQL gives on the same users."""
import re
from datetime import datetime, timezone

import pytest

from tests.analytics.analytics import DATABASE, decoded, users
from tests.analytics.story import SETTINGS, history
from tests.stack.engine import ROOT
from tests.support.bundle import split

EARLIER = ROOT / "tests" / "upgrade" / "release_1.1"
FIGURES = ["users_assigned", "users_exposed", "users_converted", "rate", "difference", "lift", "ci_low", "ci_high", "p_value", "p_value_holm",
           "sequential_low", "sequential_high", "sequential_p_value", "minimum_detectable_effect", "srm_p_value", "users_in_two_variants",
           "events_left_out"]


@pytest.fixture(scope="module")
def both(analytics) -> list:
    """(row of 1.1, row of this release)"""
    analytics.insert([row | {"experiment_id": row["experiment_id"] + 5000} for row in SETTINGS], "experiment_settings")
    rows = decoded(history(datetime.now(timezone.utc), scale=0.3))
    analytics.insert([row | {"experiment_id": row["experiment_id"] + 5000, "outbox_id": "earlier" + row["outbox_id"]} for row in rows])
    values = [12.5, 0, 99, 3.25] * 20
    analytics.insert([row for variant in range(3) for row in users(5999, variant, 200 + 9 * variant, 80, 30 + variant, values=values)])
    analytics.refresh()
    summary = next(part for part in split((EARLIER / "23_experiment_summary.sql").read_text()) if "experiment_summary_mv" in part)
    analytics.query(f"CREATE VIEW {DATABASE}.earlier_experiment_summary AS {summary.partition('experiment_summary AS')[2]}")
    for statement in split((EARLIER / "26_experiment_results.sql").read_text())[:2]:
        analytics.query(re.sub(r"experiments_analytics\.(experiment_(variants|summary|results_now))\b", r"experiments_analytics.earlier_\1", statement))
    earlier, now = ({(row["experiment_id"], row["metric"], row["variant_id"]): row for row in analytics.rows(
        f"SELECT * FROM {DATABASE}.{name} WHERE experiment_id > 5000 AND experiment_id < 6000")}
        for name in ("earlier_experiment_results_now", "experiment_results"))
    assert earlier.keys() == now.keys() and len(earlier) > 20
    return [(earlier[key], now[key]) for key in earlier]


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_that_of_release_1_1(both, figure):
    assert any(earlier[figure] is not None for earlier, _ in both)
    for earlier, now in both:
        # Sums are added up in another order.
        assert now[figure] == pytest.approx(earlier[figure], rel=1e-11, abs=1e-15), (earlier["experiment_id"], earlier["metric"])


def test_verdicts_differ_by_what_they_are_corrected_for_alone(both):
    for earlier, now in both:
        if now["correction"] == "" and not now["verdict"].endswith("of other days"):
            assert now["verdict"] == earlier["verdict"]
        elif (now["p_value_corrected"] < 0.05) == (now["p_value_holm"] < 0.05):
            assert now["verdict"].split()[0] == earlier["verdict"].split()[0]
