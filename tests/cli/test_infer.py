"""`debezium-udf infer`: what it proposes decodes the messages it was proposed from, and says why."""

import json
import os
import subprocess

import pytest
from program import FIXTURE, LAYOUT, PROGRAMS, ROOT, call, refusal

FIXTURES = ROOT / "tests" / "fixtures" / "debezium"
ORDERS = ROOT / "tests" / "orders" / "messages.ndjson"


@pytest.fixture(params=PROGRAMS, ids=["simdjson", "cjson"])
def program(request):
    return request.param


def infer(data, program=PROGRAMS[0]):
    done = call("infer", data=data, program=program)
    assert (done.returncode, done.stderr) == (0, b""), done
    return json.loads(done.stdout)


def decode(layout, data, folder, program=PROGRAMS[0]):
    path = folder / "layout.json"
    path.write_text(json.dumps(layout))
    done = call("decode", path, data=data, program=program)
    assert (done.returncode, done.stderr) == (0, b""), done
    return [json.loads(line) for line in done.stdout.splitlines()]


def columns(layout):
    return {column["path"] if isinstance(column["path"], str) else column["path"][0]: column for column in layout["columns"]}


def change(**row):
    return json.dumps({"before": None, "after": row, "source": {"table": "t", "lsn": 1}, "op": "c"}).encode()


def proposed(*values, name="it"):
    """The column proposed for these values of one member."""
    return columns(infer(b"\n".join(change(**{name: value}) for value in values)))[f"after.{name}"]


def test_both_builds_propose_the_same(program):
    data = b"".join(path.read_bytes() for path in sorted(FIXTURES.glob("*.ndjson")))
    assert call("infer", data=data, program=program).stdout == call("infer", data=data).stdout


def test_orders_decode_by_what_was_proposed(program, tmp_path):
    data = ORDERS.read_bytes()
    layout = infer(data, program)
    rows = decode(layout, data, tmp_path, program)
    outcomes = [row["outcome"] for row in rows]
    assert outcomes.count("event") > 20 and "error" not in outcomes, [row["reason"] for row in rows]
    assert {row["reason"] for row in rows if row["outcome"] == "skipped"} == {"op t"}


def test_orders_come_close_to_the_layout_by_hand():
    by_hand = columns(json.loads((ROOT / "examples" / "orders" / "orders.json").read_text()))
    guessed = columns(infer(ORDERS.read_bytes()))
    assert set(by_hand) - set(guessed) == {"after.details.lines[0].sku"}
    for path in set(by_hand) & set(guessed) - {"after.total"}:
        assert family(guessed[path]["type"]) == family(by_hand[path]["type"]), path
    # What is no fact of the messages is a note: the scale of a decimal is known to PostgreSQL alone.
    assert guessed["after.total"]["type"] == "String" and "encoding base64" in guessed["after.total"]["note"]
    assert guessed["after.updated_at"]["unit"] == "us" and "as us in 2000 to 2099" in guessed["after.updated_at"]["note"]
    assert guessed["after.details"]["unavailable"] == "__debezium_unavailable_value"
    assert guessed["after.details.discount"]["unavailable"] is None
    assert guessed["after.status"]["required"] == ["c", "r", "u"]


def family(kind):
    kind = kind.removeprefix("Nullable(").partition("(")[0].rstrip(")")
    return "Int" if kind.startswith(("Int", "UInt")) else kind


@pytest.mark.parametrize("shape", ["bare", "schema", "unwrap", "flat"])
def test_the_outbox_comes_close_to_its_layout(shape):
    by_hand = columns(json.loads(LAYOUT.read_text()))
    layout = infer((FIXTURES / f"{shape}.public.outbox.ndjson").read_bytes())
    guessed = columns(layout)
    # The fixtures hold no payload.request_id.
    assert set(by_hand) - set(guessed) <= {"after.payload.request_id"} | ({"source.lsn"} if shape == "unwrap" else set())
    wrong = {path: guessed[path]["type"] for path in set(by_hand) & set(guessed)
             if family(guessed[path]["type"]) != family(by_hand[path]["type"])}
    assert wrong.keys() <= {"after.id", "after.payload.properties.score"}, wrong
    assert layout["accept"]["after.aggregate_type"] == ["assignment", "event", "other"]


def test_types():
    assert proposed(1, -2)["type"] == "Int64"
    assert proposed(1, 2**64 - 1)["type"] == "UInt64"
    assert proposed(1, 2.5)["type"] == "Float64"
    assert proposed("1.50", "-200.125")["type"] == "Decimal(18, 3)"
    assert proposed("12345678901234567.5")["type"] == "Decimal(38, 1)"
    assert proposed(True, "false")["type"] == "Bool"
    assert proposed("11111111-2222-3333-4444-555555555555")["type"] == "UUID"
    assert proposed("2026-01-02")["type"] == "Date32"
    assert proposed("2026-01-02T03:04:05.1234567Z")["type"] == "DateTime64(9, 'UTC')"
    assert proposed({"scale": 2, "value": "BNI="})["encoding"] == "base64"
    assert proposed("paid", "sent")["type"] == "String"
    assert proposed("007", "12")["type"] == "String"
    assert proposed("x", None) | {"note": ""} == {"name": "it", "type": "String", "path": "after.it", "note": ""}
    assert proposed(5, None)["type"] == "Nullable(Int64)"


@pytest.mark.parametrize("value, unit", [(1767323045, "s"), (1767323045123, "ms"), (1767323045123456, "us"), (1767323045123456789, "ns")])
def test_units(value, unit):
    assert proposed(value, 0, *[value] * 9, name="paid_at")["unit"] == unit
    # A bare count of seconds is a time only if its name says so; a key is never one.
    assert proposed(value, name="number").get("unit") is None
    assert (proposed(value, name="moment").get("unit") is None) == (unit == "s")


def test_units_that_are_mixed_are_told_and_left_open():
    column = proposed("2026-01-02T03:04:05Z", 1767323045, 1767323045123, 1767323045123, name="paid_at")
    assert column["type"] == "DateTime64(6, 'UTC')" and "unit" not in column
    assert "numbers as ms 2 as s 1" in column["note"]


def test_names_are_unique_and_can_be_named():
    layout = infer(change(a={"id": 1, "b": {"id": 2}}, id=3, outcome=4, **{"1 x": 5, "dotted.name": 6, "": 7, 'quo"te': 8}))
    names = [column["name"] for column in layout["columns"]]
    assert len(set(names)) == len(names)
    assert set(names) >= {"id", "b_id", "_1_x"} and not {"outcome", "dotted_name"} & set(names)


def test_keys_that_are_data_are_no_columns():
    layout = infer(change(prices={f"sku{number}": number for number in range(1000)}, id=1))
    assert [column["path"] for column in layout["columns"]][:-1] == ["after.prices", "after.id"]


def test_nothing_to_propose():
    assert "no row image in 2 messages (1 are no JSON, 1 of an unknown shape)" in refusal(call("infer", data=b"x\n{}\n"), 1)
    assert "no row image in 0 messages" in refusal(call("infer"), 1)


def test_any_number_of_messages_in_bounded_memory():
    """Every message has members of its own, so that whoever keeps them all grows."""
    def peak(count):
        read = subprocess.Popen([PROGRAMS[0], "infer"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for number in range(count):
            read.stdin.write(change(**{f"m{number}": number, "deep": {f"d{number}": {"x": "y" * 500}}}) + b"\n")
        read.stdin.close()
        _, status, usage = os.wait4(read.pid, 0)
        read.returncode = status
        assert status == 0
        return usage.ru_maxrss
    little = peak(5_000)
    assert peak(100_000) < little + 1024


def test_fixture_is_read_from_a_pipe_as_the_help_says():
    done = subprocess.run(f"head -n 20 {FIXTURE} | {PROGRAMS[0]} infer", shell=True, capture_output=True)
    assert done.returncode == 0 and json.loads(done.stdout)["function"] == "outboxRow"
