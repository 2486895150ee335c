"""The tables by hand: what every fixture message must become.

A table (*.tsv) has a line for each message: the fixture file, the message's line in it, the outcome, the reason,
and a JSON object of the columns that are not at their type's default (0, "", null, false, the epoch). Numbers are
written as the answer must write them. Two long texts are written short: {"repeat": ["x", 3]} is "xxx", and
{"md5s": 2} is md5("1") and md5("2") in hexadecimal, one behind the other.

expected.tsv holds every message against the default layout; types*.tsv hold the fixtures of the table `types`
against the layout of the same name. timestamps.tsv, extract.tsv and unnest.tsv hold the other functions, with NULL
for no answer.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from tests.support.programs import LAYOUT, ROOT
from tests.support.programs import PROGRAMS as BINARIES

HERE = Path(__file__).resolve().parent
FIXTURES = ROOT / "tests" / "fixtures" / "debezium"
LAYOUTS = {"expected": LAYOUT} | {
    path.stem: path for path in sorted(HERE.glob("types*.json"))
}
HEAD = "file\tline\toutcome\treason\tvalues"


@dataclass(frozen=True)
class Number:
    """A JSON number as it was written: 3, 3.0 and 3e0 differ."""

    text: str


def parse(text):
    """A JSON text; objects become lists of pairs, so that order and repeated keys are seen."""
    return json.loads(text, object_pairs_hook=list, parse_int=Number, parse_float=Number, parse_constant=Number)


def messages(fixture):
    """The messages of a fixture file; an empty one is a tombstone."""
    return (FIXTURES / fixture).read_bytes().removesuffix(b"\n").split(b"\n")


def lines_of(name, head):
    """The lines of a .tsv file below its head, split at the tabs."""
    first, *lines = (HERE / name).read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    assert first == head
    return [line.split("\t") for line in lines]


def read(table):
    """A table by hand: {fixture: {line: (outcome, reason, {column: value})}}."""
    rows = {}
    for fixture, line, outcome, reason, values in lines_of(f"{table}.tsv", HEAD):
        of_fixture = rows.setdefault(fixture, {})
        assert int(line) not in of_fixture, f"{table}.tsv has {fixture}:{line} twice"
        of_fixture[int(line)] = (outcome, reason, {name: expand(value) for name, value in parse(values)})
    return rows


def expand(value):
    if not isinstance(value, list):
        return value
    [(rule, arguments)] = value
    if rule == "repeat":
        text, times = arguments
        return text * int(times.text)
    assert rule == "md5s"
    return "".join(hashlib.md5(str(i).encode()).hexdigest() for i in range(1, int(arguments.text) + 1))


def columns(layout):
    """The layout's columns with their types' defaults: [(name, default)]."""
    described = json.loads(LAYOUTS[layout].read_text("utf-8"))["columns"]
    return [(column["name"], default(column["type"])) for column in described]


def default(kind):
    name, _, rest = kind.partition("(")
    if name == "Nullable":
        return None
    if name == "Bool":
        return False
    if name == "String":
        return ""
    if name == "UUID":
        return "00000000-0000-0000-0000-000000000000"
    if name in ("Date", "Date32"):
        return "1970-01-01"
    if name == "DateTime":
        return "1970-01-01 00:00:00"
    if name == "DateTime64":
        digits = int(rest.rstrip(")").split(",")[0])
        return "1970-01-01 00:00:00" + ("." + "0" * digits if digits else "")
    assert name.startswith(("Int", "UInt", "Float", "Decimal")), kind
    return Number("0")


def row(layout, expected):
    """The whole answer that a line of a table stands for, in the order of its keys."""
    outcome, reason, values = expected
    defaults = columns(layout)
    unknown = values.keys() - {name for name, _ in defaults}
    assert not unknown, f"no columns of {layout}: {unknown}"
    cells = [(name, values.get(name, value)) for name, value in defaults]
    return [("outcome", outcome), ("reason", reason), *cells]
