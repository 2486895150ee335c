"""The functions in the engine answer exactly as the program does on the command line."""
import struct
import subprocess
import time
from pathlib import Path

import pytest

from tests.stack.engine import BINARY, LAYOUT, VALUES, QueryError
from tests.support import wire

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "debezium"
ROWS = 100_000
PATH = "after.payload.user_id"

# function -> its arguments on the command line, its call in SQL, and its result as the command line writes it.
TEXT = {
    "experimentEvent": (["decode", LAYOUT], "experimentEvent{suffix}(message)", "toJSONString({call})"),
    "debeziumExtract": (["extract", PATH], "debeziumExtract{suffix}(message, '" + PATH + "')",
                        "formatRowNoNewline('TSV', {call})"),
    "debeziumUnnest": (["unnest"], "debeziumUnnest{suffix}(message)", "{call}"),
    "debeziumTimestamp": (["timestamp"], "debeziumTimestamp{suffix}(message)", "formatRowNoNewline('TSV', {call})"),
}
FORMATS = {"RowBinary": "", "Native": "Native", "LineAsString": "Line"}


def lines() -> list:
    """Every real message, and texts that are times, one a line."""
    messages = [line for path in sorted(FIXTURES.glob("*.ndjson"))
                for line in path.read_bytes().removesuffix(b"\n").split(b"\n")]
    times = [b"2026-01-02T03:04:05.123456Z", b"1767323045123", b"-4712-01-01T00:00:00Z", b"infinity", b"2026-02-30"]
    return messages + times


def value_lines() -> list:
    """A message for each line of the table of values: every type of column, and every rule."""
    _, *rows = VALUES.with_suffix(".tsv").read_bytes().removesuffix(b"\n").split(b"\n")
    return [b'{"op":"c","source":{},"after":{"%s":%s}}' % tuple(row.split(b"\t")[:2]) for row in rows]


# As the program writes a row. NaN and the infinities, for which JSON has no words, are in quotes.
AS_WRITTEN = {"output_format_json_escape_forward_slashes": 0, "output_format_json_quote_64bit_integers": 0,
              "output_format_json_quote_denormals": 1, "output_format_json_named_tuples_as_objects": 1}


def differing_values(call: str, lines: str) -> str:
    """A query that counts the rows of `lines`, a table of messages and answers, and those that a call answers otherwise."""
    return f"""
        SELECT count() AS rows, countIf(answer != expected) AS different,
               anyIf((message, answer, expected), answer != expected) AS example
        FROM (SELECT message, expected, {call} AS answer FROM {lines})"""


def row_binary(*strings: bytes) -> bytes:
    return wire.row_binary([strings])


def on_the_command_line(arguments: list, messages: list) -> list:
    done = subprocess.run([BINARY, *arguments], input=b"\n".join(messages) + b"\n", capture_output=True, check=True)
    answers = done.stdout.removesuffix(b"\n").split(b"\n")
    assert done.stderr == b"" and len(answers) == len(messages)
    return answers


@pytest.fixture(scope="module")
def messages(engine):
    """A table of 100,000 messages and more with the answers that the command line gives."""
    texts = lines()
    answers = [on_the_command_line(arguments, texts) for arguments, _, _ in TEXT.values()]
    # In toJSONString ClickHouse escapes these two for JavaScript's sake; the value is the same.
    answers[0] = [answer.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
                  for answer in answers[0]]
    columns = ", ".join(f"{name} String" for name in TEXT)
    engine.query(f"CREATE TABLE once (n UInt32, message String, {columns}) ENGINE = Memory")
    body = b"".join(struct.pack("<I", n) + row_binary(*row) for n, row in enumerate(zip(texts, *answers)))
    engine.query("INSERT INTO once FORMAT RowBinary", data=body)
    engine.query(f"CREATE TABLE messages (n UInt32, message String, {columns}) ENGINE = MergeTree ORDER BY tuple()")
    # The few long ones would make most of the bytes: each comes once.
    short = sum(len(text) < 3000 for text in texts)
    engine.query(f"""
        INSERT INTO messages SELECT once.* FROM numbers({ROWS // short + 1}) AS times CROSS JOIN once
        WHERE length(message) < 3000 OR number = 0""")
    yield "messages"
    engine.query("DROP TABLE once")
    engine.query("DROP TABLE messages")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("function", TEXT)
def test_answers_as_the_command_line_does(engine, messages, function, format_name, threads):
    _, call, text = TEXT[function]
    call = call.format(suffix=FORMATS[format_name])
    if format_name == "LineAsString":
        call = call.replace(f", '{PATH}'", "")
        text = "replaceAll(replaceAll({call}, '\u2028', '\\\\u2028'), '\u2029', '\\\\u2029')" \
            if function == "experimentEvent" else "{call}"
    (result,) = engine.rows(f"""
        SELECT count() AS rows, uniqExact(block) AS blocks, countIf(answer != expected) AS different,
               anyIf((message, answer, expected), answer != expected) AS example
        FROM (SELECT message, {text.format(call=call)} AS answer, {function} AS expected, blockNumber() AS block
              FROM {messages})""",
        settings={"max_threads": threads, "max_block_size": 8192, "output_format_json_escape_forward_slashes": 0,
                  "output_format_json_quote_64bit_integers": 0})
    assert result["rows"] >= ROWS
    assert result["blocks"] >= 10
    assert result["different"] == 0, result["example"]


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_type_and_value(engine, format_name):
    texts = value_lines() * 20
    answers = on_the_command_line(["decode", VALUES], texts)
    engine.query("CREATE TABLE every_value (message String, expected String) ENGINE = Memory")
    try:
        engine.query("INSERT INTO every_value FORMAT RowBinary", data=b"".join(map(row_binary, texts, answers)))
        call = f"valuesRow{FORMATS[format_name]}(message)"
        call = call if format_name == "LineAsString" else f"toJSONString({call})"
        (result,) = engine.rows(differing_values(call, "every_value"), settings=AS_WRITTEN | {"max_block_size": 700})
    finally:
        engine.query("DROP TABLE every_value")
    assert result["rows"] == len(texts) > 3000
    assert result["different"] == 0, result["example"]


@pytest.mark.parametrize("suffix", ["", "Native"])
def test_no_bytes_raise(engine, suffix):
    """Empty, random, and cut at random: every row has an answer."""
    engine.query(f"""
        SELECT experimentEvent{suffix}(message) AS event, debeziumExtract{suffix}(message, 'after.payload'),
               debeziumExtract{suffix}('{{"a":[1]}}', message), debeziumUnnest{suffix}(message),
               debeziumTimestamp{suffix}(message)
        FROM (
            SELECT '' AS message FROM numbers(1000)
            UNION ALL SELECT randomString(rand() % 300) FROM numbers(20000)
            UNION ALL SELECT concat('{{"op":"c","after":', randomString(rand() % 50), '}}') FROM numbers(20000)
            UNION ALL SELECT randomPrintableASCII(rand() % 300) FROM numbers(20000))
        FORMAT Null""")
    outcomes = engine.query(f"""
        SELECT experimentEvent{suffix}(message).outcome, count()
        FROM (SELECT randomString(1 + rand() % 300) AS message FROM numbers(20000))
        -- One in 77,000 is the header of the schema registry and nothing behind it, which is a tombstone.
        WHERE NOT (startsWith(message, '\\0') AND length(message) = 5)
        GROUP BY 1""")
    (name, count), = (line.split("\t") for line in outcomes.splitlines())
    assert name == "error" and int(count) > 19_900


def test_no_line_raises(engine):
    (result,) = engine.rows("""
        SELECT count() AS rows, countIf(experimentEventLine(message) LIKE '{"outcome":%') AS answers FROM (
            SELECT replaceAll(randomString(rand() % 300), '\\n', ' ') AS message FROM numbers(20000))""")
    assert result == {"rows": 20000, "answers": 20000}


@pytest.mark.parametrize("suffix", ["", "Native"])
def test_a_message_of_64_megabytes(engine, suffix):
    size = 64_000_000 + 4_000_000
    answer = engine.query(f"""
        WITH concat('{{"experiment_id":1,"variant_id":2,"user_id":"u","timestamp":0,"properties":{{"page":"',
                    repeat(repeat('x', 1000000), 68), '"}}}}') AS message
        SELECT event.outcome, event.experiment_id, length(event.page) FROM (
            SELECT experimentEvent{suffix}(materialize(concat('{{"op":"c","after":{{"aggregate_id":"a","aggregate_type":',
                   '"event","payload":', message, '}},"source":{{}}}}'))) AS event)""")
    assert answer == f"event\t1\t{size}\n"


def test_a_constant_and_no_rows(engine):
    assert engine.query("SELECT debeziumTimestamp('0'), debeziumUnnest('x')") == "1970-01-01 00:00:00.000000\tx\n"
    assert engine.query("SELECT experimentEvent(toString(number)) FROM numbers(0)") == ""


def test_the_paths_of_a_row_are_its_own(engine):
    """The second argument of debeziumExtract is read anew for each row."""
    answer = engine.query("""
        SELECT debeziumExtract(concat('{"a":', toString(number), ',"b":"', toString(number), 'b"}'),
                               ['a', 'b', 'c', ''][number % 4 + 1])
        FROM numbers(7)""")
    assert answer == "0\n1b\n\\N\n" + engine.query("""SELECT debeziumExtract('{"a":3,"b":"3b"}', '')""") + "4\n5b\n\\N\n"


@pytest.mark.parametrize("setting, line", [("output_format_native_encode_types_in_binary_format", "the types of arguments are in binary"),
                                           ("input_format_native_decode_types_in_binary_format", "Unknown type code")])
def test_types_in_binary_fail_at_once(engine, setting, line):
    """Not when a read has timed out; and the next query is answered."""
    start = time.monotonic()
    with pytest.raises(QueryError, match=line):
        engine.query(f"SELECT experimentEventNative('') SETTINGS {setting} = 1")
    assert time.monotonic() - start < 30
    assert engine.query("SELECT experimentEventNative('').outcome") == "skipped\n"
