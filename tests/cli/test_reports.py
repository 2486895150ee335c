"""Small inputs from public reports (tests/fixtures/reports/README.md): `infer`, then `decode` by what it proposed, and the right answers."""

import json
from decimal import Decimal

import pytest
from inference import FIXTURES, Proposal, decode, lines
from program import PROGRAMS, call, refusal

REPORTS = FIXTURES / "reports"

# What is proposed for a column, and what it holds: in the sample, and in what came later.
RIGHT = {
    "digits_in_text": [("zip", "String", ["76036", "02134"])],
    "order_number_in_text": [("order_no", "String", ["2024010100001"])],
    "ean_number": [("ean", "Int64", [4006381333931])],
    "sku_like_a_float": [("sku", "String", ["12E5"])],
    "only_updates": [("id", "Int64", [1, 2, 3, 1]), ("op", "String", ["u", "c", "r", "d"])],
    "deleted_without_op": [("id", "Int64", [1, 1]), ("op", "String", ["c", "d"])],
    "mysql_time": [("prep_time", "Int64", [1800000000])],
    "mysql_time_517_hours": [("c1", "Int64", [1864264777000])],
    "members_with_taken_names": [("version_", "Int64", [3]), ("reason_", "String", ["late"]), ("outcome_", "String", ["refund"]),
                                 ("a_b", "Int64", [1])],
    "bare_row": [("id", "Int64", [1]), ("name", "String", ["tom"]), ("op", "String", ["c"])],
    "bare_row_with_schema": [("id", "Int64", [1])],
    "whole_doubles": [("price", "Float64", [Decimal(10), Decimal("10.5")])],
    "negative_scale": [("n", "Decimal(38, 0)", [9900])],
    "types_from_schema": [("price", "Decimal(10, 2)", [Decimal("12.34")]), ("birth", "Date32", ["1989-03-02"]), ("prep_time", "Int64", [1800000000]),
                          ("qty", "Float64", [1]), ("code", "String", ["11"])],
    "nan": [("f", "String", ["NaN"])],
    "java_seconds": [("payload", "String", ['{"t":1502713067.720000000}']), ("t", "String", ["1502713067.720000000"])],
    "base64_document": [("payload", "String", ["eyJhIjoxfQ=="])],
    "no_source": [("id", "Int64", [1])],
    "row_in_a_string": [("id", "Int64", [1])],
    "payload_alone_deleted": [("id", "Int64", [3]), ("op", "String", ["d"])],
    "schema_id": [("id", "Int64", [10]), ("op", "String", ["c"])],
    "router_default": [("id", "Int64", [1]), ("customerId", "Int64", [123])],
    "null_or_empty": [("s", "String", [None, "", "x"])],
    "wide_decimal_text": [("d", "String", ["12345678901234567890.123456789012345678"])],
}
ELSEWHERE = {"transaction_without_time", "two_tables", "flattened_by_underscore"}


def read(name):
    later = REPORTS / f"{name}.later.ndjson"
    return (REPORTS / f"{name}.ndjson").read_bytes(), later.read_bytes() if later.exists() else b""


def test_every_report_has_its_right_answer():
    assert {path.name.split(".")[0] for path in REPORTS.glob("*.ndjson")} == set(RIGHT) | ELSEWHERE


@pytest.mark.parametrize("program", PROGRAMS, ids=["simdjson", "cjson"])
@pytest.mark.parametrize("name", RIGHT)
def test_report(name, program, tmp_path):
    sample, later = read(name)
    proposal = Proposal(sample, program=program)
    rows = proposal.decode(sample + later, tmp_path, program)
    assert {(row["outcome"], row["reason"]) for row in rows} == {("event", "")}
    for column, kind, values in RIGHT[name]:
        assert proposal.columns[column]["type"].removeprefix("Nullable(").removesuffix(")" if "Nullable(" in proposal.columns[column]["type"] else "") == kind
        assert [row[column] for row in rows] == values, column


def test_only_updates_is_no_filter():
    proposal = Proposal(read("only_updates")[0])
    assert proposal.layout["accept"] == {"op": ["c", "r", "u", "d"]}


def test_two_tables(tmp_path):
    sample, _ = read("two_tables")
    proposal = Proposal(sample)
    assert proposal.layout["accept"]["source.table"] == ["orders"] and proposal.tells("2 tables", "orders", "customers")
    assert [(row["outcome"], row["reason"]) for row in proposal.decode(sample, tmp_path)] == [("event", ""), ("skipped", "source.table customers")]


def test_transaction_without_time(tmp_path):
    sample, _ = read("transaction_without_time")
    assert "1 transaction" in refusal(call("infer", data=sample), 1)
    rows = Proposal(read("no_source")[0]).decode(sample, tmp_path)
    assert [(row["outcome"], row["reason"]) for row in rows] == [("skipped", "transaction")]


def test_flattened_by_underscore(tmp_path):
    sample, _ = read("flattened_by_underscore")
    assert "delimiter" in refusal(call("infer", data=sample), 1)
    row, = Proposal(read("no_source")[0]).decode(sample, tmp_path)
    assert row["outcome"] == "error" and row["reason"].startswith("unknown shape") and "delimiter" in row["reason"]


def test_what_the_layout_says(tmp_path):
    """Values that are right where a person, who knows the column, says what it is."""
    def one(name, column, **more):
        layout = {"function": "f", "exact": True, "columns": [column], **more}
        return [(row["outcome"], row[column["name"]]) for row in decode(layout, read(name)[0], tmp_path)]
    assert one("nan", {"name": "f", "type": "Float64", "path": "after.f", "nan": True}) == [("event", "nan")]
    assert one("java_seconds", {"name": "t", "type": "DateTime64(6, 'UTC')", "path": "after.payload.t", "unit": "s"}) == [
        ("event", "2017-08-14 12:17:47.720000")]
    assert one("base64_document", {"name": "a", "type": "Int64", "path": "after.payload.a"}, base64_documents=["after.payload"]) == [("event", 1)]


TIMES = {
    "1709141609.404123": "2024-02-28 17:33:29.404123",
    [2024, 2, 28, 17, 33, 29, 404000000].__repr__(): "2024-02-28 17:33:29.404000",
    '"2024-02-28T17:33:29.404Z[UTC]"': "2024-02-28 17:33:29.404000",
    '"2024-02-28 17:33:29.404123 UTC"': "2024-02-28 17:33:29.404123",
    '"2018-06-20 13:37:00 +02:00"': "2018-06-20 11:37:00.000000",
    '"2024-02-28t17:33:29z"': "2024-02-28 17:33:29.000000",
    '"2024-02-28T17:33:29,404Z"': "2024-02-28 17:33:29.404000",
    '"28.02.2024 17:33"': None, '"2024/02/28 17:33:29"': None, '"/Date(1709141609404)/"': None,
}


@pytest.mark.parametrize("text", TIMES)
def test_times_that_people_write(text, tmp_path):
    column = {"name": "t", "type": "DateTime64(6, 'UTC')", "path": "after.t", "unit": "s"}
    message = b'{"op":"c","source":{},"after":{"t":%s}}\n' % text.encode()
    row, = decode({"function": "f", "exact": True, "columns": [column]}, message, tmp_path)
    right = TIMES[text]
    assert (row["outcome"], row["t"]) == (("event", right) if right else ("error", "1970-01-01 00:00:00.000000"))
    assert right or row["reason"].endswith("does not fit DateTime64(6, 'UTC')")


# ---- Whole tables -----------------------------------------------------------------------------------------------------------

TABLES = {  # rows of which a part is the sample; columns that hold what the message has, as text or number
    "mariadb-parts-defaults-schemas": 12, "mariadb-parts-noschemas": 30, "mariadb-outbox-noschemas": 30, "postgres-shipments-guide": 30,
    "postgres-shipments-unwrap-defaults-noschemas": 25, "postgres-tickets-guide-with-unchanged-toast": 4,
}


# Rows that are dead letters, known beforehand: PostgreSQL's infinity in a column that was all ISO times, and that no schema describes.
LISTED = {"after.created_at: infinity does not fit Nullable(DateTime64(6, 'UTC'))"}


def image(line):
    message = json.loads(line, parse_float=Decimal)
    message = message["payload"] if isinstance(message, dict) and set(message) == {"schema", "payload"} else message
    if "op" not in message:
        return "c", message
    return message["op"], message["before"] if message["op"] == "d" else message["after"]


def unscaled(text, scale):
    import base64
    return Decimal(int.from_bytes(base64.b64decode(text), "big", signed=True)).scaleb(-scale)


def is_held(column, value, row):
    """Whether the row's column holds the value of the message; written apart from the program's own rules."""
    held, kind = row[column["name"]], column["type"].removeprefix("Nullable(")
    if value is None:
        return held is None
    if value == "__debezium_unavailable_value":
        return held is None and column["name"] in row["left_out"]
    if kind.startswith("Decimal("):
        scaled = isinstance(value, dict)
        scale = value["scale"] if scaled else int(kind.split(",")[1].split(")")[0])
        return Decimal(held) == unscaled(value["value"] if scaled else value, scale)
    if kind.startswith("String"):
        return held == value if isinstance(value, str) else json.loads(held, parse_float=Decimal) == value
    if kind.startswith("Date"):
        import datetime
        day = datetime.datetime(1970, 1, 1)
        if isinstance(value, str):
            moment = datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).replace(tzinfo=None)
        else:
            moment = day + datetime.timedelta(days=value) if kind == "Date32)" or kind == "Date32" else day + datetime.timedelta(
                microseconds=value * {"ms": 1000, "us": 1}[column["unit"]])
        return moment.isoformat(" ").startswith(held[:19]) and moment == datetime.datetime.fromisoformat(held.ljust(26, "0") if "." in held else held)
    if kind.startswith("Float"):
        return held == {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[value] if isinstance(value, str) else float(held) == float(value)
    return held == value and isinstance(held, bool) == isinstance(value, bool)


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_held(name, tmp_path):
    """From a part of a real table's messages: every value of every message is held, and nobody edits anything."""
    messages = [line for line in (FIXTURES / "tables" / f"{name}.ndjson").read_bytes().splitlines() if line]
    proposal = Proposal(lines(*messages[:TABLES[name]]), "--key", "id")
    rows = proposal.decode(lines(*messages), tmp_path)
    wanted = set(proposal.layout["accept"]["op"])
    members = {column["path"].removeprefix("after."): column for column in proposal.layout["columns"] if column["path"].startswith("after.")}
    for line, row in zip(messages, rows):
        op, values = image(line)
        if op not in wanted:
            assert row["outcome"] == "skipped"
            continue
        if row["reason"] in LISTED and "shipments" in name and values["created_at"] == "infinity":
            continue
        assert (row["outcome"], row["reason"]) == ("event", ""), line
        assert set(values) <= set(members), "a member without a column"
        wrong = {member: (value, row[members[member]["name"]]) for member, value in values.items() if not is_held(members[member], value, row)}
        assert not wrong


@pytest.mark.parametrize("name", TABLES)
def test_columns_that_a_person_may_know_better_are_named(name):
    """Where the messages say what a column is, nothing is left to edit; where they do not, its note says what it may be."""
    proposal = Proposal((FIXTURES / "tables" / f"{name}.ndjson").read_bytes())
    known = {"price": "decimal", "big_d": "decimal", "amount": "numeric", "fee": "numeric", "made_at": "DateTime64", "dt0": "DateTime64",
             "planned": "DateTime64", "made_on": "Date32", "due_on": "Date32"}
    for column in proposal.layout["columns"]:
        wanted = known.get(column["name"])
        if not wanted or not column["path"].startswith("after."):
            continue
        schema = "schemas" in name and "noschemas" not in name
        typed = column["type"].startswith(("Nullable(Decimal", "Nullable(Date"))
        assert typed or (f"{wanted}(P, S)" in column["note"] or f"write type {wanted}" in column["note"] or f"with type {wanted}" in column["note"] or
                         "write type Decimal" in column["note"]), column
        assert typed or not schema or "are outside" in column["note"], column
