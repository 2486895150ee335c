"""Random columns of every MariaDB type that Debezium writes, with random values and edge values."""
import json
import random
import uuid
from dataclasses import dataclass
from typing import Callable

from . import families as f
from .postgres import clock, date, double, fraction, single
from .texts import FLAVOURS, Text, document

ENUM = ("new", "in transit", "déjà", "it''s", "007", "NULL", "x")
SET = ("x", "y", "z", "07", "é")


def quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''").replace("\x00", "\\0") + "'"


def identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@dataclass
class Column:
    name: str
    kind: str
    sql: str
    family: f.Family
    value: Callable
    extreme: Callable | None = None
    nullable: bool = True
    shown: str = "CAST({} AS CHAR)"
    big: bool = False

    @property
    def text(self) -> str:
        return self.shown.format(identifier(self.name))


def integer(bits: int, unsigned: bool = False):
    low, high = (0, 2 ** bits - 1) if unsigned else (-2 ** (bits - 1), 2 ** (bits - 1) - 1)
    edges = [low, high, low + 1, high - 1, 0, 1]
    return lambda rng: str(rng.choice(edges) if rng.random() < 0.2 else rng.randint(low, high) >> rng.choice([0, 8, 16]))


def decimal(precision: int, scale: int):
    def make(rng):
        whole = rng.choice([10 ** precision - 1, 1, 0]) if rng.random() < 0.2 else rng.randrange(10 ** rng.randint(0, precision))
        digits = f"{whole:0{scale + 1}d}"
        return rng.choice(["", "-"]) + (digits[:-scale] + "." + digits[-scale:] if scale else digits)
    return make


def raw(longest: int):
    return lambda rng: f"X'{rng.randbytes(rng.choice([0, 1, 2, 3, rng.randrange(longest + 1)]) % (longest + 1)).hex()}'"


def duration(digits: int):
    def make(rng):
        if rng.random() < 0.1:
            return f"'{rng.choice(['838:59:59', '-838:59:59', '00:00:00', '24:00:00'])}'"
        return f"'{rng.choice(['', '-'])}{rng.randrange(rng.choice([24, 24, 839])):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}{fraction(rng, digits)}'"
    return make


def timestamp(digits: int):
    def make(rng):
        if rng.random() < 0.1:
            return rng.choice(["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'"])
        return f"'{rng.randint(1971, 2037)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d} {clock(rng, digits)}'"
    return make


def datetime(digits: int):
    return lambda rng: f"'{date(rng)} {clock(rng, digits)}'"


def point(rng):
    return f"ST_PointFromText('POINT({rng.choice([0.0, -0.5, 1.5, rng.random() * 360 - 180])!r} {rng.random() * 90!r})')"


def kinds(rng: random.Random) -> dict:
    """{kind: (type, family, value, extreme, text)}, with random parameters."""
    texts = [Text(rng, 2000) for _ in range(4)]
    text = lambda index: (lambda rng: quote(texts[index].value(rng)))  # noqa: E731
    short = Text(rng, 40)
    precision = rng.choice([1, 4, 9, 18, 19, 38, 39, 65])
    scale = rng.choice([0, 1, min(precision, 2), min(precision // 2, 38), min(precision, 38)])
    digits, clock_digits = rng.choice([0, 1, 3, 4, 6]), rng.choice([0, 3, 6])
    width = rng.choice([2, 7, 8, 9, 16, 33, 64])
    special = lambda *values: (lambda rng: quote(rng.choice(values)))  # noqa: E731
    char, hexadecimal = "CAST({} AS CHAR)", "HEX({})"
    exact = "CAST(CAST({} AS DOUBLE) AS CHAR)"
    numbers = {}
    for name, size in (("tinyint", 8), ("smallint", 16), ("mediumint", 24), ("int", 32), ("bigint", 64)):
        numbers[name] = (name, f.Integer(), integer(size), None, char)
        numbers[f"{name}_unsigned"] = (f"{name} unsigned", f.Integer() if size < 64 else f.Unsigned64(), integer(size, True), None, char)
    return numbers | {
        "tinyint1": ("tinyint(1)", f.Integer(), integer(8), None, char),
        "boolean": ("boolean", f.Integer(), lambda rng: rng.choice("01"), None, char),
        "int_zerofill": ("int(8) zerofill", f.Integer(), integer(32, True), None, char),
        "epoch": ("bigint", f.Integer(), lambda rng: str(1767323045123 + rng.randrange(10 ** 10)), None, char),
        "decimal": (f"decimal({precision},{scale})", f.Numeric(scale), decimal(precision, scale), None, char),
        "float": ("float", f.Float(True, True), lambda rng: single(rng), None, exact),
        "double": ("double", f.Float(), double, None, char),
        "bit1": ("bit(1)", f.Bits(True), lambda rng: rng.choice(["b'0'", "b'1'"]), None, "BIN({})"),
        "bit": (f"bit({width})", f.Bits(False), lambda rng: f"b'{rng.getrandbits(width):b}'", None, "BIN({})"),
        "char": ("char(40)", f.Text(True), lambda rng: quote(short.value(rng)), None, char),
        "varchar": ("varchar(2000)", f.Text(), text(0), None, char),
        "zoned": ("varchar(40)", f.Text(), lambda rng: quote(FLAVOURS["zoned"](rng)), None, char),
        "padded": ("varchar(10)", f.Text(), lambda rng: quote(FLAVOURS["padded"](rng)), None, char),
        "tinytext": ("tinytext", f.Text(), lambda rng: quote(short.value(rng)), None, char),
        "text": ("text", f.Text(), text(1), None, char),
        "mediumtext": ("mediumtext", f.Text(), text(2), None, char),
        "longtext": ("longtext", f.Text(), text(3), None, char),
        "latin1": ("varchar(40) CHARACTER SET latin1", f.Text(), lambda rng: quote(rng.choice(["é", "ÿ", "a", "", "007", "€"])), None, "CONVERT({} USING utf8mb4)"),
        "binary": ("binary(8)", f.Bytes("", 8), raw(8), None, hexadecimal),
        "varbinary": ("varbinary(40)", f.Bytes(""), raw(40), None, hexadecimal),
        "blob": ("blob", f.Bytes(""), raw(200), None, hexadecimal),
        "longblob": ("longblob", f.Bytes(""), raw(40), None, hexadecimal),
        "date": ("date", f.Date(), lambda rng: f"'{date(rng)}'", special("0001-01-01", "1582-10-10", "1899-12-31", "2300-01-01", "9999-12-31", "0000-00-00"), char),
        "time": (f"time({clock_digits})", f.Clock(clock_digits, database="mariadb"), duration(clock_digits), None, char),
        "moment": ("datetime(6)", f.Moment(6), datetime(6), None, char),
        "datetime": (f"datetime({digits})", f.Moment(digits), datetime(digits),
                     special("0001-01-01 00:00:00", "1582-10-10 00:00:00", "1899-12-31 23:59:59", "2300-01-01 00:00:00", "9999-12-31 23:59:59", "0000-00-00 00:00:00"), char),
        "timestamp": (f"timestamp({clock_digits})", f.Moment(clock_digits, True), timestamp(clock_digits), special("0000-00-00 00:00:00"), char),
        "year": ("year", f.Year(), lambda rng: rng.choice(["1901", "2155", "2026", "1970"]), special("0000"), char),
        "enum": (f"enum({', '.join(chr(39) + value + chr(39) for value in ENUM)})", f.Comma(),
                 lambda rng: f"'{rng.choice(ENUM)}'", None, char),
        "enum_comma": ("enum('a', 'b,c', 'é')", f.Comma(), lambda rng: rng.choice(["'a'", "'b,c'", "'é'"]), None, char),
        "set": (f"set({', '.join(chr(39) + value + chr(39) for value in SET)})", f.Text(),
                lambda rng: quote(",".join(value for value in SET if rng.random() < 0.4)), None, char),
        "json": ("json", f.Document(), lambda rng: quote(json.dumps(document(rng), ensure_ascii=rng.random() < 0.5)), None, char),
        "uuid": ("uuid", f.TrimmedUuid(), lambda rng: f"'{uuid.UUID(int=rng.getrandbits(128), version=4)}'", None, char),
        "point": ("point", f.Point(), point, None, "ST_AsText({})"),
        "linestring": ("linestring", f.Geometry(), lambda rng: f"ST_LineFromText('LINESTRING(0 0, 1.5 {rng.random()!r})')", None, "HEX(ST_AsBinary({}))"),
        "polygon": ("polygon", f.Geometry(), lambda rng: f"ST_PolyFromText('POLYGON((0 0, 1 0, 1 {rng.randint(1, 9)}, 0 0))')", None, "HEX(ST_AsBinary({}))"),
    }


def column(name: str, kind: str, rng: random.Random) -> Column:
    sql, family, value, extreme, text = kinds(rng)[kind]
    return Column(name, kind, sql, family, value, extreme, nullable=rng.random() < 0.75, shown=text)


KINDS = sorted(kinds(random.Random(0)))
