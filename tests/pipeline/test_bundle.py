"""The bundle itself: applied twice, over its previous version, against the layout; and how statements fail."""
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pipeline.conftest import COLUMNS, DATABASE, LAYOUT, envelope, statements
from tests.stack.engine import BINARY, ROOT, Engine, QueryError

VERSION = (ROOT / "VERSION").read_text().strip()
PREVIOUS = Path(__file__).parent / "previous"


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


def test_applied_over_its_previous_version(server):
    server.apply()
    fresh = definitions(server)
    server.query(f"DROP DATABASE {DATABASE} SYNC")
    server.apply(PREVIOUS)
    assert definitions(server) != fresh
    insert(server, envelope("a", 1, properties={"value": 2}), b"bad")
    rows = contents(server)
    assert len(rows) == 2
    server.apply()
    assert definitions(server) == fresh
    assert contents(server) == rows
    insert(server, envelope("b", 2), b"worse")
    assert len(contents(server)) == 4


def test_a_migration_runs_once_and_only_where_there_was_a_bundle(server, tmp_path):
    """From one release to the next with rows in the table; a new server ends with the same definitions."""
    server.apply()
    insert(server, envelope("a", 1, properties={"country": "IS"}))
    bundle = tmp_path / "sql"
    shutil.copytree(ROOT / "sql", bundle)
    table = bundle / "02_events_processed.sql"
    table.write_text(table.read_text().replace(
        "    outbox_id      String CODEC(ZSTD(1)),", "    country        String CODEC(ZSTD(1)),\n    outbox_id      String CODEC(ZSTD(1)),"))
    migration = bundle / "migrations" / "0001_country.sql"
    migration.write_text(f"""-- Reports by market.
ALTER TABLE {DATABASE}.events_processed ADD COLUMN IF NOT EXISTS country String CODEC(ZSTD(1)) AFTER updated_at;

ALTER TABLE {DATABASE}.events_processed
    UPDATE country = JSONExtractString(properties, 'country') WHERE country = '' SETTINGS mutations_sync = 1;

ALTER TABLE {DATABASE}.absent ADD COLUMN a UInt8;
""")
    with pytest.raises(QueryError, match="0001_country.sql: this statement failed"):
        server.apply(bundle)
    assert server.value(f"SELECT count() FROM {DATABASE}.bundle_migrations") == 0
    migration.write_text("\n\n".join(migration.read_text().split("\n\n")[:2]) + "\n")
    server.apply(bundle)
    assert server.query(f"SELECT id, country FROM {DATABASE}.events") == "a\tIS\n"
    assert server.query(f"SELECT * FROM {DATABASE}.bundle_version") == f"{VERSION}\t0001_country\n"

    # It has run: what it would do is not done again.
    server.query(f"ALTER TABLE {DATABASE}.events_processed UPDATE country = '' WHERE 1 SETTINGS mutations_sync = 1")
    server.apply(bundle)
    assert server.query(f"SELECT id, country FROM {DATABASE}.events") == "a\t\n"
    migrated = definitions(server)
    server.query(f"DROP DATABASE {DATABASE} SYNC")
    server.apply(bundle)
    assert definitions(server) == migrated
    assert server.value(f"SELECT count() FROM {DATABASE}.bundle_migrations") == 1
    assert server.value("SELECT count() FROM system.mutations") == 0


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
    """The steps of sql/operations/layout_changed.sql, with a row between each."""
    server.apply()
    insert(server, envelope("old", 1))
    layout = json.loads(LAYOUT.read_text())
    layout["columns"].insert(3, {"name": "country", "type": "String", "path": "after.payload.properties.country"})
    installed = server.folder / "user_scripts" / LAYOUT.name
    installed.write_text(json.dumps(layout))
    (server.folder / "debezium_function.xml").write_text(
        subprocess.check_output([BINARY, "config", installed], text=True))
    server.query("SYSTEM RELOAD FUNCTIONS")
    insert(server, envelope("between", 2, properties={"country": "IS"}))

    bundle = tmp_path / "sql"
    shutil.copytree(ROOT / "sql", bundle)
    with open(bundle / "02_events_processed.sql", "a") as file:
        file.write(f"ALTER TABLE {DATABASE}.events_processed ADD COLUMN IF NOT EXISTS country String;\n")
    view = bundle / "06_events_kafka_mv.sql"
    view.write_text(view.read_text().replace(
        "tupleElement(event, 'lsn') AS lsn,", "tupleElement(event, 'lsn') AS lsn,\n    tupleElement(event, 'country') AS country,"))
    for statement in statements("layout_changed"):
        server.query(statement)
    server.apply(bundle)
    insert(server, envelope("new", 3, properties={"country": "IS"}))
    assert server.query(f"SELECT id, country, lsn FROM {DATABASE}.events ORDER BY event_key") == (
        "old\t\t1\nbetween\t\t1\nnew\tIS\t1\n")


def apply(*arguments: str, bundle: Path = ROOT / "sql"):
    return subprocess.run([ROOT / "sql" / "apply.sh", *arguments], capture_output=True, text=True,
                          env={"PATH": "/usr/local/bin:/usr/bin:/bin", "BUNDLE": str(bundle)})


def test_a_wrong_call_of_apply():
    assert apply().returncode == apply("").returncode == apply("a", "b").returncode == 2
    assert apply().stderr.startswith("usage: ")


def test_apply_stops_at_the_first_failure_and_names_it(tmp_path):
    (tmp_path / "01_a.sql").write_text("-- Why.\nSELECT 1;\n\nSELECT 2\nFROM b;\n")
    (tmp_path / "02_b.sql").write_text("SELECT 3;\n")
    log = tmp_path / "log"
    done = apply(f"cat >> {log}", bundle=tmp_path)
    assert done.returncode == 0 and log.read_text() == "SELECT 1;\nSELECT 2\nFROM b;\nSELECT 3;\n"
    done = apply("! grep 2", bundle=tmp_path)
    assert done.returncode == 1
    assert "01_a.sql: this statement failed:\nSELECT 2" in done.stderr
    assert "SELECT 3" not in done.stdout


def test_apply_gives_a_view_its_query_again(tmp_path):
    for refresh in ("", "REFRESH AFTER 1 HOUR\n", "REFRESH DEPENDS ON\n    d.a,\n    d.b\n"):
        view = f"CREATE MATERIALIZED VIEW IF NOT EXISTS d.v\n{refresh}TO d.t AS\nSELECT 1\nFROM d.s;\n"
        (tmp_path / "01_v.sql").write_text("-- Why.\n" + view)
        done = apply("cat", bundle=tmp_path)
        assert done.stdout == view + "ALTER TABLE d.v MODIFY QUERY\nSELECT 1\nFROM d.s;\n"


def test_statements_are_where_apply_looks_for_them():
    """No comment looks like the end of a statement, and the last statement has one."""
    for path in sorted((ROOT / "sql").glob("[0-9]*.sql")):
        text = path.read_text()
        assert text.endswith(";\n"), path.name
        for line in text.splitlines():
            assert not (line.lstrip().startswith("--") and line.endswith(";")), (path.name, line)


def test_a_refused_statement_is_an_error(server):
    with pytest.raises(QueryError, match="Syntax error"):
        server.query("SELEC 1")


def test_a_minutes_reason_outlives_good_blocks(server):
    """A block without errors behind one with errors, in the same minute: why there were errors is still told."""
    server.apply()
    for offset, message in enumerate((b"bad", envelope("a", 1))):
        server.query(f"""INSERT INTO {DATABASE}.decoded_events (event, message, topic, offset, row, kafka_time)
                         SELECT experimentEvent(m), m, 'test', {offset}, 0, now64(3) FROM (SELECT {{message:String}} AS m)""",
                     params={"message": message.decode()})
    server.query(f"OPTIMIZE TABLE {DATABASE}.pipeline_minutes FINAL")
    reasons = server.rows(f"SELECT errors, error_reason FROM {DATABASE}.pipeline_minutes WHERE errors > 0")
    assert [row["errors"] for row in reasons] == [1]
    assert reasons[0]["error_reason"].startswith("not JSON: ")
