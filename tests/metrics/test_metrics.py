"""/pipelines/metrics: what it says is what the status says, of the databases that are granted, in Prometheus's own form."""
import json
import re
import subprocess
import time

import pytest

from tests.metrics.conftest import read, samples, ticket
from tests.stack.engine import ROOT, QueryError

# Both are granted to the handler's user by the delivered file.
ONE, OTHER = "default", "experiments_analytics"
# Of the control characters Prometheus takes the line feed alone.
HOSTILE = 'a"b\\c\nd{x="y"} 1 # é\u2028\t,'


def test_without_a_pipeline_it_is_an_error(engine):
    """No answer is no health: the scrape fails."""
    status, text = read(f"{engine.url}pipelines/metrics")
    assert status == 500 and "There are no tables satisfied provided regexp" in text
    # The rules of the other files are whole.
    assert read(f"{engine.url}ping") == (200, "Ok.\n") and read(f"{engine.url}?query=SELECT+1") == (200, "1\n")
    for address in ("experiments/list", "experiments/results?experiment=1"):
        assert "Database experiments_analytics does not exist" in read(engine.url + address)[1]


@pytest.fixture(scope="module")
def two(engine):
    """Pipelines in two databases, and in one that is not granted."""
    for database, name in ((ONE, "tickets"), (ONE, "idle"), (OTHER, "orders"), ("secret", "tickets")):
        engine.run(engine.pipeline(database, name))
    engine.insert(ONE, "tickets", [ticket(1), ticket(2), ticket(3, "task"), "no JSON"])
    engine.insert(OTHER, "orders", [ticket(1)], HOSTILE)
    return engine


def test_all_databases_are_in_one_answer(two):
    found = samples(two.metrics())
    assert {label[1] for key in found for label in key[1:] if label[0] == "database"} == {ONE, OTHER}
    assert found["debezium_pipeline_code", ("code", "nothing_read"), ("database", ONE), ("partition", ""), ("pipeline", "idle"), ("topic", "")] == 11
    assert found["debezium_pipeline_info", ("database", OTHER), ("function", "ticketsRow"), ("kind", "events"), ("layout", "tickets.json"),
                 ("pipeline", "orders"), ("release", (ROOT / "VERSION").read_text().strip())] == 1
    alone = samples(two.metrics(ONE))
    assert alone.keys() == {key for key in found if ("database", OTHER) not in key}


def test_what_it_says_is_what_the_status_says(two):
    found = samples(two.metrics())
    place = (("database", ONE), ("partition", "0"), ("pipeline", "tickets"), ("topic", "tickets"))
    (row,) = two.rows(f"SELECT *, toUnixTimestamp(last_arrival) AS arrival FROM {ONE}.pipeline_status WHERE pipeline = 'tickets'")

    def value(name: str, **labels):
        return found[(f"debezium_pipeline_{name}", *sorted((*place, *labels.items())))]

    assert row["code"] == "consuming_with_errors" and value("code", code="consuming_with_errors") == 5
    assert value("last_offset") == row["last_offset"] == 3 and value("last_arrival_timestamp_seconds") == row["arrival"]
    for window in ("minute", "hour", "day"):
        for outcome, column, count in (("event", "events", 2), ("skipped", "skipped", 1), ("error", "errors", 1)):
            assert value("messages", outcome=outcome, window=window) == row[f"{column}_{window}"] == count
    assert (value("delay_p50_seconds"), value("delay_p99_seconds")) == (row["delay_p50_ms"] / 1000, row["delay_p99_ms"] / 1000)
    of_pipeline = (("database", ONE), ("pipeline", "tickets"))
    for name, count in (("dead_letters_open", 1), ("stored_rows", 2), ("parts", 1), ("partition_parts", 1), ("silence_seconds", 0)):
        assert found[(f"debezium_pipeline_{name}", *of_pipeline)] == count, name
    assert found[("executable_function_calls_total",)] >= 3 and found[("executable_function_load_failed", ("function", "ticketsRow"))] == 0


def test_gaps_and_losses(two):
    two.query(f"""INSERT INTO {ONE}.pipeline_offsets (pipeline, topic, partition, bucket, offsets)
                  SELECT 'tickets', 'gap', 1, 0, groupBitmapState(number) FROM numbers(10) WHERE number NOT IN (5, 6)""")
    since = int(time.time()) // 60 * 60 - 172_800
    two.query(f"""INSERT INTO {ONE}.pipeline_minutes (pipeline, topic, partition, minute, rows, last_offset)
                  SELECT 'tickets', 'gap', 1, toDateTime({since}), 1, 9""")
    two.query(f"""INSERT INTO {ONE}.pipeline_watch (pipeline, topic, partition, kind, first_offset, last_offset, messages)
                  VALUES ('tickets', 'gap', 1, 'lost_to_retention', 20, 29, 10)""")
    found = samples(two.metrics())
    place = (("database", ONE), ("partition", "1"), ("pipeline", "tickets"), ("topic", "gap"))
    assert found[("debezium_pipeline_gap_offsets", *place, ("verdict", "not audited"))] == 2
    assert found[("debezium_pipeline_gap_oldest_timestamp_seconds", *place, ("verdict", "not audited"))] == since
    assert found[("debezium_pipeline_losses", *sorted((*place, ("kind", "lost_to_retention"))))] == 1
    two.query(f"INSERT INTO {ONE}.pipeline_watch SELECT * REPLACE (true AS accepted, now64(3) AS looked_at) FROM {ONE}.pipeline_watch WHERE kind != 'position'")
    assert not any(key[0] == "debezium_pipeline_losses" for key in samples(two.metrics()))


def test_prometheus_takes_it(two):
    text = two.metrics()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    names = re.findall(r"^# TYPE (\w+) (?:gauge|counter)$", text, re.M)
    assert len(names) == len(set(names)) and names == re.findall(r"^# HELP (\w+) \S", text, re.M)
    assert all(name.endswith("_total") == (f"# TYPE {name} counter" in text) for name in names)
    topic = json.dumps(HOSTILE, ensure_ascii=False).replace("\u2028", "\\u2028")
    assert 'topic="' + topic.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"' in text


def test_the_page_lists_each_metric(two):
    section = (ROOT / "docs" / "metrics.md").read_text()
    listed = re.findall(r"`((?:debezium_pipeline|executable_function)_\w+)`", section)
    source = (ROOT / "sql" / "pipeline" / "64_metrics.sql").read_text()
    made = [f"debezium_pipeline_{name}" for name in re.findall(r"\('(\w+)', (?:toFloat64|delay_|1\.,)", source)]
    made += [f"executable_function_{name}" for name in re.findall(r"\('\w+', '(\w+)', 1", source)] + ["executable_function_load_failed"]
    assert len(made) > 30 and set(listed) == set(made)
    assert set(re.findall(r"^# TYPE (\w+)", two.metrics(), re.M)) <= set(listed)


def test_the_user_sees_nothing_else(two):
    def ask(sql: str) -> str:
        return two.query(sql, settings={"user": "pipelines_metrics"})

    assert int(ask(f"SELECT count() FROM {ONE}.pipeline_metrics")) > 10
    for sql in (f"SELECT * FROM {ONE}.pipeline_status", f"SELECT message FROM {ONE}.dead_letters", f"SELECT * FROM {ONE}.tickets",
                "SELECT * FROM secret.pipeline_metrics", "SELECT event FROM system.events", "SELECT * FROM merge(REGEXP('.+'), '^pipelines$')",
                "SELECT * FROM file('x', LineAsString, 'l String')", f"INSERT INTO {ONE}.dead_letters (topic) VALUES ('t')",
                f"DROP VIEW {ONE}.pipeline_metrics", "SET max_execution_time = 1000"):
        with pytest.raises(QueryError, match="ACCESS_DENIED|READONLY|CANNOT_EXTRACT_TABLE_STRUCTURE"):
            ask(sql)


def test_a_user_without_grants_is_an_error(two):
    two.grant()
    try:
        with pytest.raises(QueryError, match="There are no tables satisfied provided regexp"):
            two.metrics()
        with pytest.raises(QueryError, match="There are no tables satisfied provided regexp"):
            two.metrics(ONE)
        two.grant("secret")
        assert {label[1] for key in samples(two.metrics()) for label in key[1:] if label[0] == "database"} == {"secret"}
    finally:
        two.grant(ONE, OTHER)


def test_a_view_that_fails_is_named_and_the_others_are_had_alone(two):
    two.query(f"RENAME TABLE {OTHER}.pipeline_minutes TO {OTHER}.minutes_away")
    try:
        status, text = read(f"{two.url}pipelines/metrics")
        assert status != 200 and f"{OTHER}.pipeline_minutes" in text
        assert "debezium_pipeline_code" in two.metrics(ONE)
        with pytest.raises(QueryError, match="pipeline_minutes"):
            two.metrics(OTHER)
    finally:
        two.query(f"RENAME TABLE {OTHER}.minutes_away TO {OTHER}.pipeline_minutes")


def test_a_database_without_pipelines_is_an_answer(two):
    two.run(two.pipeline(OTHER, "orders", "--remove"))
    found = samples(two.metrics(OTHER))
    assert found[("debezium_pipeline_read_only_tables", ("database", OTHER))] == 0
    assert not any(label[0] == "pipeline" for key in found for label in key[1:])


def test_a_registration_that_cannot_be_loaded(two):
    """The server's own words: while the function still runs, after it is gone, and when it is right again."""
    path = two.folder / "tickets_function.xml"
    good = path.read_text()

    def status() -> dict:
        (row,) = two.rows(f"SELECT code, diagnosis FROM {ONE}.pipeline_status WHERE pipeline = 'tickets' AND topic = 'tickets'")
        return row

    def reload(text: str) -> None:
        # It goes by the file's time, in seconds.
        time.sleep(1.1)
        path.write_text(text)
        try:
            two.query("SYSTEM RELOAD FUNCTIONS")
        except QueryError:
            assert text != good

    words = "Code: 50. DB::Exception: Unknown data type family: Enumm8."
    two.query(f"ALTER TABLE {ONE}.pipeline_minutes DELETE WHERE errors > 0 SETTINGS mutations_sync = 2")
    two.insert(ONE, "tickets", [ticket(n) for n in range(9)])
    assert status()["code"] == "consuming"
    broken = good.replace("Enum8(", "Enumm8(", 1)
    reload(broken)
    assert status()["code"] == "registration_broken"
    assert status()["diagnosis"].startswith(f"function ticketsRow runs as it was registered before, since the server cannot load the present registration: {words}")
    assert ("ticket", "registration is broken") in [(row["severity"], row["alert"]) for row in two.rows(f"SELECT * FROM {ONE}.pipeline_alerts")]
    assert samples(two.metrics(ONE))[("executable_function_load_failed", ("function", "ticketsRow"))] == 1
    # What `debezium-udf check` says to ask.
    asked = two.rows("SELECT name, loading_error_message FROM system.user_defined_functions WHERE loading_error_message != ''")
    assert [row["name"] for row in asked] == ["ticketsRow"] and asked[0]["loading_error_message"].startswith(words)
    path.unlink()
    two.query("SYSTEM RELOAD FUNCTIONS")
    assert status()["diagnosis"].startswith("function ticketsRow is not registered: `debezium-udf register` its layout")
    reload(broken)
    assert status()["code"] == "function_missing"
    assert status()["diagnosis"].startswith(f"function ticketsRow is not registered: the server cannot load it: {words}")
    reload(good)
    assert status()["code"] == "consuming"
