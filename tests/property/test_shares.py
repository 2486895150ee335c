"""Captures of whole tables: `infer` from the first half of a file, then every value of the rest.

There is no database to ask, so a value is right where the decoded cell means what the message says of it (families.py), and every member of a
row has a column.
"""
import json
import random
from pathlib import Path

import pytest

from . import families as f
from .compare import ask, bare, image_of, left_out, place, same_member, walk
from .run import program
from .settings import Setting
from .tables import Table

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "tables"
PARTS = {"id": f.Integer(), "code": f.Text(), "active": f.Integer(), "level": f.Integer(), "stock": f.Integer(), "price": f.Numeric(3),
         "big_d": f.Numeric(20), "f": f.Float(True), "d": f.Float(), "made_at": f.Moment(6), "seen_at": f.Moment(0, True),
         "seen6": f.Moment(6, True), "made_on": f.Date(), "took": f.Clock(6), "y": f.Integer(), "kind": f.Text(), "flags": f.Text(),
         "doc": f.Document(), "blob_": f.Bytes(), "bits": f.Bits(False), "bit1": f.Bits(True), "pos": f.Point(), "note": f.Text(),
         "version": f.Integer(), "reason": f.Text(), "med": f.Integer(), "ch": f.Text(), "bin_": f.Bytes(), "dt0": f.Moment(0)}
SHIPMENTS = {"id": f.Integer(), "code": f.Text(), "quantity": f.Integer(), "amount": f.Numeric(2), "weight": f.Numeric(None),
             "fee": f.Numeric(2), "temp": f.Float(True), "ratio": f.Float(), "created_at": f.Moment(6, True), "planned": f.Moment(6),
             "ship_date": f.Date(), "cutoff": f.Clock(6), "lead": f.Interval(), "meta": f.Document(), "tags": f.Array(f.Text()),
             "ref": f.Uuid(), "client": f.Text(), "label": f.Bytes(), "fragile": f.Boolean(), "state": f.Text(), "note": f.Text(),
             "version": f.Integer(), "reason": f.Text()}
TICKETS = {"id": f.Integer(), "subject": f.Text(), "price": f.Numeric(2), "open": f.Boolean(), "opened_at": f.Moment(6),
           "due_on": f.Date(), "customer": f.Document()}
OUTBOX = {"id": f.Integer(), "aggregate_id": f.Text(), "aggregate_type": f.Text(), "payload": f.Document(), "created_at": f.Moment(6),
          "updated_at": f.Moment(6, True)}
MICROS = "adaptive_time_microseconds"
FILES = {
    "mariadb-parts-noschemas": (PARTS, Setting("noschemas", time=MICROS)),
    "mariadb-parts-defaults-schemas": (PARTS, Setting("defaults", time=MICROS, schemas=True)),
    "mariadb-outbox-noschemas": (OUTBOX, Setting("noschemas", time=MICROS)),
    "postgres-shipments-guide": (SHIPMENTS, Setting("noschemas")),
    "postgres-shipments-unwrap-defaults-noschemas": (SHIPMENTS, Setting("row", form="row")),
    "postgres-tickets-guide-with-unchanged-toast": (TICKETS, Setting("noschemas")),
}


def test_every_file_is_held():
    assert {path.stem for path in FOLDER.glob("*.ndjson")} == FILES.keys()


class Column:
    def __init__(self, name: str, family: f.Family):
        self.name, self.family = name, family


def told(value, family: f.Family, setting: Setting):
    """What the message says of a value."""
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    kind = "Bool" if isinstance(value, bool) else "Float64" if isinstance(value, f.Number) else "String"
    return family.read(f.Cell(value, kind, {"name": ""}), setting)


@pytest.mark.parametrize("name", FILES)
def test_every_value_of_the_rest(name):
    families, setting = FILES[name]
    table = Table(name, "", setting, [Column(*column) for column in families.items()], True, random.Random(0))
    values = [line or None for line in (FOLDER / f"{name}.ndjson").read_bytes().removesuffix(b"\n").split(b"\n")]
    half = len(values) // 2
    answers = ask(program(), values[:half], values)
    assert answers.rows, answers.notes
    placed = [(column, *at) for column in answers.layout["columns"]
              for path in (column["path"] if isinstance(column["path"], list) else [column["path"]]) if (at := place(table, path))]
    wrong, held = [], 0
    for index in range(half, len(values)):
        image, op = image_of(values[index], table)
        row = answers.rows[index]
        if image is None or families is OUTBOX and op in ("u", "d"):
            assert row["outcome"] == "skipped", f"{index + 1}: {row}"
            continue
        if row["outcome"] == "error" and families is OUTBOX:
            continue  # its payloads are broken on purpose: see what is in `reason`
        exact = image_with_numbers(f.parse(values[index]), setting, op)
        if row["outcome"] == "error":
            assert is_listed(row["reason"], placed, exact, setting), f"{index + 1}: {row['reason']}"
            continue
        assert row["outcome"] == "event", f"{index + 1}: {row['reason']}"
        for column, of, into in placed:
            held += 1
            if not equal(row, column, of, into, exact.get(of.name), setting, answers.layout):
                wrong.append(f"{index + 1} {column['path']} {column['type']}: {exact.get(of.name)!r:.80} became {row[column['name']]!r:.80}")
    assert not wrong, "\n".join(wrong[:40])
    assert held > 3 * len(families)
    assert {of.name for _, of, into in placed if not into} >= families.keys() - {"payload"}, "a member has no column"


def image_with_numbers(message: dict, setting: Setting, op: str):
    payload = message["payload"] if setting.schemas else message
    return payload if setting.form == "row" else payload["before" if op == "d" else "after"]


def is_listed(reason: str, placed: list, exact: dict, setting: Setting) -> bool:
    """Whether ClickHouse's type is known not to hold the value that an error row names."""
    for column, of, _ in placed:
        if reason.startswith(f"{column['path']}: ") and reason.endswith(f" does not fit {column['type']}"):
            return bool(of.family.listed(told(exact[of.name], of.family, setting), bare(column["type"])[0]))
    return False


def equal(row: dict, column: dict, of: Column, into: list, raw, setting: Setting, layout: dict) -> bool:
    value, (kind, _) = row[column["name"]], bare(column["type"])
    if left_out(raw):
        return any(other["path"] == "left_out" and column["name"] in row[other["name"]] for other in layout["columns"])
    if into:
        return same_member(walk(raw, into), value, kind, column)
    if raw is None or value is None:
        return raw is None and value is None
    try:
        return of.family.same(told(raw, of.family, setting), of.family.read(f.Cell(value, kind, column), setting))
    except f.Wrong:
        return False
