"""Both builds against the tables by hand (see tables.py) and against the answers on file (see answers.py)."""

import subprocess
from datetime import datetime, timedelta, timezone

import pytest

import answers
import tables
from tests.support import wire

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
TABLES = {name: tables.read(name) for name in tables.LAYOUTS}
EVERY = [(table, fixture) for table, fixtures in TABLES.items() for fixture in fixtures]


def test_every_message_has_a_row():
    lines = {path.name: len(tables.messages(path.name)) for path in tables.FIXTURES.glob("*.ndjson")}
    assert lines and all(lines.values())
    assert {fixture: len(rows) for fixture, rows in TABLES["expected"].items()} == lines


def test_the_types_fixtures_are_held_against_each_layout():
    fixtures = {path.name for path in tables.FIXTURES.glob("*.types.ndjson")}
    for name in ("types_lenient", "types_nested", "types_text"):
        assert TABLES[name].keys() == fixtures
    # Decimals are plain in two modes, base64 in the others.
    assert TABLES["types"].keys() | TABLES["types_plain"].keys() == fixtures


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize(("table", "fixture"), EVERY)
def test_table(build, table, fixture, asserted):
    expected = TABLES[table][fixture]
    messages = tables.messages(fixture)
    assert sorted(expected) == list(range(1, len(messages) + 1))
    answer = ask(build, ["decode", tables.LAYOUTS[table]], b"".join(message + b"\n" for message in messages))
    assert answer.endswith(b"\n")
    got = answer.decode("utf-8").removesuffix("\n").split("\n")
    assert len(got) == len(messages)
    wrong = []
    for line, text in enumerate(got, 1):
        want = tables.row(table, expected[line])
        have = tables.parse(text)
        if have != want:
            wrong.append(difference(f"{fixture}:{line}", want, have))
    assert not wrong, "\n".join(wrong)
    asserted(len(got))


def ask(build, arguments, data):
    run = subprocess.run(
        [tables.BINARIES[build], *arguments], input=data, capture_output=True, timeout=60, check=False
    )
    assert (run.returncode, run.stderr) == (0, b"")
    return run.stdout


def difference(where, want, have):
    if [name for name, _ in want] != [name for name, _ in have]:
        return f"{where}: keys {[name for name, _ in have]}"
    return "\n".join(
        f"{where} {name}: expected {expected!r:.200}, got {got!r:.200}"
        for (name, expected), (_, got) in zip(want, have, strict=True)
        if expected != got
    )


@pytest.mark.parametrize("build", tables.BINARIES)
def test_timestamps(build):
    table = tables.lines_of("timestamps.tsv", "value\tanswer")
    asked = wire.row_binary([(value.encode(),) for value, _ in table])
    answer = wire.Reader(ask(build, ["timestamp", "--format", "RowBinary"], asked))
    got = []
    for value, _ in table:
        ticks = answer.nullable(answer.int64)
        time = EPOCH + timedelta(microseconds=ticks or 0)
        got.append([value, "NULL" if ticks is None else f"{time:%Y-%m-%d %H:%M:%S.%f}"])
    answer.end()
    assert got == table


@pytest.mark.parametrize("build", tables.BINARIES)
def test_extract(build):
    table = tables.lines_of("extract.tsv", "file\tline\tpath\tanswer")
    rows = [(tables.messages(fixture)[int(line) - 1], path.encode()) for fixture, line, path, _ in table]
    answer = wire.Reader(ask(build, ["extract", "--format", "RowBinary"], wire.row_binary(rows)))
    got = []
    for fixture, line, path, _ in table:
        text = answer.nullable(answer.string)
        got.append([fixture, line, path, "NULL" if text is None else text.decode("utf-8")])
    answer.end()
    assert got == table


@pytest.mark.parametrize("build", tables.BINARIES)
def test_unnest(build):
    expected = {}  # the message with each of its changes made
    for fixture, line, old, new in tables.lines_of("unnest.tsv", "file\tline\tin the message\tin the answer"):
        message = tables.messages(fixture)[int(line) - 1]
        changed = expected.get((fixture, line), message)
        if old:
            assert changed.count(old.encode()) == 1
            changed = changed.replace(old.encode(), new.encode())
        expected[fixture, line] = changed
    rows = [(tables.messages(fixture)[int(line) - 1],) for fixture, line in expected]
    answer = wire.Reader(ask(build, ["unnest", "--format", "RowBinary"], wire.row_binary(rows)))
    got = {place: answer.string() for place in expected}
    answer.end()
    assert got == expected


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize("case", answers.CASES, ids=lambda case: case.name)
def test_answer(build, case):
    assert case.file.exists(), f"{case.file.name} is missing: make golden, and read it"
    assert case.ask(tables.BINARIES[build]) == case.file.read_text("utf-8")


def test_no_answer_is_left_over():
    assert {path.name for path in answers.FOLDER.iterdir()} == {case.file.name for case in answers.CASES}
