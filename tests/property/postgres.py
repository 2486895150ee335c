"""Random columns of every PostgreSQL type that Debezium writes, with random values and edge values."""
import json
import random
import struct
import uuid
from dataclasses import dataclass
from typing import Callable

from . import families as f
from .texts import FLAVOURS, Text, document, word

ENUM = ("new", "in transit", "déjà", "a,b", "it's", "", "007", "NULL")
PREPARE = f"""
CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS ltree;
CREATE TYPE mood AS ENUM ({", ".join("'" + value.replace("'", "''") + "'" for value in ENUM)});
CREATE DOMAIN code AS text; CREATE DOMAIN cents AS numeric(12,2);
"""


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Column:
    """`value` and `extreme` make SQL literals; `text` is the SQL expression of the database's own text."""
    name: str
    kind: str
    sql: str
    family: f.Family
    value: Callable
    extreme: Callable | None = None
    nullable: bool = True
    big: bool = False

    @property
    def text(self) -> str:
        return f"{identifier(self.name)}::text"


def integer(low: int, high: int):
    edges = [low, high, low + 1, high - 1, 0, 1, -1]
    return lambda rng: str(rng.choice(edges) if rng.random() < 0.2 else rng.randint(low, high) >> rng.choice([0, 8, 16])).join("''")


def numeric(precision: int, scale: int):
    def make(rng):
        digits = rng.randint(0, precision)
        whole = rng.choice([10 ** precision - 1, 1, 0]) if rng.random() < 0.2 else rng.randrange(10 ** digits)
        return f"'{rng.choice(['', '-'])}{whole}e{-scale}'"
    return make


def loose_numeric(rng):
    return f"'{rng.choice(['', '-'])}{rng.randrange(10 ** rng.randint(0, 28))}e{rng.randint(-20, 5)}'"


def double(rng):
    if rng.random() < 0.2:
        return quote(rng.choice(["-0", "0", "5e-324", "1.7976931348623157e308", "2.2250738585072014e-308", "0.1", "1e23", "9007199254740993",
                                 "123456789012345680", "10", "1e300", "100000", "1e7", "0.001", "1e-4"]))
    if rng.random() < 0.4:
        return f"'{rng.randrange(10 ** 6) / 100}'"
    while True:
        (value,) = struct.unpack(">d", rng.randbytes(8))
        if value == value and abs(value) != float("inf"):
            return f"'{value!r}'"


def single(rng):
    if rng.random() < 0.2:
        return quote(rng.choice(["-0", "0", "1e-45", "3.4028235e38", "1.1754944e-38", "0.1", "16777217", "10", "36.6", "1e10"]))
    if rng.random() < 0.4:
        return f"'{rng.randrange(10 ** 4) / 10}'"
    while True:
        (value,) = struct.unpack(">f", rng.randbytes(4))
        if value == value and abs(value) != float("inf"):
            return f"'{value!r}'"


def fraction(rng, digits: int) -> str:
    if digits == 0 or rng.random() < 0.2:
        return ""
    return f".{rng.choice([0, 10 ** digits - 1, 1, rng.randrange(10 ** digits), rng.randrange(10 ** digits)]):0{digits}d}"


def date(rng) -> str:
    if rng.random() < 0.15:
        return rng.choice(["1900-01-01", "2299-12-31", "1970-01-01", "1969-12-31", "2000-02-29", "2100-02-28", "2038-01-19", "1999-12-31"])
    return f"{rng.randint(1900, 2299)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def clock(rng, digits: int) -> str:
    if rng.random() < 0.1:
        return rng.choice(["00:00:00", "23:59:59" + ("." + "9" * digits if digits else ""), "12:00:00"])
    return f"{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}{fraction(rng, digits)}"


def zone(rng) -> str:
    return rng.choice(["+00", "+02", "-05:30", "+14", "-12", "+05:45"])


def timestamp(digits: int, zoned: bool):
    def make(rng):
        day = date(rng)
        # A zone may carry an edge out of the years that ClickHouse knows.
        offset = "+00" if day[:4] in ("1900", "2299") else zone(rng)
        return quote(f"{day} {clock(rng, digits)}{offset if zoned else ''}")
    return make


FAR_TIMES = ["0001-01-01 00:00:00", "0044-03-15 12:00:00 BC", "4713-01-01 00:00:00 BC", "294276-12-31 23:59:59", "1582-10-10 00:00:00",
             "1899-12-31 23:59:59", "2300-01-01 00:00:00", "9999-12-31 23:59:59.999999", "infinity", "-infinity"]
FAR_DATES = ["0001-01-01", "0044-03-15 BC", "4713-01-01 BC", "5874897-12-31", "1582-10-10", "1899-12-31", "2300-01-01", "9999-12-31",
             "infinity", "-infinity"]


def interval(rng):
    parts = [rng.choice(["", f"{rng.randint(-20, 20)} years", f"{rng.randint(-30, 30)} mons"]),
             rng.choice(["", f"{rng.randint(-400, 400)} days"]),
             rng.choice(["", "00:00:00.000001", f"{rng.choice(['', '-'])}{rng.randrange(200):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"
                         f"{fraction(rng, 6)}"])]
    return quote(" ".join(part for part in parts if part) or "0")


def raw(rng, longest: int = 40) -> str:
    return f"'\\x{rng.randbytes(rng.choice([0, 1, 2, 3, rng.randrange(longest)])).hex()}'"


def bits(count: int, exact: bool):
    def make(rng):
        size = count if exact else rng.randint(0, count)
        return quote("".join(rng.choice("01") for _ in range(size)))
    return make


def inet(rng):
    if rng.random() < 0.5:
        return quote(f"{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}" + rng.choice(["", "/24", "/32", "/0"]))
    return quote(rng.choice(["::1", "::", "2001:db8::1/64", "fe80::1234", "::ffff:1.2.3.4", "2001:db8::/128"]))


def cidr(rng):
    return quote(rng.choice(["10.0.0.0/8", "192.168.0.0/16", "1.2.3.4/32", "0.0.0.0/0", "2001:db8::/32", "::/0", f"{rng.randrange(256)}.0.0.0/8"]))


def span(edge: Callable):
    def make(rng):
        if rng.random() < 0.1:
            return "'empty'"
        low, high = sorted([edge(rng), edge(rng)])
        return quote(f"{rng.choice('[(')}{rng.choice([low, low, ''])},{rng.choice([high, high, ''])}{rng.choice(')]')}")
    return make


def elements(item: Callable):
    """item makes SQL literals, which begin and end with a quote."""
    def make(rng):
        parts = ["NULL" if rng.random() < 0.1 else item(rng) for _ in range(rng.choice([0, 1, 1, 2, 3, 5]))]
        return "ARRAY[" + ", ".join(parts) + "]"
    return make


def hstore(rng):
    pairs = {rng.choice(["a", "b", "é", "x y", 'q"', "0"]): rng.choice([None, "", "1", "007", "x\\y", 'q"', "NULL"]) for _ in range(rng.randrange(4))}
    escape = lambda text: text.replace("\\", "\\\\").replace('"', '\\"')  # noqa: E731
    return quote(",".join(f'"{escape(k)}"=>' + ("NULL" if v is None else f'"{escape(v)}"') for k, v in pairs.items()))


def point(rng):
    return f"'({rng.choice([0.0, -0.5, 1.5, rng.random() * 360 - 180])!r},{rng.choice([0.0, 1e10, rng.random() * 90])!r})'"


def kinds(rng: random.Random) -> dict:
    """A column of each kind with random parameters: {kind: (type, family, value, extreme)}."""
    texts = [Text(rng) for _ in range(4)]
    text = lambda index: (lambda rng: quote(texts[index].value(rng)))  # noqa: E731
    short = Text(rng, 40)
    precision = rng.choice([1, 4, 9, 18, 19, 38, 39, 76])
    scale = rng.choice([0, 1, 2, precision // 2, precision])
    digits, clock_digits = rng.choice([0, 1, 3, 4, 6]), rng.choice([0, 3, 6])
    width = rng.choice([2, 7, 8, 9, 16, 33, 64])
    special = lambda *values: (lambda rng: quote(rng.choice(values)))  # noqa: E731
    return {
        "smallint": ("smallint", f.Integer(), integer(-2 ** 15, 2 ** 15 - 1), None),
        "integer": ("integer", f.Integer(), integer(-2 ** 31, 2 ** 31 - 1), None),
        "bigint": ("bigint", f.Integer(), integer(-2 ** 63, 2 ** 63 - 1), None),
        "epoch": ("bigint", f.Integer(), lambda rng: f"'{1767323045123 + rng.randrange(10 ** 10)}'", None),
        "oid": ("oid", f.Integer(), integer(0, 2 ** 31 - 1), None),
        "numeric": ("numeric", f.Numeric(None), loose_numeric, special("NaN", "Infinity", "-Infinity")),
        "numeric_ps": (f"numeric({precision},{scale})", f.Numeric(scale), numeric(precision, scale), special("NaN")),
        "numeric_negative_scale": ("numeric(5,-2)", f.Numeric(-2), numeric(5, -2), None),
        "numeric_small": ("numeric(3,5)", f.Numeric(5), numeric(3, 5), None),
        "real": ("real", f.Float(True), single, special("NaN", "Infinity", "-Infinity")),
        "double": ("double precision", f.Float(), double, special("NaN", "Infinity", "-Infinity")),
        "whole_double": ("double precision", f.Float(), lambda rng: f"'{rng.randrange(10 ** 6)}'", special("NaN")),
        "money": ("money", f.Money(), lambda rng: f"'{rng.choice(['', '-'])}{rng.randrange(10 ** 12) / 100:.2f}'", None),
        "boolean": ("boolean", f.Boolean(), lambda rng: rng.choice(["'t'", "'f'"]), None),
        "char": ("char(10)", f.Text(True), lambda rng: quote(short.value(rng)[:10]), None),
        "varchar": ("varchar(5000)", f.Text(), text(0), None),
        "text": ("text", f.Text(), text(1), None),
        "text2": ("text", f.Text(), text(2), None),
        "zoned": ("text", f.Text(), lambda rng: quote(FLAVOURS["zoned"](rng)), None),
        "padded": ("text", f.Text(), lambda rng: quote(FLAVOURS["padded"](rng)), None),
        "citext": ("citext", f.Text(), text(3), None),
        "domain": ("code", f.Text(), lambda rng: quote(short.value(rng)), None),
        "domain_numeric": ("cents", f.Numeric(2), numeric(12, 2), None),
        "enum": ("mood", f.Text(), lambda rng: quote(rng.choice(ENUM)), None),
        "bytea": ("bytea", f.Bytes(), raw, None),
        "bit1": ("bit(1)", f.Bits(True), bits(1, True), None),
        "bit": (f"bit({width})", f.Bits(False), bits(width, True), None),
        "varbit": (f"varbit({width})", f.Bits(False), bits(width, True), None),
        "date": ("date", f.Date(), lambda rng: quote(date(rng)), special(*FAR_DATES)),
        "time": (f"time({clock_digits})", f.Clock(clock_digits), lambda rng: quote(clock(rng, clock_digits)), special("24:00:00")),
        "timetz": ("timetz", f.Clock(6, True), lambda rng: quote(clock(rng, 6) + zone(rng)), None),
        "timestamp": (f"timestamp({digits})", f.Moment(digits), timestamp(digits, False), special(*FAR_TIMES)),
        "moment": ("timestamp", f.Moment(6), timestamp(6, False), None),
        "timestamp6": ("timestamp", f.Moment(6), timestamp(6, False), special(*FAR_TIMES)),
        "timestamptz": (f"timestamptz({digits})", f.Moment(digits, True), timestamp(digits, True), special(*FAR_TIMES)),
        "interval": ("interval", f.Interval(), interval, None),
        "uuid": ("uuid", f.Uuid(), lambda rng: f"'{uuid.UUID(int=rng.choice([0, 2 ** 128 - 1, rng.getrandbits(128)]))}'", None),
        "json": ("json", f.Document(), lambda rng: quote(json.dumps(document(rng), ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, None, 1]))), None),
        "jsonb": ("jsonb", f.Document(), lambda rng: quote(json.dumps(document(rng))), None),
        "xml": ("xml", f.Text(), lambda rng: quote(rng.choice(["<a/>", "<a>1</a>", "<é b=\"x\">&amp;</é>"])), None),
        "inet": ("inet", f.Address(), inet, None),
        "cidr": ("cidr", f.Address(), cidr, None),
        "macaddr": ("macaddr", f.Text(), lambda rng: quote(rng.randbytes(6).hex(":")), None),
        "macaddr8": ("macaddr8", f.Text(), lambda rng: quote(rng.randbytes(8).hex(":")), None),
        "int4range": ("int4range", f.Text(), span(lambda rng: rng.randrange(-1000, 1000)), None),
        "int8range": ("int8range", f.Text(), span(lambda rng: rng.randrange(-10 ** 12, 10 ** 12)), None),
        "numrange": ("numrange", f.Text(), span(lambda rng: rng.randrange(10 ** 6) / 100), None),
        "tsrange": ("tsrange", f.Text(), span(lambda rng: f"{date(rng)} {clock(rng, 6)}"), None),
        "tstzrange": ("tstzrange", f.Text(), span(lambda rng: f"{date(rng)} {clock(rng, 6)}+00"), None),
        "daterange": ("daterange", f.Text(), span(date), None),
        "ltree": ("ltree", f.Text(), lambda rng: quote(".".join(word(rng) for _ in range(rng.randint(1, 4)))), None),
        "hstore": ("hstore", f.Pairs(), hstore, None),
        "tsvector": ("tsvector", f.Text(), lambda rng: quote(" ".join(word(rng) for _ in range(rng.randrange(4)))), None),
        "point": ("point", f.Point(), point, None),
        "int_array": ("integer[]", f.Array(f.Integer()), elements(integer(-2 ** 31, 2 ** 31 - 1)), None),
        "bigint_array": ("bigint[]", f.Array(f.Integer()), elements(integer(-2 ** 63, 2 ** 63 - 1)), None),
        "text_array": ("text[]", f.Array(f.Text()), elements(lambda rng: quote(short.value(rng))), None),
        "numeric_array": ("numeric(10,2)[]", f.Array(f.Numeric(2)), elements(numeric(10, 2)), None),
        "double_array": ("double precision[]", f.Array(f.Float()), elements(double), None),
        "bool_array": ("boolean[]", f.Array(f.Boolean()), elements(lambda rng: rng.choice(["'t'", "'f'"])), None),
        "uuid_array": ("uuid[]", f.Array(f.Uuid()), elements(lambda rng: f"'{uuid.UUID(int=rng.getrandbits(128))}'"), None),
        "date_array": ("date[]", f.Array(f.Date()), elements(lambda rng: quote(date(rng))), None),
        "timestamp_array": ("timestamp[]", f.Array(f.Moment(6)), elements(timestamp(6, False)), None),
        "timestamptz_array": ("timestamptz[]", f.Array(f.Moment(6, True)), elements(timestamp(6, True)), None),
        "inet_array": ("inet[]", f.Array(f.Address()), elements(inet), None),
        "enum_array": ("mood[]", f.Array(f.Text(), True), elements(lambda rng: quote(rng.choice([e for e in ENUM if e]))), None),
        "jsonb_array": ("jsonb[]", f.Array(f.Document()), elements(lambda rng: quote(json.dumps(document(rng)))), None),
    }


def column(name: str, kind: str, rng: random.Random) -> Column:
    sql, family, value, extreme = kinds(rng)[kind]
    return Column(name, kind, sql, family, value, extreme, nullable=rng.random() < 0.75 or kind == "enum_array")


KINDS = sorted(kinds(random.Random(0)))
