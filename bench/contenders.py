"""The ways to decode a message in ClickHouse: each as an expression for every column of the default layout."""
import struct
import subprocess
from dataclasses import dataclass, field

from tests.support import wire
from tests.support.programs import LAYOUT, PROGRAMS, ROOT
from tests.support.programs import PROGRAM as BINARY

BUILD = ROOT / "build" / "bench"

TIME = "DateTime64(6, 'UTC')"
COLUMNS = {
    "id": "String", "experiment_id": "UInt32", "variant_id": "UInt32", "user_id": "String", "variant_key": "String",
    "event_type": "String", "session_id": "String", "request_id": "String", "timestamp": TIME,
    "assignment_at": f"Nullable({TIME})", "properties": "String", "value": "Float64", "score": "Float64", "page": "String",
    "device": "String", "browser": "String", "created_at": f"Nullable({TIME})", "updated_at": f"Nullable({TIME})",
    "outbox_id": "String", "lsn": "UInt64"}
ROW = ("created_at", "updated_at")
PROPERTIES = ("value", "score", "page", "device", "browser")
PAYLOAD = ("experiment_id", "variant_id", "user_id", "variant_key", "event_type", "session_id", "request_id", "timestamp",
           "assignment_at")


@dataclass
class Contender:
    """`columns`: an expression for each column of a row; `wanted`: true where the message is an event.

    `exact`: properties comes as the bytes of the message (SQL's functions write it anew).
    """
    name: str
    title: str
    columns: dict
    wanted: str
    common: str = ""
    function: str = ""
    exact: bool = False
    aside: bool = False  # only for comparison: fewer rounds
    slow: bool = False   # fewer messages, too

    def select(self, table: str, where: bool = False, wrap: str = "{}") -> str:
        """Every column of every row, and whether it is an event."""
        columns = ", ".join(f"{wrap.format(expression)} AS c_{name}" for name, expression in self.columns.items())
        filtered = f" WHERE {self.wanted}" if where else ""
        return f"{self.common} SELECT {columns}, {self.wanted} AS wanted FROM {table}{filtered}"


def per_field() -> Contender:
    """One JSONExtractString a field, from the message on, as the pipeline's first form had it."""
    payload = "JSONExtractString(message, 'after', 'payload')"
    # A client may send properties as a string.
    properties = (f"if(JSONType({payload}, 'properties') = 'String', JSONExtractString({payload}, 'properties'), "
                  f"JSONExtractRaw({payload}, 'properties'))")

    def typed(text: str, kind: str) -> str:
        if kind == "String":
            return text
        if kind == TIME:
            return f"parseDateTime64BestEffort({text}, 6, 'UTC')"
        if "DateTime64" in kind:
            return f"parseDateTime64BestEffortOrNull({text}, 6, 'UTC')"
        return f"to{kind}OrZero({text})"

    columns = {name: typed(f"JSONExtractString({payload}, '{name}')", COLUMNS[name]) for name in PAYLOAD}
    columns |= {name: typed(f"JSONExtractString({properties}, '{name}')", COLUMNS[name]) for name in PROPERTIES}
    columns |= {name: typed(f"JSONExtractString(message, 'after', '{name}')", COLUMNS[name]) for name in ROW}
    columns |= {"id": "JSONExtractString(message, 'after', 'aggregate_id')",
                "outbox_id": "JSONExtractString(message, 'after', 'id')",
                "lsn": "toUInt64OrZero(JSONExtractString(message, 'source', 'lsn'))",
                "properties": f"if({properties} = '', '{{}}', {properties})"}
    wanted = ("JSONExtractString(message, 'op') IN ('c', 'r') "
              "AND JSONExtractString(message, 'after', 'aggregate_type') IN ('event', 'assignment')")
    return Contender("per_field", "SQL, JSONExtractString per field", _ordered(columns), wanted)


def best_sql() -> Contender:
    """One JSONExtract into a Tuple for each level."""
    def members(names) -> str:
        return ", ".join(f"{name} {COLUMNS[name]}" for name in names)

    def quoted(text: str) -> str:
        return text.replace("'", "\\'")

    message = (f"Tuple(op String, after Tuple(id String, aggregate_id String, aggregate_type String, payload String, "
               f"{members(ROW)}), source Tuple(lsn UInt64))")
    common = (f"WITH JSONExtract(message, '{quoted(message)}') AS m, "
              f"JSONExtract(m.after.payload, '{quoted(f'Tuple({members(PAYLOAD)}, properties String)')}') AS p, "
              f"JSONExtract(p.properties, '{quoted(f'Tuple({members(PROPERTIES)})')}') AS q")
    columns = {name: f"p.{name}" for name in PAYLOAD} | {name: f"q.{name}" for name in PROPERTIES}
    columns |= {name: f"m.after.{name}" for name in ROW}
    columns |= {"id": "m.after.aggregate_id", "outbox_id": "m.after.id", "lsn": "m.source.lsn",
                "properties": "if(p.properties = '', '{}', p.properties)"}
    wanted = "m.op IN ('c', 'r') AND m.after.aggregate_type IN ('event', 'assignment')"
    return Contender("best_sql", "SQL, one Tuple per level", _ordered(columns), wanted, common)


def json_type() -> Contender:
    """The JSON type with typed paths, for the message and for its payload."""
    def paths(names, prefix: str = "") -> str:
        return ", ".join(f"`{prefix}{name}` {COLUMNS[name]}" for name in names)

    # What is not asked for is skipped, or kept with the least effort.
    others = "^(before|transaction|ts_.*|source[.]([^l].*))$"
    message = (f"op String, `after.id` String, `after.aggregate_id` String, `after.aggregate_type` String, "
               f"`after.payload` String, {paths(ROW, 'after.')}, `source.lsn` UInt64, max_dynamic_paths = 0, SKIP REGEXP '{others}'")
    common = (f"WITH message::JSON({message}) AS m, "
              f"m.after.payload::JSON({paths(PAYLOAD)}, properties String, max_dynamic_paths = 0) AS p, "
              f"if(p.properties = '', '{{}}', p.properties)::JSON({paths(PROPERTIES)}, max_dynamic_paths = 0) AS q")
    columns = {name: f"p.{name}" for name in PAYLOAD} | {name: f"q.{name}" for name in PROPERTIES}
    columns |= {name: f"m.after.{name}" for name in ROW}
    columns |= {"id": "m.after.aggregate_id", "outbox_id": "m.after.id", "lsn": "m.source.lsn",
                "properties": "if(p.properties = '', '{}', p.properties)"}
    wanted = "m.op IN ('c', 'r') AND m.after.aggregate_type IN ('event', 'assignment')"
    return Contender("json_type", "SQL, the JSON type", _ordered(columns), wanted, common, aside=True, slow=True)


def function(name: str, title: str, function_name: str, **options) -> Contender:
    """An executable function that answers the layout's tuple."""
    columns = {column: f"e.{column}" for column in COLUMNS}
    return Contender(name, title, columns, "e.outcome = 'event'", f"WITH {function_name}(message) AS e", function_name,
                     **options)


def lines(name: str, title: str, function_name: str) -> Contender:
    """The line form answers a JSON text, which SQL reads once."""
    kinds = ", ".join(f"{column} {kind}" for column, kind in {"outcome": "String", **COLUMNS}.items()).replace("'", "\\'")
    columns = {column: f"e.{column}" for column in COLUMNS}
    return Contender(name, title, columns, "e.outcome = 'event'",
                     f"WITH JSONExtract({function_name}(message), 'Tuple({kinds})') AS e", function_name, aside=True)


def _ordered(columns: dict) -> dict:
    return {name: columns[name] for name in COLUMNS}


CONTENDERS = [
    function("udf", "debezium-udf, Native", "experimentEvent", exact=True),
    function("udf_rows", "debezium-udf, RowBinary", "eventRows", exact=True),
    lines("udf_line", "debezium-udf, LineAsString", "eventLine"),
    function("udf_cjson", "debezium-udf on cJSON, RowBinary", "eventCjson", exact=True, aside=True),
    best_sql(),
    per_field(),
    json_type(),
    function("python", "a function in Python, JSONEachRow", "eventPython", aside=True, slow=True),
    function("floor", "a function that answers constants, Native", "eventConstant"),
    function("floor_rows", "a function that answers constants, RowBinary", "eventConstantRows"),
]
BY_NAME = {contender.name: contender for contender in CONTENDERS}

FUNCTION = """\
    <function>
        <name>{name}</name>
        <return_type>{type}</return_type>
        <return_name>result</return_name>
        <argument><type>String</type><name>message</name></argument>
        <command>{command}</command>
        <format>{format}</format>
        <type>executable_pool</type>
        <pool_size>16</pool_size>
        <execute_direct>1</execute_direct>
        <send_chunk_header>0</send_chunk_header>
        <deterministic>1</deterministic>
        <stderr_reaction>log_last</stderr_reaction>
        <check_exit_code>1</check_exit_code>
        <command_read_timeout>60000</command_read_timeout>
        <command_write_timeout>60000</command_write_timeout>
        <max_command_execution_time>60</max_command_execution_time>
    </function>
"""


@dataclass
class Registration:
    """What the engine is started with: Engine(functions=…, scripts=…)."""
    functions: dict = field(default_factory=dict)
    scripts: list = field(default_factory=list)


def registration() -> Registration:
    """experimentEvent as `debezium-udf config` registers it, and the others with the same settings."""
    own = subprocess.check_output([BINARY, "config", LAYOUT], text=True)
    row = own.split("<return_type>", 1)[1].split("</return_type>", 1)[0]
    # The other back end needs another file name.
    cjson = BUILD / "debezium-udf-cjson"
    cjson.write_bytes(PROGRAMS["cjson"].read_bytes())
    cjson.chmod(0o755)
    _constant_row()
    decode = f"debezium-udf decode {LAYOUT.name} --format"
    others = [
        ("eventRows", row, f"{decode} RowBinary", "RowBinary"),
        ("eventLine", "String", f"{decode} LineAsString", "LineAsString"),
        ("eventCjson", row, f"debezium-udf-cjson decode {LAYOUT.name} --format RowBinary", "RowBinary"),
        ("eventPython", row, "udf.py", "JSONEachRow"),
        ("eventConstant", row, "constant Native", "Native"), ("eventConstantRows", row, "constant RowBinary", "RowBinary")]
    text = "".join(FUNCTION.format(name=name, type=kind, command=command, format=form) for name, kind, command, form in others)
    return Registration({"debezium_udf_function.xml": own, "bench_function.xml": f"<functions>\n{text}</functions>\n"},
                        [BINARY, LAYOUT, cjson, *(BUILD / name for name in ("constant", "constant.row", "constant.native")), ROOT / "bench" / "udf.py"])


def _constant_row() -> None:
    """The answer to the first uniform message, in either format: as many bytes as a real one has."""
    message = subprocess.check_output([BUILD / "generate", "uniform", "1"]).rstrip(b"\n")

    def answered(name: str, data: bytes) -> bytes:
        return subprocess.run([BINARY, "decode", LAYOUT, "--format", name], input=data, capture_output=True, check=True).stdout

    (BUILD / "constant.row").write_bytes(answered("RowBinary", wire.string(message)))
    block = answered("Native", wire.native([(message,)]))
    # The numbers of columns and rows, a byte each; then name, type and streams.
    parts, at = [], 2
    for _ in range(2):
        at = _string_end(block, at)
    parts.append(block[2:at])
    for kind in ("Enum8", "String", *COLUMNS.values()):
        if kind.startswith("Nullable"):
            parts.append(block[at:at + 1])
            at += 1
        end = _string_end(block, at) if kind == "String" else at + next(size for name, size in WIDTHS.items() if name in kind)
        parts.append(block[at:end])
        at = end
    if at != len(block):
        raise SystemExit(f"bench: a row in Native has {len(block)} bytes, of which {at} are told apart")
    (BUILD / "constant.native").write_bytes(b"".join(struct.pack("=I", len(part)) + part for part in parts))


# Bytes of a value in Native, by what stands in its type's name.
WIDTHS = {"Enum8": 1, "UInt32": 4, "UInt64": 8, "Float64": 8, "DateTime64": 8}


def _string_end(data: bytes, at: int) -> int:
    """Where the String that begins there ends."""
    size, start = wire.read_varint(data, at)
    return start + size
