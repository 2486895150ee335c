"""Messages of databases that no test can run, against right answers by hand (documented.tsv).

Each fixture of tests/fixtures/documented has a layout of its own beside it. A line of the table holds every column of the row; of a row that
is no event it holds none, and the columns are at their defaults.
"""
import json

import pytest

import tables
from test_golden import ask

FOLDER = tables.ROOT / "tests" / "fixtures" / "documented"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ndjson"))


def expected():
    rows = {}
    for fixture, line, outcome, reason, values in tables.lines_of("documented.tsv", "fixture\tline\toutcome\treason\tvalues"):
        rows.setdefault(fixture, {})[int(line)] = (outcome, reason, tables.parse(values))
    return rows


EXPECTED = expected()


def test_every_fixture_has_a_layout_and_answers():
    assert NAMES and {path.stem for path in FOLDER.glob("*.json")} == set(NAMES) == EXPECTED.keys()


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize("name", NAMES)
def test_documented(build, name):
    messages = (FOLDER / f"{name}.ndjson").read_bytes()
    layout = FOLDER / f"{name}.json"
    rows = [tables.parse(line) for line in ask(build, ["decode", layout], messages).decode().removesuffix("\n").split("\n")]
    assert len(rows) == messages.count(b"\n") == len(EXPECTED[name])
    described = [column["name"] for column in json.loads(layout.read_text("utf-8"))["columns"]]
    for number, row in enumerate(rows, 1):
        outcome, reason, values = EXPECTED[name][number]
        got = dict(row)
        assert (got["outcome"], got["reason"]) == (outcome, reason), f"{name}:{number}"
        if outcome == "event":
            assert [column for column, _ in values] == described, f"{name}:{number}"
            wrong = {column: (value, got[column]) for column, value in values if not same(value, got[column])}
            assert not wrong, f"{name}:{number}"


def same(want, have):
    """Equal, and of one type. A Decimal of more digits than a double is written as text in the table; the answer has a number."""
    if isinstance(have, tables.Number) and isinstance(want, str):
        return have.text == want
    return type(want) is type(have) and want == have
