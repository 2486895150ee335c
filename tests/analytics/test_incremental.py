"""Batches give what a computation from nothing gives, to the last digit: whatever comes, is changed, or is killed."""
import json
import random
import time
from datetime import timedelta

import pytest

from tests.analytics.analytics import DATABASE, START, STEPS, WAITING, Analytics, configure, event, step, text
from tests.analytics.recount import measured
from tests.stack.engine import Engine, QueryError
from tests.support import bundle

KNOWN = {1: None, 2: [0, 1]}
METRICS = [
    {"metric": "orders", "kind": "count", "event_types": ["conversion"]},
    {"metric": "revenue in a day", "kind": "sum", "event_types": ["conversion"], "number": "value", "window_hours": 24, "cuped": 1},
    {"metric": "capped", "kind": "sum", "event_types": ["conversion", "click"], "number": "properties.price", "cap": 40},
    {"metric": "capped by quantile", "kind": "sum", "event_types": ["conversion"], "number": "value", "cap_quantile": 0.9},
    {"metric": "mean score", "kind": "mean", "event_types": ["click"], "number": "score", "devices": ["mobile"]},
    {"metric": "highest", "kind": "max", "event_types": ["click", "conversion"], "number": "score"},
    {"metric": "per click", "kind": "ratio", "event_types": ["conversion"], "number": "value", "denominator_event_types": ["click"]},
    {"metric": "median", "kind": "quantile", "event_types": ["conversion"], "number": "value"},
    {"metric": "of nothing", "kind": "sum", "event_types": ["no such event"], "number": "value", "window_hours": 100000},
    {"metric": "only of 2", "kind": "conversion", "event_types": ["scroll"], "experiment_ids": [2]},
]


class Stepped(Analytics):
    """Its steps run when the test says so, each by itself."""

    def hold(self) -> None:
        for table in (*STEPS, "experiment_hours"):
            self.query(f"ALTER TABLE {DATABASE}.{table}_mv MODIFY REFRESH AFTER 1 YEAR APPEND")

    def restart(self) -> None:
        """As after a power failure."""
        self.kill()
        Engine.start(self)

    def settle(self) -> None:
        for _ in range(60):
            if not self.value(WAITING):
                return
            step(self, STEPS[0])
            if self.value(f"SELECT count() FROM {DATABASE}.experiment_batch"):
                for table in STEPS[1:]:
                    step(self, table)
            else:
                time.sleep(0.3)
        raise AssertionError(self.rows(f"SELECT * FROM {DATABASE}.experiment_batches"))

    def differences(self) -> int:
        """Totals that are not what they are from nothing."""
        both = [f"SELECT * FROM {DATABASE}.totals_anew", f"SELECT * EXCEPT batch FROM {DATABASE}.experiment_totals FINAL "
                "WHERE (counted, refused, x, y, p, q, xx, yy, pp, qq) != (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"]
        return sum(self.value(f"SELECT count() FROM ({one} EXCEPT {other})") for one, other in (both, both[::-1]))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Stepped(tmp_path_factory.mktemp("incremental")) as server:
        (made,) = [part for part in bundle.split(bundle.printed()) if bundle.made(part) == "experiment_totals_computed"]
        anew = made.replace("experiment_totals_computed", "totals_anew").replace("{source:String}", "'users'").replace(
            "* EXCEPT batch FROM experiments_analytics.experiment_user_rows FINAL",
            "* FROM experiments_analytics.experiment_user_rows_computed(everything = true)")
        assert anew.count("everything = true") == 1
        server.query(anew)
        configure(server, 2, expected_split={0: 1, 1: 1})
        server.insert(METRICS, "experiment_metrics")
        yield server


def messy(seed: int, count: int = 1500, first: int = 0) -> list:
    """Events of 120 users of two experiments: unassigned, early, 40 days late, from two variants or unknown ones, bad numbers."""
    chance, rows = random.Random(seed), []
    for number in range(count):
        person = chance.randrange(120)
        at = chance.choice([chance.uniform(-86400 * 3, 86400), chance.uniform(0, 40 * 86400), chance.randrange(3)])
        kind = chance.choice(["exposure", "click", "conversion", "conversion", "assignment", "scroll"])
        value = chance.choice([0, round(chance.uniform(-5, 100), 2), 1e300]) if kind == "conversion" else 0
        price = chance.choice(["1", "12.5", '"7.25"', "null", '"NaN"', '"a lot"', "1e400", "1e16", "99.99"])
        rows.append(event(
            chance.choice([1, 2]), chance.choice([person % 2] * 60 + [0, 1, 9]), f"u{person}", kind, at, key=f"messy {first + number}",
            value=value, score=chance.choice([0, 1, 2.5, -3]), properties=f'{{"price":{price}}}',
            assignment_at=chance.choice([text(START + timedelta(seconds=person))] * 9 + [None]),
            created_at=text(START + timedelta(seconds=at + chance.choice([1] * 20 + [-301]))),
            device=chance.choice(["mobile", "desktop", ""]), browser=chance.choice(["firefox", "chrome", "bot 1"]),
            page=chance.choice(["/a", "/b", "/ç"])))
    return rows


def test_batches_equal_a_computation_from_nothing(server):
    rows = messy(1)
    server.insert(rows[:1000])
    server.settle()
    assert server.value(f"SELECT count() > 100 FROM {DATABASE}.totals_anew WHERE version != 0") and server.differences() == 0
    # More of the same users, late, some twice.
    server.insert(rows[1000:] + rows[:300])
    server.settle()
    assert server.differences() == 0
    # A correction: the same event, another value, a higher position.
    corrected = [row | {"lsn": 2, "value": 33.5, "device": "tablet"} for row in rows[:200]]
    server.insert(corrected)
    rows[:200] = corrected
    server.settle()
    assert server.differences() == 0
    check_moments(server, rows)
    # Settings: a start and an end, a washout, phases, browsers of robots; and a user who is excluded.
    configure(server, 1, starts_at=text(START - timedelta(days=1)), ends_at=text(START + timedelta(days=20)), washout_hours=1,
              phases={"first": text(START - timedelta(days=9)), "second": text(START + timedelta(hours=12))}, excluded_browsers="^bot [2-9]")
    server.insert([{"user_id": "u7", "reason": "one of us"}], "experiment_excluded_users")
    server.settle()
    assert server.differences() == 0
    assert server.value(f"SELECT uniqExact(segment) FROM {DATABASE}.experiment_moments WHERE segment_type = 'phase'") == 2
    assert server.left_out(1)["user excluded"][0] == 1 and server.left_out(1)["event outside the period"][1] > 10
    # A metric that is changed, and back; one that goes.
    server.insert([METRICS[0] | {"event_types": ["click"]}], "experiment_metrics")
    server.insert([METRICS[4] | {"deleted": True}], "experiment_metrics")
    server.settle()
    assert server.differences() == 0
    assert server.value(f"SELECT count() FROM {DATABASE}.experiment_moments WHERE metric = 'mean score'") == 0
    server.insert(METRICS[:5], "experiment_metrics")
    configure(server, 1)
    server.insert([{"user_id": "u7", "deleted": True}], "experiment_excluded_users")
    server.settle()
    assert server.differences() == 0
    check_moments(server, rows)
    # By hand, unseen: the comparison finds it, and puts it right.
    server.query(f"ALTER TABLE {DATABASE}.events_processed DELETE WHERE user_id = 'u11' SETTINGS mutations_sync = 2")
    server.query(f"ALTER TABLE {DATABASE}.events_processed UPDATE value = 1.5 WHERE user_id = 'u12' SETTINGS mutations_sync = 2")
    step(server, "events_by_user_differing")
    assert server.value(f"SELECT count() FROM {DATABASE}.events_by_user_differing") == 0
    server.settle()
    assert server.differences() == 0
    assert server.value(f"SELECT count() FROM {DATABASE}.experiment_users WHERE user_id = 'u11'") == 0
    check_moments(server, [row | ({"value": 1.5} if row["user_id"] == "u12" else {}) for row in rows if row["user_id"] != "u11"])


def check_moments(server, rows: list) -> None:
    """Means and variances by a count in Python."""
    found = {(row["experiment_id"], row["metric"], row["variant_id"]): row for row in server.rows(
        f"SELECT * FROM {DATABASE}.experiment_moments WHERE segment_type = 'all' SETTINGS output_format_json_quote_denormals = 0")}
    counted = 0
    for metric in METRICS:
        for (experiment, variant), expected in measured(metric, rows, KNOWN).items():
            row = found[experiment, metric["metric"], variant]
            for name, value in expected.items():
                assert row[name] == (None if value is None else pytest.approx(value, rel=1e-12, abs=1e-12)), (metric, experiment, variant, name)
            counted += row["users_counted"]
    assert counted > 50


@pytest.mark.parametrize("after", STEPS)
def test_a_server_killed_between_two_steps_goes_on(server, after):
    number = 10 + STEPS.index(after)
    server.insert(messy(number, 400, first=10000 * number))
    server.wait_for(f"SELECT max(at) < now64(3) - INTERVAL 1 SECOND FROM {DATABASE}.experiment_touched", 1)
    for table in STEPS[:STEPS.index(after) + 1]:
        step(server, table)
    server.restart()
    # Meanwhile users of that batch go on.
    server.insert(messy(number + 50, 100, first=10000 * number + 5000))
    server.settle()
    assert server.differences() == 0


@pytest.mark.parametrize("table", ["experiment_changes", "experiment_user_rows", "experiment_totals"])
def test_an_insert_of_which_a_part_was_lost_is_made_up_for(server, table):
    """An insert of several blocks, killed: the first blocks are there."""
    number = 20 + len(table)
    server.insert(messy(number, 400, first=10000 * number))
    server.wait_for(f"SELECT max(at) < now64(3) - INTERVAL 1 SECOND FROM {DATABASE}.experiment_touched", 1)
    # A step before it is done: the view writes a part of its rows.
    done = STEPS.index(table)
    for before in STEPS[:done]:
        step(server, before)
    server.query({
        "experiment_changes": f"""
            CREATE TABLE {DATABASE}.part AS {DATABASE}.experiment_changes ENGINE = Memory""",
        "experiment_user_rows": f"""
            INSERT INTO {DATABASE}.experiment_user_rows SELECT * FROM {DATABASE}.experiment_batch_rows WHERE cityHash64(user_id) % 2""",
        "experiment_totals": f"""
            INSERT INTO {DATABASE}.experiment_totals SELECT experiment_id, version, variant_id, segment_type, segment, bucket, batch,
                * EXCEPT (experiment_id, version, variant_id, segment_type, segment, bucket, batch)
            FROM {DATABASE}.experiment_batch_totals WHERE cityHash64(variant_id, segment) % 2"""}[table])
    if table == "experiment_changes":
        step(server, table)
        server.query(f"DROP TABLE {DATABASE}.part")
        server.query(f"ALTER TABLE {DATABASE}.experiment_changes DELETE WHERE cityHash64(user_id) % 2 "
                     f"AND batch = (SELECT max(batch) FROM {DATABASE}.experiment_batch) SETTINGS mutations_sync = 2")
    server.query(f"OPTIMIZE TABLE {DATABASE}.{table} FINAL")
    # The next steps find that it is not all, and wait.
    for later in STEPS[done + 1:]:
        step(server, later)
    assert server.value(f"SELECT count() FROM {DATABASE}.experiment_batch") == 1
    server.insert(messy(number + 50, 100, first=10000 * number + 5000))
    server.settle()
    assert server.differences() == 0


def test_a_comparison_finds_a_total_that_is_wrong(server):
    server.query(f"""
        INSERT INTO {DATABASE}.experiment_totals SELECT * REPLACE (counted + 1 AS counted) FROM {DATABASE}.experiment_totals FINAL
        WHERE version = 0 AND segment_type = 'all' AND experiment_id = 1""")
    assert server.differences() > 0
    server.query(f"INSERT INTO {DATABASE}.experiment_checks VALUES (now64(3))")
    step(server, "experiment_batches")
    step(server, "experiment_totals_differing")
    step(server, "experiment_compared")
    assert server.value(f"SELECT count() FROM {DATABASE}.experiment_batch") == 0
    assert server.differences() == 0
    assert server.value(f"SELECT count() FROM {DATABASE}.experiment_differences WHERE what = 'total' AND experiment_id = 1") > 0


def test_a_user_with_a_million_events(server):
    server.query(f"""
        INSERT INTO {DATABASE}.events_processed (id, experiment_id, variant_id, user_id, event_type, timestamp, assignment_at, created_at, value)
        SELECT toString(number), 3, 0, 'busy', if(number = 0, 'exposure', 'conversion'), toDateTime64('2026-03-02 12:00:00', 6, 'UTC')
               + toIntervalSecond(number) AS at, '2026-03-02 12:00:00', at, 0.1 FROM numbers(1000001)""")
    server.settle()
    assert server.differences() == 0
    (row,) = server.rows(f"SELECT * FROM {DATABASE}.experiment_moments WHERE experiment_id = 3 AND metric = 'value' AND segment_type = 'all' "
                         "SETTINGS output_format_json_quote_denormals = 0")
    # A tenth a million times is 100,000, not 100000.00000133288.
    assert (row["users"], row["mean_x"], row["var_x"]) == (1, 100000, None)


@pytest.mark.parametrize("row, reason", [
    ({"metric": ""}, "metric_has_a_name"),
    ({"event_types": []}, "metric_names_its_event_types"),
    ({"number": "price"}, "number_is_value_score_or_a_property"),
    ({"kind": "sum", "number": ""}, "sum_mean_max_and_quantile_read_a_number"),
    ({"kind": "count"}, "conversion_and_count_read_no_number"),
    ({"kind": "ratio"}, "ratio_has_a_denominator"),
    ({"denominator_event_types": ["click"]}, "only_a_ratio_has_a_denominator"),
    ({"window_hours": 0}, "window_is_longer_than_nothing"),
    ({"cap": 5, "cap_quantile": 0.5}, "one_cap_at_most"),
    ({"cap_quantile": 1}, "cap_quantile_is_between_0_and_1"),
    ({"kind": "quantile", "cap": 4}, "conversions_and_quantiles_have_no_cap"),
    ({"kind": "mean", "cuped": True}, "mean_max_and_quantile_have_no_cuped"),
    ({"role": "guardrail", "margin": 1.5}, "margin_is_a_share"),
])
def test_a_metric_that_cannot_be_is_refused_with_the_reason(server, row, reason):
    good = {"metric": "good", "kind": "sum", "event_types": ["conversion"], "number": "value"}
    with pytest.raises(QueryError, match=reason):
        server.insert([good | row], "experiment_metrics")


def test_settings_that_cannot_be_are_refused(server):
    for settings, reason in (({"starts_at": text(START), "ends_at": text(START)}, "start_is_before_the_end"),
                             ({"phases": {"": text(START)}}, "phases_are_named_once"), ({"excluded_browsers": "("}, "REGEXP")):
        with pytest.raises(QueryError, match=reason):
            configure(server, 9, **settings)
    assert json.loads(server.query(f"SELECT count() AS n FROM {DATABASE}.experiment_settings WHERE experiment_id = 9", format="JSONEachRow"))["n"] == 0
