"""What Debezium leaves out: an unchanged TOAST value (`unavailable`), and before a delete all but the key (`required` for some)."""

import json
import subprocess
import sys

import pytest
import tables

sys.path.insert(0, str(tables.ROOT / "tests"))

import reference  # noqa: E402

LAYOUT = tables.HERE / "left_out.json"
SHAPES = ("bare", "schema", "unwrap", "flat")


def ask(build, data, layout=LAYOUT):
    done = subprocess.run([tables.BINARIES[build], "decode", layout], input=data, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.splitlines()


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_left_out_is_what_the_layout_says(build, shape):
    message = tables.messages(f"{shape}.public.outbox_text.ndjson")[9]
    assert b"__debezium_unavailable_value" in message
    (line,) = ask(build, message)
    row = json.loads(line)
    assert (row["outcome"], row["reason"]) == ("event", "")
    assert row["id"] == "00000000-0000-4000-8000-000000000009"
    assert (row["payload"], row["user_id"], row["variant"]) == ("left out", None, -1)


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize("column", [
    {"name": "more", "type": "String", "path": "after.payload.more"},
    {"name": "more", "type": "String", "path": "after.payload"},
])
def test_who_reads_it_without_such_a_value_gets_an_error(build, column, tmp_path):
    described = json.loads(LAYOUT.read_text())
    described["columns"].append(column)
    layout = tmp_path / "layout.json"
    layout.write_text(json.dumps(described))
    (line,) = ask(build, tables.messages("bare.public.outbox_text.ndjson")[9], layout)
    row = json.loads(line)
    assert (row["outcome"], row["reason"]) == ("error", "after.payload: __debezium_unavailable_value")


@pytest.mark.parametrize("build", tables.BINARIES)
def test_required_for_some_operations(build):
    # `before` of a delete as the replica identity DEFAULT has it: the key, and what Debezium fills in.
    image = b'{"id":"00000000-0000-4000-8000-000000000009","aggregate_type":"","payload":""}'
    deleted = b'{"before":%s,"after":null,"source":{"lsn":7},"op":"d"}' % image
    updated = b'{"before":null,"after":%s,"source":{"lsn":7},"op":"u"}' % image
    no_key = b'{"before":{"id":null,"aggregate_type":"x"},"after":null,"source":{"lsn":7},"op":"d"}'
    rows = [json.loads(line) for line in ask(build, b"\n".join([deleted, updated, no_key, deleted]))]
    assert [(row["outcome"], row["reason"]) for row in rows] == [
        ("event", ""), ("error", "after.aggregate_type: missing"), ("error", "after.id: missing"), ("event", "")]
    assert rows[0] == rows[3] and rows[0]["lsn"] == 7


@pytest.mark.parametrize("build", tables.BINARIES)
def test_every_message_as_the_reference_reads_it(build):
    """Each message three times, so that the fast path has seen its shape; both builds and the second reading agree."""
    layout = reference.Layout(LAYOUT.read_bytes())
    asked = [message for path in sorted(tables.FIXTURES.glob("*.outbox_text.ndjson")) for message in tables.messages(path.name)]
    expected = [reference.as_json(layout, reference.decode(layout, message)) for message in asked]
    got = ask(build, b"".join(message + b"\n" for message in asked * 3))
    assert got == expected * 3
    assert sum(b'"payload":"left out"' in line for line in expected) >= 9


# One row of a column for each kind of type, all left out; Debezium writes null for those that are not here.
MEMBERS = ("t", "i", "b", "u", "d", "by", "h", "x", "ch", "j")


def layout_of(members, **keys):
    return {"function": "f", "columns": [
        {"name": "id", "type": "Int32", "path": "after.id"},
        *({"name": member, "type": "String", "path": f"after.{member}", **keys} for member in members)]}


@pytest.mark.parametrize("build", tables.BINARIES)
def test_every_form_of_what_was_left_out(build, tmp_path):
    """Also where the fast path knows the message's shape, and would have taken the form for a value."""
    message = (tables.HERE / "left_out.ndjson").read_bytes().removesuffix(b"\n")
    after = json.loads(message)["after"]
    usual = {"t": ["a", "b"], "i": [1, 2], "b": [3], "u": ["b68a35a7-17ad-35b3-af2a-ae46edb4545b"], "d": [20455], "by": "/w==",
             "h": '{"a":"1"}', "x": "<a/>", "ch": "c", "j": ["{}"]}
    known = json.loads(message)
    known["after"] = after | usual
    known = json.dumps(known, separators=(",", ":")).encode()
    path = tmp_path / "layout.json"
    for keys, expected in (({"unavailable": "left out"}, ("event", "")), ({}, ("error", None))):
        for member in MEMBERS:
            one = json.loads(known)
            one["after"][member] = after[member]
            asked = [known, known, known, json.dumps(one, separators=(",", ":")).encode(), known]
            path.write_text(json.dumps(layout_of([member], **keys)))
            rows = [json.loads(line) for line in ask(build, b"\n".join(asked), path)]
            assert [row["outcome"] for row in rows] == ["event"] * 3 + [expected[0]] + ["event"], (member, rows)
            reason = "" if keys else f"after.{member}: __debezium_unavailable_value"
            assert (rows[3]["reason"], rows[3][member]) == (reason, "left out" if keys else "")
            assert rows[0] == rows[2] == rows[4] and rows[0][member] not in ("", "left out")
    layout = reference.Layout(path.read_bytes())
    assert ask(build, message, path) == [reference.as_json(layout, reference.decode(layout, message))]


@pytest.mark.parametrize("build", tables.BINARIES)
def test_a_key_that_was_left_out_is_an_error(build, tmp_path):
    """Its default would be the key of another row."""
    layout = tmp_path / "layout.json"
    layout.write_text(json.dumps({"function": "f", "key": ["id"], "columns": [
        {"name": "id", "type": "String", "path": "after.id"}, {"name": "left_out", "type": "Array(String)", "path": "left_out"}]}))
    message = b'{"op":"u","source":{},"after":{"id":"__debezium_unavailable_value"}}\n'
    row = json.loads(ask(build, message, layout)[0])
    assert (row["outcome"], row["reason"]) == ("error", "after.id: __debezium_unavailable_value")
