"""The tables compute themselves, in their order, and applying the bundle again leaves them as they are."""
import shutil

import pytest

from tests.analytics.analytics import DATABASE, REFRESHED, SCHEDULED, Analytics, schedule, users
from tests.support.bundle import SQL

BUSY = "SELECT count() FROM system.view_refreshes WHERE status NOT IN ('Scheduled', 'WaitingForDependencies')"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Analytics(tmp_path_factory.mktemp("refresh")) as server:
        yield server


def converted(experiment: int) -> str:
    return (f"SELECT sum(users_converted) FROM {DATABASE}.experiment_results "
            f"WHERE experiment_id = {experiment} AND metric = 'conversion'")


@pytest.mark.parametrize("experiment, interval", [(1, "AFTER 1 SECOND"), (2, "EVERY 1 SECOND")])
def test_results_follow_the_events_by_themselves(server, experiment, interval):
    schedule(server, interval)
    server.insert(users(experiment, 0, 10, 3) + users(experiment, 1, 10, 4))
    server.wait_for(converted(experiment), 7, seconds=150)
    server.insert(users(experiment, 1, 10, 5, first=10))
    server.wait_for(converted(experiment), 12, seconds=150)
    for row in server.rows(f"SELECT view, exception FROM system.view_refreshes WHERE database = '{DATABASE}'"):
        assert row["exception"] == "", row
    server.hold()


def test_applying_again_changes_nothing(server):
    """No definition, schedule or row; and no view is away for a moment, or it would come back with another identity."""
    def state() -> dict:
        views = server.rows(f"SELECT name, create_table_query, if(name LIKE '%_mv', toString(uuid), '') AS identity "
                            f"FROM system.tables WHERE database = '{DATABASE}' AND name NOT LIKE '.tmp%'")
        # A merge may take away what a newer row replaces.
        rows = {table: server.value(f"SELECT count() FROM {DATABASE}.{table}{' FINAL' * (table in ('experiment_hours', 'experiment_totals'))}")
                for table in [*REFRESHED, "experiment_totals"]}
        return {view.pop("name"): view for view in views} | {f"rows of {table}": count for table, count in rows.items()}

    schedule(server, "EVERY 3 DAY")
    server.refresh()
    server.wait_for(BUSY, 0)
    before = state()
    assert before["rows of experiment_results"] > 0 and before["experiment_results_mv"]["identity"]
    server.make()
    assert state() == before
    assert all("REFRESH EVERY 3 DAY" in server.query(f"SHOW CREATE TABLE {DATABASE}.{table}_mv") for table in SCHEDULED)
    server.hold()


def test_applying_gives_a_table_that_computes_itself_its_new_query(server):
    sql = server.folder / "sql"
    shutil.copytree(SQL, sql)
    path = sql / "experiments" / "14_events_by_time.sql"
    text = path.read_text()
    assert "sum(hours.counted) AS counted,\n    minIf" in text
    total = f"SELECT sum(counted) FROM {DATABASE}.variants_seen"
    try:
        path.write_text(text.replace("sum(hours.counted) AS counted,\n    minIf", "1000000 AS counted,\n    minIf"))
        server.make(sql)
        server.refresh()
        assert server.value(total) >= 1_000_000
    finally:
        path.write_text(text)
        server.make(sql)
        server.refresh()
    assert server.value(total) < 1_000_000


def test_a_refresh_that_fails_says_why_and_leaves_the_last_rows(server):
    server.query(f"RENAME TABLE {DATABASE}.variants_seen TO {DATABASE}.variants_away")
    try:
        server.query(f"SYSTEM REFRESH VIEW {DATABASE}.experiment_results_mv")
        server.wait_for(f"SELECT position(exception, 'variants_seen') > 0 FROM system.view_refreshes "
                        "WHERE view = 'experiment_results_mv'", 1)
        assert server.value(converted(1)) == 12
        (alert,) = server.rows(f"SELECT * FROM {DATABASE}.pipeline_alerts WHERE alert = 'figures are old'")
        assert alert["place"] == "experiment_results_mv" and "variants_seen" in alert["detail"]
    finally:
        server.query(f"RENAME TABLE {DATABASE}.variants_away TO {DATABASE}.variants_seen")
    server.refresh()
    assert server.value("SELECT count() FROM system.view_refreshes WHERE exception != ''") == 0
    assert server.value(f"SELECT count() FROM {DATABASE}.pipeline_alerts WHERE alert = 'figures are old'") == 0
