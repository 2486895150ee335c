"""`"exact": true`: nothing is guessed, and what a message's own schema says counts before what the layout says."""

from decimal import Decimal

import pytest
from inference import change, decode, field, lines, with_schema
from program import PROGRAMS

TIMES = 8  # a message's shape is learned after a few: every answer must be the same


@pytest.fixture(params=PROGRAMS, ids=["simdjson", "cjson"])
def answers(request, tmp_path):
    """answers(column, messages): what each gives, or its reason; each message several times over."""
    def run(column, *messages, **layout):
        layout = {"function": "f", "exact": True, "columns": [{"name": "it", "path": "after.it", **column}], **layout}
        found = []
        for message in messages:
            rows = decode(layout, message * TIMES, tmp_path, request.param)
            assert len(rows) == TIMES and all(row == rows[0] for row in rows), rows
            found.append(rows[0]["it"] if rows[0]["outcome"] == "event" else rows[0]["reason"])
        return found
    return run


def of(value, **more):
    return lines(change(it=value, **more))


def test_a_count_without_a_unit_is_a_guess(answers):
    column = {"type": "DateTime64(3, 'UTC')"}
    for value in (1767323045123, "1767323045123", "-5", 5.5):
        assert answers(column, of(value)) == [f"after.it: {value} does not fit DateTime64(3, 'UTC')"]
    assert answers(column, of("2026-01-02T03:04:05.123Z")) == ["2026-01-02 03:04:05.123"]
    assert answers(column | {"unit": "ms"}, of(1767323045123), of("1767323045123")) == ["2026-01-02 03:04:05.123"] * 2
    assert answers({"type": "Date32"}, of(20455)) == ["2026-01-02"]  # of a date the unit is known: days
    assert answers({"type": "Date32", "unit": "auto"}, of(20455)) == ["after.it: 20455 does not fit Date32"]
    assert answers(column | {"exact": False}, of(1767323045123)) == ["2026-01-02 03:04:05.123"]


def test_the_schema_says_the_unit(answers):
    def at(semantic, value):
        return with_schema([field("int64", "it", semantic)], {"it": value})
    column = {"type": "DateTime64(6, 'UTC')", "unit": "us"}
    millis, micros = at("io.debezium.time.Timestamp", 1767323045123), at("io.debezium.time.MicroTimestamp", 1767323045123456)
    # The connector's time.precision.mode was changed: a layout that is not exact believes itself.
    assert answers(column, micros, millis) == ["2026-01-02 03:04:05.123456", "2026-01-02 03:04:05.123000"]
    assert answers(column | {"exact": False}, millis) == ["1970-01-21 10:55:23.045123"]
    assert answers({"type": "DateTime64(6, 'UTC')"}, millis) == ["2026-01-02 03:04:05.123000"]
    assert answers(column, at(None, 1767323045123456)) == ["2026-01-02 03:04:05.123456"]


def test_a_count_keeps_its_unit(answers):
    """Of an integer the unit says what it counts: a message whose schema says another one holds another number."""
    micros = {"type": "Int64", "unit": "us"}
    for semantic in ("io.debezium.time.MicroTime", "io.debezium.time.MicroDuration"):
        assert answers(micros, with_schema([field("int64", "it", semantic)], {"it": 5})) == [5]
    for column in (micros, micros | {"type": "Nullable(Int64)"}, micros | {"type": "Int256"}):
        for kind, semantic in (("int32", "io.debezium.time.Time"), ("int64", "io.debezium.time.NanoTime"), ("int64", "io.debezium.time.NanoDuration"),
                               ("int32", "io.debezium.time.Date"), ("int64", "org.apache.kafka.connect.data.Timestamp")):
            said = with_schema([field(kind, "it", semantic)], {"it": 5})
            assert answers(column, said) == [f"after.it: 5 does not fit {column['type']}: the schema says {semantic}"]
    assert answers(micros, with_schema([field("int64", "it")], {"it": 5}), of(5)) == [5, 5]
    assert answers({"type": "Int64"}, with_schema([field("int32", "it", "io.debezium.time.Time")], {"it": 5})) == [5]


def test_a_shape_that_was_learned_from_null_tells_nothing_of_the_unit(tmp_path):
    """The messages before a value of another unit hold none."""
    layout = {"function": "f", "exact": True, "columns": [{"name": "it", "type": "Nullable(Int64)", "path": "after.it", "unit": "us"}]}
    messages = with_schema([field("int32", "it", "io.debezium.time.Time")], *[{"it": None}] * TIMES, *[{"it": 5}] * TIMES)
    for program in PROGRAMS:
        rows = decode(layout, messages, tmp_path, program)
        assert [row["outcome"] for row in rows] == ["event"] * TIMES + ["error"] * TIMES


def test_a_decimal_that_comes_as_a_text_is_no_base64(answers):
    """decimal.handling.mode was changed: `1234` is the base64 of another number."""
    column = {"type": "Decimal(10, 2)", "encoding": "base64"}
    decimal = {"parameters": {"scale": "2", "connect.decimal.precision": "10"}}

    def of_schema(kind, value, semantic=None, **more):
        return with_schema([field(kind, "it", semantic, **more)], {"it": value})
    assert answers(column, of_schema("bytes", "BNI=", "org.apache.kafka.connect.data.Decimal", **decimal)) == [Decimal("12.34")]
    for kind, value, held in (("string", "1234", 1234), ("string", "12.34", Decimal("12.34")), ("double", 12.34, Decimal("12.34")), ("int64", 7, 7)):
        assert answers(column, of_schema(kind, value)) == [held]
        assert answers(column | {"exact": False}, of_schema(kind, value)) == [held]
    assert answers(column, of_schema("string", "12.345")) == ["after.it: 12.345 does not fit Decimal(10, 2)"]
    # Bytes of anything else are no number.
    assert answers(column, of_schema("bytes", "1234")) == ["after.it: 1234 does not fit Decimal(10, 2): the schema says bytes"]


def test_a_float_is_one_where_the_schema_says_so(answers):
    """Java 17 writes these, which are not the shortest decimals of their floats."""
    def of_schema(kind, text):
        return with_schema([field(kind, "it")], {"it": 0}).replace(b'"it": 0', b'"it": ' + text.encode())
    assert answers({"type": "Float64"}, of_schema("double", "4.9E-324"), of_schema("double", "2.82879384806159008E17")) == [
        Decimal("5e-324"), Decimal("282879384806159000")]
    assert answers({"type": "Float32"}, of_schema("float", "1.4E-45"), of_schema("float", "8.41E21")) == [Decimal("1e-45"), Decimal("8.41e21")]
    refused = [message for message in answers({"type": "Float64"}, of_schema("int64", "9007199254740993"), of(9007199254740993),
                                              lines(b'{"op":"c","source":{},"after":{"it":4.9E-324}}'))]
    assert all("does not fit Float64" in reason for reason in refused)
    # A double is too much for a Float32.
    assert "does not fit Float32" in answers({"type": "Float32"}, of_schema("double", "0.12345678901234567"))[0]


def test_an_empty_text_is_no_value_before_a_delete(answers):
    """Debezium's '' for a column that is NOT NULL and no part of the replica identity."""
    uuid, day = {"type": "Nullable(UUID)"}, {"type": "Date32"}
    assert answers(uuid, of("", op="d")) == [None] and answers(day, of("", op="d")) == ["1970-01-01"]
    assert answers(uuid, of(""), of("", op="u")) == ["after.it:  does not fit Nullable(UUID)"] * 2
    assert answers({"type": "Int64"}, of("", op="d"), key=["it"]) == ["after.it:  does not fit Int64"]


def test_what_a_row_lacks_is_not_made_up(answers):
    """A column that was renamed or dropped, or a message of another table."""
    lacks = lines(change(other=1))
    for column in ({"type": "String"}, {"type": "Int64"}, {"type": "Array(String)"}, {"type": "Int64", "path": "after.doc.it"}):
        path = column.get("path", "after.it")
        assert answers(column, lacks) == [f"{path}: missing"]
        assert answers(column, lines(change(op="d", other=1))) != [f"{path}: missing"]  # which need not be whole
        assert answers(column | {"exact": False}, lacks) != [f"{path}: missing"]
    assert answers({"type": "Int64", "default": 5}, lacks) == [5]
    assert answers({"type": "Nullable(Int64)"}, lacks) == [None]
    assert answers({"type": "Int64", "lenient": True}, lacks) == [0]
    assert answers({"type": "Int64", "path": "source.xmin"}, lacks) == [0]


def test_a_missing_key_is_no_key(answers):
    """Rows without a key would all be the row of the key 0."""
    for exact in (True, False):
        for op in ("c", "u", "d"):
            for message in (lines(change(op=op, other=1)), lines(change(op=op, ID=1))):
                assert answers({"type": "Int64", "exact": exact}, message, key=["it"]) == ["after.it: missing"]
                assert answers({"type": "String", "exact": exact}, message, key=["it"]) == ["after.it: missing"]
        assert answers({"type": "String", "exact": exact}, of(""), key=["it"]) == [""]
    assert answers({"type": "Int64", "exact": False}, of(None), of(""), key=["it"]) == ["after.it: missing"] * 2
    assert answers({"type": "Int64", "default": 7}, of(None), lines(change(other=1)), key=["it"]) == [7, 7]


def test_a_missing_key_is_none_in_a_shape_that_is_known(tmp_path):
    layout = {"function": "f", "key": ["it"], "columns": [{"name": "it", "type": "Int64", "path": "after.it"}]}
    rows = decode(layout, of(1) * TIMES + of(None) * TIMES + of(2), tmp_path)
    assert [row["outcome"] for row in rows] == ["event"] * TIMES + ["error"] * TIMES + ["event"]
