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
