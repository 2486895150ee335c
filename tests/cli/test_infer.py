"""`debezium-udf infer`: every rule by which it proposes a layout, and that what it proposes holds for what comes later."""

import json
import os
import re
import subprocess
from decimal import Decimal

import pytest
from inference import FIXTURES, Proposal, change, decode, field, lines, with_schema
from program import FIXTURE, LAYOUT, PROGRAMS, ROOT, call, refusal

ORDERS = ROOT / "tests" / "orders" / "messages.ndjson"
UUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(params=PROGRAMS, ids=["simdjson", "cjson"])
def program(request):
    return request.param


def proposed(*values, name="it", **more):
    """The column proposed for these values of one member."""
    return Proposal(lines(*(change(**{name: value}, **more) for value in values))).by_path[f"after.{name}"]


def outbox(payload, number=1):
    return change(id=number, aggregate_type="order", aggregate_id="o1", payload=json.dumps(payload))


def kept(folder, sample, later, name="it"):
    """What the column proposed for the sample makes of later values: the value, or the reason of the dead letter."""
    proposal = Proposal(lines(*(change(**{name: value}) for value in sample)))
    column = proposal.by_path[f"after.{name}"]["name"]
    rows = proposal.decode(lines(*(change(**{name: value}) for value in later)), folder)
    return [row[column] if row["outcome"] == "event" else row["reason"] for row in rows]


# ---- Types without a schema ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("values, kind", [
    (["paid", "sent"], "String"),
    (["76036"], "String"), (["12E5"], "String"), (["2024010100001"], "String"), (["true", "false"], "String"), (["1.50"], "String"),
    (["NaN"], "String"), ([""], "String"), (["", "2026-01-02"], "String"), (["2026-01-02", "soon"], "String"),
    (["2026-01-02", "2026-01-02T03:04:05Z"], "String"), (["2026-02-30"], "String"), (["1850-01-01"], "String"),
    (["2026-01-02", "1900-01-01", "2299-12-31"], "Date32"),
    (["2026-01-02T03:04:05Z"], "DateTime64(6, 'UTC')"), (["2026-01-02 03:04:05.1234567"], "DateTime64(9, 'UTC')"),
    (["2026-01-02T03:04:05.123456+02:00"], "DateTime64(6, 'UTC')"), (["2026-01-02T03:04:05.1234567891Z"], "String"),
    ([UUID], "UUID"), ([UUID.replace("1", "A")], "String"), ([UUID.replace("-", "")], "String"), ([UUID, "none"], "String"),
    ([1, -2], "Int64"), ([0], "Int64"), ([2**63 - 1, -2**63], "Int64"), ([2**63], "UInt64"), ([2**64 - 1], "UInt64"),
    ([2**63, -1], "Int128"), ([2**64], "Int128"), ([2**127], "UInt128"), ([2**127, -1], "Int256"), ([2**255], "UInt256"), ([2**256], "String"),
    ([1, 2.5], "Float64"), ([10.0], "Float64"), ([1e300], "Float64"), ([0.1, "NaN"], "Float64"), ([0.1, "n/a"], "String"),
    ([True, False], "Bool"), ([True, 1], "String"), ([1, "1"], "String"),
    ([{"scale": 2, "value": "BNI="}], "Decimal(76, 38)"), ([{"scale": 2}], "String"), ([[1, 2]], "String"), ([{"a": 1}], "String"), ([None], "String"),
])
def test_type_by_values(values, kind):
    assert proposed(*values)["type"] == f"Nullable({kind})"


@pytest.mark.parametrize("numbers, kind", [
    (["0.12345678901234567890"], "Decimal(38, 23)"),   # zeros at the end are no digits
    (["12345678901234567.5", "1.25"], "Decimal(38, 6)"),
    (["1234567890123456789012345.123456789"], "Decimal(76, 17)"),
    (["9007199254740993", "0.5"], "Decimal(38, 5)"),
    (["1e400"], "String"), ("1e-400 1".split(), "String"),
])
def test_numbers_too_wide_for_a_double(numbers, kind):
    rows = [b'{"op":"c","source":{},"after":{"it":%s}}' % number.encode() for number in numbers]
    assert Proposal(lines(*rows)).columns["it"]["type"] == f"Nullable({kind})"


@pytest.mark.parametrize("number, kind", [
    ("5E-324", "Float64"), ("1.7976931348623157E308", "Float64"), ("1.0E23", "Float64"), ("0.30000000000000004", "Float64"), ("-0.0", "Float64"),
    ("1.6777216E7", "Float64"), ("100000000000000000000.0", "Float64"),
    # What is not the shortest decimal of its double may have been more than one:
    ("0.10000000000000001", "Decimal(38, 21)"), ("2.82879384806159008E17", "Decimal(38, 4)"), ("4.9E-324", "String"),
])
def test_shortest_decimals_of_doubles(number, kind):
    assert Proposal(lines(b'{"op":"c","source":{},"after":{"it":%s}}' % number.encode())).columns["it"]["type"] == f"Nullable({kind})"


@pytest.mark.parametrize("name", ["paid_at", "paidAt", "PAID_AT", "event_ts", "timestamp", "Timestamp_ms", "created", "createdOn", "updated_on"])
@pytest.mark.parametrize("value, unit", [(1767323045123, "ms"), (1767323045123456, "us"), (1767323045123456789, "ns")])
def test_number_is_a_time_where_the_name_says_a_moment(name, value, unit):
    precision = {"ms": 3, "us": 6, "ns": 9}[unit]
    column = proposed(value, None, value + 1, name=name)
    assert (column["type"], column["unit"]) == (f"Nullable(DateTime64({precision}, 'UTC'))", unit)


@pytest.mark.parametrize("name", ["ean", "c1", "prep_time", "createdTime", "duration_at", "elapsed_ts", "format", "created_by", "updated_count", "lat"])
def test_other_numbers_are_numbers_and_the_note_says_what_they_would_be(name):
    column = proposed(1767323045123, name=name)
    assert column["type"] == "Nullable(Int64)" and "unit" not in column
    assert "as ms 1 of 1" in column["note"] and "DateTime64(3, 'UTC') and unit ms" in column["note"]


def test_one_number_outside_the_century_makes_it_a_number(tmp_path):
    assert proposed(1767323045123, 0, name="paid_at")["type"] == "Nullable(Int64)"
    assert proposed(1767323045123, -1, name="paid_at")["type"] == "Nullable(Int64)"
    assert proposed(1767323045123, 1767323045123456, name="paid_at")["type"] == "Nullable(Int64)"
    assert kept(tmp_path, [1767323045123], [-1500, 2**62], "paid_at") == ["1969-12-31 23:59:58.500", "after.paid_at: 4611686018427387904 does not fit Nullable(DateTime64(3, 'UTC'))"]


def test_seconds_and_days_are_times_in_a_document_alone():
    assert proposed(1767323045, name="paid_at")["type"] == "Nullable(Int64)"
    assert "as s 1 of 1" in proposed(1767323045, name="paid_at")["note"]
    document = Proposal(lines(outbox({"paid_at": 1767323045, "seconds": 1767323045}))).columns
    assert (document["paid_at"]["type"], document["paid_at"]["unit"]) == ("Nullable(DateTime64(0, 'UTC'))", "s")
    assert document["seconds"]["type"] == "Nullable(Int64)"
    assert proposed(20485, name="made_on")["type"] == "Nullable(Int64)" and "Date32" in proposed(20485, name="made_on")["note"]


def test_what_a_person_may_know_better_is_noted():
    assert "numeric(P, S)" in proposed("BNI=", "Yw==")["note"] and "encoding base64" in proposed("BNI=", "")["note"]
    assert "numeric(P, S)" in proposed("1.50", "2")["note"] and "nan true" in proposed("1.50", "NaN")["note"]
    assert "base64" not in proposed("words", "BNI=")["note"]
    assert "in 1 of 3 rows, NULL in 2" in proposed(None, "x", None)["note"]
    assert "texts in 1, numbers in 1; all could be times" in proposed("2026-01-02T03:04:05Z", 1767323045123)["note"]


def test_later_values_are_held_or_are_dead_letters(tmp_path):
    assert kept(tmp_path, ["76036"], ["02134", "", None, 5, True]) == ["02134", "", None, "5", "true"]
    assert kept(tmp_path, [10.0], [10.5, -1.5e-10, "NaN", None]) == [Decimal("10.5"), Decimal("-1.5E-10"), "nan", None]
    assert kept(tmp_path, [1], [-7, "07", 1.5])[0] == -7
    assert all("does not fit" in reason for reason in kept(tmp_path, [1], ["07", 1.5, "", 2**63]))
    assert all("does not fit" in reason for reason in kept(tmp_path, ["2026-01-02"], ["2026-01-02T03:04:05Z", "", "soon", "1850-01-01", 20485]))
    assert all("does not fit" in reason for reason in kept(tmp_path, [UUID], [UUID.replace("1", "A"), "x", ""]))
    assert all("does not fit" in reason for reason in kept(tmp_path, ["2026-01-02T03:04:05Z"], ["2026-01-02T03:04:05.1234567Z", "infinity", ""]))
    assert kept(tmp_path, [True], [False, None]) == [False, None]
    assert "does not fit" in kept(tmp_path, [True], ["yes"])[0]
    assert kept(tmp_path, [None], ["x", 5, None, [1], ""]) == ["x", "5", None, "[1]", ""]


def test_what_debezium_writes_before_a_delete_for_columns_that_it_does_not_know():
    """Under REPLICA IDENTITY DEFAULT the row before a delete has 0 or '' in columns that are NOT NULL and no part of the key."""
    rows = [change(id=1, paid_at=1767323045123, day="2026-01-02", ref=UUID, n=5), change("d", id=1, paid_at=0, day="", ref="", n=0)]
    types = Proposal(lines(*rows)).types()
    assert types["paid_at"] == "Nullable(DateTime64(3, 'UTC'))" and types["n"] == "Nullable(Int64)"
    assert (types["day"], types["ref"]) == ("Nullable(String)", "Nullable(String)")


# ---- Types from the schema --------------------------------------------------------------------------------------------------

DECIMAL = "org.apache.kafka.connect.data.Decimal"


def decimal(scale, precision=None):
    return {"parameters": {"scale": str(scale)} | ({"connect.decimal.precision": str(precision)} if precision else {})}


@pytest.mark.parametrize("kind, semantic, more, expected", [
    ("boolean", None, {}, ("Bool", None)), ("int8", None, {}, ("Int64", None)), ("int16", None, {}, ("Int64", None)),
    ("int32", None, {}, ("Int64", None)), ("int64", None, {}, ("Int64", None)), ("float", None, {}, ("Float32", None)),
    ("double", None, {}, ("Float64", None)), ("string", None, {}, ("String", None)), ("bytes", None, {}, ("String", None)),
    ("map", None, {}, ("String", None)), ("struct", None, {}, ("String", None)),
    ("bytes", DECIMAL, decimal(2, 10), ("Decimal(10, 2)", None)), ("bytes", DECIMAL, decimal(2), ("Decimal(38, 2)", None)),
    ("bytes", DECIMAL, decimal(-2, 36), ("Decimal(38, 0)", None)), ("bytes", DECIMAL, decimal(5, 2), ("Decimal(5, 5)", None)),
    ("bytes", DECIMAL, decimal(20, 60), ("Decimal(60, 20)", None)), ("bytes", DECIMAL, decimal(2, 100), ("String", None)),
    ("struct", "io.debezium.data.VariableScaleDecimal", {}, ("Decimal(76, 38)", None)),
    ("int32", "io.debezium.time.Date", {}, ("Date32", None)), ("int32", "org.apache.kafka.connect.data.Date", {}, ("Date32", None)),
    ("string", "io.debezium.time.IsoDate", {}, ("Date32", None)),
    ("int64", "io.debezium.time.Timestamp", {}, ("DateTime64(3, 'UTC')", "ms")),
    ("int64", "org.apache.kafka.connect.data.Timestamp", {}, ("DateTime64(3, 'UTC')", "ms")),
    ("int64", "io.debezium.time.MicroTimestamp", {}, ("DateTime64(6, 'UTC')", "us")),
    ("int64", "io.debezium.time.NanoTimestamp", {}, ("DateTime64(9, 'UTC')", "ns")),
    ("string", "io.debezium.time.ZonedTimestamp", {}, ("DateTime64(6, 'UTC')", None)),
    ("string", "io.debezium.time.IsoTimestamp", {}, ("DateTime64(6, 'UTC')", None)),
    ("int32", "io.debezium.time.Time", {}, ("Int64", "ms")), ("int64", "io.debezium.time.MicroTime", {}, ("Int64", "us")),
    ("int64", "io.debezium.time.NanoTime", {}, ("Int64", "ns")), ("int32", "org.apache.kafka.connect.data.Time", {}, ("Int64", "ms")),
    ("int64", "io.debezium.time.MicroDuration", {}, ("Int64", "us")), ("int64", "io.debezium.time.NanoDuration", {}, ("Int64", "ns")),
    ("int32", "io.debezium.time.Year", {}, ("Int64", None)), ("string", "io.debezium.time.Interval", {}, ("String", None)),
    ("string", "io.debezium.time.ZonedTime", {}, ("String", None)), ("string", "io.debezium.data.Uuid", {}, ("UUID", None)),
    ("string", "io.debezium.data.Enum", {}, ("String", None)), ("string", "io.debezium.data.Json", {}, ("String", None)),
    ("bytes", "io.debezium.data.Bits", {}, ("String", None)), ("struct", "io.debezium.data.geometry.Point", {}, ("String", None)),
])
@pytest.mark.parametrize("optional", [True, False])
def test_type_by_schema(kind, semantic, more, expected, optional):
    column = Proposal(with_schema([field(kind, "it", semantic, optional, **more)], {"it": None})).columns["it"]
    assert (column["type"], column.get("unit")) == (f"Nullable({expected[0]})" if optional else expected[0], expected[1])
    assert column.get("encoding") == ("base64" if "Decimal(" in expected[0] else None)
    assert column.get("nan") == (True if expected[0].startswith("Float") else None)


@pytest.mark.parametrize("semantic, unit", [("io.debezium.time.Time", "milliseconds"), ("io.debezium.time.MicroTime", "microseconds"),
                                            ("io.debezium.time.NanoTime", "nanoseconds"), ("io.debezium.time.MicroDuration", "microseconds")])
def test_unit_of_a_duration_is_in_the_note(semantic, unit):
    assert unit in Proposal(with_schema([field("int64", "it", semantic)], {"it": 5})).columns["it"]["note"]


def test_schema_decides_before_values(tmp_path):
    proposal = Proposal(with_schema([field("string", "zip"), field("int64", "created_at"), field("double", "whole")],
                                    {"zip": "2026-01-02", "created_at": 1767323045123, "whole": 1}))
    assert [proposal.columns[name]["type"] for name in ("zip", "created_at", "whole")] == ["Nullable(String)", "Nullable(Int64)", "Nullable(Float64)"]


def test_decimals_as_json_numbers():
    column = Proposal(with_schema([field("bytes", "it", DECIMAL, **decimal(2, 10))], {"it": 12.34})).columns["it"]
    assert column["type"] == "Nullable(Decimal(10, 2))" and "encoding" not in column


def test_times_that_the_type_does_not_hold_are_kept(tmp_path):
    fields = [field("int64", "at", "io.debezium.time.MicroTimestamp"), field("string", "zoned", "io.debezium.time.ZonedTimestamp"),
              field("int32", "day", "io.debezium.time.Date")]
    data = with_schema(fields, {"at": -30610224000000000, "zoned": "infinity", "day": 2932896}, {"at": 5, "zoned": None, "day": None})
    proposal = Proposal(data)
    assert [proposal.columns[name]["type"] for name in ("at", "zoned", "day")] == ["Nullable(Int64)", "Nullable(String)", "Nullable(Int64)"]
    assert "1 values are outside DateTime64(6, 'UTC')" in proposal.columns["at"]["note"] and "in us" in proposal.columns["at"]["note"]
    row = proposal.decode(data, tmp_path)[0]
    assert (row["at"], row["zoned"], row["day"]) == (-30610224000000000, "infinity", 2932896)


def test_digits_of_a_text_time_by_the_database():
    fields = [field("string", "it", "io.debezium.time.ZonedTimestamp")]
    for connector, precision in [("postgresql", 6), ("sqlserver", 7), ("oracle", 9)]:
        proposal = Proposal(with_schema(fields, {"it": "2026-01-02T03:04:05Z"}, connector=connector, table="t"))
        assert proposal.columns["it"]["type"] == f"Nullable(DateTime64({precision}, 'UTC'))"


def test_array_by_schema(tmp_path):
    def array(optional, element, semantic=None):
        items = {"type": element, "optional": True} | ({"name": semantic} if semantic else {})
        return Proposal(with_schema([field("array", "it", optional=optional, items=items)], {"it": None if optional else []})).columns["it"]
    # An Array is never NULL in ClickHouse.
    assert array(True, "string")["type"] == "Nullable(String)" and "NULL" in array(True, "string")["note"]
    assert array(False, "string")["type"] in ("Array(Nullable(String))", "String")
    assert array(False, "bytes", DECIMAL)["type"] == "String"


def test_schema_that_changes_within_the_sample(tmp_path):
    old, new = "io.debezium.time.Timestamp", "io.debezium.time.MicroTimestamp"
    data = (with_schema([field("int64", "at", old), field("bytes", "n", DECIMAL, **decimal(2, 10))], {"at": 1767323045123, "n": "BNI="}) +
            with_schema([field("int64", "at", new), field("bytes", "n", DECIMAL, **decimal(3, 12))], {"at": 1767323045123456, "n": "BNI="}))
    proposal = Proposal(data)
    assert proposal.columns["at"]["type"] == "Nullable(DateTime64(6, 'UTC'))" and "unit" not in proposal.columns["at"]
    assert proposal.columns["n"]["type"] == "Nullable(Decimal(12, 3))" and "changed" in proposal.columns["n"]["note"]
    assert [row["at"] for row in proposal.decode(data, tmp_path)] == ["2026-01-02 03:04:05.123000", "2026-01-02 03:04:05.123456"]
    assert [row["n"] for row in proposal.decode(data, tmp_path)] == [Decimal("12.34"), Decimal("1.234")]


# ---- Names ------------------------------------------------------------------------------------------------------------------

RESERVED = ["outcome", "reason", "op", "version", "deleted", "lsn", "unmapped", "left_out", "topic", "partition", "offset", "kafka_time",
            "key", "row", "attempt", "message", "complete", "identity", "null", "true", "False", "NaN", "inf", "Infinity", "NOT"]


def test_reserved_names(tmp_path):
    data = lines(change(**{"before": None} and {}, **{name: f"the row's {name}" for name in RESERVED if name not in ("op",)}))
    proposal = Proposal(data)
    for name in RESERVED:
        if name != "op":
            assert proposal.columns[f"{name}_"]["path"] == f"after.{name}"
    row = proposal.decode(data, tmp_path)[0]
    assert all(row[f"{name}_"] == f"the row's {name}" for name in RESERVED if name != "op") and row["op"] == "c"


def test_names_that_a_pipeline_cannot_store_get_an_underscore():
    """What the statements call something beside a row's columns, and what the engine keeps for itself."""
    statements = [path.read_text() for path in sorted((ROOT / "sql" / "pipeline").glob("**/*.sql"))]
    used = {name for text in statements for name in re.findall(r"\bAS (_[a-z_]+)\b", text)} | {"_row_exists", "_block_number", "_block_offset", "_kept"}
    assert {"_e", "_f", "_version", "_left", "_rows"} <= used
    proposal = Proposal(lines(change(id=1, _id=2, __v=3, **{name: 4 for name in used})))
    for name in used:
        assert proposal.columns[f"{name}_"]["path"] == f"after.{name}"
    assert {"_id", "__v"} <= set(proposal.columns)


def test_a_table_with_the_names_of_kcats_objects(tmp_path):
    data = lines(change(topic="t", partition=0, offset=5, payload="p"))
    assert Proposal(data).decode(data, tmp_path)[0]["payload"] == "p"


def test_hostile_names(tmp_path):
    names = ["a.b", "a_b", "a[0]", 'quo"te', "back\\slash", "1 x", "größe", "日本", "x" * 128, "tab\there", "'", "]", "SELECT", "ID", "id"]
    data = lines({"op": "c", "source": {}, "after": {name: number for number, name in enumerate(names)}})
    proposal = Proposal(data)
    columns = [column["name"] for column in proposal.layout["columns"]][:len(names)]
    assert columns[:6] == ["a_b", "a_b_2", "a_0_", "quo_te", "back_slash", "_1_x"]
    assert columns[6:8] == ["gr__e", "__"]
    row = proposal.decode(data, tmp_path)[0]
    assert [row[name] for name in columns] == list(range(len(names)))


def test_members_that_become_no_column_are_named():
    row = {"": 1, "x" * 129: 2, "id": 3}
    proposal = Proposal(lines({"op": "c", "source": {}, "after": row}))
    assert proposal.tells("no column for after: a member with an empty name")
    assert proposal.tells("no column for after." + "x" * 128, "too long")
    assert [column["path"] for column in proposal.layout["columns"]][:1] == ["after.id"]
    wide = Proposal(lines({"op": "c", "source": {}, "after": {f"m{number}": number for number in range(1200)}}))
    named = {line.split()[5] for line in wide.said if "no column for after." in line}
    assert "after.m999:" in named and wide.tells("no column for", "more members")


def test_names_that_collide_in_documents():
    row = {"id": 1, "a": json.dumps({"id": 2, "b": {"id": 3}, "new": 4})}
    columns = Proposal(lines({"op": "c", "source": {}, "after": row})).columns
    assert columns["id"]["path"] == "after.id" and columns["a_id"]["path"] == "after.a.id" and columns["b_id"]["path"] == "after.a.b.id"
    assert columns["new"]["path"] == "after.a.new"


# ---- What is accepted, and what every row has --------------------------------------------------------------------------------

def test_a_sample_of_one_operation_loses_no_other(tmp_path):
    proposal = Proposal(lines(change("u", id=1, name="a")), "--key", "id")
    assert proposal.layout["accept"] == {"op": ["c", "r", "u", "d"]} and proposal.layout["accept_missing"] == "error"
    rows = proposal.decode(lines(change("c", id=2), change("r", id=3), change("d", id=1), change("t")), tmp_path)
    assert [(row["outcome"], row["op"], row["id"]) for row in rows[:3]] == [("event", "c", 2), ("event", "r", 3), ("event", "d", 1)]
    assert (rows[3]["outcome"], rows[3]["reason"]) == ("error", "op t")


def test_metadata_of_a_table_of_postgresql(tmp_path):
    proposal = Proposal(lines(change(id=1, big="x"), change("u", id=1, big="__debezium_unavailable_value")), "--key", "id")
    assert proposal.types() == {"id": "Int64", "big": "Nullable(String)", "op": "String", "version": "UInt64", "unmapped": "Array(String)",
                                "left_out": "Array(String)"}
    assert proposal.columns["version"] == {"name": "version", "type": "UInt64", "path": "source.lsn", "required": True}
    later = lines(change("u", id=1, big="__debezium_unavailable_value", source={"lsn": 7}), change(id=2, new=1, source={"lsn": 8}), change(id=3, source={"x": 1}))
    rows = proposal.decode(later, tmp_path)
    assert (rows[0]["outcome"], rows[0]["big"], rows[0]["left_out"], rows[0]["version"]) == ("event", None, ["big"], 7)
    assert (rows[1]["outcome"], rows[1]["unmapped"], rows[1]["left_out"]) == ("event", ["new"], [])
    assert (rows[2]["outcome"], rows[2]["reason"]) == ("error", "source.lsn: missing")


@pytest.mark.parametrize("source, columns, version", [
    ({"connector": "mysql", "db": "shop", "table": "t", "file": "binlog.000001", "pos": 4, "gtid": None}, {"binlog_file": "source.file", "binlog_pos": "source.pos"}, None),
    ({"connector": "mariadb", "db": "shop", "table": "t", "file": "b.1", "pos": 4, "gtid": "0-1-3"}, {"binlog_file": "source.file", "binlog_pos": "source.pos", "gtid": "source.gtid"}, None),
    ({"connector": "oracle", "schema": "S", "table": "T", "scn": "2122185"}, {}, "source.scn"),
    ({"connector": "sqlserver", "db": "d", "schema": "dbo", "table": "t", "commit_lsn": "00000027:00000758:0005", "change_lsn": "00000027:00000758:0003"}, {"commit_lsn": "source.commit_lsn", "change_lsn": "source.change_lsn"}, None),
    ({}, {}, None),
])
def test_version_by_the_database(source, columns, version):
    proposal = Proposal(lines({"op": "c", "source": source, "after": {"id": 1}}))
    assert proposal.columns.get("version", {}).get("path") == version
    assert columns.items() <= {name: column["path"] for name, column in proposal.columns.items()}.items()
    assert proposal.tells("version:", "Kafka's offset") == (version is None)
    assert ("left_out" in proposal.columns) == (source == {})


@pytest.mark.parametrize("message, path", [
    (lambda n: change(id=n) | {"ts_ns": n}, "ts_ns"),
    (lambda n: {"schema": {}, "payload": change(id=n) | {"ts_ns": n}}, "ts_ns"),
    (lambda n: {"op": "c", "source": {"connector": "mariadb", "table": "t", "file": "b.1", "pos": 4}, "after": {"id": n}, "ts_ns": n}, "ts_ns"),
    (lambda n: {"op": "c", "source.lsn": 1, "after.id": n, "after.ts_ns": 7, "ts_ns": n}, "ts_ns"),
    (lambda n: {"id": n, "__op": "c", "__lsn": 1, "__ts_ns": n, "ts_ns": 7}, "__ts_ns"),
    # Those of the row itself are no times of a change, and one message in two has none.
    (lambda n: {"id": n, "__op": "c", "__lsn": n, "ts_ns": 7}, "source.lsn"),
    (lambda n: change(id=n, ts_ns=7, source={"connector": "postgresql", "table": "t", "lsn": n}), "source.lsn"),
    (lambda n: change(id=n, source={"connector": "postgresql", "table": "t", "lsn": n}) | ({"ts_ns": n} if n == 1 else {}), "source.lsn"),
    (lambda n: {"id": n, "ts_ns": n}, None),
])
def test_the_latest_row_is_told_by_when_the_change_was_taken(message, path, tmp_path):
    data = lines(message(1), message(2))
    proposal = Proposal(data, "--key", "id")
    assert proposal.columns.get("version", {}).get("path") == path
    assert [row.get("version") for row in proposal.decode(data, tmp_path)] == ([1, 2] if path else [None, None])
    assert proposal.tells("version:", "ts_ns") == (path == "source.lsn")


def test_no_version_where_a_message_has_no_position():
    proposal = Proposal(lines(change(id=1), change(id=2, source={"connector": "postgresql", "schema": "public", "table": "t", "lsn": None})))
    assert "version" not in proposal.columns and proposal.tells("version:", "Kafka's offset")


def test_names_of_databases_in_what_is_said():
    for connector, name in [("mysql", "MySQL"), ("sqlserver", "SQL Server"), ("mongodb", "MongoDB"), ("oracle", "Oracle")]:
        proposal = Proposal(lines({"op": "c", "source": {"connector": connector, "table": "t"}, "after": {"id": 1, "n": "BNI="}}))
        assert f"of {name}:" in proposal.layout["note"] and f"if {name} has" in proposal.columns["n"]["note"]
        assert b"PostgreSQL" not in proposal.text and not proposal.tells("PostgreSQL")


def test_outbox():
    row = outbox({"total": 5, "lines": [{"sku": "a"}]})["after"]
    proposal = Proposal(lines(change("u", **row), change("d", **row), change(**row)))
    assert proposal.layout["accept"] == {"op": ["c", "r"]}
    assert {"op", "version", "unmapped", "left_out"}.isdisjoint(proposal.columns)
    assert proposal.columns["total"]["path"] == "after.payload.total" and proposal.columns["payload"]["path"] == "after.payload"
    for name in ("aggregatetype", "aggregateType"):
        renamed = {**row, name: row["aggregate_type"], "aggregateid": "o1"}
        del renamed["aggregate_type"]
        assert Proposal(lines(change(**renamed))).layout["accept"] == {"op": ["c", "r"]}
    assert proposal.tells("taken as an outbox", "u and d are skipped")
    for other in ({**row, "payload": "no document"}, {**row, "aggregate_id": None} | {"other_id": "o1"}):
        other = {name: value for name, value in other.items() if value is not None}
        assert Proposal(lines(change(**other))).layout["accept"] == {"op": ["c", "r", "u", "d"]}


def test_texts_within_a_document_are_texts(tmp_path):
    data = lines(outbox({"text": '{"n": 1}', "object": {"m": 1}}), outbox({"text": '{"n": "x"}', "object": {"m": 2}}))
    proposal = Proposal(data)
    assert "n" not in proposal.columns and proposal.columns["m"]["type"] == "Nullable(Int64)"
    assert [row["text"] for row in proposal.decode(data, tmp_path)] == ['{"n": 1}', '{"n": "x"}']


# ---- Documents --------------------------------------------------------------------------------------------------------------

def test_documents_are_kept_whole_and_opened(tmp_path):
    documents = [{"name": "Zoë", "n": 1, "deep": {"x": True}}, {"name": "Max"}]
    data = lines(*(change(id=number, customer=json.dumps(document)) for number, document in enumerate(documents)))
    proposal = Proposal(data)
    assert proposal.columns["name"]["path"] == "after.customer.name" and proposal.columns["x"]["path"] == "after.customer.deep.x"
    later = lines(*(change(id=9, customer=value) for value in ("[1, 2]", "5", "null", None, '{"other": 1}')))
    rows = proposal.decode(data + later, tmp_path)
    assert [row["outcome"] for row in rows] == ["event"] * 7
    assert [row["customer"] for row in rows[2:]] == ["[1, 2]", "5", "null", None, '{"other": 1}']
    assert (rows[0]["name"], rows[0]["n"], rows[0]["deep"], rows[0]["x"]) == ("Zoë", "1", '{"x": true}', "true")


def test_members_of_a_rows_document_are_text(tmp_path):
    """A database's column has a type, a document's member has none: what comes later is held all the same."""
    proposal = Proposal(lines(change(id=1, doc=json.dumps({"n": 1, "b": True, "day": "2026-01-02", "at": 1767323045123}))))
    assert {proposal.columns[name]["type"] for name in ("n", "b", "day", "at")} == {"Nullable(String)"}
    assert "type Int64 holds those of the sample" in proposal.columns["n"]["note"]
    later = proposal.decode(lines(change(id=1, doc=json.dumps({"n": 1.5, "b": "x", "day": None, "at": [1]}))), tmp_path)
    assert [(row["outcome"], row["n"], row["b"], row["day"], row["at"]) for row in later] == [("event", "1.5", "x", None, "[1]")]


def test_members_of_an_outbox_have_types(tmp_path):
    proposal = Proposal(lines(outbox({"n": 1, "b": True, "day": "2026-01-02"})))
    assert [proposal.columns[name]["type"] for name in ("n", "b", "day")] == ["Nullable(Int64)", "Nullable(Bool)", "Nullable(Date32)"]
    row, = proposal.decode(lines(outbox({"n": 1.5})), tmp_path)
    assert (row["outcome"], row["reason"]) == ("error", "after.payload.n: 1.5 does not fit Nullable(Int64)")


def test_arrays_and_scalars_among_documents_are_kept(tmp_path):
    values = ['{"a": 1}', '{"a": 2}', "[1, 2]", "5", '"text"']
    data = lines(*(change(id=1, doc=value) for value in values))
    rows = Proposal(data).decode(data, tmp_path)
    assert [(row["outcome"], row["doc"]) for row in rows] == [("event", value) for value in values]
    arrays = lines(*(change(id=1, doc=value) for value in ([1], {"a": 1}, None)))
    assert [row["doc"] for row in Proposal(arrays).decode(arrays, tmp_path)] == ["[1]", '{"a": 1}', None]


def test_a_text_that_is_json_at_times_is_a_text(tmp_path):
    for values in (['{"a": 1}', '{"a": 2}', "{not json", ""], ['{"a": 1}', '{"a": 2}', '"text"'], ['{"a": 1}', '{"a": 2}', '"\\"text\\""'], ['{"a": 1}', "5"]):
        data = lines(*(change(id=1, note=value) for value in values))
        proposal = Proposal(data)
        assert "a" not in proposal.columns
        assert [row["note"] for row in proposal.decode(data, tmp_path)] == values


def test_mostly_arrays_are_not_opened():
    documents = ['{"a": 1}', "[1]", "[2]", "[3]"]
    assert "a" not in Proposal(lines(*(change(id=1, doc=document) for document in documents))).columns


def test_keys_that_are_data_are_no_columns():
    proposal = Proposal(lines(change(prices={f"sku{number}": number for number in range(1000)}, id=1)))
    assert [column["path"] for column in proposal.layout["columns"]][:2] == ["after.prices", "after.id"]
    assert not any("sku" in name for name in proposal.columns)


def test_document_that_is_left_out(tmp_path):
    data = lines(change(id=1, customer='{"name": "Zoë"}'), change("u", id=1, customer="__debezium_unavailable_value"))
    row = Proposal(data).decode(data, tmp_path)[1]
    assert (row["outcome"], row["customer"], row["name"], row["op"]) == ("event", None, None, "u") and "customer" in row["left_out"]


def test_row_in_a_string_with_extended_json(tmp_path):
    document = {"_id": {"$oid": "5f0000000000000000000001"}, "n": {"$numberLong": "9007199254740993"}, "i": 5, "f": {"$numberDouble": "1.5"},
                "d": {"$numberDecimal": "1.50"}, "at": {"$date": 1767323045123}, "u": {"$uuid": UUID}, "sub": {"a": 1}, "name": "x"}
    data = lines({"op": "c", "source": {"connector": "mongodb", "db": "d", "collection": "people", "ts_ms": 1}, "after": json.dumps(document)})
    proposal = Proposal(data)
    assert proposal.layout["function"] == "peopleRow" and proposal.layout["key"] == ["_id"]
    types = proposal.types()
    assert (types["_id"], types["n"], types["i"], types["f"], types["at"], types["u"], types["sub"]) == (
        "String", "Nullable(Int64)", "Nullable(Int64)", "Nullable(Float64)", "Nullable(DateTime64(3, 'UTC'))", "Nullable(UUID)", "Nullable(String)")
    assert types["d"].startswith("Nullable(Decimal(38, ")
    assert proposal.tells("deletes: MongoDB's", "change_streams_update_full_with_pre_image")
    row = proposal.decode(data, tmp_path)[0]
    assert (row["_id"], row["n"], row["f"], row["d"], row["at"], row["u"], row["name"]) == (
        "5f0000000000000000000001", 9007199254740993, Decimal("1.5"), Decimal("1.5"), "2026-01-02 03:04:05.123", UUID, "x")


# ---- The key ----------------------------------------------------------------------------------------------------------------

def test_key_that_is_given(tmp_path):
    proposal = Proposal(lines(change(tenant="a", id=1, note="x")), "--key", "tenant", "id")
    assert proposal.layout["key"] == ["tenant", "id"] and not proposal.tells("key:")
    assert proposal.types() | {"tenant": "String", "id": "Int64"} == proposal.types()
    rows = proposal.decode(lines(change(tenant=None, id=1), change(tenant="b", id=2)), tmp_path)
    assert rows[0]["outcome"] == "error" and rows[0]["reason"].startswith("after.tenant: ") and rows[1]["outcome"] == "event"


def test_key_that_is_not_there():
    text = refusal(call("infer", "--key", "nope", data=lines(change(id=1, name="x"))), 1)
    assert "--key nope" in text and "id name" in text


def test_key_that_is_guessed_is_named_as_a_guess():
    proposal = Proposal(lines(change(id=1), change(id=2)))
    assert proposal.layout["key"] == ["id"] and proposal.columns["id"]["type"] == "Int64"
    assert proposal.tells("key:", "a guess", "--key id") and "taken as the key" in proposal.columns["id"]["note"]
    for rows in ([change(id=1), change(id=None)], [change(id=1), change(other=2)], [change(name="x")], [change(id={"a": 1})]):
        proposal = Proposal(lines(*rows))
        assert "key" not in proposal.layout and proposal.tells("key: not known", "--key COLUMN")


def test_a_key_that_updates_change_is_named(tmp_path):
    """Debezium sends a delete and an insert where its own key changes. Where another was chosen the old row would stay."""
    data = lines(change(id=1, sku="a"), change("u", before={"id": 1, "sku": "a"}, id=1, sku="b"))
    assert Proposal(data, "--key", "sku").tells("key: 1 updates change `sku`")
    assert not Proposal(data, "--key", "id").tells("updates change")
    # A row before that is not whole is no change.
    assert not Proposal(lines(change("u", before={"id": None}, id=1)), "--key", "id").tells("updates change")


def test_key_by_what_rows_before_deletes_hold():
    rows = [change(code="a", id=1, n=1, note="x"), change("d", code="a", id=None, n=None, note=None), change("d", code="b", id=0, n=0, note="")]
    proposal = Proposal(lines(*rows))
    assert proposal.layout["key"] == ["code"] and proposal.columns["code"]["type"] == "String"
    assert proposal.tells("key:", "a guess", "before deletes", "--key code")


# ---- Function and tables ----------------------------------------------------------------------------------------------------

def test_function_is_named_after_the_table():
    assert Proposal(lines(change(id=1, source={"table": "order-lines"}))).layout["function"] == "order_linesRow"
    assert Proposal(lines({"id": 1, "__table": "things", "__op": "c", "__deleted": "false"})).layout["function"] == "thingsRow"
    assert Proposal(lines({"id": 1})).layout["function"] == "messageRow"
    assert Proposal(lines(change(id=1)), "--function", "mine").layout["function"] == "mine"
    schema = {"type": "struct", "fields": [field("int64", "id", optional=False)], "optional": False, "name": "server.public.things.Value"}
    assert Proposal(lines({"schema": schema, "payload": {"id": 1}})).layout["function"] == "thingsRow"


def test_several_tables(tmp_path):
    def of(table, schema="public", **row):
        return change(source={"connector": "postgresql", "db": "d", "schema": schema, "table": table, "lsn": 1}, **row)
    data = lines(of("orders", id=1, total=5), of("customers", id=1, name="A"), of("orders", id=2, total=6))
    proposal = Proposal(data)
    assert proposal.layout["accept"] == {"op": ["c", "r", "u", "d"], "source.table": ["orders"]}
    assert proposal.tells("2 tables", "orders (2 messages)", "customers 1") and "name" not in proposal.columns
    rows = proposal.decode(data + lines(change(id=9, source={"x": 1})), tmp_path)
    assert [row["outcome"] for row in rows] == ["event", "skipped", "event", "error"]
    schemas = Proposal(lines(of("t", id=1), of("t", id=2), of("t", "archive", id=3)))
    assert schemas.layout["accept"] == {"op": ["c", "r", "u", "d"], "source.schema": ["public"]}


def test_other_operations():
    assert Proposal(lines(change(id=1), change("x", id=2))).tells("1 messages have an operation that Debezium does not have")
    cassandra = Proposal(lines(change("i", id=1, source={"connector": "cassandra", "table": "t"})))
    assert cassandra.layout["accept"]["op"] == ["c", "r", "u", "d", "i"] and not cassandra.tells("Debezium does not have")


def test_operations_that_nobody_knows_are_dead_letters(tmp_path):
    proposal = Proposal(lines(change(id=1)))
    rows = proposal.decode(lines(*[change(op, id=1) for op in ("x", "D", "delete", "")], *[{"id": 1, "__op": op, "__lsn": 1} for op in ("I", None, "d")]), tmp_path)
    assert [row["outcome"] for row in rows] == ["error"] * 6 + ["event"]
    assert [row["reason"] for row in rows[:2]] == ["op x", "op D"]
    # Messages in the log change no row.
    assert proposal.decode(lines(change("m", id=1)), tmp_path)[0]["outcome"] == "skipped"


def test_values_left_out_of_any_database(tmp_path):
    """Oracle leaves large objects out that an update does not change."""
    data = lines(change(id=1, doc="x", source={"connector": "oracle", "table": "t"}),
                 change("u", id=1, doc="__debezium_unavailable_value", source={"connector": "oracle", "table": "t"}))
    rows = Proposal(data).decode(data, tmp_path)
    assert [(row["outcome"], row["left_out"]) for row in rows] == [("event", []), ("event", ["doc"])]
    assert "left_out" not in Proposal(lines(change(id=1, doc="x", source={"connector": "oracle", "table": "t"}))).columns


def test_rows_in_parts_are_named():
    def cell(value):
        return {"value": value, "set": True}
    assert Proposal(lines(change(id=cell(1), name=cell("a")), change("u", id=cell(1), name=None))).tells("--kind events")
    assert Proposal(lines(change(id=1, source={"connector": "spanner", "table": "t"}))).tells("NEW_ROW")
    assert not Proposal(lines(change(id=1, doc={"value": 1, "more": True}))).tells("--kind events")


def test_one_table_needs_no_rule():
    assert list(Proposal(lines(change(id=1), change(id=2))).layout["accept"]) == ["op"]


# ---- Forms ------------------------------------------------------------------------------------------------------------------

def test_bare_rows(tmp_path):
    data = lines({"id": 1, "name": "tom"}, {"id": 2, "name": None})
    proposal = Proposal(data)
    assert proposal.layout["message"] == "row" and proposal.tells('"message": "row"')
    assert proposal.tells("deletes:", "tombstone", "delete.tombstone.handling.mode=rewrite") and proposal.tells("version:", "Kafka's offset")
    assert [(row["outcome"], row["op"], row["id"], row["name"]) for row in proposal.decode(data, tmp_path)] == [("event", "c", 1, "tom"), ("event", "c", 2, None)]


@pytest.mark.parametrize("prefix", ["meta_", "_", ""])
def test_metadata_with_another_prefix(prefix, tmp_path):
    data = lines(*({"id": number, f"{prefix}op": op, f"{prefix}table": "t", f"{prefix}lsn": number} for number, op in enumerate("cudr")))
    proposal = Proposal(data)
    assert proposal.layout["metadata_prefix"] == prefix and proposal.layout["function"] == "tRow"
    rows = proposal.decode(data, tmp_path)
    assert [(row["outcome"], row["id"], row["op"], row["version"]) for row in rows] == [("event", number, op, number) for number, op in enumerate("cudr")]


def test_a_column_named_op_is_a_column(tmp_path):
    data = lines({"id": 1, "op": "c"}, {"id": 2, "op": "d"})
    proposal = Proposal(data)
    assert "metadata_prefix" not in proposal.layout and proposal.columns["op_"]["path"] == "after.op"
    assert proposal.tells("op", "metadata_prefix")
    assert [row["op_"] for row in proposal.decode(data, tmp_path)] == ["c", "d"]


def test_rows_whose_columns_are_called_as_an_envelopes_members(tmp_path):
    row = {"id": 1, "op": "AA==", "source": {"scale": 1, "value": "Dw=="}, "after": "x", "before": None, "after.x": 5}
    schema = {"type": "struct", "optional": False, "name": "server.public.t.Value", "fields": [
        field("int64", "id"), field("string", "op"), field("struct", "source", "io.debezium.data.VariableScaleDecimal"),
        field("string", "after"), field("string", "before"), field("int64", "after.x")]}
    for data in (lines(row, row | {"op": None, "id": 2}), lines({"schema": schema, "payload": row}, {"schema": schema, "payload": row | {"op": "c", "id": 2}})):
        proposal = Proposal(data)
        assert proposal.layout["message"] == "row"
        rows = proposal.decode(data, tmp_path)
        assert [(held["outcome"], held["id"], held["source"], held["after"], held["after_x"]) for held in rows] == [
            ("event", number, Decimal("1.5"), "x", 5) for number in (1, 2)]


def test_flattened_keys(tmp_path):
    data = (FIXTURES / "debezium" / "flat.public.outbox.ndjson").read_bytes()
    proposal = Proposal(data)
    assert proposal.layout["function"] == "outboxRow" and {"id", "aggregate_id", "payload", "created_at"} <= set(proposal.columns)
    rows = proposal.decode(data, tmp_path)
    assert sum(row["outcome"] == "event" for row in rows) > 40
    assert {row["reason"] for row in rows if row["outcome"] == "error"} == {"after.payload: expected a value at byte 0"}
    assert proposal.tells("payload: 1 texts are not JSON and will be errors")


def test_flattened_keys_with_hostile_names(tmp_path):
    row = {"after.x[0]": ["v1"], "after.a[b]": "v2", "after.after": "NaN", "after.after.x": 'v"4', 'after.q"z': "v5", "after.plain": 6}
    data = lines({"op": "c", "source.table": "t", **row})
    proposal = Proposal(data)
    decoded, = proposal.decode(data, tmp_path)
    held = [decoded[column["name"]] for column in proposal.layout["columns"] if column["path"].startswith("after")]
    assert held == ['["v1"]', "v2", "NaN", 'v"4', "v5", 6]


def test_router_values(tmp_path):
    for name in ("router.event", "routerexpand.event"):
        data = (FIXTURES / "debezium" / f"{name}.ndjson").read_bytes()
        proposal = Proposal(data)
        path = "after.payload.user_id" if name.startswith("router.") else "after.user_id"
        assert proposal.by_path[path]["type"] == "Nullable(String)"
        errors = [row["reason"] for row in proposal.decode(data, tmp_path) if row["outcome"] != "event"]
        assert errors == (["after.payload: expected a value at byte 0"] if name.startswith("router.") else ["not an object"] * 2)
        assert proposal.tells(f"{len(errors)} ", "will be errors")
    data = lines(json.dumps({"user": "u1", "n": 1}), json.dumps({"user": "u2", "n": 2}))
    proposal = Proposal(data)
    assert proposal.by_path["after.payload.user"]["type"] == "Nullable(String)"
    assert [(row["outcome"], row["user"], row["n"]) for row in proposal.decode(data, tmp_path)] == [("event", "u1", 1), ("event", "u2", 2)]


def test_changefeed_of_cockroachdb(tmp_path):
    data = lines({"after": {"id": 1, "v": "a"}, "updated": "1709141609404123000.0000000000"}, {"after": None, "key": [1], "updated": "1709141609404123001.0000000000"})
    proposal = Proposal(data)
    assert proposal.tells("deletes:", "WITH diff") and proposal.types()["v"] == "Nullable(String)"


def test_deletes_without_a_row_before():
    proposal = Proposal(lines(change(id=1), {"op": "d", "source": {"connector": "postgresql", "table": "t", "schema": "public", "lsn": 1}, "before": None, "after": None}))
    assert proposal.tells("deletes: 1 have no row before", "REPLICA IDENTITY")


# ---- Bad input --------------------------------------------------------------------------------------------------------------

def test_pretty_printed_bom_crlf_and_lists(tmp_path):
    messages = [change(id=1, doc={"a": [{}, [1]]}), change(id=2, doc=None)]
    plain = Proposal(lines(*messages))
    pretty = b"\n".join(json.dumps(message, indent=2).encode() for message in messages)
    for data in (pretty, pretty.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + lines(*messages), lines(*messages).replace(b"\n", b"\r\n"),
                 json.dumps(messages).encode(), json.dumps(messages, indent=1).encode(), lines(*messages).rstrip(b"\n"),
                 b"\n".join(b"\0\0\0\0\1" + line for line in lines(*messages).splitlines()),
                 b"\0\0\0\0\n".join([b""] + [line + b"\n" for line in lines(*messages).splitlines()])):
        proposal = Proposal(data)
        assert (proposal.layout["columns"], proposal.said) == (plain.layout["columns"], plain.said), data


def test_tombstones_of_any_kind():
    assert not Proposal(lines(change(id=1) | {"ts_ns": 1}, b"", b"NULL", b"null") + b"\r\nNULL\r\n", "--key", "id").said


def test_broken_messages_among_good_ones():
    good = change(id=1)
    data = lines(good, b'{"op":"c","source":{},"after":{"id":', good, b"not json", good, [1], b"", b"NULL", good)
    proposal = Proposal(data)
    assert proposal.layout["note"].startswith("Proposed from 4 messages")
    assert proposal.tells("1 of 9 messages will be errors", "number 2", "ends too early")
    assert proposal.tells("1 of 9", "number 4", "not JSON") and proposal.tells("1 of 9", "number 6", "not an object")


def test_half_bare_rows():
    proposal = Proposal(lines(change(id=1), {"id": 2, "other": 3}))
    assert "message" not in proposal.layout and "other" not in proposal.columns
    assert proposal.tells("1 of 2 messages are objects without an operation", "a topic, or a layout, of their own")


@pytest.mark.parametrize("data, words", [
    (b"", ["no message on standard input", "kcat"]),
    (b"x\n", ["1 not JSON"]),
    (b"\n\n", ["2 tombstone", "a table's topic"]),
    (lines({"ts_ms": 1}), ["1 heartbeat", "a table's topic"]),
    (lines({"status": "BEGIN", "id": "571", "event_count": None, "data_collections": None}), ["1 transaction"]),
    (lines({"after_id": 1, "source_lsn": 1, "op": "c"}), ["flattened with _", "delimiter"]),
    (b"\0\0\0\0\1\2\6abc\n", ["Avro or Protobuf", "JsonConverter"]),
    (lines([1]), ["1 not an object"]),
    (lines({"op": "t", "source": {}, "before": None, "after": None}), ["1 with an operation and no row image"]),
    (lines({"topic": "t", "partition": 0, "offset": 5, "payload": "{}"}), ["kcat without -J"]),
])
def test_nothing_to_propose_is_one_line(data, words, program):
    text = refusal(call("infer", data=data, program=program), 1)
    assert all(word in text for word in words), text


def test_wrong_calls():
    for words in (["--key"], ["--function"], ["--against"], ["--function", "1x"], ["surplus"]):
        assert call("infer", *words, data=lines(change(id=1))).returncode == 2, words
    assert call("infer", "--against", "/no/such.json", data=lines(change(id=1))).returncode == 1


def test_any_number_of_messages_in_bounded_memory():
    """Every message has members of its own, so that whoever keeps them all grows."""
    def peak(count):
        read = subprocess.Popen([PROGRAMS[0], "infer"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for number in range(count):
            read.stdin.write(lines(change(**{f"m{number}": number, "deep": {f"d{number}": {"x": "y" * 500}}}, source={"table": f"t{number % 40}"})))
        read.stdin.close()
        _, status, usage = os.wait4(read.pid, 0)
        read.returncode = status
        assert status == 0
        return usage.ru_maxrss
    little = peak(5_000)
    assert peak(50_000) < little + 1024


# ---- Against a layout -------------------------------------------------------------------------------------------------------

def against(layout, data, folder):
    path = folder / "tickets.json"
    path.write_text(json.dumps(layout))
    done = call("infer", "--against", path, data=data)
    assert done.returncode == 0, done
    return done.stdout.decode()


def test_against_a_layout_that_reads_all(tmp_path):
    data = lines(change(id=1, name="x"))
    layout = Proposal(data, "--key", "id").layout
    assert against(layout, data, tmp_path) == "-- tickets reads everything that the messages have\n"


def test_against_a_layout_that_lacks_columns(tmp_path):
    layout = Proposal(lines(change(id=1, n=1, gone="x", doc='{"a": 1}')), "--key", "id").layout
    data = lines(change(id=1, n=2.5, new="x", doc='{"a": 1, "b": "x"}'), change(id=2, n=1))
    text = against(layout, data, tmp_path)
    added = {json.loads(line.strip()) ["name"]: json.loads(line.strip()) for line in text.splitlines() if line.startswith('    {"name"')}
    assert set(added) == {"new", "b", "n"} and added["n"]["type"] == "Nullable(Float64)"
    assert "ALTER TABLE tickets_rows ADD COLUMN IF NOT EXISTS new Nullable(String);\n" in text
    assert "ALTER TABLE tickets_rows MODIFY COLUMN n Nullable(Float64);\n" in text
    assert "n: 1 values do not fit Nullable(Int64)" in text and "-- gone: the sample has nothing at after.gone" in text
    # With the lines added, nothing is left to say.
    layout["columns"] = [added.get(column["name"], column) for column in layout["columns"] if column["name"] != "gone"] + [added["new"], added["b"]]
    assert against(layout, data, tmp_path) == "-- tickets reads everything that the messages have\n"
    layout["columns"] = [column for column in layout["columns"] if column["name"] != "new"]
    assert "new" not in against(layout | {"ignore": ["after.new"]}, data, tmp_path)


def test_against_a_layout_of_another_form(tmp_path):
    layout = Proposal(lines(change(id=1))).layout
    assert '"message": "row"' in against(layout, lines({"id": 1}), tmp_path)


# ---- Real messages ----------------------------------------------------------------------------------------------------------

def test_both_builds_propose_the_same(program):
    for path in sorted(FIXTURES.glob("*/*.ndjson")):
        data = path.read_bytes()
        done, other = call("infer", data=data, program=program), call("infer", data=data)
        assert (done.stdout, done.stderr) == (other.stdout, other.stderr), path


def test_orders_decode_by_what_was_proposed(program, tmp_path):
    data = ORDERS.read_bytes()
    rows = Proposal(data, program=program).decode(data, tmp_path, program)
    outcomes = [row["outcome"] for row in rows]
    assert outcomes.count("event") > 20 and "skipped" not in outcomes
    assert [row["reason"] for row in rows if row["outcome"] == "error"] == ["op t"]


def family(kind):
    kind = kind.removeprefix("Nullable(").partition("(")[0].rstrip(")")
    return "Int" if kind.startswith(("Int", "UInt")) else kind


def paths(layout):
    return {column["path"] if isinstance(column["path"], str) else column["path"][0]: column for column in layout["columns"]}


def test_orders_come_close_to_the_layout_by_hand():
    by_hand = paths(json.loads((ROOT / "examples" / "orders" / "orders.json").read_text()))
    guessed = Proposal(ORDERS.read_bytes()).by_path
    assert set(by_hand) - set(guessed) <= {"after.details.lines[0].sku", "source.lsn"}
    wrong = {path for path in set(by_hand) & set(guessed) if family(guessed[path]["type"]) != family(by_hand[path]["type"])}
    # The scale of a decimal and that a number is days are known to PostgreSQL alone, a document's types to nobody: the notes say what they may be.
    assert {path for path in wrong if not path.startswith("after.details.")} <= {"after.total", "after.ordered_on", "after.due_on"}
    assert guessed["after.total"]["type"] == "Nullable(String)" and "encoding base64" in guessed["after.total"]["note"]
    assert guessed["after.updated_at"]["unit"] == "us" and "as us all are in 2000 to 2099" in guessed["after.updated_at"]["note"]


@pytest.mark.parametrize("form", ["bare", "schema", "unwrap", "flat"])
def test_the_outbox_comes_close_to_its_layout(form):
    by_hand = paths(json.loads(LAYOUT.read_text()))
    proposal = Proposal((FIXTURES / "debezium" / f"{form}.public.outbox.ndjson").read_bytes())
    # The fixtures hold no payload.request_id.
    assert set(by_hand) - set(proposal.by_path) <= {"after.payload.request_id"}
    assert proposal.layout["accept"] == {"op": ["c", "r"]}


def test_fixture_is_read_from_a_pipe_as_the_help_says():
    done = subprocess.run(f"head -n 20 {FIXTURE} | {PROGRAMS[0]} infer", shell=True, capture_output=True)
    assert done.returncode == 0 and json.loads(done.stdout)["function"] == "outboxRow"
