"""Both builds against the independent reading of the contract in reference.py, byte for byte.

Every fixture message and 100,000 random ones go through both builds: all of them as RowBinary, and those without a line
feed as LineAsString too. Half of the random messages are the same in every run; the other half come from a fresh seed,
which is in the test's name and can be given again: REFERENCE_SEED=123 pytest tests/test_reference.py
"""

import concurrent.futures
import multiprocessing
import os
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import generate
import reference
import reference_types
from reference_json import Fault, parse
from reference_types import binary_string, nearest_single, type_named

from tests.support.programs import PROGRAMS as BINARIES
from tests.support.wire import read_varint

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TYPES_LAYOUTS = sorted((HERE / "golden").glob("types*.json"))
LAYOUTS = [ROOT / "udf" / "experiment_event.json", *TYPES_LAYOUTS]

FRESH = int(os.environ.get("REFERENCE_SEED") or random.SystemRandom().randrange(2**32))
SEEDS = pytest.mark.parametrize("seed", [1, FRESH], ids=["fixed", f"fresh_{FRESH}"])
CHUNK = 1000
DEFAULT_CHUNKS = 20
TYPES_CHUNKS = 2
RANDOM_LAYOUTS = 90
MESSAGES_FOR_A_LAYOUT = 300
QUERY_CHUNKS = 8
SHOWN = 3

PATHS = [
    "after.payload.user_id", "after.payload", "after.id", "after.payload.properties.value", "source.lsn", "op", "after",
    "payload", "payload.after.id", "after.created_at", "__op", "source.sequence[1]", "after.payload.properties", "before.id",
    "user_id", "properties.page", "after.extra[0]", "schema.fields[0].field", "payload.payload", "payload.user_id",
    "after.payload.extra", "a",
]


@pytest.fixture(scope="module", autouse=True)
def binaries():
    missing = [
        f"{path.relative_to(ROOT)}: run make and make JSON=cjson first" for path in BINARIES.values() if not path.exists()
    ]
    assert not missing, missing


def answer(name, arguments, data, form):
    """What a build writes for some input."""
    run = subprocess.run([BINARIES[name], *arguments, "--format", form], input=data, capture_output=True, timeout=300)
    assert run.returncode == 0 and not run.stderr, f"{name} {arguments}: exit {run.returncode}, {run.stderr[:500]!r}"
    return run.stdout


def difference(what, message, expected, got):
    return f"{what}\n  message   {message!r}\n  reference {expected!r}\n  answer    {got!r}"


def read_row(layout, data, at):
    """(a row of RowBinary as decode would print it, where it ends)"""
    names = {number: outcome for outcome, number in reference.OUTCOMES.items()}
    outcome = names[data[at]]
    reason, at = type_named("String").read(data, at + 1)
    held = []
    for column in layout.columns:
        value, at = column.type.read(data, at)
        held.append(value)
    return reference.as_json(layout, (outcome, reason, held)), at


def compare_binary(layout, what, messages, rows, data):
    """The differences between the rows that the reference expects and RowBinary."""
    found, at = [], 0
    for number, (message, row) in enumerate(zip(messages, rows)):
        expected = reference.as_binary(layout, row)
        if data.startswith(expected, at):
            at += len(expected)
            continue
        try:
            got, at = read_row(layout, data, at)
        except (IndexError, KeyError, struct.error, UnicodeDecodeError, OverflowError) as broken:
            return [
                *found,
                difference(f"{what}, message {number}", message, expected, f"unreadable ({broken!r}): {data[at : at + 200]!r}"),
            ]
        found.append(difference(f"{what}, message {number}", message, reference.as_json(layout, row), got))
    return found if at == len(data) else [*found, f"{what}: {len(data) - at} bytes more than {len(rows)} rows"]


def compare_lines(layout, what, messages, rows, data):
    """The same for LineAsString."""
    lines = data.split(b"\n")
    assert lines.pop() == b"" and len(lines) == len(rows), f"{what}: {len(lines)} lines for {len(rows)} messages"
    answers = [reference.as_json(layout, row) for row in rows]
    answers = zip(messages, answers, lines)
    return [difference(f"{what}, message {at}", *it) for at, it in enumerate(answers) if it[1] != it[2]]


def compare_decode(task):
    """The differences between the reference and both builds on some messages by one layout."""
    layout_text, messages = task
    layout = reference.Layout(layout_text)
    about = f"layout {layout_text.decode()}"
    if isinstance(messages, tuple):
        about += f", generate.messages{messages}"
        messages = generate.messages(*messages[:2], layout, messages[2])
    rows = [reference.decode(layout, message) for message in messages]
    single = [(message, row) for message, row in zip(messages, rows) if b"\n" not in message]
    found = []
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(layout_text)
        file.flush()
        for name in BINARIES:
            data = answer(name, ["decode", file.name], b"".join(map(binary_string, messages)), "RowBinary")
            found += compare_binary(layout, f"{name}, RowBinary, {about}", messages, rows, data)
            data = answer(name, ["decode", file.name], b"".join(it + b"\n" for it, _ in single), "LineAsString")
            found += compare_lines(layout, f"{name}, LineAsString, {about}", *zip(*single), data)
    return len(messages), found


def compare_queries(seed):
    """The differences between the reference and both builds in extract, unnest and timestamp."""
    rng = random.Random(seed)
    messages = generate.messages(seed, CHUNK, reference.load_layout(LAYOUTS[0]))
    paths = [rng.choice(PATHS).encode() for _ in messages]
    texts = [generate.time_value(rng).strip('"').encode() for _ in messages] + [it.encode() for it in generate.TIMES]
    text, time = type_named("Nullable(String)"), type_named("Nullable(DateTime64(6, 'UTC'))")
    pairs = b"".join(binary_string(message) + binary_string(path) for message, path in zip(messages, paths))
    expected = {
        "extract": (text, zip(paths, messages), pairs, [reference.extract(*it) for it in zip(messages, paths)]),
        "unnest": (type_named("String"), messages, b"".join(map(binary_string, messages)), [*map(reference.unnest, messages)]),
        "timestamp": (time, texts, b"".join(map(binary_string, texts)), [*map(reference_types.timestamp, texts)]),
    }
    found = []
    for command, (kind, asked, data, wanted) in expected.items():
        asked = list(asked)
        for name in BINARIES:
            answers, at = answer(name, [command], data, "RowBinary"), 0
            for question, want in zip(asked, wanted):
                got, at = kind.read(answers, at)
                if got != want:
                    found.append(difference(f"{name}, {command}", question, want, got))
            assert at == len(answers), f"{name}, {command}: {len(answers) - at} bytes too many"
    return 2 * len(messages) + len(texts), found


def run(compare, tasks):
    """Runs the tasks on two cores; all differences are counted and the first are shown."""
    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(compare, tasks))
    found = [it for _, differences in results for it in differences]
    total = sum(count for count, _ in results)
    assert not found, f"{len(found)} differences on {total} messages, such as\n" + "\n".join(found[:SHOWN])
    return total


# The builds


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda path: path.stem)
def test_fixtures(layout):
    messages = [
        it for path in sorted(generate.FIXTURES.glob("*.ndjson")) for it in path.read_bytes().removesuffix(b"\n").split(b"\n")
    ]
    assert run(compare_decode, [(layout.read_bytes(), messages)]) == len(messages) > 500


@SEEDS
def test_random_messages(seed):
    layout = LAYOUTS[0].read_bytes()
    run(compare_decode, [(layout, (f"{seed} {it}", CHUNK, "*.public.outbox*.ndjson")) for it in range(DEFAULT_CHUNKS)])


@SEEDS
def test_random_rows_of_all_types(seed):
    chunks = [(f"{seed} {it}", CHUNK, "*.public.types.ndjson") for it in range(TYPES_CHUNKS)]
    assert run(compare_decode, [(path.read_bytes(), chunk) for path in TYPES_LAYOUTS for chunk in chunks]) > 0


@SEEDS
def test_random_layouts(seed):
    tasks = []
    for number in range(RANDOM_LAYOUTS):
        layout = generate.random_layout(random.Random(f"{seed} {number}"))
        tasks.append((layout, (f"{seed} {number}", MESSAGES_FOR_A_LAYOUT, "*.public.*.ndjson")))
    run(compare_decode, tasks)


@SEEDS
def test_random_queries(seed):
    run(compare_queries, [f"{seed} {it}" for it in range(QUERY_CHUNKS)])


def test_there_are_enough_messages():
    decoded = (DEFAULT_CHUNKS + TYPES_CHUNKS * len(TYPES_LAYOUTS)) * CHUNK + RANDOM_LAYOUTS * MESSAGES_FOR_A_LAYOUT
    assert 2 * decoded >= 100_000


# The reference itself: what is written by hand holds it too


@pytest.mark.parametrize("table", ["expected", *(path.stem for path in TYPES_LAYOUTS)])
def test_the_tables_by_hand(table):
    sys.path.insert(0, str(HERE / "golden"))
    import tables

    layout = reference.load_layout(tables.LAYOUTS[table])
    for fixture, lines in tables.read(table).items():
        messages = tables.messages(fixture)
        for line, expected in lines.items():
            row = reference.decode(layout, messages[line - 1])
            assert tables.parse(reference.as_json(layout, row)) == tables.row(table, expected), f"{fixture}:{line}"


@pytest.mark.parametrize(
    "text, fault",
    [
        (b"  ", "unexpected end at byte 2"), (b'{"a":', "unexpected end at byte 5"), (b"[1", "unexpected end at byte 2"),
        (b"[,", "expected a value at byte 1"), (b"[1,]", "expected a value at byte 3"), (b".5", "expected a value at byte 0"),
        (b"\xef\xbb\xbf1", "expected a value at byte 0"), (b"{,", "expected a key or } at byte 1"),
        (b'{"a":1,}', "expected a key at byte 7"), (b'{"a" 1}', "expected : at byte 5"),
        (b'{"a":1 2', "expected , or } at byte 7"), (b"[1 2", "expected , or ] at byte 3"),
        (b"1.5.2", "text after the value at byte 3"), (b"{} x", "text after the value at byte 3"),
        (b"[tru]", "bad literal at byte 1"), (b"01", "bad number at byte 0"), (b"[-]", "bad number at byte 1"),
        (b"1.", "bad number at byte 0"), (b"1e+", "bad number at byte 0"), (b'["a', "unterminated string at byte 1"),
        (b'"a\\', "unterminated string at byte 0"), (b'"\\u12', "unterminated string at byte 0"),
        (b'"a\n"', "control character in a string at byte 2"), (b'"a\\x"', "bad escape at byte 2"),
        (b'"\\u12G4"', "bad escape at byte 1"), (b'"\\ud800\\u0041"', "half a surrogate pair at byte 1"),
        (b'"a\\udc00"', "half a surrogate pair at byte 2"), (b'"\\ud800', "half a surrogate pair at byte 1"),
        (b'"\xc0\x80"', "invalid UTF-8 at byte 1"), (b'"\xed\xa0\x80"', "invalid UTF-8 at byte 1"),
        (b'"a\xf4\x90\x80\x80"', "invalid UTF-8 at byte 2"), (b"[" * 129, "nested deeper than 128 at byte 128"),
    ],
)
def test_faults(text, fault):
    with pytest.raises(Fault) as raised:
        parse(text)
    assert str(raised.value) == fault


def test_strings():
    assert parse(b'"\\u00e9\\ud83d\\ude00\\\\n\\n\\/\\u0000\\u005c\xc3\xa9"').data == "é😀\\n\n/\0\\é".encode()
    first = parse(b'{"a":1,"\\u0061":2}')
    assert first.get(b"a").raw == b"1" and len(first.data) == 2


@pytest.mark.parametrize(
    "name, number, text",
    [
        ("Float64", b"1e21", "1e21"), ("Float64", b"123456789012345680000", "123456789012345680000"),
        ("Float64", b"0.000001", "0.000001"), ("Float64", b"0.0000001", "1e-7"), ("Float64", b"-0.0", "-0"),
        ("Float64", b"3.0", "3"), ("Float64", b"4.9E-324", "5e-324"), ("Float32", b"0.1", "0.1"),
        ("Float32", b"16777217", "16777216"), ("Float32", b"3.4028235e38", "3.4028235e38"),
        ("Decimal(10, 2)", b"-0.010", "-0.01"), ("Decimal(10, 2)", b"12e2", "1200"), ("UInt8", b"2.55e2", "255"),
        ("Int8", b"-128.0", "-128"),
    ],
)
def test_numbers(name, number, text):
    layout = reference.Layout(b'{"columns":[{"name":"n","type":"%s","path":"n"}]}' % name.encode())
    row = reference.decode(layout, b'{"__op":"c","n":%s}' % number)
    assert reference.as_json(layout, row) == b'{"outcome":"event","reason":"","n":%s}' % text.encode()
    assert read_row(layout, reference.as_binary(layout, row), 0)[0] == reference.as_json(layout, row)


def test_a_single_is_rounded_once():
    assert nearest_single(b"16777217.000000000000000000000001") == 16777218.0
    assert nearest_single(b"16777216.999999999999999999999999") == 16777216.0
    assert nearest_single(b"340282356779733661637539395458142568447") == (2 - 2**-23) * 2.0**127
    with pytest.raises(reference_types.Misfit):
        nearest_single(b"340282356779733661637539395458142568448")


@pytest.mark.parametrize(
    "text, microseconds",
    [
        (b"1970-01-01", 0), (b"1970-01-01T00:00:01.9999999Z", 1_999_999), (b"1969-12-31 23:59:59.9999999", -1),
        (b"1970-01-01+01:00", -3_600_000_000), (b"1970-01-01T00:01-1800", 64_860_000_000), (b"+1970-01-02", 86_400_000_000),
        (b"99999999999", None), (b"9999999999", 9_999_999_999_000_000), (b"100000000000", 100_000_000_000_000),
        (b"-1", -1_000_000), (b"9223372036825200", None), (b"infinity", None), (b"1900-02-29", None),
        (b"2026-01-01T24:00", None), (b"2026-01-01T00:00:60Z", None), (b"2026-01-01T00:00:00.Z", None),
        (b"2026-01-01 00:00 Z", None), (b"2026-01-01T00:00:00+18:01", None), (b"2026-01-01t00:00:00z", 1_767_225_600_000_000),
        (b" 2026-01-01", None), (b"2300-01-01", None), (b"", None),
        (b"2026-01-01T00:00:00,5 UTC", 1_767_225_600_500_000), (b"2026-01-01 01:00 +01:00[Europe/Paris]", 1_767_225_600_000_000),
        (b"2026-01-01T00:00:00[UTC]", None), (b"2026-01-01T00:00:00Z UTC", None), (b"-0.0000001", -1), (b"1.5e3", 1_500_000_000),
        (b"9223372036825200.0", None), (b"1767225600000.5", 1_767_225_600_000_500), (b"1.", None), (b"1,5", None),
    ],
)
def test_times(text, microseconds):
    assert reference_types.timestamp(text) == microseconds


def test_lengths():
    for length in (0, 1, 127, 128, 300, 70_000):
        text = binary_string(b"x" * length)
        assert read_varint(text, 0) == (length, len(text) - length)
