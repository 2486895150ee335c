"""The bundle itself: applied twice, over its previous version, against the layout; and how statements fail."""
import json
import re
import shutil
import subprocess

import pytest

from tests.pipeline.conftest import COLUMNS, DATABASE, LAYOUT, envelope
from tests.stack.engine import BINARY, ROOT, Engine, QueryError
from tests.support import bundle

VERSION = (ROOT / "VERSION").read_text().strip()


@pytest.fixture
def server(tmp_path):
    """An engine of its own; without a broker its Kafka tables just wait."""
    with Engine(tmp_path, level="fatal") as engine:
        yield engine


def definitions(engine) -> dict:
    """Every table, view and column of the bundle. A view that is being refreshed fills a `.tmp` table, which comes and goes."""
    return {row["name"]: row["create_table_query"] for row in engine.rows(
        "SELECT name, create_table_query FROM system.tables "
        f"WHERE database = '{DATABASE}' AND NOT startsWith(name, '.tmp')")}


def insert(engine, *messages: bytes) -> None:
    """Through decoded_events, each message in a place of its own."""
    engine.query("CREATE TABLE IF NOT EXISTS incoming (message String) ENGINE = Memory")
    engine.query("TRUNCATE TABLE incoming")
    engine.query("INSERT INTO incoming FORMAT JSONEachRow",
                 data="\n".join(json.dumps({"message": message.decode()}) for message in messages).encode())
    engine.query(f"""INSERT INTO {DATABASE}.decoded_events (event, message, topic, offset, row)
                     SELECT experimentEvent(message), message, 'test', cityHash64(message), 0 FROM incoming""")


def contents(engine) -> list:
    return engine.rows(f"SELECT event_key, id, value FROM {DATABASE}.events ORDER BY event_key") + engine.rows(
        f"SELECT message, reason, resolved FROM {DATABASE}.dead_letters_open ORDER BY message")


def test_applied_twice_changes_nothing(server):
    server.apply()
    before = definitions(server)
    insert(server, envelope("a", 1), b"bad")
    rows = contents(server)
    assert len(rows) == 2
    kept = f"SELECT name, uuid FROM system.tables WHERE database = '{DATABASE}' AND engine != 'View' ORDER BY name"
    tables = server.query(kept + " SETTINGS show_table_uuid_in_table_create_query_if_not_nil = 1")
    server.apply()
    assert definitions(server) == before
    assert contents(server) == rows
    same = [line for line in tables.splitlines() if line in server.query(kept).splitlines()]
    assert {"events_processed", "dead_letters", "decoded_events", "raw_events_kafka", "events_kafka_mv", "dead_letters_mv",
            "decoded_events_mv"} <= {line.split("\t")[0] for line in same}
    insert(server, envelope("b", 2), b"worse")
    assert len(contents(server)) == 4


def test_the_bundle_says_its_version(server):
    server.apply()
    assert server.value(f"SELECT version FROM {DATABASE}.bundle_version") == VERSION
    assert subprocess.check_output([BINARY, "--version"], text=True).split()[1] == VERSION


def test_columns_are_those_of_the_layout(server):
    server.apply()
    wanted = [(column["name"], column["type"]) for column in json.loads(LAYOUT.read_text())["columns"]]
    table = [(row["name"], re.sub(r"LowCardinality\((.*)\)", r"\1", row["type"])) for row in server.rows(
        f"SELECT name, type FROM system.columns WHERE database = '{DATABASE}' AND table = 'events_processed' "
        "ORDER BY position")]
    assert table[:len(wanted)] == wanted
    event = server.value(f"SELECT type FROM system.columns WHERE database = '{DATABASE}' "
                         "AND table = 'decoded_events' AND name = 'event'")
    assert event == "Tuple({}, {})".format(
        "outcome Enum8('event' = 0, 'skipped' = 1, 'error' = 2), reason String",
        ", ".join(f"{name} {type}" for name, type in wanted))
    assert set(COLUMNS) < {row["name"] for row in server.rows(f"DESCRIBE {DATABASE}.events_kafka_mv")}


def test_the_server_starts_again_with_the_tables(server):
    """Nothing in a stored table needs an executable function, which the server loads later than its tables."""
    server.apply()
    stored = definitions(server)
    tables = [name for name, query in stored.items() if query.startswith("CREATE TABLE")]
    assert "events_processed" in tables
    for name in tables:
        assert not re.search(r"experimentEvent|debezium(Extract|Unnest|Timestamp)", stored[name]), name
    insert(server, envelope("a", 1), b"bad")
    rows = contents(server)
    server.kill()
    server.start()
    assert contents(server) == rows
    insert(server, envelope("b", 2), b"worse")
    assert len(contents(server)) == 4


def test_a_layout_gets_a_column_while_rows_flow(server, tmp_path):
    """A new layout and its registration, then a bundle with the column; a row between each."""
    server.apply()
    insert(server, envelope("old", 1))
    layout = json.loads(LAYOUT.read_text())
    layout["columns"].insert(3, {"name": "country", "type": "String", "path": "after.payload.properties.country"})
    installed = tmp_path / LAYOUT.name
    installed.write_text(json.dumps(layout))
    server.register(installed)
    insert(server, envelope("between", 2, properties={"country": "IS"}))

    sql = tmp_path / "sql"
    shutil.copytree(ROOT / "sql", sql)
    view = sql / "experiments" / "events.sql"
    view.write_text(view.read_text().replace(
        "--| distributed events_processed",
        "ALTER TABLE {storage}.events_processed ADD COLUMN IF NOT EXISTS country String;\n\n--| distributed events_processed").replace(
        "tupleElement(event, 'lsn') AS lsn,", "tupleElement(event, 'lsn') AS lsn,\n    tupleElement(event, 'country') AS country,"))
    with pytest.raises(QueryError, match="returns other columns than experiment_event.json: run `debezium-udf register"):
        server.apply(sql)
    server.run(bundle.printed(sql=sql, LAYOUT=str(installed)))
    insert(server, envelope("new", 3, properties={"country": "IS"}))
    assert server.query(f"SELECT id, country, lsn FROM {DATABASE}.events ORDER BY event_key") == (
        "old\t\t1\nbetween\t\t1\nnew\tIS\t1\n")


def run(*arguments: str, text: str = "", script: str = "run.sh"):
    return subprocess.run([ROOT / "sql" / script, *arguments], capture_output=True, text=True, input=text,
                          env={"PATH": "/usr/local/bin:/usr/bin:/bin"})


@pytest.mark.parametrize("script", ["run.sh", "apply.sh"])
def test_a_wrong_call(script):
    assert run(script=script).returncode == run("", script=script).returncode == run("a", "b", script=script).returncode == 2
    assert run(script=script).stderr.startswith("usage: ")


def test_run_stops_at_the_first_failure_and_names_it(tmp_path):
    text = "-- Why.\nSELECT 1;\n\nSELECT 2\nFROM b;\n\nSELECT 3;\n"
    log = tmp_path / "log"
    done = run(f"cat >> {log}", text=text)
    assert done.returncode == 0 and log.read_text() == "SELECT 1;\nSELECT 2\nFROM b;\nSELECT 3;\n"
    done = run("! grep 2", text=text)
    assert done.returncode == 1
    assert "this statement failed:\nSELECT 2" in done.stderr
    assert "SELECT 3" not in done.stdout


def test_run_leaves_out_what_an_older_server_has_not():
    text = ("SELECT 1;\n-- Needs ClickHouse 24.8, for a reason.\nSELECT 2;\n-- Needs no more than that.\n"
            "CREATE MATERIALIZED VIEW v\nREFRESH DEPENDS ON\n    a,\n    b\nTO t AS\nSELECT 3;\n")
    for version, wanted in (("24.3.1", "SELECT 1;\nCREATE MATERIALIZED VIEW v\nREFRESH AFTER 10 SECOND\nTO t AS\nSELECT 3;\n"),
                            ("25.8.1", "SELECT 1;\nSELECT 2;\nCREATE MATERIALIZED VIEW v\nREFRESH AFTER 10 SECOND\nTO t AS\nSELECT 3;\n"),
                            ("26.7.1", text.replace("-- Needs ClickHouse 24.8, for a reason.\n", "").replace(
                                "-- Needs no more than that.\n", ""))):
        done = run(f"statement=$(cat); case $statement in *version*) echo {version} ;; *) echo \"$statement\" ;; esac", text=text)
        assert done.stdout == wanted, version


def test_statements_are_where_run_looks_for_them():
    """No comment looks like the end of a statement, and the last statement has one."""
    for path in [*(ROOT / "sql").glob("pipeline/**/*.sql"), *(ROOT / "sql").glob("experiments/**/*.sql")]:
        text = path.read_text()
        for line in text.splitlines():
            assert not (line.lstrip().startswith("--") and line.endswith(";")), (path.name, line)
    assert bundle.printed().rstrip().endswith(";")


def test_a_refused_statement_is_an_error(server):
    with pytest.raises(QueryError, match="Syntax error"):
        server.query("SELEC 1")


def test_a_minutes_reason_outlives_good_blocks(server):
    """A block without errors behind one with errors, in the same minute: why there were errors is still told."""
    server.apply()
    for offset, message in enumerate((b"bad", envelope("a", 1))):
        server.query(f"""INSERT INTO {DATABASE}.decoded_events (event, message, topic, offset, row, kafka_time, live)
                         SELECT experimentEvent(m), m, 'test', {offset}, 0, now64(3), true FROM (SELECT {{message:String}} AS m)""",
                     params={"message": message.decode()})
    server.query(f"OPTIMIZE TABLE {DATABASE}.pipeline_minutes FINAL")
    reasons = server.rows(f"SELECT errors, error_reason FROM {DATABASE}.pipeline_minutes WHERE errors > 0")
    assert [row["errors"] for row in reasons] == [1]
    assert reasons[0]["error_reason"].startswith("not JSON: ")
