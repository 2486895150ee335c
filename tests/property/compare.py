"""Holds what `infer` and `decode` make of a topic against what the database says, cell by cell."""
import json
import random
import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from . import moments
from .families import Cell, Document, Float, Number, Text, Wrong, parse
from .sources import arriving
from .tables import SEQUENCE, Table, topic

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = "__debezium_unavailable_value"
METADATA = {"op", "ts_ms", "source", "unmapped", "left_out", "before", "after", "ts_us", "ts_ns"}
# What no layout need take: Debezium adds it to an unwrapped row.
ADDED = re.compile(r"__(op|deleted|lsn|table|ts_ms|pos|source_ts_ms|source_pos)")


@dataclass
class Message:
    """One that has a row: where it is in the topic, and which version of which row it shows."""
    index: int
    op: str
    number: int
    image: dict


@dataclass
class Verdict:
    """`cells` counts by outcome; `findings` {(what, kind, ClickHouse type): [count, example]}."""
    table: Table
    cells: Counter = field(default_factory=Counter)
    rows: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)
    changes: Counter = field(default_factory=Counter)
    findings: dict = field(default_factory=dict)
    notes: Counter = field(default_factory=Counter)
    answers: object = None

    def find(self, what: str, kind: str, type_: str, example) -> None:
        entry = self.findings.setdefault((what, kind, type_), [0, None])
        entry[0] += 1
        if entry[1] is None:
            entry[1] = example() if callable(example) else example


def image_of(value, table: Table):
    """The row that a message's value shows, and its operation where the message says it; None for a tombstone."""
    if value is None:
        return None, None
    document = json.loads(value)
    if table.setting.schemas and isinstance(document, dict) and document.keys() == {"schema", "payload"}:
        document = document["payload"]
    if document is None:
        return None, None
    form = table.setting.form
    if form == "envelope":
        return document["before" if document["op"] == "d" else "after"], document["op"]
    if form == "flat":
        side = "before." if document["op"] == "d" else "after."
        return {name.removeprefix(side): item for name, item in document.items() if name.startswith(side)}, document["op"]
    if form == "router":
        return json.loads(document), None
    return document, document.get("__op") or ("d" if document.get("__deleted") == "true" else None)


def rows_of(table: Table, values: list) -> list:
    """The messages that have a row. The snapshot comes in any order, what follows in the order of the commits."""
    found = []
    expected = iter(arriving(table))
    for index, value in enumerate(values):
        image, op = image_of(value, table)
        if image is None:
            continue
        if len(found) < table.snapshot:
            found.append(Message(index, op or "r", int(image[SEQUENCE]), image))
            continue
        wanted, number = next(expected)
        assert op in (wanted, None), f"{table.name}: {op} where {wanted} was committed"
        seen = image.get(SEQUENCE)
        assert seen in (number, None) or wanted == "d", f"{table.name}: row {seen} where {number} was committed"
        found.append(Message(index, wanted, number, image))
    return found


# ---- The program ------------------------------------------------------------------------------------------------------------

@dataclass
class Answers:
    layout: dict | None
    rows: list
    notes: str  # what infer or decode said on stderr


def ask(program: Path, sample: list, values: list) -> Answers:
    """`infer` from the sample, `decode` of all."""
    lines = b"".join((value or b"") + b"\n" for value in sample)
    proposed = subprocess.run([program, "infer"], input=lines, capture_output=True, timeout=60)
    notes = proposed.stderr.decode(errors="replace")
    if proposed.returncode != 0:
        return Answers(None, [], notes)
    with tempfile.TemporaryDirectory() as folder:
        layout = Path(folder) / "layout.json"
        layout.write_bytes(proposed.stdout)
        decoded = subprocess.run([program, "decode", layout], input=b"".join((value or b"") + b"\n" for value in values),
                                 capture_output=True, timeout=120)
    if decoded.returncode != 0:
        return Answers(json.loads(proposed.stdout), [], notes + decoded.stderr.decode(errors="replace"))
    rows = [parse(line) for line in decoded.stdout.decode(errors="replace").removesuffix("\n").split("\n")]
    return Answers(json.loads(proposed.stdout), rows, notes)


def sample_of(table: Table, values: list) -> set:
    """Indexes of the messages that `infer` gets to see: the first half, the first third (the snapshot), or every other one."""
    rng = random.Random(f"sample/{table.database}/{table.name}/{len(values)}")
    count = len(values)
    return set(rng.choice([range(count // 2), range(count // 2), range(count // 3), range(0, count, 2)]))


# ---- Paths ------------------------------------------------------------------------------------------------------------------

STEP = re.compile(r'\.?([^.\[\]]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')


def steps(path: str) -> list | None:
    """The names and indexes of a path; None where it does not read as one."""
    found, at = [], 0
    while at < len(path):
        step = STEP.match(path, at)
        if not step:
            return None
        found.append(int(step[2]) if step[2] else json.loads(step[3]) if step[3] else step[1])
        at = step.end()
    return found


def place(table: Table, path: str):
    """The column of the table that a path reads, and the steps into its value; None for metadata."""
    flat = table.setting.form == "flat"
    for side in ("after.", "before."):
        if flat and path.startswith(side):
            rest = path.removeprefix(side)
            for column in table.columns:
                if rest == column.name:
                    return column, []
    parsed = steps(path)
    if not parsed:
        return None
    if parsed[0] in ("after", "before") and len(parsed) > 1:
        parsed = parsed[1:]
    elif table.setting.form not in ("row", "unwrap", "router") or parsed[0] in METADATA:
        return None
    if table.setting.form == "router":
        return table.column("payload"), parsed[1:] if parsed[0] == "payload" else parsed
    if flat:
        return _flat_place(table, ".".join(map(str, parsed)))
    column = table.column(str(parsed[0]))
    return column and (column, parsed[1:])


def _flat_place(table: Table, key: str):
    """The column that a flattened key belongs to, the one with the longest name, and what follows it."""
    for column in sorted(table.columns, key=lambda column: -len(column.name)):
        if key == column.name:
            return column, []
        if key.startswith(f"{column.name}."):
            return column, key[len(column.name) + 1:].split(".")
    return None


def bare(kind: str) -> tuple:
    """A ClickHouse type without Nullable, and whether it is."""
    nullable = kind.startswith("Nullable(")
    return (kind[len("Nullable("):-1], True) if nullable else (kind, False)


# ---- Cells ------------------------------------------------------------------------------------------------------------------

def left_out(value) -> bool:
    """Whether Debezium wrote its placeholder instead of a value."""
    text = json.dumps(value)
    return PLACEHOLDER in text or "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ" in text


class Comparison:
    """One topic. `mutate` may change the decoded rows, to see that it is noticed; `answers` are those of an earlier comparison."""

    def __init__(self, table: Table, values: list, program: Path, mutate=None, answers: Answers | None = None):
        self.table, self.values = table, values
        self.verdict = Verdict(table)
        self.sample = sample_of(table, values)
        self.messages = rows_of(table, values)
        self.answers = answers or ask(program, [values[index] for index in sorted(self.sample)], values)
        self._placed: list | None = None
        if mutate and self.answers.rows:
            mutate(self)
            self.verdict = Verdict(table)

    def run(self) -> Verdict:
        verdict, answers = self.verdict, self.answers
        verdict.answers = answers
        if answers.layout is None or not answers.rows:
            reason = answers.notes.strip().splitlines()
            verdict.rows["refused"] += len(self.messages)
            verdict.find("infer refuses" if answers.layout is None else "decode refuses its layout", "", "", " ".join(reason)[:300])
            return verdict
        self._missing_columns()
        for message in self.messages:
            self._row(message)
        return verdict

    def columns(self) -> list:
        """[(layout column, table column, steps)]."""
        if self._placed is None:
            self._placed = self._place()
        return self._placed

    def _place(self) -> list:
        found = []
        for column in self.answers.layout["columns"]:
            paths = column["path"] if isinstance(column["path"], list) else [column["path"]]
            placed = next((at for path in paths if (at := place(self.table, path))), None)
            if placed:
                found.append((column, *placed))
        return found

    def _missing_columns(self) -> None:
        """Members that no column takes: named on stderr, or silently lost."""
        if self.table.setting.form == "router":
            return
        whole = {column.name for _, column, into in self.columns()}
        arrived = {name for message in self.messages for name in message.image}
        for column in self.table.columns:
            if column.name not in arrived and not any(name.startswith(f"{column.name}.") for name in arrived):
                self.verdict.notes[f"the connector drops {column.kind}"] += 1
            elif column.name not in whole:
                count = sum(message.index not in self.sample for message in self.messages)
                named = column.name in self.answers.notes
                self.verdict.cells["not taken, named" if named else "missing"] += count
                if not named:
                    self.verdict.find("no column takes this member, and nothing says so", column.kind, "",
                                      lambda column=column: self._example(self.messages[0], column, "", None))

    def _example(self, message: Message, column, got, layout_column) -> dict:
        name = column.name if column else ""
        said = (self.table.truth[message.number] or {}).get(name)
        return {"member": name, "kind": column.kind if column else "", "sql": column.sql if column else "",
                "debezium": json.dumps(message.image.get(name), ensure_ascii=False)[:200], "database": said if said is None else said[:200],
                "decoded": repr(got)[:200], "layout": layout_column, "op": message.op}

    def _row(self, message: Message) -> None:
        row, verdict = self.answers.rows[message.index], self.verdict
        seen = message.index in self.sample
        verdict.rows["in the sample" if seen else "decoded"] += 1
        if row["outcome"] == "error":
            self._dead(message, row["reason"])
            return
        if row["outcome"] != "event":
            verdict.cells["skipped"] += len(self.columns())
            verdict.rows["skipped"] += 1
            verdict.find(f"a row is skipped: {row['reason']}", message.op, "", lambda: self.values[message.index].decode()[:300])
            return
        verdict.rows["events"] += 1
        for layout_column, column, into in self.columns():
            self._cell(message, row, layout_column, column, into, seen)
        self._operation(message, row)

    def _operation(self, message: Message, row: dict) -> None:
        for column in self.answers.layout["columns"]:
            if column["path"] != "op":
                continue
            wanted = message.op
            if self.table.setting.form == "row" or "rewrite" in self.table.setting.name and wanted != "d":
                wanted = "c"
            if row[column["name"]] != wanted:
                self.verdict.find("the operation is wrong", message.op, column["type"], f"{row[column['name']]!r} for {wanted!r}")
                self.verdict.cells["different"] += 1

    def _dead(self, message: Message, reason: str) -> None:
        """An error row: listed in advance for that type and value, or not."""
        verdict = self.verdict
        why = self._listed(message, reason)
        verdict.rows["dead letters, listed" if why else "dead letters, not listed"] += 1
        general = re.sub(r"(?s)^(after|before)\..*?: |.* (?=does not fit)", "", reason)
        verdict.reasons[(why or general)[:100], bool(why)] += 1
        if not why:
            column = self._column_of(reason)
            verdict.find(f"dead letter: {general[:60]}", column.kind if column else "", "",
                         lambda: self._example(message, column, reason, self._layout_of(column)))

    def _column_of(self, reason: str):
        path = reason.rpartition(" does not fit ")[0] or reason
        for layout_column, column, _ in self.columns():
            paths = layout_column["path"] if isinstance(layout_column["path"], list) else [layout_column["path"]]
            for path_ in paths:
                if path.startswith((f"{path_}: ", f"{path_.replace('after', 'before', 1)}: ")):
                    return column
        return None

    def _layout_of(self, column):
        return next((layout_column for layout_column, other, _ in self.columns() if other is column), None)

    def _listed(self, message: Message, reason: str) -> str | None:
        if PLACEHOLDER in reason:
            return "left out by Debezium (TOAST)"
        column = self._column_of(reason)
        found = re.search(r" does not fit (.*)$", reason)
        if column is None or not found:
            return None
        said = self.table.truth[message.number][column.name]
        if said is None:
            return None
        if isinstance(column.family, Float) and _is_longer_than_needed(self.values[message.index], message.op, column.name):
            return "Java writes more digits of a double than tell it"
        return column.family.listed(column.family.truth(said), bare(found[1])[0])

    def _cell(self, message: Message, row: dict, layout_column: dict, column, into: list, seen: bool) -> None:
        if message.op == "d" and not self.table.full and self.table.database == "postgres" and column is not self.table.key:
            return
        outcome = self.judge(message, row, layout_column, column, into)
        self.verdict.cells[outcome if not seen else f"{outcome}, in the sample"] += 1

    def judge(self, message: Message, row: dict, layout_column: dict, column, into: list) -> str:
        value = row[layout_column["name"]]
        kind, _ = bare(layout_column["type"])
        said = self.table.truth[message.number][column.name]
        if left_out(message.image.get(column.name)):
            return self._left_out(message, row, layout_column, column, value)
        if into:
            return self._member(message, layout_column, column, into, value, kind, said)
        if (said is None) != (value is None):
            what = "NULL became a value" if said is None else "a value became NULL"
            if self._listed_null(message, column, said):
                return "changed by the connector, listed"
            self.verdict.find(what, column.kind, layout_column["type"], lambda: self._example(message, column, value, layout_column))
            return "different"
        if said is None:
            return "equal"
        truth = column.family.truth(said)
        try:
            got = column.family.read(Cell(value, kind, layout_column), self.table.setting)
        except (Wrong, ValueError, TypeError, KeyError, AttributeError) as problem:
            self.verdict.find("the value cannot be read", column.kind, layout_column["type"],
                              lambda: self._example(message, column, value, layout_column) | {"problem": str(problem)})
            return "different"
        if column.family.same(truth, got):
            return "equal"
        why = column.family.changed(truth, got, self.table.setting)
        if why:
            self.verdict.changes[why] += 1
            return "changed by the connector, listed"
        self.verdict.find("another value", column.kind, layout_column["type"],
                          lambda: self._example(message, column, value, layout_column) | {"means": repr(got)[:80]})
        return "different"

    def _listed_null(self, message, column, said) -> bool:
        why = None if said is None else column.family.null_for(said, self.table.setting, message.op)
        if why:
            self.verdict.changes[why] += 1
        return bool(why)

    def _left_out(self, message, row, layout_column, column, value) -> str:
        """An unchanged value that Debezium left out: a list says so, or the column must be the placeholder itself."""
        for other in self.answers.layout["columns"]:
            if other["path"] == "left_out" and {column.name, layout_column["name"]} & set(row[other["name"]]):
                return "left out, said so"
        self.verdict.find("a value that was left out looks like a value", column.kind, layout_column["type"],
                          lambda: self._example(message, column, value, layout_column))
        return "different"

    def _member(self, message, layout_column, column, into, value, kind, said) -> str:
        """A member of a document or a structure, compared as JSON."""
        source = message.image.get(column.name) if self.table.setting.form != "router" else message.image
        if self.table.setting.form == "flat" and column.name not in message.image:
            source = {into[0]: message.image.get(".".join([column.name, str(into[0])]))}
        if self.table.setting.form != "router" and isinstance(source, str) and said is not None and isinstance(column.family, (Document, Text)):
            source = said
        wanted = walk(source, into)
        if same_member(wanted, value, kind, layout_column):
            return "equal"
        self.verdict.find("a member of a document differs", column.kind, layout_column["type"],
                          lambda: self._example(message, column, value, layout_column) | {"member": into, "wanted": repr(wanted)[:100]})
        return "different"


def _is_longer_than_needed(message: bytes, op: str, name: str) -> bool:
    """Whether a number of the row is not the shortest decimal of its double, which an exact column asks for."""
    def texts(value):
        if isinstance(value, dict):
            for key, item in value.items():
                if key.removeprefix("after.").removeprefix("before.") == name and isinstance(item, Number):
                    yield item
                yield from texts(item)
    return any(Decimal(text) != Decimal(repr(float(text))) for text in texts(parse(message)))


def walk(value, into: list):
    """The value at these steps, through documents held in strings; None where there is none."""
    if isinstance(value, str) and not isinstance(value, Number):
        try:
            value = parse(value)
        except ValueError:
            return None
    for step in into:
        for _ in range(4):
            if isinstance(value, str) and not isinstance(value, Number):
                try:
                    value = parse(value)
                except ValueError:
                    return None
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def same_member(wanted, value, kind: str, layout_column: dict) -> bool:
    if wanted is None or value is None:
        return wanted is None and value is None
    if isinstance(wanted, (dict, list)):
        try:
            return kind == "String" and json.loads(value) == json.loads(json.dumps(wanted)) or parse(value) == wanted
        except (ValueError, TypeError):
            return value == wanted
    if isinstance(wanted, bool):
        return value is wanted or value == str(wanted).lower() or value == str(int(wanted)) and kind != "String"
    if isinstance(wanted, (Number, int, float)):
        return _same_number(str(wanted), value, kind, layout_column)
    if kind.startswith("DateTime"):
        return moments.moment(wanted) is not None and moments.moment(wanted) == moments.moment(value)
    if kind == "Bool":
        return wanted == str(value).lower()
    return kind in ("String", "UUID", "Date32", "Date") and wanted == value or not isinstance(value, bool) and wanted == str(value)


def _same_number(wanted: str, value, kind: str, layout_column: dict) -> bool:
    if kind.startswith("DateTime"):
        unit = layout_column.get("unit")
        return unit in moments.UNITS and Decimal(wanted) * Decimal(int(moments.UNITS[unit] * 1000)) / 1000 == moments.moment(value)
    try:
        return isinstance(value, str) and Decimal(value) == Decimal(wanted)
    except ArithmeticError:
        return False


def compare(table: Table, messages: dict, program: Path) -> Verdict:
    return Comparison(table, messages[topic(table)], program).run()


def again(verdict: Verdict, messages: dict, program: Path, mutate) -> Verdict:
    """The comparison of a verdict once more, with changed rows."""
    answers = Answers(verdict.answers.layout, [dict(row) for row in verdict.answers.rows], verdict.answers.notes)
    return Comparison(verdict.table, messages[topic(verdict.table)], program, mutate, answers).run()
