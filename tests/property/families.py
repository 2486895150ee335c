"""What a cell means: the database's own text of it and what was decoded, both as one exact value.

A family covers the types of both databases that hold the same kind of value. `truth` reads the database's text, `read` the decoded
cell, whatever ClickHouse type the layout gave it: a column of type String may hold what Debezium wrote (the base64 of a number's
bytes, a count of microseconds), as long as that is exactly the value. Nothing here is shared with the program under test.
"""
import base64
import binascii
import ipaddress
import json
import re
import struct
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from . import moments
from .settings import Setting


class Wrong(Exception):
    """The decoded cell cannot stand for a value of this kind."""


class Number(str):
    """A JSON number as it was written."""


def parse(text: str | bytes):
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=Number)


@dataclass(frozen=True)
class Cell:
    """A decoded value with the column's ClickHouse type (without Nullable) and its entry in the layout."""
    value: object
    type: str
    column: dict

    @property
    def base(self) -> str:
        return self.type.partition("(")[0]

    @property
    def is_number(self) -> bool:
        return self.base.startswith(("Int", "UInt", "Float", "Decimal"))

    @property
    def is_moment(self) -> bool:
        return self.base in ("DateTime", "DateTime64")

    @property
    def is_date(self) -> bool:
        return self.base in ("Date", "Date32")

    def number(self) -> Decimal:
        if not isinstance(self.value, str):
            raise Wrong(f"{self.value!r} for {self.type}")
        try:
            return Decimal(self.value)
        except InvalidOperation:
            raise Wrong(f"{self.value!r} for {self.type}") from None

    def element(self, value) -> "Cell":
        """An element of an array or a member of an object: as its JSON says, or as Array(T) has it."""
        if self.base == "Array":
            kind = self.type[len("Array("):-1]
            return Cell(value, kind.removeprefix("Nullable(").removesuffix(")") if kind.startswith("Nullable") else kind, self.column)
        kind = ("Bool" if isinstance(value, bool) else "Float64" if isinstance(value, Number) else "String")
        return Cell(value, kind, {})

    def structure(self):
        """An array or object, read from JSON text where the column is a String."""
        if self.base == "String":
            try:
                return parse(self.value)
            except ValueError:
                raise Wrong(f"{self.value!r} is no JSON") from None
        return self.value


# A name that says a moment: a bare number by such a name may be read as a time.
MOMENT_NAME = re.compile(r"_at\b|At\b|_ts\b|timestamp|created|updated")
INTEGER = re.compile(r"-?(0|[1-9]\d*)")
DECIMAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Wrong(f"{text!r:.80} is no base64") from None


def unscaled(text: str, scale: int) -> Decimal:
    """Exactly, however many digits that are."""
    return Decimal(f"{int.from_bytes(unbase64(text), 'big', signed=True)}e{-scale}")


class Family:
    """`changes`: what connectors are known to make of this value under a setting, {value: why}."""

    def truth(self, text: str):
        raise NotImplementedError

    def read(self, cell: Cell, setting: Setting):
        raise NotImplementedError

    def same(self, truth, got) -> bool:
        return type(truth) is type(got) and truth == got

    def changes(self, truth, setting: Setting) -> dict:
        return {}

    def changed(self, truth, got, setting: Setting) -> str | None:
        """Why a connector makes `got` of this value, or None where it is not known to."""
        return self.changes(truth, setting).get(got)

    def null_for(self, text: str, setting: Setting, op: str) -> str | None:
        """Why a connector writes null for this value, or None where it does not."""
        return None

    def listed(self, truth, kind: str) -> str | None:
        """Why ClickHouse's type `kind` cannot hold this value, or None where it can."""
        return None


class Integer(Family):
    def truth(self, text):
        return int(text)

    def read(self, cell, setting):
        if cell.is_number:
            value = cell.number()
            if value != value.to_integral_value():
                raise Wrong(f"{cell.value} for a whole number")
            return int(value)
        if cell.base == "Bool":
            return int(cell.value)
        if cell.base == "String" and INTEGER.fullmatch(cell.value):
            return int(cell.value)
        if cell.is_moment and MOMENT_NAME.search(cell.column["name"]) and cell.column.get("unit") in moments.UNITS:
            count = moments.moment(cell.value) / moments.UNITS[cell.column["unit"]]
            return int(count) if count.denominator == 1 else ("no whole number", count)
        raise Wrong(f"a whole number as {cell.type} {cell.value!r}")


class Unsigned64(Integer):
    """BIGINT UNSIGNED."""

    def read(self, cell, setting):
        if setting.unsigned == "precise" and cell.base == "String" and not cell.column.get("encoding"):
            return int(unscaled(cell.value, 0))
        return super().read(cell, setting)

    def changes(self, truth, setting):
        if setting.unsigned == "long" and truth >= 2 ** 63:
            return {truth - 2 ** 64: "bigint unsigned beyond 2^63 is negative: bigint.unsigned.handling.mode=precise"}
        return {}


# As PostgreSQL and as Debezium spell them.
SPECIAL = {"NaN": "NaN", "NAN": "NaN", "Infinity": "Infinity", "POSITIVE_INFINITY": "Infinity", "-Infinity": "-Infinity",
           "NEGATIVE_INFINITY": "-Infinity"}


class Numeric(Family):
    """`scale` None: each value has its own."""

    def __init__(self, scale: int | None):
        self.scale = scale

    def truth(self, text):
        return text if text in ("NaN", "Infinity", "-Infinity") else Decimal(text)

    def read(self, cell, setting):
        if cell.base.startswith("Float"):
            return float(cell.value)
        if cell.is_number:
            return cell.number()
        if cell.base != "String":
            raise Wrong(f"a number as {cell.type}")
        return self._text(cell, setting)

    def _text(self, cell, setting):
        text = cell.value
        if text in SPECIAL:
            return SPECIAL[text]
        if text.startswith("{"):
            parts = cell.structure()
            return unscaled(parts["value"], int(parts["scale"]))
        if isinstance(text, Number) or setting.decimal != "precise" or cell.column.get("encoding"):
            if not DECIMAL.fullmatch(text):
                raise Wrong(f"{text!r:.80} is no number")
            return float(text) if setting.decimal == "double" else Decimal(text)
        # Debezium takes the scale -2 of numeric(5, -2) for 2046, and writes as many digits.
        odd = self.scale is not None and self.scale < 0 and len(text) > 100
        return unscaled(text, self.scale + 2048 if odd else self.scale or 0)

    def same(self, truth, got):
        if isinstance(got, float) and isinstance(truth, str):
            return repr(got) == repr(float(truth))
        if isinstance(got, float):
            return Decimal(repr(got)) == truth
        return type(truth) is type(got) and truth == got

    def changes(self, truth, setting):
        if setting.decimal == "double":
            return {float(truth): "decimal.handling.mode=double rounds: precise or string"}
        return {}

    def null_for(self, text, setting, op):
        if setting.decimal == "precise" and text in ("NaN", "Infinity", "-Infinity"):
            return "NaN and infinity of numeric arrive as NULL: decimal.handling.mode=string"
        return None

    def listed(self, truth, kind):
        if not kind.startswith("Decimal"):
            return None
        if isinstance(truth, str):
            return "NaN or infinity in Decimal"
        _, digits, exponent = truth.as_tuple()
        written = "".join(map(str, digits)).lstrip("0")
        exponent += len(written) - len(written.rstrip("0"))
        before, behind = len(written.rstrip("0")) + exponent, -exponent
        precision, _, scale = kind[len("Decimal("):-1].partition(",")
        if precision == "76" and (before > 76 - int(scale) or behind > int(scale)):
            return "a number of more digits than Decimal(76) has"
        return None


class Float(Family):
    """`short`: MariaDB shows six digits of a FLOAT, and a snapshot reads what it shows."""

    def __init__(self, single: bool = False, short: bool = False):
        self.single, self.short = single, short

    def _bits(self, value: float):
        if value != value:
            return "nan"
        try:
            return struct.pack(">f" if self.single else ">d", value)
        except OverflowError:
            raise Wrong(f"{value!r} for a float of 32 bits") from None

    def truth(self, text):
        return self._bits(float(text))

    def read(self, cell, setting):
        if not (cell.is_number or cell.base == "String") or not isinstance(cell.value, str):
            raise Wrong(f"a float as {cell.type} {cell.value!r}")
        try:
            return self._bits(float(cell.value))
        except ValueError:
            raise Wrong(f"{cell.value!r} is no number") from None

    def changes(self, truth, setting):
        if not self.short or truth == "nan":
            return {}
        (value,) = struct.unpack(">f", truth)
        return {self._bits(float(f"{value:.6g}")): "a snapshot reads six digits of FLOAT: use DOUBLE"}

    def listed(self, truth, kind):
        if kind.startswith(("Float", "Decimal")) and (truth == "nan" or struct.unpack(">f" if self.single else ">d", truth)[0] in
                                                      (float("inf"), float("-inf"))):
            return "NaN or infinity without \"nan\": true"
        return None


class Year(Integer):
    """MariaDB's YEAR, 0000 or 1901 to 2155."""

    def changes(self, truth, setting):
        return {1900: "YEAR 0000 arrives as 1900, and a snapshot of it stops the connector: use SMALLINT"} if truth == 0 else {}


class Boolean(Family):
    def truth(self, text):
        return text in ("t", "true", "1")

    def read(self, cell, setting):
        if cell.base == "Bool":
            return cell.value
        if cell.value in ("0", "1") and cell.is_number:
            return cell.value == "1"
        if cell.value in ("true", "false"):
            return cell.value == "true"
        raise Wrong(f"a Boolean as {cell.type} {cell.value!r}")


class Text(Family):
    """A text is itself. As a date, a time or a UUID it is right where that is all it says."""

    def __init__(self, padded: bool = False):
        self.padded = padded

    def truth(self, text):
        return text.rstrip(" ") if self.padded else text

    def read(self, cell, setting):
        if cell.base == "String":
            return cell.value.rstrip(" ") if self.padded else cell.value
        if cell.is_moment:
            return ("moment", moments.moment(cell.value))
        if cell.base == "Bool":
            return "true" if cell.value else "false"
        return str(cell.value)

    def same(self, truth, got):
        if isinstance(got, tuple):
            at = moments.moment(truth)
            return at is not None and at == got[1]
        return truth == got


class Comma(Text):
    """Enum values: MariaDB's connector writes a comma in one as \\, ."""

    def changes(self, truth, setting):
        return {truth.replace(",", "\\,"): "a comma in an enum's value arrives as \\,: name values without commas"}


class Bytes(Family):
    """`width`: of a MariaDB BINARY, whose zero bytes at the end do not travel in the binlog."""

    def __init__(self, hexadecimal: str = "\\x", width: int | None = None):
        self.prefix, self.width = hexadecimal, width

    def truth(self, text):
        return bytes.fromhex(text.removeprefix(self.prefix))

    def read(self, cell, setting):
        if cell.base != "String":
            raise Wrong(f"bytes as {cell.type}")
        return unbase64(cell.value)


class Bits(Family):
    """Debezium writes one bit as a Boolean, more as bytes, the lowest first."""

    def __init__(self, single: bool):
        self.single = single

    def truth(self, text):
        return int(text, 2) if text else 0

    def read(self, cell, setting):
        if cell.base == "Bool":
            return int(cell.value)
        if self.single and cell.value in ("true", "false"):
            return int(cell.value == "true")
        if self.single and cell.value in ("0", "1"):
            return int(cell.value)
        if cell.base != "String":
            raise Wrong(f"bits as {cell.type}")
        return int.from_bytes(unbase64(cell.value), "little")


FIRST, LAST = moments.days(1900, 1, 1), moments.days(2299, 12, 31)
LAST_NANO = moments.moment("2262-04-11 23:47:16.854775807")


ZERO = "zero date"
ADJUSTED = "years 0 to 99 are taken for 1970 to 2069: enable.time.adjuster=false"
ZEROED = "a zero date arrives as NULL or 1970-01-01: sql_mode NO_ZERO_DATE, NO_ZERO_IN_DATE"


class Date(Family):
    def truth(self, text):
        if text.startswith("0000-00-00"):
            return ZERO
        return text if text.endswith("infinity") else moments.date(text)

    def null_for(self, text, setting, op):
        return ZEROED if self.truth(text) == ZERO else None

    def read(self, cell, setting):
        if cell.is_date:
            return moments.date(cell.value)
        if cell.is_moment:
            at = moments.moment(cell.value) / moments.DAY
            return int(at) if at.denominator == 1 else ("no day", at)
        if cell.is_number:
            return int(cell.number())
        if cell.base == "String" and isinstance(cell.value, str):
            if cell.value.endswith("infinity"):
                return cell.value
            return int(cell.value) if INTEGER.fullmatch(cell.value) else moments.date(cell.value)
        raise Wrong(f"a date as {cell.type}")

    def changes(self, truth, setting):
        if truth == ZERO:
            return {0: ZEROED}
        return _moved_days(truth) if isinstance(truth, int) else {}

    def changed(self, truth, got, setting):
        # Which number it is differs between a snapshot and what follows; none is a day that PostgreSQL has.
        if truth in ("infinity", "-infinity") and isinstance(got, int) and not FIRST_DAY <= got <= LAST_DAY:
            return "infinity of date arrives as a number: use a CHECK, or timestamptz"
        return super().changed(truth, got, setting)

    def listed(self, truth, kind):
        if kind.startswith(("Date32", "DateTime")) and not (isinstance(truth, int) and FIRST <= truth <= LAST):
            return "a date outside 1900 to 2299"
        return None


GREGORIAN = moments.days(1582, 10, 15)
JULIAN = "a date before 1582-10-15 is read in the Julian calendar"


def _moved_days(day: int) -> dict:
    """{day: why} of what connectors make of an early date."""
    moved = {}
    if day < GREGORIAN:
        moved[moments.julian(day)] = JULIAN
    year, month, of_month = moments.civil(day)
    if year < 1:
        moved[moments.days(1 - year, month, of_month)] = "a date before Christ loses its era in a snapshot"
    if 1 <= year <= 99:
        moved[moments.days(year + (2000 if year < 70 else 1900), month, of_month)] = ADJUSTED
    return moved


FIRST_DAY, LAST_DAY = moments.days(-4713, 11, 24), moments.days(5874897, 12, 31)


class Clock(Family):
    """A time of day or a duration; `fraction` are the digits of its seconds."""

    def __init__(self, fraction: int = 6, zone: bool = False, database: str = "postgres"):
        self.fraction, self.zone, self.database = fraction, zone, database

    def truth(self, text):
        at = moments.clock(text)
        return at % moments.DAY if self.zone else at

    def unit(self, setting):
        return {"connect": "ms", "microseconds": "us", "nanoseconds": "ns"}.get(
            setting.time, "ms" if setting.time == "adaptive" and self.fraction <= 3 else "us")

    def read(self, cell, setting):
        if cell.is_number:
            return Fraction(cell.number()) * moments.UNITS[self.unit(setting)]
        if cell.base != "String" or not isinstance(cell.value, str):
            raise Wrong(f"a time of day as {cell.type} {cell.value!r}")
        if INTEGER.fullmatch(cell.value):
            return int(cell.value) * moments.UNITS[self.unit(setting)]
        at = moments.clock(cell.value)
        if at is None:
            raise Wrong(f"{cell.value!r} is no time of day")
        return at % moments.DAY if self.zone else at

    def null_for(self, text, setting, op):
        if self.database == "mariadb" and setting.time in ("connect", "isostring") and not 0 <= moments.clock(text) < moments.DAY:
            return f"time.precision.mode={setting.time} knows no TIME beyond a day: adaptive_time_microseconds"
        return None

    def changes(self, truth, setting):
        changes = {}
        if setting.time == "connect" and not self.zone:
            changes[Fraction(_cut(truth, 1000))] = "time.precision.mode=connect cuts at milliseconds: adaptive"
            if not 0 <= truth < moments.DAY:
                changes |= {truth % moments.DAY: "time.precision.mode=connect knows no TIME beyond a day: adaptive",
                            Fraction(_cut(truth % moments.DAY, 1000)): "time.precision.mode=connect knows no TIME beyond a day: adaptive"}
        if setting.time == "isostring" and not 0 <= truth < moments.DAY:
            changes[truth % moments.DAY] = "time.precision.mode=isostring knows no TIME beyond a day: adaptive_time_microseconds"
        if self.zone and truth == 0:
            changes[Fraction(0)] = "24:00:00 of timetz arrives as 00:00:00"
        return changes


def _cut(value: Fraction, unit: int) -> int:
    return int(value // unit) * unit


class Moment(Family):
    """A date and time; `zone` where the database knows the instant, which Debezium always writes as text."""

    def __init__(self, fraction: int = 6, zone: bool = False):
        self.fraction, self.zone = fraction, zone

    def truth(self, text):
        if text.startswith("0000-00-00"):
            return ZERO
        return text if text.endswith("infinity") else moments.moment(text)

    def null_for(self, text, setting, op):
        return ZEROED if self.truth(text) == ZERO else None

    def unit(self, setting):
        return {"connect": "ms", "microseconds": "us", "nanoseconds": "ns"}.get(setting.time, "ms" if self.fraction <= 3 else "us")

    def read(self, cell, setting):
        if cell.is_moment:
            return Fraction(moments.moment(cell.value))
        if cell.is_date:
            return Fraction(moments.date(cell.value)) * moments.DAY
        if cell.is_number:
            return Fraction(cell.number()) * moments.UNITS[self.unit(setting)]
        if cell.base != "String" or not isinstance(cell.value, str):
            raise Wrong(f"a time as {cell.type} {cell.value!r}")
        if cell.value.endswith("infinity"):
            return cell.value
        if INTEGER.fullmatch(cell.value):
            return int(cell.value) * moments.UNITS[self.unit(setting)]
        at = moments.moment(cell.value)
        if at is None:
            raise Wrong(f"{cell.value!r} is no time")
        return Fraction(at)

    def changes(self, truth, setting):
        if truth == ZERO:
            return {Fraction(0): ZEROED}
        if isinstance(truth, str):
            return {value: "infinity of timestamp arrives as a number: use timestamptz"
                    for value in INFINITE_MOMENTS[truth]} if not self.zone else {}
        changes = {}
        if truth >= 2 ** 63:
            changes |= {(2 ** 63 - 1) * unit: "a timestamp beyond the year 294247 arrives as the largest number" for unit in (1, 1000)}
        if setting.time == "connect" and not self.zone:
            changes[Fraction(_cut(truth, 1000))] = "time.precision.mode=connect cuts at milliseconds: adaptive"
        for day, why in _moved_days(int(truth // moments.DAY)).items():
            changes[day * moments.DAY + truth % moments.DAY] = why
        return changes

    def listed(self, truth, kind):
        if not kind.startswith(("DateTime", "Date")):
            return None
        if isinstance(truth, str) or not FIRST * moments.DAY <= truth < (LAST + 1) * moments.DAY:
            return "a time outside 1900 to 2299"
        if kind.startswith("DateTime64(9") and truth > LAST_NANO:
            return "a time outside 1900 to 2262 in DateTime64(9)"
        return None


INFINITE_MOMENTS = {"infinity": {Fraction(9223372036825200) * 1000, Fraction(9223372036825200000), moments.moment("+294247-01-10T04:00:25.2Z")},
                    "-infinity": {Fraction(-9223372036832400) * 1000, Fraction(-9223372036832400000), moments.moment("-290308-12-21T19:59:27.6Z")}}

INTERVAL = re.compile(r"(?:(-?\d+) years?)? ?(?:(-?\d+) mons?)? ?(?:([+-]?\d+) days?)? ?(?:([+-]?\d+:\d\d:\d\d(?:\.\d+)?))?")
PERIOD = re.compile(r"P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d+)?)S)?)?")


class Interval(Family):
    """Months, days and microseconds, which are three things; as a number of microseconds Debezium makes them one."""

    def truth(self, text):
        years, months, days, clock = INTERVAL.fullmatch(text.strip()).groups()
        at = moments.clock(clock.removeprefix("+")) if clock else Fraction(0)
        return (int(years or 0) * 12 + int(months or 0), int(days or 0), at)

    def read(self, cell, setting):
        if setting.interval == "string" and cell.base == "String":
            found = PERIOD.fullmatch(cell.value)
            if not found:
                raise Wrong(f"{cell.value!r} is no period")
            years, months, days, hours, minutes, seconds = (Decimal(part or 0) for part in found.groups())
            return (int(years * 12 + months), int(days), Fraction(hours * 3600 + minutes * 60 + seconds) * moments.SECOND)
        if cell.is_number or cell.base == "String" and INTEGER.fullmatch(cell.value):
            return Fraction(Decimal(cell.value))
        raise Wrong(f"an interval as {cell.type} {cell.value!r}")

    def same(self, truth, got):
        if isinstance(truth, Fraction):
            return truth == got
        months, days, clock = truth
        if isinstance(got, Fraction):
            return months == 0 and got == days * moments.DAY + clock
        return truth == got

    def changed(self, truth, got, setting):
        months, days, clock = truth
        if isinstance(got, Fraction):
            wanted = months * 2_629_800 * moments.SECOND + days * moments.DAY + clock
            # Debezium adds up in doubles.
            return "a month of an interval arrives as 30.4375 days: interval.handling.mode=string" if abs(wanted - got) <= 1 else None
        near = truth[:2] == got[:2] and abs(truth[2] - got[2]) < 1
        return "a negative interval's text is a nanosecond off" if near else None


class Uuid(Family):
    def truth(self, text):
        return text.lower().replace("-", "")

    def read(self, cell, setting):
        if cell.base not in ("UUID", "String"):
            raise Wrong(f"a UUID as {cell.type}")
        return cell.value.lower().replace("-", "")


class TrimmedUuid(Uuid):
    """MariaDB's UUID: the binlog leaves zero bytes at the end out, and the connector fills up at the front."""

    def changes(self, truth, setting):
        kept = len(truth.rstrip("0")) + 1 & ~1
        return {truth[:kept].rjust(32, "0"): "a UUID that ends in 00 arrives shifted: use CHAR(36) or BINARY(16)"} if kept < 32 else {}


class Address(Family):
    """inet, cidr, inet4, inet6: an address with or without a network."""

    def truth(self, text):
        return ipaddress.ip_interface(text)

    def read(self, cell, setting):
        try:
            return ipaddress.ip_interface(cell.value)
        except ValueError:
            raise Wrong(f"{cell.value!r} is no address") from None


class Document(Family):
    """JSON: the text that the database holds, character by character, or else the same document."""

    def truth(self, text):
        return text

    def read(self, cell, setting):
        if cell.base == "String":
            return cell.value
        return json.dumps(cell.value)

    def same(self, truth, got):
        if truth == got:
            return True
        try:
            return _plain(parse(truth)) == _plain(parse(got))
        except ValueError:
            return False


def _plain(value):
    if isinstance(value, Number):
        return Decimal(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


class Pairs(Family):
    """hstore, which Debezium writes as a JSON object."""

    def truth(self, text):
        pairs = re.findall(r'"((?:[^"\\]|\\.)*)"=>(NULL|"((?:[^"\\]|\\.)*)")', text)
        plain = lambda part: re.sub(r"\\(.)", r"\1", part)  # noqa: E731
        return {plain(name): None if whole == "NULL" else plain(value) for name, whole, value in pairs}

    def read(self, cell, setting):
        return cell.structure()


class Money(Numeric):
    def __init__(self):
        super().__init__(2)

    def truth(self, text):
        return Decimal(text.replace("$", "").replace(",", ""))


class Point(Family):
    """x and y, beside the well-known bytes that repeat them."""

    def truth(self, text):
        found = re.fullmatch(r"(?:POINT)?\(([^ ,]+)[ ,]+([^ )]+)\)", text)
        return (float(found[1]), float(found[2]))

    def read(self, cell, setting):
        parts = cell.structure()
        if not isinstance(parts, dict):
            raise Wrong(f"a point as {cell.value!r}")
        return (float(parts["x"]), float(parts["y"]))


class Geometry(Family):
    """Compared as well-known bytes: the database's text of them is hexadecimal."""

    def truth(self, text):
        return bytes.fromhex(text)

    def read(self, cell, setting):
        parts = cell.structure()
        if not isinstance(parts, dict):
            raise Wrong(f"a geometry as {cell.value!r}")
        return unbase64(parts["wkb"])


class Array(Family):
    """A PostgreSQL array of one dimension."""

    def __init__(self, element: Family, enum: bool = False):
        self.element, self.enum = element, enum

    def null_for(self, text, setting, op):
        return "an array of an enum arrives as NULL: text[]" if self.enum else None

    def changed(self, truth, got, setting):
        if len(truth) != len(got):
            return None
        whys = [None if a is None and b is None or self.element.same(a, b) else self.element.changed(a, b, setting) or False
                for a, b in zip(truth, got)]
        return None if False in whys else next(filter(None, whys), None)

    def truth(self, text):
        return [None if item is None else self.element.truth(item) for item in split_array(text)]

    def read(self, cell, setting):
        items = cell.structure()
        if not isinstance(items, list):
            raise Wrong(f"an array as {cell.value!r}")
        return [None if item is None else self.element.read(cell.element(item), setting) for item in items]

    def same(self, truth, got):
        return isinstance(got, list) and len(truth) == len(got) and all(
            (a is None) == (b is None) and (a is None or self.element.same(a, b)) for a, b in zip(truth, got))

    def listed(self, truth, kind):
        if not kind.startswith("Array("):
            return None
        inner = kind[len("Array("):-1].removeprefix("Nullable(")
        return next((why for item in truth if item is not None and (why := self.element.listed(item, inner))), None)


def split_array(text: str) -> list:
    """The elements of {a,"b c",NULL}."""
    items = re.findall(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)', text.removeprefix("{").removesuffix("}"))
    return [re.sub(r"\\(.)", r"\1", quoted) if not plain else None if plain == "NULL" else plain for quoted, plain in items]
