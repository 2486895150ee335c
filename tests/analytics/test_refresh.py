"""The tables compute themselves, in their order, and applying the bundle again leaves them as they are."""
import pytest

from tests.analytics.analytics import DATABASE, REFRESHED, Analytics, users

SCHEDULED = ["experiment_users", "events_by_hour"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Analytics(tmp_path_factory.mktemp("refresh")) as server:
        yield server


def schedule(server, interval: str) -> None:
    for table in SCHEDULED:
        server.query(f"ALTER TABLE {DATABASE}.{table}_mv MODIFY REFRESH {interval}")


def converted(experiment: int) -> str:
    return (f"SELECT sum(users_converted) FROM {DATABASE}.experiment_results "
            f"WHERE experiment_id = {experiment} AND metric = 'conversion'")


@pytest.mark.parametrize("experiment, interval", [(1, "AFTER 1 SECOND"), (2, "EVERY 1 SECOND")])
def test_results_follow_the_events_by_themselves(server, experiment, interval):
    schedule(server, interval)
    server.insert(users(experiment, 0, 10, 3) + users(experiment, 1, 10, 4))
    server.wait_for(converted(experiment), 7, seconds=60)
    server.insert(users(experiment, 1, 10, 5, first=10))
    server.wait_for(converted(experiment), 12, seconds=60)
    for row in server.rows(f"SELECT view, exception FROM system.view_refreshes WHERE database = '{DATABASE}'"):
        assert row["exception"] == "", row
    server.hold()


def test_applying_again_changes_nothing(server):
    def state() -> dict:
        tables = server.rows(f"SELECT name, create_table_query FROM system.tables WHERE database = '{DATABASE}' AND name NOT LIKE '.tmp%' ORDER BY name")
        data = {table: server.value(f"SELECT count() FROM {DATABASE}.{table}") for table in REFRESHED}
        return {row["name"]: row["create_table_query"] for row in tables} | data

    schedule(server, "EVERY 3 DAY")
    before = state()
    assert before["experiment_results"] > 0
    server.apply(server.bundle)
    assert state() == before
    assert all("REFRESH EVERY 3 DAY" in server.query(f"SHOW CREATE TABLE {DATABASE}.{table}_mv") for table in SCHEDULED)
    server.hold()


def test_a_refresh_that_fails_says_why_and_leaves_the_last_rows(server):
    server.query(f"RENAME TABLE {DATABASE}.variants_seen TO {DATABASE}.variants_away")
    try:
        server.query(f"SYSTEM REFRESH VIEW {DATABASE}.experiment_results_mv")
        server.wait_for(f"SELECT position(exception, 'variants_seen') > 0 FROM system.view_refreshes "
                        "WHERE view = 'experiment_results_mv'", 1)
        assert server.value(converted(1)) == 12
    finally:
        server.query(f"RENAME TABLE {DATABASE}.variants_away TO {DATABASE}.variants_seen")
    server.refresh()
    assert server.value("SELECT count() FROM system.view_refreshes WHERE exception != ''") == 0
