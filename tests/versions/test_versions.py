"""The same program and the same files on every version of ClickHouse: functions, registration, bundle, and the table of docs/versions.md."""
import re
import time
import xml.etree.ElementTree as ElementTree

import pytest

from tests.engine.test_functions import AS_WRITTEN, FORMATS, PATH, TEXT, differing_values
from tests.pipeline.conftest import COLUMNS, DATABASE, decode
from tests.stack.engine import ROOT, QueryError
from tests.support.bundle import printed, split
from tests.support.waiting import wait_until
from tests.versions.conftest import OUTBOX

ROWS = 100_000

# What the bundle would use: a statement that fails where the version lacks it.
WANTED = {
    "`GRANT SYSTEM VIEWS`": "EXPLAIN AST GRANT SYSTEM VIEWS ON a.* TO b",
    "`DEFINER` of a view": "EXPLAIN AST CREATE VIEW a.b DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT 1",
    "refreshable views": "EXPLAIN AST CREATE MATERIALIZED VIEW a.b REFRESH AFTER 1 HOUR TO a.c AS SELECT 1",
    "refreshable views without a setting":
        "SELECT throwIf(\"default\" = '0') FROM system.settings WHERE name = 'allow_experimental_refreshable_materialized_view'",
    "`REFRESH DEPENDS ON` alone": "EXPLAIN AST CREATE MATERIALIZED VIEW a.b REFRESH DEPENDS ON a.c TO a.d AS SELECT 1",
    "`f(x).column`": "SELECT experimentEvent('').outcome",
    "the JSON type": "SELECT debeziumUnnest('{\"a\":1}')::JSON",
}

# Two gaps of the libraries, which a server of the same version does not have. 23.10: no system.named_collections, so statements that
# read it are not tried there. The others: no base64Encode, so a stand-in makes the links to /dashboard, which nothing here reads.
NOT_TRIED = {"23.10": r"system\.named_collections WHERE"}
NO_BASE64 = ["24.8", "25.5", "25.8"]

# The tables that compute themselves, in their order.
REFRESHED = ["experiment_batches", "experiment_changes", "experiment_user_rows", "experiment_totals", "experiment_done",
             "experiment_hours", "events_by_day", "variants_seen", "experiment_results", "experiment_segment_results",
             "experiment_list"]


@pytest.fixture(scope="module")
def messages(server, answers):
    """The real messages over and over, 100,000 rows and more, each with the answers of the command line."""
    columns = ", ".join(f"{name} String" for name in TEXT)
    structure = f"n UInt32, message String, {columns}"
    server.query("CREATE DATABASE answers")
    server.query(f"CREATE TABLE answers.messages ({structure}) ENGINE = MergeTree ORDER BY tuple()")
    once = f"file('{answers}', 'RowBinary', '{structure}')"
    # The few long ones would make most of the bytes: each comes once.
    short = int(server.query(f"SELECT count() FROM {once} WHERE length(message) < 3000"))
    server.query(f"""
        INSERT INTO answers.messages
        SELECT once.* FROM numbers({ROWS // short + 1}) AS times CROSS JOIN (SELECT * FROM {once}) AS once
        WHERE length(message) < 3000 OR number = 0""")
    yield "answers.messages"
    server.query("DROP DATABASE answers")


def called(function: str, format_name: str) -> str:
    """The function's answer as the command line writes it."""
    _, call, text = TEXT[function]
    call = call.format(suffix=FORMATS[format_name])
    if format_name == "LineAsString":
        # A line is text already, and has no second argument.
        return call.replace(f", '{PATH}'", "")
    return text.format(call=call)


@pytest.mark.parametrize("format_name", FORMATS)
def test_functions_answer_as_the_command_line_does(server, messages, format_name):
    # In toJSONString ClickHouse escapes two characters for JavaScript's sake; the value is the same.
    plain = "replaceAll(replaceAll({}, '\\\\u2028', '\u2028'), '\\\\u2029', '\u2029')"
    answers = ", ".join(f"{plain.format(called(name, format_name))} AS answer_{name}" for name in TEXT)
    differ = " OR ".join(f"answer_{name} != {plain.format(name)}" for name in TEXT)
    given, expected = (", ".join(plain.format(prefix + name) for name in TEXT) for prefix in ("answer_", ""))
    (result,) = server.rows(f"""
        SELECT count() AS rows, countIf({differ}) AS different, anyIf((message, {given}), {differ}) AS example,
               toString(sum(cityHash64(n, {given}))) AS hash, toString(sum(cityHash64(n, {expected}))) AS wanted
        FROM (SELECT *, {answers} FROM {messages})
        SETTINGS output_format_json_escape_forward_slashes = 0, output_format_json_quote_64bit_integers = 0,
                 output_format_json_named_tuples_as_objects = 1, max_threads = 2""")
    print(f"{server.name}, {format_name}: {result['rows']} rows, hash {result['hash']}")
    assert int(result["rows"]) >= ROWS
    assert int(result["different"]) == 0, result["example"]
    assert result["hash"] == result["wanted"]


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_type_and_value(server, values, format_name):
    call = f"valuesRow{FORMATS[format_name]}(message)"
    call = call if format_name == "LineAsString" else f"toJSONString({call})"
    settings = ", ".join(f"{name} = {value}" for name, value in AS_WRITTEN.items())
    lines = f"file('{values}', 'RowBinary', 'message String, expected String')"
    (result,) = server.rows(f"{differing_values(call, lines)} SETTINGS {settings}")
    assert int(result["rows"]) > 3000
    assert int(result["different"]) == 0, result["example"]


def test_registration_is_what_config_writes(server):
    assert (server.folder / "rowbinary_function.xml").exists()
    registered = server.query("SELECT name FROM system.functions WHERE origin = 'ExecutableUserDefined'").split()
    assert set(TEXT) <= set(registered)
    assert server.rows("SELECT toTypeName(debeziumExtract('', '')) AS text, toTypeName(debeziumTimestamp('')) AS time") == [
        {"text": "Nullable(String)", "time": "Nullable(DateTime64(6, 'UTC'))"}]
    assert re.match(r"Tuple\((\\n|\s)*outcome Enum8\(", server.query("SELECT toTypeName(experimentEvent(''))"))


def test_another_layout_than_the_registered_fails_a_query_at_once(server):
    for rows in (1, 100_000):
        began = time.monotonic()
        with pytest.raises(QueryError) as error:
            server.query(f"SELECT count() FROM numbers({rows}) WHERE tupleElement(refusedEvent(materialize('{{}}')), 'reason') = ''")
        assert time.monotonic() - began < 40  # not the minute that a read may wait
        assert "is not the one that experimentEvent is registered with, so no row is answered" in str(error.value)


@pytest.fixture(scope="module")
def bundle(server):
    """The bundle, applied twice; the files of sql/ that this version does not get."""
    if server.version in NO_BASE64:
        server.query("CREATE FUNCTION base64Encode AS (text) -> hex(text)")
    not_tried = NOT_TRIED.get(server.version, "$^")
    statements = ";\n".join([*(text for text in split(printed()) if not re.search(not_tried, text)), ""])
    left_out = files(server.run(statements))
    if server.lives:
        # Elsewhere each statement of it is a start of the engine.
        names = f"SELECT name, engine FROM system.tables WHERE database = '{DATABASE}' AND name NOT LIKE '.%' ORDER BY name"
        tables = server.query(names)
        assert files(server.run(statements)) == left_out
        assert server.query(names) == tables
    return left_out


def files(lines: list) -> list:
    """The files of sql/ which make what these first lines of statements make."""
    sources = {path: path.read_text().replace("{database}", DATABASE).replace("{storage}", DATABASE) for path in (ROOT / "sql").glob("*/*.sql")
               if path.name != "62_cluster_status.sql"}
    made = [line for line in lines if line.startswith("CREATE ")]
    found = {path.name for path, text in sources.items() for line in made if f"{line}\n" in text}
    assert bool(found) == bool(made)
    return sorted(found)


def wait_for(server, query: str, expected: str, seconds: float = 90) -> None:
    """Ask until the answer is `expected`; as long as it changes there is time."""
    answer = None

    def ask() -> str:
        return server.query(query).removesuffix("\n")

    def is_another() -> bool:
        return ask() != answer

    while (answer := ask()) != expected:
        wait_until(is_another, seconds, lambda: f"{server.name} answers {answer!r}, not {expected!r}, to {query}\n{server.tail()}", pause=0.2)


@pytest.fixture(scope="module")
def arrived(server, bundle):
    """The outbox's messages: from Kafka, or, where no consumer lives on between two calls, from a file as a backfill has them."""
    if not server.lives:
        server.query(f"""
            INSERT INTO {DATABASE}.decoded_events (event, message, topic, offset)
            SELECT experimentEvent(line), line, 'outbox', rowNumberInAllBlocks() FROM file('{OUTBOX}', 'LineAsString', 'line String')""")


def test_messages_arrive(server, arrived):
    """Events and dead letters, column by column what the command line says of the same messages."""
    decoded = decode(OUTBOX.read_bytes().removesuffix(b"\n").split(b"\n"))
    events = [{name: row[name] for name in COLUMNS} for row in decoded if row["outcome"] == "event"]
    letters = [{"reason": row["reason"]} for row in decoded if row["outcome"] == "error"]
    assert events and letters
    wait_for(server, f"SELECT (SELECT count() FROM {DATABASE}.events), (SELECT count() FROM {DATABASE}.dead_letters_open)",
               f"{len(events)}\t{len(letters)}")
    assert server.rows(f"""
        SELECT {', '.join(COLUMNS)} FROM {DATABASE}.events ORDER BY offset
        SETTINGS output_format_json_quote_64bit_integers = 0""") == events
    assert server.rows(f"SELECT reason FROM {DATABASE}.dead_letters_open ORDER BY offset") == letters


def test_the_status_is_told(server, bundle, arrived):
    if server.lives:
        wait_for(server, f"SELECT countIf(match(diagnosis, '^(up to date|consuming)')) FROM {DATABASE}.pipeline_status", "1")
    elif "60_status.sql" not in bundle:
        assert server.query(f"SELECT count() > 0 FROM {DATABASE}.pipeline_status WHERE diagnosis != ''") == "1\n"
    assert server.query(f"SELECT count() FROM {DATABASE}.pipeline_gaps WHERE verdict = 'lost'") == "0\n"


def test_the_metrics_of_all_databases_are_in_one_answer(server, bundle, arrived):
    """By the query of /pipelines/metrics; no version but the engine's own has ports here."""
    if "64_metrics.sql" in bundle:
        assert server.query("SELECT count() FROM system.tables WHERE name = 'pipeline_metrics'") == "0\n"
        return
    query = ElementTree.parse(ROOT / "sql" / "config" / "config.d" / "pipelines_metrics.xml").find(".//query").text
    alone = server.query(query)
    server.query("CREATE DATABASE other")
    server.query(f"""CREATE VIEW other.pipeline_metrics AS SELECT * REPLACE (mapApply((k, v) -> (k, if(k = 'database', 'other', v)), labels) AS labels)
                     FROM {DATABASE}.pipeline_metrics""")
    both = server.query(query)
    server.query("DROP DATABASE other")
    for database, text in ((DATABASE, alone), (DATABASE, both), ("other", both)):
        assert re.search(f'^debezium_pipeline_code{{.*database="{database}".*pipeline="experiments".*}} [0-9]+$', text, re.M)
    names = re.findall(r"^# TYPE (\w+) (?:gauge|counter)$", both, re.M)
    assert len(names) == len(set(names)) and set(names) >= set(re.findall(r"^# TYPE (\w+)", alone, re.M))
    # What is of the server is there once.
    calls = re.findall("^executable_function_calls_total ", both, re.M)
    loaded = re.findall('^executable_function_load_failed{function="experimentEvent"} 0$', both, re.M)
    number = tuple(map(int, server.version.split(".")))
    assert (len(calls), len(loaded)) == (int(number >= (26, 6)), int(number >= (26, 3)))


def refresh(server, name: str) -> None:
    server.query(f"SYSTEM REFRESH VIEW {DATABASE}.{name}_mv; SYSTEM WAIT VIEW {DATABASE}.{name}_mv")


def test_results_are_computed(server, bundle, arrived):
    """Each table that computes itself, after its refresh, against the view that has the same rows at once."""
    if "13_experiment_totals.sql" in bundle:
        assert server.query(f"SELECT count() > 0 FROM {DATABASE}.experiment_events") == "1\n"
        return
    wait_for(server, f"SELECT now64(3) > max(at) + INTERVAL 2 SECOND FROM {DATABASE}.experiment_touched", "1")
    # The steps run by themselves, too, one after the other.
    wait_for(server, f"SELECT count() > 0 AND (SELECT count() FROM {DATABASE}.experiment_batch) = 0 FROM {DATABASE}.experiment_users", "1")
    for name in REFRESHED:
        refresh(server, name)
    assert server.query(f"SELECT view, exception FROM system.view_refreshes WHERE database = '{DATABASE}' AND exception != ''") == ""
    for name in ("experiment_users", "events_by_hour"):
        both = " UNION ALL ".join(f"SELECT count(), sum(cityHash64(*)) FROM {DATABASE}.{name}{now}" for now in ("", "_now"))
        computed, at_once = server.query(both).splitlines()
        assert computed == at_once and not computed.startswith("0\t")
    results = f"SELECT experiment_id, metric, variant_id, users_exposed, rate, verdict FROM {DATABASE}.experiment_results"
    answer = server.query(f"{results} ORDER BY ALL")
    assert answer == server.query(f"{results}_now ORDER BY ALL") and answer.count("\n") >= 3


def test_the_page_says_so(server, bundle):
    """The page's row of this version is what this run found."""
    lacks = []
    for name, statement in WANTED.items():
        try:
            server.query(statement)
        except QueryError:
            lacks.append(name)
    (version,) = re.findall(r"^[\d.]+", server.query("SELECT version()"))
    left_out = ", ".join(dict.fromkeys(name[:2] for name in bundle))
    row = f"| {server.version} | {version} | {', '.join(lacks) or 'nothing'} | {left_out or 'none'} |"
    print(row)
    assert row in (ROOT / "docs" / "versions.md").read_text().splitlines()
