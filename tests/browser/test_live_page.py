"""The whole chain, from PostgreSQL's outbox to the page: what experiment_users says equals a recount of PostgreSQL's own rows,
whatever happened on the way, and the page follows by itself."""
import json
import shutil
import time
from datetime import datetime, timedelta, timezone

import pytest

from tests.analytics.analytics import DATABASE, compute, decoded, schedule
from tests.analytics.figures import note
from tests.analytics.recount import moment, recount
from tests.analytics.story import EXPERIMENTS, SETTINGS, history
from tests.analytics.story import visit as visitor
from tests.browser.test_page import cells, step, wait_for, whole
from tests.stack.engine import ROOT
from tests.stack.live import TOPIC, Chain
from tests.stack.visitors import Visitors, write
from tests.support.bundle import operation
from tests.support.waiting import wait_until

KNOWN = {experiment.id: [0, 1] for experiment in EXPERIMENTS}
NOW = datetime.now(timezone.utc)
# Dead letters decoded again with their messages fixed, as the operation's file says how.
MENDED = operation("replay")[0].replace(
    "experimentEvent(message), message", "experimentEvent({0}), {0}".format(
        r"""replaceOne(message, 'variant_id\\": \\"one\\"', 'variant_id\\": 1')"""))


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    with Chain(tmp_path_factory.mktemp("page")) as chain:
        schedule(chain.engine, "AFTER 1 YEAR")
        shutil.copy(ROOT / "sql" / "experiments" / "page" / "experiments.html", chain.engine.folder)
        chain.engine.query_bytes(f"INSERT INTO {DATABASE}.experiment_settings FORMAT JSONEachRow",
                                 data="\n".join(map(json.dumps, SETTINGS)).encode())
        yield chain


SHOWN = """() => [...document.querySelectorAll('[aria-label=Users] td[data-title=Exposed]')]
    .reduce((sum, cell) => sum + Number(cell.textContent.replaceAll(',', '')), 0)"""


def shown(page) -> int:
    """The exposed users on the page, of all variants."""
    return page.evaluate(SHOWN)


def exposed(chain) -> int:
    return chain.engine.value(f"SELECT sum(users_exposed) FROM {DATABASE}.experiment_results "
                              "WHERE experiment_id = 101 AND metric = 'conversion'")


def tell(chain, rows: list) -> None:
    """Write outbox rows, and wait until they have arrived."""
    with chain.postgres.connect(autocommit=True) as connection:
        write(connection, rows)
    arrived(chain)


def arrived(chain) -> None:
    expected = chain.postgres.value("SELECT count(*) FROM outbox")
    chain.engine.wait_for(f"SELECT (SELECT count() FROM {DATABASE}.events) + (SELECT count() FROM {DATABASE}.dead_letters_open)",
                          expected, 60)


def users_of(chain) -> dict:
    compute(chain.engine)
    found = {}
    for row in chain.engine.rows(f"SELECT * FROM {DATABASE}.experiment_users"):
        for column in ("assigned_at", "first_exposure", "first_conversion"):
            row[column] = moment(row[column])
        found[row.pop("experiment_id"), row.pop("user_id")] = row | {"value": round(row["value"], 6)}
    return found


def compare(chain, what: str, fixed: bool = False) -> None:
    """experiment_users against a recount of the outbox; of the rows that cannot be decoded, as they are once fixed."""
    outbox = []
    for aggregate, payload, created in chain.postgres.rows("SELECT aggregate_id, payload, created_at FROM outbox"):
        if payload["variant_id"] == "one":
            if not fixed:
                continue
            payload["variant_id"] = 1
        outbox.append({"aggregate_id": aggregate, "payload": payload, "created_at": created})
    expected = recount(decoded(outbox), KNOWN, NOW)
    found = {}

    def computed() -> bool:
        found.clear()
        found.update(users_of(chain))
        return found == {key: found.get(key, {}) | row for key, row in expected.items()}

    # Which users an insert touched is visible a moment after its events.
    wait_until(computed, 60, lambda: f"all users are computed: {list(found.keys() ^ expected.keys())[:20]}")
    for key, row in expected.items():
        different = {column: (found[key][column], value) for column, value in row.items() if found[key][column] != value}
        assert not different, key
    delivered = chain.engine.value(f"SELECT sum(rows) FROM {DATABASE}.pipeline_minutes")
    summed = chain.engine.value(f"SELECT sum(users_converted) FROM {DATABASE}.experiment_summary WHERE segment_type = 'all'")
    assert summed == sum(row["conversions"] > 0 for row in expected.values() if row["state"] == "exposed")
    note(f"{what:42} {len(outbox):6,} rows in PostgreSQL, {delivered:6,} deliveries: {len(found):,} users, {summed} converted, on both sides")


def test_it_equals_a_recount_from_postgresql(chain):
    tell(chain, list(history(NOW, scale=0.1)))
    compare(chain, "two weeks of three experiments")


def test_events_40_days_late_equal_a_recount(chain):
    rows = [row | {"created_at": NOW} for experiment in EXPERIMENTS for number in range(5000, 5100)
            for row in visitor(experiment, number, NOW - timedelta(days=40), hurry=1)]
    tell(chain, rows)
    compare(chain, "and 300 users' events, 40 days late")


def test_the_same_messages_again_change_nothing(chain):
    delivered = f"SELECT sum(rows) FROM {DATABASE}.pipeline_minutes"
    twice = 2 * chain.engine.value(delivered)

    for statement in operation("batch"):
        chain.engine.query(statement)
    wait_until(lambda: chain.engine.value(delivered) >= twice, 60, f"{twice} rows were delivered", pause=0.3)
    for statement in operation("batch_end"):
        chain.engine.query(statement)
    compare(chain, "and every message a second time")


def test_replayed_dead_letters_equal_a_recount(chain):
    rows = [row for number in range(6000, 6040) for row in visitor(EXPERIMENTS[0], number, NOW - timedelta(days=1))]
    for row in rows:
        if row["payload"]["variant_id"] == 1:
            row["payload"]["variant_id"] = "one"
    tell(chain, rows)
    bad = sum(row["payload"]["variant_id"] == "one" for row in rows)
    assert chain.engine.value(f"SELECT count() FROM {DATABASE}.dead_letters_open") == bad > 20
    compare(chain, f"and {bad} that cannot be decoded")
    chain.engine.query(MENDED)
    chain.engine.query(MENDED)
    assert chain.engine.value(f"SELECT count() FROM {DATABASE}.dead_letters_open") == 0
    compare(chain, "and these fixed, replayed twice", fixed=True)


def test_the_page_follows_postgresql_by_itself(chain, visit, shoot, tmp_path):
    page = visit(f"{chain.engine.url}experiments#101")
    before = shown(page)
    assert before == exposed(chain)
    schedule(chain.engine, "AFTER 1 SECOND")
    started = time.monotonic()
    with Visitors(tmp_path, chain.postgres.address):
        wait_for(page, f"({SHOWN})() > {before}", seconds=60)
    note(f"live visitors were on the page after {time.monotonic() - started:.1f} s; it asks every 10 s")
    schedule(chain.engine, "AFTER 1 YEAR")
    arrived(chain)
    compare(chain, "and live visitors", fixed=True)
    page.evaluate("refresh()")
    wait_for(page, f"({SHOWN})() === {exposed(chain)}")
    shoot(page, "live")


def test_the_pipeline_as_pipeline_status_has_it(chain, visit):
    good, bad, *_ = visitor(EXPERIMENTS[0], 8000, datetime.now(timezone.utc))
    bad["payload"]["variant_id"] = "two"
    tell(chain, [good, bad])
    step(chain.engine, "page_pipeline_latest")
    page = visit(f"{chain.engine.url}experiments#101")
    (row,) = cells(page, "Pipeline")
    (want,) = chain.engine.rows(f"SELECT * FROM {DATABASE}.pipeline_status")
    assert (row["Topic"], row["Partition"]) == (TOPIC, "0")
    assert row["Events, last hour"] == whole(want["events_hour"]) and row["Events, last day"] == whole(want["events_day"])
    assert row["Errors, last day"] == whole(want["errors_day"]) != "0"
    assert row["Delay"] == f"{whole(want['delay_ms_minute'])} ms"
    assert row["State"] == want["diagnosis"] and row["State"].startswith("consuming")
