"""An independent reading of README.md and docs/outcomes.md: what debezium-udf must answer, in plain Python.

    python3 tests/reference.py decode udf/experiment_event.json < messages
    python3 tests/reference.py extract PATH | unnest | timestamp  < messages

Where those pages are silent, this file takes the simplest reading:
- A string as a member that longer paths lead through is a document; an empty one holds none and is absent.
- A document in more than four encodings is a scalar: what it should hold is absent.
- `op` and `__op` count where the key is there, whatever its value.
- Wrapped in wrapped is unwrapped again, four times at most, and the inner schema counts.
- Where the layout has another metadata_prefix, `__op` is the operation by that prefix.
- The JSON column is the first that a longer path leads through; others are documents, but tell no form.
- In a router value the JSON column itself is the document: `after.payload` gives it whole, however often it was encoded.
- A required column is of the row image, and so not missing in a router value, where its first path is.
- In a flattened message as many steps of a path as make a key are joined by dots, the fewest first, counted from the image's prefix.
- Metadata of an unwrapped row are the members that begin with the layout's prefix, and `__deleted`.
- A document named in `ignore` is ignored with all that it holds. Members below an index are not unmapped.
- Under `exact`, before a delete, a text without a character may be what Debezium writes for a column that it does not know.
- The JSON column of a layout without a longer path is the first of base64_documents.
- Under `exact` null does not fit a column that is neither Nullable nor has a default, and a string without a character none but String.
- An operation other than c, r, u, d, m is an error under an exact layout, where `op` is refused: a truncate is never silent.
- Without an operation of its own, a CloudEvent has that of its data, else c.
- The schema is walked by the path, whatever the values are; a router value has none, since it is a document.
- extract and unnest have no layout. For extract the JSON column is `payload`, and the path itself tells what is read
  below it; for unnest an object of no other form is unwrapped.
- unnest looks at text: a member is expanded also where an equal key stands before it. The spaces around what a
  string holds go. Each encoding costs a level, and there are four.
- timestamp takes a number as JSON writes it (`1767323045.0`) and a string of digits.
"""

import re
import sys
from base64 import b64decode, b64encode
from hashlib import md5
from uuid import UUID

from reference_json import ARRAY, NULL, OBJECT, STRING, TRUE, Fault, Value, parse
from reference_types import Misfit, binary_string, converted, extended, quoted, timestamp, type_named

EVENT, SKIPPED, ERROR = "event", "skipped", "error"
OUTCOMES = {EVENT: 0, SKIPPED: 1, ERROR: 2}
ENCODINGS = 4
UNAVAILABLE = b"__debezium_unavailable_value"
# What Debezium writes for it in a column of bytea, text[], uuid[], hstore, and of arrays of whole numbers and dates.
LEFT_OUT = {
    UNAVAILABLE,
    b64encode(UNAVAILABLE),
    b'["%s"]' % UNAVAILABLE,
    b'["%s"]' % str(UUID(bytes=md5(UNAVAILABLE).digest(), version=3)).encode(),
    b'{"%s":"%s"}' % (UNAVAILABLE, UNAVAILABLE),
    b"[%s]" % b",".join(b"%d" % byte for byte in UNAVAILABLE),
}
BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?").fullmatch
UNITS = {
    b"io.debezium.time.Timestamp": "ms",
    b"io.debezium.time.MicroTimestamp": "us",
    b"io.debezium.time.NanoTimestamp": "ns",
    b"io.debezium.time.Date": "days",
    b"io.debezium.time.Time": "ms",
    b"io.debezium.time.MicroTime": "us",
    b"io.debezium.time.NanoTime": "ns",
    b"io.debezium.time.MicroDuration": "us",
    b"io.debezium.time.NanoDuration": "ns",
    b"org.apache.kafka.connect.data.Timestamp": "ms",
    b"org.apache.kafka.connect.data.Date": "days",
    b"org.apache.kafka.connect.data.Time": "ms",
}


class Decided(Exception):
    """A check decided: the row is no event."""

    def __init__(self, outcome, reason):
        super().__init__(outcome, reason)
        self.outcome = outcome
        self.reason = reason


def skip(reason):
    return Decided(SKIPPED, reason)


def error(reason):
    return Decided(ERROR, reason)


def cut(text):
    """At most 64 bytes of a text, cut at a character's boundary."""
    if len(text) <= 64:
        return text
    end = 64
    while text[end] & 0xC0 == 0x80:
        end -= 1
    return text[:end]


# Paths

_NAME = re.compile(rb"[^.\[]+").match
_INDEX = re.compile(rb"\[([0-9]+)\]").match
_QUOTED = re.compile(rb'\[("(?:[^"\\]|\\.)*")\]').match


def steps_of(text):
    """The keys (bytes) and indexes (int) of a path: names joined by dots, with [N] or ["name"] behind them; None where it is none."""
    steps, at = [], 0
    while at < len(text) or not steps:
        found = _INDEX(text, at) if steps else None
        quoted_name = _QUOTED(text, at) if steps else None
        if found:
            steps.append(int(found.group(1)))
        elif quoted_name:
            found = quoted_name
            try:
                steps.append(parse(found.group(1)).data)
            except Fault:
                return None
        else:
            if steps:
                if text[at : at + 1] != b".":
                    return None
                at += 1
            found = _NAME(text, at)
            if not found:
                return None
            steps.append(found.group())
        at = found.end()
    return steps


SPACES = {b"after": "row", b"before": "before", b"source": "source"}
VALUES = (b"op", b"ts_ms", b"unmapped", b"left_out")


class Path:
    """A path as the layout writes it. space: what it is counted from; steps: those below that."""

    def __init__(self, text):
        self.text = text
        steps = steps_of(text) or [text]
        self.space = "message"
        if text in VALUES:
            self.space = text.decode()
        elif len(steps) > 1 and isinstance(steps[1], bytes) and steps[0] in SPACES:
            self.space = SPACES[steps[0]]
            steps = steps[1:]
        self.steps = steps
        self.in_row = self.space == "row"
        self.name = text[len(b"after.") :] if text.startswith(b"after.") else text
        self.document = steps[0] if self.in_row and len(steps) > 1 else None


def held_in(value, encodings=ENCODINGS):
    """(the object or array that a string holds, the encodings that were read), or (None, 0)."""
    for level in range(1, encodings + 1):
        if not value.data:
            break
        try:
            value = parse(value.data)
        except Fault:
            break
        if value.kind in (OBJECT, ARRAY):
            return value, level
        if value.kind != STRING:
            break
    return None, 0


def crossed(value):
    """The value itself, or where it is a string that holds an object or array, that."""
    if value.kind != STRING:
        return value
    if value.inside is None:
        value.inside = held_in(value)[0] or value
    return value.inside


def step_into(value, step):
    value = crossed(value)
    if isinstance(step, int):
        return value.data[step] if value.kind == ARRAY and step < len(value.data) else None
    return value.get(step)


def walk(value, steps):
    for step in steps:
        if value is None:
            return None
        value = step_into(value, step)
    return value


def walk_joined(root, prefix, steps, get=Value.get, walk_on=walk):
    """The same in a flattened message: as many steps as make a key are joined to the prefix."""
    key = prefix
    for at, step in enumerate(steps):
        if isinstance(step, int):
            return None
        key += step
        value = get(root, key)
        if value is not None:
            return walk_on(value, steps[at + 1 :])
        key += b"."
    return None


def walk_as_it_stands(root, steps):
    """The value at a path from the root of a message whose keys may be joined: the longest key wins over a walk."""
    for at in range(len(steps), 1, -1):
        if all(isinstance(step, bytes) for step in steps[:at]):
            value = root.get(b".".join(steps[:at]))
            if value is not None:
                return walk(value, steps[at:])
    return walk(root, steps)


def field(schema, step):
    """A field of a Connect schema, or None."""
    fields = schema.get(b"fields")
    for found in fields.data if fields is not None and fields.kind == ARRAY else []:
        name = found.get(b"field")
        if name is not None and name.kind == STRING and name.data == step:
            return found
    return None


def schema_walk(schema, steps):
    """The part of a Connect schema that describes what the steps lead to, or None."""
    for step in steps:
        schema = schema and field(schema, step)
    return schema


# The layout file


class Column:
    def __init__(self, given, exact):
        self.name = given.get(b"name").data
        self.type_name = given.get(b"type").data
        self.type = type_named(self.type_name.decode())
        path = given.get(b"path")
        self.paths = [Path(it.data) for it in (path.data if path.kind == ARRAY else [path])]
        flag = {key: given.get(key) is not None and given.get(key).raw == b"true" for key in (b"required", b"lenient")}
        self.required = flag[b"required"]
        self.required_ops = None
        if given.get(b"required") is not None and given.get(b"required").kind == ARRAY:
            self.required = True
            self.required_ops = {op.as_text() for op in given.get(b"required").data}
        self.lenient = flag[b"lenient"]
        text = {key: given.get(key).data.decode() if given.get(key) else None for key in (b"encoding", b"unit")}
        self.encoding = text[b"encoding"]
        self.nan = given.get(b"nan") is not None and given.get(b"nan").kind == TRUE
        self.exact = exact if given.get(b"exact") is None else given.get(b"exact").kind == TRUE
        self.extended = False
        self.unit = text[b"unit"] or ("days" if self.type.is_date else "auto")
        self.default = self._given(given.get(b"default"))
        self.holds_null = self.type_name.startswith(b"Nullable(") or given.get(b"default") is not None
        self.has_unavailable = given.get(b"unavailable") is not None
        self.unavailable = self._given(given.get(b"unavailable"))

    def _given(self, value):
        return self.type.default if value is None or value.kind == NULL else converted(self.type, value, self)


class _Asked:
    """What a type asks of a column."""

    def __init__(self, column, unit, exact):
        self.encoding = column.encoding
        self.unit = unit
        self.exact = exact
        self.nan, self.extended = column.nan, column.extended


def _text_at(given, key):
    value = given.get(key)
    return None if value is None else value.as_text()


def _list_at(given, key):
    value = given.get(key)
    return [] if value is None else value.data


class Layout:
    def __init__(self, text):
        given = parse(text)
        self.accepted_ops = None
        self.rules = []
        accept = given.get(b"accept")
        for path, values in accept.data if accept is not None else []:
            accepted = {value.as_text() for value in values.data}
            if path == b"op":
                self.accepted_ops = accepted
            else:
                self.rules.append((Path(path), accepted))
        exact = given.get(b"exact") is not None and given.get(b"exact").kind == TRUE
        self.rows = _text_at(given, b"message") == b"row"
        prefix = _text_at(given, b"metadata_prefix")
        self.prefix = b"__" if prefix is None else prefix
        self.key = {it.data for it in _list_at(given, b"key")}
        self.base64 = {Path(it.data).steps[0] for it in _list_at(given, b"base64_documents")}
        self.ignored = [Path(it.data).steps for it in _list_at(given, b"ignore")]
        self.missing = error if _text_at(given, b"accept_missing") == b"error" else skip
        self.exact = exact
        self.columns = [Column(column, exact) for column in given.get(b"columns").data]
        paths = [path for column in self.columns for path in column.paths]
        # The members of the row image that longer paths lead through; the first is the JSON column.
        self.documents = list(dict.fromkeys(path.document for path in paths if path.document is not None))
        self.lists_left_out = any(path.space == "left_out" for path in paths)
        self.read_below = {path.steps[1] for path in paths if self.documents and path.document == self.documents[0]}


def load_layout(name):
    with open(name, "rb") as file:
        return Layout(file.read())


# Forms


class Options:
    """What tells forms apart besides the message."""

    def __init__(self, document=None, is_read=lambda found: False, rows=False, prefix=b"__", base64=()):
        self.document = document
        self.is_read = is_read
        self.rows = rows
        self.prefix = prefix
        self.base64 = base64


def options_of(layout):
    document = layout.documents[0] if layout.documents else min(layout.base64, default=None)
    return Options(document, lambda found: not layout.read_below.isdisjoint(found.members), layout.rows, layout.prefix, layout.base64)


WRAPPINGS = 4
TRANSACTION = {b"status", b"id", b"event_count", b"data_collections"}
CONTROLS = {
    b"heartbeat": ({b"ts_ms"},),
    b"transaction": (TRANSACTION, TRANSACTION | {b"ts_ms"}),
    b"notification": ({b"id", b"type", b"aggregate_type", b"additional_data", b"timestamp"},),
    b"resolved": ({b"resolved"},),
}
NO_SOURCE = {b"before", b"after", b"op", b"ts_ms", b"ts_us", b"ts_ns", b"transaction"}
CHANGEFEED = {b"after", b"before", b"updated", b"mvcc_timestamp", b"key", b"topic"}
C, D = parse(b'"c"'), parse(b'"d"')


class Message:
    """The view of a message. What a form has not is None.

    op: its value. row, before, source: functions from a path's steps to a value. names: (name, value) of each member of the row image.
    whole: a router value's document."""

    def __init__(self, root, schema, op=C):
        self.root = self.outer = root
        self.schema = schema
        self.op_value = op
        self.ts_ms = self.whole = self.problem = None
        self.row = self.before = self.source = lambda steps: None
        self.names = lambda: []
        self.schema_steps = {"row": lambda steps: steps, "before": None, "source": None}
        self.from_string = False
        self.joined = self.sides = False

    @property
    def op(self):
        return self.op_value.as_text()

    @property
    def side(self):
        return b"before" if self.op == b"d" else b"after"

    def find(self, path):
        """The value at a path, or None."""
        if path.space == "op":
            return self.op_value
        if path.space == "ts_ms":
            return self.ts_ms
        if path.space == "source":
            return self.source(path.steps)
        if path.space == "before":
            return self.before(path.steps)
        if path.space == "row":
            return self.row(path.steps)
        look = walk_as_it_stands if self.joined else walk
        value = look(self.root, path.steps)
        return walk(self.outer, path.steps) if value is None and self.outer is not self.root else value

    def can_hold(self, path):
        """Whether the message may have a value at the path: a router value has a document, but no row image."""
        return not path.in_row or self.whole is None or len(path.steps) > 1

    def described(self, path, arrays):
        """What the message's schema says of the value at a path, or of those in so many arrays there; or None."""
        steps_to = self.schema_steps.get(path.space, lambda steps: steps)
        if self.schema is None or self.whole is not None or steps_to is None:
            return None
        schema = steps_to(path.steps)
        if isinstance(schema, list):
            schema = schema_walk(self.schema, schema)
        for _ in range(arrays):
            schema = schema and schema.get(b"items")
        return schema


FLOATS = b"float", b"float32", b"double", b"float64"
PLAIN = b"string", b"int8", b"int16", b"int32", b"int64", *FLOATS
DECIMAL = b"org.apache.kafka.connect.data.Decimal"


def text_of(schema, key):
    value = schema and schema.get(key)
    return value.data if value is not None and value.kind == STRING else None


def conversion(column, schema):
    """What a type asks of a column, with what the message's schema says of its value."""
    unit, exact = column.unit, column.exact
    if unit == "auto" or exact:
        unit = UNITS.get(text_of(schema, b"name"), unit)
    if text_of(schema, b"type") in (FLOATS[:2] if b"Float32" in column.type_name else FLOATS):
        exact = False  # any number of digits reads as the same float
    asked = _Asked(column, unit, exact)
    if text_of(schema, b"type") in PLAIN:
        asked.encoding = None
    return asked


def is_foreign(column, schema):
    """Whether a message's schema says another kind of value than the layout has."""
    name = text_of(schema, b"name")
    if b"Int" in column.type_name:
        return column.unit != "auto" and UNITS.get(name, column.unit) != column.unit
    return column.exact and column.encoding == "base64" and text_of(schema, b"type") == b"bytes" and name != DECIMAL


def held_object(value):
    """The object that a value is or that its string holds, or None."""
    inside = value and crossed(value)
    return inside if inside is not None and inside.kind == OBJECT else None


def is_envelope(root):
    keys, op = root.members.keys(), root.get(b"op")
    if op is None:
        return False
    if b"source" in keys:
        return root.get(b"source").kind == OBJECT
    if not keys <= NO_SOURCE or op.kind != STRING or op.data not in (b"c", b"r", b"u", b"d", b"t", b"m"):
        return False
    images = [root.get(side) for side in (b"after", b"before")]
    return any(it is not None and (it.kind == NULL or held_object(it) is not None) for it in images)


def is_row_with_metadata(root, prefix):
    """Whether it has an operation by the layout's prefix (without one, where it is one of c r u d), or __deleted."""
    op = root.get(prefix + b"op")
    counts = op is not None and (prefix != b"" or op.kind == STRING and op.data in (b"c", b"r", b"u", b"d"))
    return counts or b"__deleted" in root.members


def unwrap(root, prefix):
    """(what a wrapping holds, its schema), or None."""
    keys = root.members.keys()
    if keys == {b"schema", b"payload"}:
        return root.get(b"payload"), root.get(b"schema")
    if keys == {b"schemaId", b"payload"}:
        return root.get(b"payload"), None
    if keys == {b"payload"}:
        inside = root.get(b"payload")
        marked = inside.kind == OBJECT and (b"__deleted" in inside.members or prefix != b"" and prefix + b"op" in inside.members)
        if marked or inside.kind == OBJECT and is_envelope(inside):
            return inside, None
    return None


def unwrapped_from(root, prefix=b"__"):
    """What all wrappings hold, and the innermost schema."""
    schema = None
    for _ in range(WRAPPINGS):
        found = unwrap(root, prefix) if root.kind == OBJECT else None
        if found is None:
            break
        root, schema = found
    return root, schema


def control_of(root, prefix):
    """The name of a message that is no change event, or None."""
    for name, sets in CONTROLS.items():
        if root.members.keys() in sets:
            return name
    source, changes = root.get(b"source"), root.get(b"tableChanges")
    if source is None or source.kind != OBJECT or changes is None or changes.kind != ARRAY:
        return None
    return None if b"op" in root.members or is_row_with_metadata(root, prefix) else b"schema change"


def set_images(message, root, side):
    """The row image and the row before of an envelope."""
    image, before = held_object(root.get(side)), held_object(root.get(b"before"))
    given = root.get(side)
    if image is None:
        message.problem = b"missing" if given is None or given.kind == NULL else b"not an object"
    message.from_string = image is not None and given.kind == STRING
    message.row = lambda steps: image and walk(image, steps)
    message.before = lambda steps: before and walk(before, steps)
    message.names = lambda: image.data if image is not None else []
    message.sides = True
    message.schema_steps = {"row": lambda steps: [side, *steps], "before": lambda steps: [b"before", *steps],
                            "source": lambda steps: [b"source", *steps]}


def envelope(root, schema, op):
    message = Message(root, schema, op)
    source = root.get(b"source")
    message.ts_ms = root.get(b"ts_ms")
    message.source = lambda steps: source and source.kind == OBJECT and walk(source, steps) or None
    set_images(message, root, message.side)
    return message


def cloud_event(root, schema):
    data, inner_schema = root.get(b"data"), None
    if data.kind == OBJECT and data.members.keys() == {b"schema", b"payload"}:
        inner_schema, data = data.get(b"schema"), data.get(b"payload")
    op = root.get(b"iodebeziumop") or data.get(b"op") or C
    message = Message(data, inner_schema or schema, op)
    message.ts_ms = data.get(b"ts_ms")

    def source(steps):
        name = b"iodebezium" + re.sub(rb"[^A-Za-z0-9]", b"", steps[0])
        value = root.get(name)
        return value and walk(value, steps[1:])

    set_images(message, data, message.side)
    message.source = source
    message.outer = root
    return message


def flattened(root, schema):
    message = Message(root, schema, root.get(b"op"))
    side = message.side + b"."
    message.joined = True
    message.ts_ms = root.get(b"ts_ms")
    message.source = lambda steps: walk_joined(root, b"source.", steps)
    message.row = lambda steps: walk_joined(root, side, steps)
    message.before = lambda steps: walk_joined(root, b"before.", steps)
    message.names = lambda: [(key[len(side) :], value) for key, value in root.data if key.startswith(side)]
    message.problem = None if any(key.startswith(side) for key in root.members) else b"missing"

    def field_at(prefix):
        return lambda steps: walk_joined(schema, prefix, steps, field, schema_walk)

    message.schema_steps = {"row": field_at(side), "before": field_at(b"before."), "source": field_at(b"source.")}
    return message


def unwrapped(root, schema, prefix):
    op = root.get(prefix + b"op")
    if prefix == b"" and op is not None and op.as_text() not in (b"c", b"r", b"u", b"d"):
        op = None
    deleted = root.get(b"__deleted")
    if op is None:
        op = D if deleted is not None and deleted.as_text() == b"true" else C
    message = Message(root, schema, op)
    message.ts_ms = root.get(prefix + b"ts_ms")

    def source(steps):
        value = root.get(prefix + b"source_" + steps[0])
        if value is None and steps[0] not in (b"op", b"deleted", b"ts_ms"):
            value = root.get(prefix + steps[0])
        return value and walk(value, steps[1:])

    message.source = source
    message.row = lambda steps: walk(root, steps)
    message.names = lambda: [it for it in root.data if not it[0].startswith(prefix) and it[0] != b"__deleted"]
    return message


def bare_row(root, schema):
    message = Message(root, schema)
    message.row = lambda steps: walk(root, steps)
    message.names = lambda: root.data
    return message


def router_value(root, inside, schema, options):
    message = Message(root, schema)
    message.whole = root
    message.row = lambda steps: walk(inside, steps[1:]) if steps[0] == options.document else None
    message.names = lambda: [(options.document, inside)]
    return message


def unknown_shape(root):
    for key, value in root.data:
        if key.startswith((b"after_", b"before_")):
            return error(b"unknown shape: flattened with _ between the names; set the transform's delimiter to . in the connector")
    for key, value in root.data:
        if key.endswith(b"op") and len(key) <= 64 and value.kind == STRING and value.data in (b"c", b"r", b"u", b"d"):
            return error(b'unknown shape: if %s is the operation, write "metadata_prefix": "%s" into the layout; '
                         b'if it is a column, "message": "row"' % (key, key[:-2]))
    return error(b"unknown shape: neither an envelope nor a row with __op or __deleted; if it is a bare row, write "
                 b'"message": "row" into the layout')


def body_of(text):
    """The message without a schema registry's header."""
    return text[5:] if text[:1] == b"\0" and len(text) >= 5 else text


def is_unwrapped(root, options):
    if is_row_with_metadata(root, options.prefix):
        return True
    return options.document is not None and options.document in root.members


def view(root, options):
    """The Message of a whole JSON value, or Decided."""
    outer = root
    root, schema = unwrapped_from(root, options.prefix)
    if root.kind == NULL:
        raise skip(b"tombstone")
    message = view_of_object(root, schema, options) if root.kind == OBJECT else view_of_text(root, schema, options)
    if message.outer is message.root:
        message.outer = outer
    return message


def view_of_text(root, schema, options):
    if options.rows or root.kind != STRING:
        raise error(b"not an object")
    inside = crossed(root)
    if inside.kind != OBJECT and options.document in options.base64:
        inside = decoded_base64(root) or inside
        inside = crossed(inside)
    if inside.kind == OBJECT and options.is_read(inside):
        return router_value(root if inside is crossed(root) else inside, inside, schema, options)
    raise error(b"not an object")


def view_of_object(root, schema, options):
    control = control_of(root, options.prefix)
    if control is not None:
        raise skip(control)
    if options.rows:
        return bare_row(root, schema)
    keys, kind = root.members.keys(), root.get(b"type")
    from_debezium = kind is not None and kind.kind == STRING and kind.data.startswith(b"io.debezium.")
    if {b"specversion", b"data"} <= keys and (from_debezium or any(key.startswith(b"iodebezium") for key in keys)):
        return cloud_event(root, schema)
    if is_envelope(root):
        return envelope(root, schema, root.get(b"op"))
    if b"after" in keys and keys <= CHANGEFEED:
        return envelope(root, schema, D if root.get(b"after").kind == NULL else C)
    if b"op" in keys and any(key.startswith((b"source.", b"after.")) for key in keys):
        return flattened(root, schema)
    if is_unwrapped(root, options):
        return unwrapped(root, schema, options.prefix)
    if options.is_read(root):
        return router_value(root, root, schema, options)
    raise unknown_shape(root)


def decoded_base64(value):
    """A Value of the text that a string's base64 stands for, or None."""
    if not BASE64(value.data):
        return None
    text = b64decode(value.data)
    return Value(STRING, value.text, value.start, value.end, text)


# decode


def is_left_out(value):
    return value is not None and value.as_text() in LEFT_OUT


class Reading:
    """One message that is decoded by a layout."""

    def __init__(self, layout, message):
        self.layout = layout
        self.message = message
        self.left_out = []

    def member(self, name):
        """A member of the row image; where its string is a document's base64, what that stands for."""
        value = self.message.row([name])
        if name not in self.layout.base64 or self.message.whole is not None or value is None or value.kind != STRING:
            return value
        if not value.data or is_left_out(value):
            return value
        text = decoded_base64(value)
        if text is None:
            raise error(b"after." + name + b": not base64")
        return text

    def find(self, path):
        if path.in_row and path.steps[0] in self.layout.base64 and self.message.whole is None:
            value = self.member(path.steps[0])
            return value and walk(value, path.steps[1:])
        return self.message.find(path)

    def judge(self, path, accepted):
        """Section 4, for one rule."""
        if path.in_row and self.message.whole is not None:
            return
        value = self.find(path)
        if value is None or value.kind == NULL or value.data == b"":
            raise self.layout.missing(path.name + b" missing")
        if value.as_text() not in accepted:
            raise skip(path.name + b" " + cut(value.as_text()))

    def check_document(self, document):
        """Section 5, for one member of the row image."""
        path, layout = b"after." + document, self.layout
        value = self.member(document)
        if value is None or self.message.whole is not None:
            return
        if is_left_out(value):
            rules = any(rule.document == document for rule, _ in layout.rules)
            readers = [column for column in layout.columns if any(path.document == document for path in column.paths)]
            if not rules and (layout.lists_left_out or all(column.has_unavailable for column in readers)):
                return
            raise error(path + b": " + UNAVAILABLE)
        if value.kind != STRING:
            return
        for _ in range(ENCODINGS):
            if not value.data:
                return
            try:
                value = parse(value.data)
            except Fault as fault:
                raise error(path + b": " + str(fault).encode()) from None
            if value.kind != STRING:
                return

    def left_out_value(self, column):
        """What a column holds whose value Debezium left out."""
        self.left_out.append(column.name)
        return column.unavailable if column.has_unavailable else column.type.default

    def may_be_absent(self, column, path, value):
        """Whether a column whose values are exact may take null, or a text without a character, for no value."""
        if value.kind == NULL:
            return column.holds_null
        return path.in_row and self.message.op == b"d" and column.name not in self.layout.key

    def must_be_there(self, column, path):
        """Whether a column has no value where the message has none: of the key, and of a row where values are exact."""
        if column.holds_null or column.lenient or not self.message.can_hold(path):
            return False
        return column.name in self.layout.key or column.exact and path.in_row and self.message.op != b"d"

    def column(self, column):
        """What a column holds, or Decided."""
        message = self.message
        path, value, unfit = column.paths[0], None, None
        for candidate in column.paths:
            found = self.find(candidate)
            if (column.has_unavailable or self.layout.lists_left_out) and candidate.in_row and message.whole is None:
                if is_left_out(self.member(candidate.steps[0])):
                    if column.name in self.layout.key and not column.has_unavailable:
                        raise error(column.paths[0].text + b": " + UNAVAILABLE)
                    return self.left_out_value(column)
            if found is not None and found.kind != NULL and (column.type.is_string or found.data != b""):
                path, value = candidate, found
                break
            if found is not None and column.exact and unfit is None and not self.may_be_absent(column, candidate, found):
                unfit = candidate, found
        required = column.required and (column.required_ops is None or message.op in column.required_ops)
        if required and (value is None or value.data == b"") and message.can_hold(path):
            raise error(path.text + b": missing")
        if value is None and unfit is not None and not column.lenient:
            raise error(b"%s: %s does not fit %s" % (unfit[0].text, unfit[1].as_text(), column.type_name))
        if value is None and self.must_be_there(column, path):
            raise error(path.text + b": missing")
        if value is None:
            return column.default
        if is_left_out(value) and path.in_row and len(path.steps) == 1 and message.whole is None:
            raise error(path.text + b": " + UNAVAILABLE)
        schema = message.described(path, column.type.arrays)
        asked = conversion(column, schema)
        asked.extended = asked.extended or path.in_row and message.from_string
        try:
            if is_foreign(column, schema):
                raise Misfit
            return converted(column.type, value, asked)
        except Misfit:
            if column.lenient:
                return column.default
            why = b""
            if is_foreign(column, schema):
                schema = message.described(path, 0)
                why = b": the schema says " + (text_of(schema, b"name") or text_of(schema, b"type") or b"")
            raise error(b"%s: %s does not fit %s%s" % (path.text, cut(value.as_text()), column.type_name, why)) from None

    def unmapped(self):
        """The names of the members that no column takes."""
        found = []
        for name, value in each_read(self.message.names()):
            self.list_unmapped([name], value, found)
        return list(dict.fromkeys(found))

    def list_unmapped(self, steps, value, found):
        """Adds what is unmapped of a member, given the names on the way to it."""
        name = b".".join(steps)
        if any(steps_name(ignored) == name for ignored in self.layout.ignored):
            return
        paths = [path.steps for column in self.layout.columns for path in column.paths if path.in_row]
        if any(steps_name(path) == name for path in paths):
            return
        if not any(starts_with(path, name) for path in paths):
            found.append(name)
            return
        if len(steps) == 1 and self.message.whole is None:
            if is_left_out(value):
                return
            if name in self.layout.base64:
                value = self.member(name)
        inside = crossed(value)
        for key, below in each_read(inside.data) if inside.kind == OBJECT else []:
            self.list_unmapped([*steps, key], below, found)

    def held(self, column):
        if column.paths[0].space == "unmapped":
            return self.unmapped()
        return None if column.paths[0].space == "left_out" else self.column(column)


def each_read(members):
    """The members of an object. What stands behind an equal key is not read: it holds nothing."""
    first = dict(reversed(members))
    for key, value in members:
        yield key, value if first[key] is value else C


def steps_name(steps):
    return b".".join(step for step in steps if isinstance(step, bytes)) if all(isinstance(it, bytes) for it in steps) else None


def starts_with(path, name):
    """Whether a path leads on below the members of this joined name."""
    for at in range(1, len(path)):
        if steps_name(path[:at]) == name:
            return True
    return False


def decide(layout, text):
    """The columns of an event, or Decided."""
    body = body_of(text)
    if not body:
        raise skip(b"tombstone")
    try:
        root = parse(body)
    except Fault as fault:
        if body is text:
            raise error(b"not JSON: " + str(fault).encode()) from None
        what, byte = str(fault).rsplit(" ", 1)
        raise error(b"not JSON: %s %d; behind a schema registry's header: Avro or Protobuf? set value.converter to a JSON converter"
                    % (what.encode(), int(byte) + len(text) - len(body))) from None
    message = view(root, options_of(layout))
    if layout.accepted_ops is not None and message.op not in layout.accepted_ops:
        raise (error if layout.exact and message.op not in (b"c", b"r", b"u", b"d", b"m") else skip)(b"op " + cut(message.op))
    if message.problem is not None:
        raise error(message.side + b": " + message.problem)
    reading = Reading(layout, message)
    for path, accepted in layout.rules:
        reading.judge(path, accepted)
    for document in layout.documents:
        reading.check_document(document)
    held = [reading.held(column) for column in layout.columns]
    return [reading.left_out if column.paths[0].space == "left_out" else value for column, value in zip(layout.columns, held)]


def decode(layout, text):
    """(outcome, reason, what each column holds) of one message."""
    try:
        return EVENT, b"", decide(layout, text)
    except Decided as decided:
        return decided.outcome, decided.reason, [column.type.default for column in layout.columns]


def as_json(layout, row):
    """A row as the one line that decode prints."""
    outcome, reason, held = row
    parts = [b'"outcome":"%s"' % outcome.encode(), b'"reason":' + quoted(reason)]
    parts += [quoted(column.name) + b":" + column.type.json(it) for column, it in zip(layout.columns, held)]
    return b"{" + b",".join(parts) + b"}"


def as_binary(layout, row):
    """A row as RowBinary."""
    outcome, reason, held = row
    parts = [bytes([OUTCOMES[outcome]]), binary_string(reason)]
    parts += [column.type.binary(it) for column, it in zip(layout.columns, held)]
    return b"".join(parts)


# extract, unnest


def extract(text, path):
    """The text at a path of a message, or None."""
    path = Path(path)
    if steps_of(path.text) is None:
        return None
    document = b"payload"
    below = path.steps[1] if path.document == document else None
    try:
        root = parse(body_of(text))
    except Fault:
        return None
    try:
        message = view(root, Options(document, lambda found: found.get(below) is not None))
        value = message.find(path)
        # As a String column has it.
        if value is not None and path.in_row and message.from_string and extended(value) is not None:
            value = extended(value)[0]
    except Decided:
        inside = unwrapped_from(root)[0]
        value = walk_as_it_stands(inside, steps_of(path.text)) or walk_as_it_stands(root, steps_of(path.text))
    return None if value is None or value.kind == NULL else value.as_text()


def expanded(value, levels):
    """A value's text with each string in it that holds an object or array replaced by what it holds."""
    parts, last = [], value.start
    for string in strings_below(value):
        inside, used = held_in(string, levels)
        if inside is not None:
            parts.append(value.text[last : string.start])
            parts.append(expanded(inside, levels - used))
            last = string.end
    parts.append(value.text[last : value.end])
    return b"".join(parts)


def strings_below(value):
    if value.kind == STRING:
        yield value
    elif value.kind in (OBJECT, ARRAY):
        for item in value.data:
            yield from strings_below(item[1] if value.kind == OBJECT else item)


def members_to_expand(root):
    """The members of the row images, and images that are strings, in the order of the text."""
    options = Options(None, lambda found: True)
    root = unwrapped_from(root)[0]
    if root.kind != OBJECT:
        return []
    try:
        message = view(root, options)
    except Decided:
        return []
    if message.sides:
        images = [value for key, value in (message.root.data if message.root.kind == OBJECT else []) if key in (b"before", b"after")]
        return [value for image in images for value in ([value for _, value in image.data] if image.kind == OBJECT else [image])]
    if message.joined:
        return [value for key, value in root.data if key.startswith((b"before.", b"after."))]
    return [value for _, value in root.data]


def unnest(text):
    """The message, without a schema registry's header, with the JSON in strings of its row images expanded."""
    body = body_of(text)
    try:
        root = parse(body)
    except Fault:
        return text
    parts, last = [], 0
    for value in members_to_expand(root):
        if value.kind == STRING:
            parts += [body[last : value.start], expanded(value, ENCODINGS)]
            last = value.end
    return b"".join(parts) + body[last:]


def main(arguments):
    if len(arguments) != 3 and arguments[1:] not in (["unnest"], ["timestamp"]):
        sys.exit(__doc__)
    layout = load_layout(arguments[2]) if arguments[1] == "decode" else None
    for line in sys.stdin.buffer:
        message = line.removesuffix(b"\n")
        if arguments[1] == "decode":
            answer = as_json(layout, decode(layout, message))
        elif arguments[1] == "extract":
            answer = extract(message, arguments[2].encode())
        elif arguments[1] == "unnest":
            answer = unnest(message)
        else:
            found = timestamp(message)
            answer = None if found is None else b"%d" % found
        sys.stdout.buffer.write((b"\\N" if answer is None else answer) + b"\n")


if __name__ == "__main__":
    main(sys.argv)
