"""The rules for values, one by one: values.tsv has a column of values.json, a value as a message writes it, and what the column
then holds, as JSON; or that it does not fit. Each value is a message of its own; all of them go through both builds in each
format, forwards and backwards, so that most meet a decoder that has seen others."""

import json
import sys

import pytest
import tables
from tests.support import wire
from test_golden import ask

sys.path.insert(0, str(tables.ROOT / "tests"))

from reference_types import Array, Nullable, quoted, type_named  # noqa: E402

LAYOUT = tables.HERE / "values.json"
MISFIT = "does not fit"
COLUMNS = {it["name"]: it for it in json.loads(LAYOUT.read_text("utf-8"))["columns"]}
TYPES = {name: type_named(it["type"]) for name, it in COLUMNS.items()}
DEFAULTS = {name: TYPES[name].json(TYPES[name].default) for name in COLUMNS}
# What a column holds where its value is absent; a layout's default is compact in values.json.
ABSENT = {name: json.dumps(it["default"], separators=(",", ":")).encode() if "default" in it else DEFAULTS[name]
          for name, it in COLUMNS.items()}
CASES = tables.lines_of("values.tsv", "column\tvalue\tanswer")
MESSAGES = [b'{"op":"c","source":{},"after":{"%s":%s}}' % (name.encode(), value.encode()) for name, value, _ in CASES]


def expected(name, value, answer):
    """(outcome, reason, the columns as JSON) of a case."""
    if answer != MISFIT:
        return b"event", b"", [answer.encode() if column == name else held for column, held in ABSENT.items()]
    text = value.encode()
    if text.startswith(b'"'):
        text = json.loads(text).encode()
    reason = b"after.%s: %s does not fit %s" % (name.encode(), text[:64], COLUMNS[name]["type"].encode())
    return b"error", reason, list(DEFAULTS.values())


ROWS = [expected(*case) for case in CASES]


def as_line(row):
    outcome, reason, held = row
    columns = b"".join(b",%s:%s" % (quoted(name.encode()), it) for name, it in zip(COLUMNS, held, strict=True))
    return b'{"outcome":"%s","reason":%s%s}' % (outcome, quoted(reason), columns)


OUTCOMES = {0: b"event", 1: b"skipped", 2: b"error"}


def rows_of_row_binary(data, count):
    at, rows = 0, []
    for _ in range(count):
        outcome, (reason, at) = OUTCOMES[data[at]], type_named("String").read(data, at + 1)
        held = []
        for kind in TYPES.values():
            value, at = kind.read(data, at)
            held.append(kind.json(value))
        rows.append((outcome, reason, held))
    assert at == len(data)
    return rows


def native_column(kind, reader, count):
    """What a column of so many rows holds."""
    if isinstance(kind, Array):
        ends = [int.from_bytes(reader.take(8), "little") for _ in range(count)]
        inner = native_column(kind.inner, reader, ends[-1] if ends else 0)
        return [inner[start:end] for start, end in zip([0, *ends], ends)]
    nulls = [reader.take(1) == b"\1" for _ in range(count)] if isinstance(kind, Nullable) else [False] * count
    plain, values = kind.inner if isinstance(kind, Nullable) else kind, []
    for null in nulls:
        value, reader.at = plain.read(reader.data, reader.at)
        assert not null or value == plain.default
        values.append(None if null else value)
    return values


def rows_of_native(data):
    reader, rows = wire.Reader(data), []
    while reader.at < len(data):
        assert reader.take(1) == b"\1"
        count = read_varint(reader)
        assert reader.string() == b"result"
        assert reader.string().startswith(b"Tuple(outcome Enum8(")
        outcomes = [OUTCOMES[it] for it in reader.take(count)]
        reasons = [reader.string() for _ in range(count)]
        columns = [[kind.json(it) for it in native_column(kind, reader, count)] for kind in TYPES.values()]
        rows += list(zip(outcomes, reasons, map(list, zip(*columns, strict=True)), strict=True))
    return rows


def read_varint(reader):
    number = shift = 0
    while True:
        (byte,) = reader.take(1)
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number


READ = {
    "LineAsString": lambda data, count: data.removesuffix(b"\n").split(b"\n"),
    "RowBinary": rows_of_row_binary,
    "Native": lambda data, count: rows_of_native(data),
}


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize("form", READ)
@pytest.mark.parametrize("way", [1, -1], ids=["forwards", "backwards"])
def test_value(build, form, way, asserted):
    messages, rows, cases = MESSAGES[::way] * 2, ROWS[::way] * 2, CASES[::way] * 2
    data = wire.ENCODE[form]([(message,) for message in messages])
    got = READ[form](ask(build, ["decode", LAYOUT, "--format", form], data), len(messages))
    want = [as_line(row) for row in rows] if form == "LineAsString" else rows
    wrong = [f"{case}: expected {one!r}, got {other!r}" for case, one, other in zip(cases, want, got, strict=True) if one != other]
    assert not wrong, "\n".join(wrong[:5])
    asserted(len(got))


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_value_after_its_like(build, column, asserted):
    """Each value of a column behind many that fit it, which have taught the decoder their shape."""
    own = [at for at, case in enumerate(CASES) if case[0] == column]
    fitting = [at for at in own if CASES[at][2] != MISFIT]
    order = fitting * 3 + [it for at in own for it in (at, *fitting)] + own[::-1]
    got = rows_of_row_binary(
        ask(build, ["decode", LAYOUT, "--format", "RowBinary"], wire.row_binary([(MESSAGES[at],) for at in order])), len(order))
    wrong = [f"{CASES[at]}: expected {ROWS[at]!r}, got {one!r}" for at, one in zip(order, got, strict=True) if one != ROWS[at]]
    assert not wrong, "\n".join(wrong[:3])
    asserted(len(order))


def test_every_column_and_type_has_values_that_fit_and_that_do_not():
    assert {name for name, _, answer in CASES if answer != MISFIT} == COLUMNS.keys()
    named = {it["type"].removeprefix("Nullable(").split("(")[0].rstrip(")") for it in COLUMNS.values()}
    for name in ("Bool", "Int128", "UInt128", "Int256", "UInt256", "IPv4", "IPv6", "Array", "Decimal"):
        assert name in named


@pytest.mark.parametrize("build", tables.BINARIES)
def test_a_layout_is_exact_where_no_column_says_otherwise(build, tmp_path):
    columns = [{"name": "all", "type": "Float64", "path": "after.n"}, {"name": "own", "type": "Float64", "path": "after.n", "exact": False}]
    layout, message = tmp_path / "layout.json", b'{"op":"c","source":{},"after":{"n":9007199254740993}}\n'
    answers = {}
    for chosen in (columns, columns[1:]):
        layout.write_text(json.dumps({"function": "f", "exact": True, "columns": chosen}))
        answers[len(chosen)] = json.loads(ask(build, ["decode", layout], message))
    assert answers[2]["reason"] == "after.n: 9007199254740993 does not fit Float64"
    assert answers[1] == {"outcome": "event", "reason": "", "own": 9007199254740992}


DECIMAL = b"""{"schema":{"type":"struct","fields":[{"type":"struct","fields":[{"type":"bytes","name":\
"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"%s","connect.decimal.precision":"36"},"field":"n"},\
{"type":"array","items":{"type":"int64","name":"io.debezium.time.MicroTimestamp"},"field":"t"}],"field":"after"}]},\
"payload":{"op":"c","source":{},"after":{"n":"Yw==","t":[1500]}}}\n""".replace(b"\\\n", b"")


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize(("scale", "answer"), [(b"-2", 9900), (b"2", 0.99), (b"0", 99), (b"x", 0.99), (b"-", 0.99), (b"", 0.99)])
def test_the_schema_says_scale_and_unit(build, scale, answer, tmp_path):
    """The scale with its sign; what is no number leaves the column's. The unit of times in an array is that of its items."""
    columns = [{"name": "n", "type": "Decimal(20, 2)", "path": "after.n", "encoding": "base64"},
               {"name": "t", "type": "Array(DateTime64(6))", "path": "after.t"}]
    layout = tmp_path / "layout.json"
    layout.write_text(json.dumps({"function": "f", "columns": columns}))
    row = json.loads(ask(build, ["decode", layout], DECIMAL % scale))
    assert row == {"outcome": "event", "reason": "", "n": answer, "t": ["1970-01-01 00:00:00.001500"]}


def long_arrays():
    """(message, the columns that it sets) of arrays that fill blocks, and of some that no block holds beside others."""
    for number in range(160):
        size = (0, 1, 7, 300, 5000, 9000)[number % 6]
        held = {
            "numbers": list(range(size)),
            "grid": [[None if it % 3 else it + 0.5 for it in range(size % 50)]] * (number % 4),
            "letters": [["x" * (number % 200)] * (size % 40), [], ["y" * (70_000 if number % 37 == 0 else 3)]],
            "words": [None, "", "z" * (40_000 if number % 31 == 0 else 1)],
        }
        yield json.dumps({"op": "c", "source": {}, "after": held}).encode(), held


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize("form", READ)
def test_long_arrays(build, form):
    sent = list(long_arrays())
    data = wire.ENCODE[form]([(message,) for message, _ in sent])
    got = READ[form](ask(build, ["decode", LAYOUT, "--format", form], data), len(sent))
    for (_, held), row in zip(sent, got, strict=True):
        if form == "LineAsString":
            columns = json.loads(row)
            assert columns["outcome"] == "event"
        else:
            assert row[0] == b"event"
            columns = {name: json.loads(it) for name, it in zip(COLUMNS, row[2], strict=True) if name in held}
        assert {name: columns[name] for name in held} == held
