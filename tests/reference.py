"""An independent reading of README.md and udf/OUTCOMES.md: what debezium-udf must answer, in plain Python.

    python3 tests/reference.py decode udf/experiment_event.json < messages
    python3 tests/reference.py extract PATH | unnest | timestamp  < messages

Where those pages are silent, this file takes the simplest reading:
- A path's component is a key with [N] behind it any number of times; what does not look so is a key as it stands.
- A string as a member that longer paths lead through is a document; an empty one holds none and is absent.
- A document in more than four encodings is a scalar: what it should hold is absent.
- `op` and `__op` count where the key is there, whatever its value; a router value has neither, so its operation is `c`.
- Wrapped in wrapped is unwrapped again, and the inner schema counts.
- The JSON column is the first that a longer path leads through; others are documents, but tell no shape.
- In a router value the JSON column itself is the message's value: `after.payload` gives it whole.
- A required column is of the row image, and so not missing in a router value, where its first path is.
- In a flattened message the key of a path is its first two components joined by a dot; where there is no such key, it is
  the first three (`after.nn.scale`), and so on. What stands in it without joining comes first. extract looks at the root
  of every message so.
- The schema is walked by the path, whatever the values are; a router value has none, since it is a document.
- extract and unnest have no layout. For extract the JSON column is `payload`, and the path itself tells what is read
  below it; for unnest an object of no other shape is unwrapped.
- unnest looks at text: a member is expanded also where an equal key stands before it. The spaces around what a
  string holds go. Each encoding costs a level, and there are four.
- timestamp takes a number as JSON writes it (`1767323045.0`) and a string of digits.
"""

import re
import sys
from base64 import b64encode
from hashlib import md5
from uuid import UUID

from reference_json import ARRAY, NULL, OBJECT, STRING, TRUE, Fault, Value, parse
from reference_types import Misfit, binary_string, converted, quoted, timestamp, type_named

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
TRANSACTION = {b"status", b"id", b"event_count", b"data_collections", b"ts_ms"}
UNITS = {
    b"io.debezium.time.Timestamp": "ms",
    b"io.debezium.time.MicroTimestamp": "us",
    b"io.debezium.time.NanoTimestamp": "ns",
    b"io.debezium.time.Date": "days",
    b"io.debezium.time.Time": "ms",
    b"io.debezium.time.MicroTime": "us",
    b"io.debezium.time.NanoTime": "ns",
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

_COMPONENT = re.compile(rb"([^\[\]]*)((?:\[[0-9]+\])+)").fullmatch
_INDEX = re.compile(rb"\[([0-9]+)\]").findall


def steps_of(text):
    """The keys (bytes) and indexes (int) of a path."""
    steps = []
    for component in text.split(b"."):
        match = _COMPONENT(component)
        if match:
            steps.append(match.group(1))
            steps.extend(int(index) for index in _INDEX(match.group(2)))
        else:
            steps.append(component)
    return steps


class Path:
    """A path as the layout writes it; where it begins with `after.`, steps are those in the row image."""

    def __init__(self, text):
        self.text = text
        self.in_row = text.startswith(b"after.")
        self.name = text[len(b"after.") :] if self.in_row else text
        self.steps = steps_of(self.name)
        self.document = self.steps[0] if self.in_row and len(self.steps) > 1 else None


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


def walk_joined(root, key, steps, get=Value.get, walk_on=walk):
    """The same in a flattened message: as many steps as make a key are joined to it."""
    for at in range(len(steps) + 1):
        value = get(root, key)
        if value is not None:
            return walk_on(value, steps[at:])
        if at == len(steps) or isinstance(steps[at], int):
            return None
        key += b"." + steps[at]


def walk_as_it_stands(root, steps):
    """The value at a path from the root of a message whose keys may be joined: what stands without joining comes first."""
    value = walk(root, steps)
    if value is None and len(steps) > 1 and isinstance(steps[1], bytes):
        value = walk_joined(root, steps[0] + b"." + steps[1], steps[2:])
    return value


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
        self.columns = [Column(column, exact) for column in given.get(b"columns").data]
        paths = [path for column in self.columns for path in column.paths]
        # The members of the row image that longer paths lead through; the first is the JSON column.
        self.documents = list(dict.fromkeys(path.document for path in paths if path.document is not None))
        self.read_below = {path.steps[1] for path in paths if self.documents and path.document == self.documents[0]}


def load_layout(name):
    with open(name, "rb") as file:
        return Layout(file.read())


# Shapes


class Message:
    """A message whose shape is known. row(key) is a member of the row image or None; image is None until it is sought."""

    def __init__(self, shape, root, schema, op, documents=()):
        self.shape = shape
        self.root = root
        self.schema = schema
        self.op = op
        self.side = b"before" if op == b"d" else b"after"
        self.documents = documents

    def check_image(self):
        """The checks of section 3 on the row image."""
        if self.shape == "envelope":
            image = self.root.get(self.side)
            if image is None or image.kind == NULL:
                raise error(self.side + b": missing")
            if image.kind != OBJECT:
                raise error(self.side + b": not an object")
        elif self.shape == "flattened":
            if not any(key.startswith(self.side + b".") for key in self.root.members):
                raise error(self.side + b": missing")

    def row(self, key):
        if self.shape == "envelope":
            image = self.root.get(self.side)
            return image and step_into(image, key)
        if self.shape == "flattened":
            return self.root.get(self.side + b"." + key)
        if self.shape == "unwrapped":
            return self.root.get(key)
        return self.root if self.documents and key == self.documents[0] else None

    def can_hold(self, path):
        """Whether the message may have a value at the path: a router value has documents, but no row image."""
        return not path.in_row or self.shape != "router value" or path.steps[0] in self.documents

    def find(self, path):
        """The value at a path, or None."""
        if not path.in_row:
            look = walk_as_it_stands if self.shape == "flattened" else walk
            return look(self.root, path.steps)
        first, *rest = path.steps
        if self.shape == "flattened":
            return walk_joined(self.root, self.side + b"." + first, rest)
        return walk(self.row(first), rest)

    def described(self, path, arrays=0):
        """What the message's schema says of the value at a path, or of those in so many arrays there; or None."""
        if self.schema is None or self.shape == "router value":
            return None
        steps = path.steps
        if self.shape == "flattened":
            first, *rest = [self.side, *steps] if path.in_row else steps
            schema = field(self.schema, first)
            if schema is None and rest and isinstance(rest[0], bytes):
                schema = walk_joined(self.schema, first + b"." + rest[0], rest[1:], field, schema_walk)
        else:
            in_envelope = path.in_row and self.shape == "envelope"
            schema = schema_walk(self.schema, [self.side, *steps] if in_envelope else steps)
        for _ in range(arrays):
            schema = schema and schema.get(b"items")
        return schema


FLOATS = b"float", b"float32", b"double", b"float64"


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
    return _Asked(column, unit, exact)


def is_flattened(root):
    return root.get(b"op") is not None and any(key.startswith(b"source.") for key, _ in root.data)


def operation(value):
    return b"c" if value is None else value.as_text()


def shape_of(root, documents, is_read):
    """The Message of a whole JSON value, or Decided. is_read(object): has it a member read below the JSON column?"""
    schema = None
    while root.kind == OBJECT and root.members.keys() == {b"schema", b"payload"}:
        schema, root = root.get(b"schema"), root.get(b"payload")
    if root.kind == NULL:
        raise skip(b"tombstone")
    if root.kind == STRING:
        inside = crossed(root)
        if inside.kind == OBJECT and is_read(inside):
            return Message("router value", root, schema, b"c", documents)
        raise error(b"not an object")
    if root.kind != OBJECT:
        raise error(b"not an object")
    keys = root.members.keys()
    if b"op" in keys:
        source = root.get(b"source")
        if source is not None and source.kind == OBJECT:
            return Message("envelope", root, schema, operation(root.get(b"op")))
        if is_flattened(root):
            return Message("flattened", root, schema, operation(root.get(b"op")))
    if keys == {b"ts_ms"}:
        raise skip(b"heartbeat")
    if keys == TRANSACTION:
        raise skip(b"transaction")
    if b"__op" in keys:
        return Message("unwrapped", root, schema, operation(root.get(b"__op")))
    if b"__deleted" in keys:
        deleted = root.get(b"__deleted").as_text() == b"true"
        return Message("unwrapped", root, schema, b"d" if deleted else b"c")
    if documents and documents[0] in keys:
        return Message("unwrapped", root, schema, b"c")
    if is_read(root):
        return Message("router value", root, schema, b"c", documents)
    raise error(b"unknown shape")


# decode


def check_document(layout, message, document):
    """Section 5, for one member of the row image."""
    path = b"after." + document
    value = message.row(document)
    if value is None:
        return
    if value.as_text() in LEFT_OUT and message.shape != "router value":
        rules = any(rule.document == document for rule, _ in layout.rules)
        readers = [column for column in layout.columns if any(path.document == document for path in column.paths)]
        if not rules and all(column.has_unavailable for column in readers):
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


def column_value(message, column):
    """What a column holds, or Decided."""
    path, value = column.paths[0], None
    for candidate in column.paths:
        found = message.find(candidate)
        if column.has_unavailable and candidate.in_row and message.shape != "router value":
            member = message.row(candidate.steps[0])
            if member is not None and member.as_text() in LEFT_OUT:
                return column.unavailable
        if found is not None and found.kind != NULL and (column.type.is_string or found.data != b""):
            path, value = candidate, found
            break
    required = column.required and (column.required_ops is None or message.op in column.required_ops)
    if required and (value is None or value.data == b"") and message.can_hold(path):
        raise error(path.text + b": missing")
    if value is None:
        return column.default
    if value.as_text() in LEFT_OUT and path.in_row and len(path.steps) == 1 and message.shape != "router value":
        raise error(path.text + b": " + UNAVAILABLE)
    asked = conversion(column, message.described(path, column.type.arrays))
    try:
        return converted(column.type, value, asked)
    except Misfit:
        if column.lenient:
            return column.default
        raise error(b"%s: %s does not fit %s" % (path.text, cut(value.as_text()), column.type_name)) from None


def decide(layout, text):
    """The columns of an event, or Decided."""
    if not text:
        raise skip(b"tombstone")
    try:
        root = parse(text)
    except Fault as fault:
        raise error(b"not JSON: " + str(fault).encode()) from None
    message = shape_of(root, layout.documents, lambda found: not layout.read_below.isdisjoint(found.members))
    if layout.accepted_ops is not None and message.op not in layout.accepted_ops:
        raise skip(b"op " + cut(message.op))
    message.check_image()
    for path, accepted in layout.rules:
        if path.in_row and message.shape == "router value":
            continue
        value = message.find(path)
        if value is None or value.kind == NULL or value.data == b"":
            raise skip(path.name + b" missing")
        if value.as_text() not in accepted:
            raise skip(path.name + b" " + cut(value.as_text()))
    for document in layout.documents:
        check_document(layout, message, document)
    return [column_value(message, column) for column in layout.columns]


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
    try:
        root = parse(text)
    except Fault:
        return None
    value = walk_as_it_stands(root, steps_of(path))
    path = Path(path)
    if (value is None or value.kind == NULL) and path.in_row:
        value = found_in_image(root, path)
    return None if value is None or value.kind == NULL else value.as_text()


def found_in_image(root, path):
    documents = [b"payload"]
    below = path.steps[1] if path.document == b"payload" else None
    try:
        message = shape_of(root, documents, lambda found: found.get(below) is not None)
    except Decided:
        return None
    return message.find(path)


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
    """The members of the row images, in the order of the text."""
    while root.kind == OBJECT and root.members.keys() == {b"schema", b"payload"}:
        root = root.get(b"payload")
    if root.kind != OBJECT:
        return []
    try:
        message = shape_of(root, (), lambda found: True)
    except Decided:
        return []
    if message.shape == "envelope":
        images = [value for key, value in root.data if key in (b"before", b"after") and value.kind == OBJECT]
        return [value for image in images for _, value in image.data]
    if message.shape == "flattened":
        return [value for key, value in root.data if key.startswith((b"before.", b"after."))]
    return [value for _, value in root.data]


def unnest(text):
    """The message with the JSON in strings of its row images expanded."""
    try:
        root = parse(text)
    except Fault:
        return text
    parts, last = [], 0
    for value in members_to_expand(root):
        if value.kind == STRING:
            parts += [text[last : value.start], expanded(value, ENCODINGS)]
            last = value.end
    return b"".join(parts) + text[last:]


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
