"""What `infer` proposes from messages, and what `decode` answers by it."""

import json
from decimal import Decimal

from program import PROGRAMS, ROOT, call

FIXTURES = ROOT / "tests" / "fixtures"


def lines(*messages):
    return b"".join((message if isinstance(message, bytes) else json.dumps(message).encode()) + b"\n" for message in messages)


def change(op="c", source=None, before=None, **row):
    """An envelope; for op d the row is the one before."""
    image = {"before": row, "after": None} if op == "d" else {"before": before, "after": row}
    return {**image, "source": source or {"connector": "postgresql", "schema": "public", "table": "t", "lsn": 1}, "op": op}


def field(kind, name, semantic=None, optional=True, **more):
    return {"type": kind, "optional": optional, "field": name} | ({"name": semantic, "version": 1} if semantic else {}) | more


def with_schema(fields, *rows, **source):
    """Envelopes with the schema that JsonConverter writes."""
    schema = {"type": "struct", "optional": False, "name": "server.public.t.Envelope",
              "fields": [{"type": "struct", "fields": fields, "optional": True, "name": "server.public.t.Value", "field": name}
                         for name in ("before", "after")]}
    return lines(*({"schema": schema, "payload": change(source=source or None, **row)} for row in rows))


class Proposal:
    """A layout and what was said on standard error."""

    def __init__(self, data, *words, program=PROGRAMS[0]):
        done = call("infer", *words, data=data, program=program)
        assert done.returncode == 0, done
        self.layout = json.loads(done.stdout)
        self.text = done.stdout
        self.said = done.stderr.decode().splitlines()
        assert all(line.startswith("debezium-udf: infer: ") for line in self.said), self.said
        self.columns = {column["name"]: column for column in self.layout["columns"]}
        self.by_path = {column["path"]: column for column in self.layout["columns"]}
        assert len(self.columns) == len(self.layout["columns"])

    def types(self):
        return {name: column["type"] for name, column in self.columns.items()}

    def tells(self, *words):
        return any(all(word in line for word in words) for line in self.said)

    def decode(self, data, folder, program=PROGRAMS[0], **changes):
        return decode(self.layout | changes, data, folder, program)


def decode(layout, data, folder, program=PROGRAMS[0]):
    """The rows of `data`, numbers with a fraction as Decimal."""
    path = folder / "layout.json"
    path.write_text(json.dumps(layout))
    done = call("decode", path, data=data, program=program)
    assert (done.returncode, done.stderr) == (0, b""), done
    return [json.loads(line, parse_float=Decimal) for line in done.stdout.splitlines()]
