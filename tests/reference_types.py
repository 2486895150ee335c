"""The types of a layout file for tests/reference.py: JSON to value, value to JSON and to RowBinary.

A value in Python is what the column holds: bytes for String, bool, int, float, the unscaled int of a Decimal, days of a
Date, seconds of a DateTime, ticks of a DateTime64, 16 big-endian bytes of a UUID or an IPv6 address, the int of an IPv4
address, a list of an Array, None for NULL.

Simplest readings where README.md and docs/outcomes.md leave something open: what is finer than the column is cut before
the range is looked at; the unused bits of base64's last character may be anything; a decimal of no bytes does not fit;
`scale` is written in digits, with a minus perhaps; a Float32 is the nearest to the number as written; an epoch number
beyond Int64, whose ends are infinite, is no time. Where a column is exact, a digit string for an integer has no needless
zeros, and an IPv6 address is written as inet_ntop writes it.
"""

import base64
import binascii
import datetime
import decimal
import fractions
import ipaddress
import math
import re
import socket
import struct

from tests.support.wire import read_varint, varint

from reference_json import ARRAY, FALSE, NULL, NUMBER, OBJECT, STRING, TRUE, Fault, parse


class Misfit(Exception):
    """The value does not fit the type."""


# Numbers as exact text

_NUMBER = re.compile(rb"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?").fullmatch
_DIGITS = re.compile(rb"-?[0-9]+").fullmatch
_DECIMAL_DIGITS = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?").fullmatch
_JSON_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
_MOST_DIGITS = 120


def exact(number):
    """(m, e) with the number equal to m * 10**e and m no multiple of 10 (or 0), or Misfit where m has more digits than any
    column holds: in no column such a number fits, be it an integer or not."""
    sign, whole, fraction, exponent_sign, exponent = _NUMBER(number).groups(b"")
    digits = (whole + fraction).lstrip(b"0")
    significant = digits.rstrip(b"0")
    if not significant:
        return 0, 0
    if len(significant) > _MOST_DIGITS:
        raise Misfit
    power = int((exponent.lstrip(b"0") or b"0")[:19])
    power = (-power if exponent_sign == b"-" else power) - len(fraction) + len(digits) - len(significant)
    return int(sign + significant), power


def scaled(number, scale):
    """The number times 10**scale, where that is an integer; of one beyond all columns no more than its size is true."""
    mantissa, power = exact(number)
    power += scale
    if mantissa == 0:
        return 0
    if power < 0:
        raise Misfit
    return mantissa * 10 ** min(power, 200)


# Times: an instant is a number of picoseconds since 1970

_TIME = re.compile(
    rb"(\d{4}|[+-]\d{4,9})-(\d\d)-(\d\d)"
    rb"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?"
    rb"(?: UTC|(?:([Zz])| ?([+-])(\d\d)(?::?(\d\d))?)(?:\[[A-Za-z0-9/_+:-]+\])?)?"
).fullmatch
PICOSECONDS = 10**12
_UNITS = {"s": PICOSECONDS, "ms": 10**9, "us": 10**6, "ns": 10**3, "days": 86400 * PICOSECONDS}
_INFINITIES = {9223372036825200, -9223372036832400, 9223372036825200000, -9223372036832400000, 2**63 - 1, -(2**63)}
_EPOCH = datetime.date(1970, 1, 1)


def instant_of_text(text):
    """The instant of an ISO 8601 text. A year that no column reaches, even in another zone, is a Misfit at once."""
    match = _TIME(text)
    if match is None:
        raise Misfit
    year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = match.groups()
    year = int(year)
    if not 1800 < year < 2400:
        raise Misfit
    try:
        days = (datetime.date(year, int(month), int(day)) - _EPOCH).days
    except ValueError:
        raise Misfit from None
    hour, minute, second = int(hour or 0), int(minute or 0), int(second or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise Misfit
    zone = 0
    if sign:
        zone_hours, zone_minutes = int(zone_hours), int(zone_minutes or 0)
        zone = zone_hours * 60 + zone_minutes
        if zone_minutes > 59 or zone > 18 * 60:
            raise Misfit
        zone = -zone if sign == b"-" else zone
    seconds = days * 86400 + hour * 3600 + minute * 60 + second - zone * 60
    return seconds * PICOSECONDS + int((fraction or b"").ljust(12, b"0"))


def instant_of_number(number, unit):
    """The instant of a count of units, as a fraction of picoseconds where it is finer than those."""
    sign, whole, fraction, exponent_sign, exponent = _NUMBER(number).groups(b"")
    digits = int(whole + fraction)
    power = min(int(exponent or 0), 10**4)
    power = (-power if exponent_sign == b"-" else power) - len(fraction)
    if digits and len(str(digits)) + power > 30:
        raise Misfit
    count = fractions.Fraction(digits) * fractions.Fraction(10) ** (power if digits else 0) * (-1 if sign else 1)
    if count in _INFINITIES or not -(2**63) <= count < 2**63:
        raise Misfit
    if unit == "auto":
        size = abs(count)
        unit = "s" if size < 10**11 else "ms" if size < 10**14 else "us" if size < 10**17 else "ns"
    return count * _UNITS[unit]


def instant_of_parts(parts):
    """[year, month, day, hour, minute, second, nanosecond], or a beginning of it, as Java writes a time."""
    if len(parts) not in (3, 5, 6, 7) or any(it.kind != NUMBER for it in parts):
        raise Misfit
    year, month, day, hour, minute, second, nanos = [scaled(it.raw, 0) for it in parts] + [0] * (7 - len(parts))
    if not 1800 < year < 2400 or hour not in range(24) or minute not in range(60) or second not in range(60):
        raise Misfit
    if nanos not in range(10**9):
        raise Misfit
    try:
        days = (datetime.date(year, month, day) - _EPOCH).days
    except (ValueError, OverflowError):
        raise Misfit from None
    return (days * 86400 + hour * 3600 + minute * 60 + second) * PICOSECONDS + nanos * 1000


def instant(value, unit):
    """The instant of a JSON value in a column of times."""
    if value.kind == NUMBER:
        return instant_of_number(value.raw, unit)
    if value.kind == ARRAY:
        return instant_of_parts(value.data)
    if value.kind == OBJECT and sorted(key for key, _ in value.data) == [b"epochSecond", b"nano"]:
        second, nano = value.get(b"epochSecond"), value.get(b"nano")
        if second.kind != NUMBER or nano.kind != NUMBER or not 0 <= scaled(nano.raw, 0) < 10**9:
            raise Misfit
        return instant_of_number(b"%d" % scaled(second.raw, 0), "s") + scaled(nano.raw, 0) * 1000
    if value.kind != STRING:
        raise Misfit
    return instant_of_number(value.data, unit) if _DECIMAL_DIGITS(value.data) else instant_of_text(value.data)


# Extended JSON


class Scalar:
    """A scalar that an object stands for: as much of a Value as the types look at."""

    def __init__(self, kind, text):
        self.kind = kind
        self.data = text if kind == STRING else None
        self.raw = text

    def as_text(self):
        return self.raw

    def get(self, key):
        return None


def extended(value):
    """(the Scalar that an object of one member stands for, whether it is a `$date`), or None."""
    if value.kind != OBJECT or len(value.data) != 1:
        return None
    [(key, inner)] = value.data
    text = inner.data if inner.kind == STRING else None
    number = text is not None and _JSON_NUMBER(text)
    if key in (b"$oid", b"$uuid") and text is not None:
        return Scalar(STRING, text), False
    if key in (b"$numberInt", b"$numberLong") and number and _DIGITS(text):
        return Scalar(NUMBER, text), False
    if key == b"$numberDecimal" and number:
        return Scalar(NUMBER, text), False
    if key == b"$numberDouble" and text is not None:
        return Scalar(NUMBER if number else STRING, text), False
    if key == b"$date":
        if inner.kind == OBJECT and [it for it, _ in inner.data] == [b"$numberLong"] and extended(inner):
            return extended(inner)[0], True
        if inner.kind in (STRING, NUMBER):
            return Scalar(inner.kind, inner.as_text()), True
    return None


class _Milliseconds:
    """What a type asks of a column, where a `$date` stands."""

    unit = "ms"

    def __init__(self, column):
        self._column = column

    def __getattr__(self, name):
        return getattr(self._column, name)


def converted(kind, value, column):
    """What a type makes of a Value that is neither null nor absent."""
    found = None if kind.is_string and not column.extended else extended(value)
    if found is None:
        return kind.convert(value, column)
    scalar, is_date = found
    if scalar.data == b"" and not kind.is_string:
        raise Misfit
    return kind.convert(scalar, _Milliseconds(column) if is_date else column)


def _calendar(seconds):
    days, rest = divmod(seconds, 86400)
    day = _EPOCH + datetime.timedelta(days)
    return f"{day.isoformat()} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


# Text as JSON

_ESCAPES = {bytes([byte]): b"\\u%04x" % byte for byte in range(0x20)}
_ESCAPES.update({b"\b": b"\\b", b"\f": b"\\f", b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b'"': b'\\"', b"\\": b"\\\\"})
_TO_ESCAPE = re.compile(rb'[\x00-\x1f"\\]').sub


def quoted(text):
    """A string as JSONEachRow writes it; a slash stays as it is."""
    return b'"' + _TO_ESCAPE(lambda match: _ESCAPES[match.group()], text) + b'"'


def binary_string(text):
    """A string as RowBinary writes it: its length as LEB128, then its bytes."""
    return varint(len(text)) + text


# The types


class Type:
    """A type as the layout writes it. convert(value, column) takes a JSON Value that is neither null nor absent."""

    is_string = False
    is_date = False
    arrays = 0  # within each other
    default = 0
    form = None  # of struct, for RowBinary

    def convert(self, value, column):
        raise NotImplementedError

    def json(self, held):
        return b"%d" % held

    def binary(self, held):
        return struct.pack(self.form, held)

    def read(self, data, at):
        """(what stands in RowBinary at a byte, where it ends)"""
        return struct.unpack_from(self.form, data, at)[0], at + struct.calcsize(self.form)


class String(Type):
    is_string = True
    default = b""

    def convert(self, value, column):
        return value.as_text()

    def json(self, held):
        return quoted(held)

    def binary(self, held):
        return binary_string(held)

    def read(self, data, at):
        length, at = read_varint(data, at)
        return data[at : at + length], at + length


class Bool(Type):
    default = False
    form = "<?"

    def convert(self, value, column):
        if value.kind == TRUE or value.kind == STRING and value.data == b"true":
            return True
        if value.kind == FALSE or value.kind == STRING and value.data == b"false":
            return False
        if value.kind == NUMBER and scaled(value.raw, 0) in (0, 1):
            return scaled(value.raw, 0) == 1
        raise Misfit

    def json(self, held):
        return b"true" if held else b"false"


class Integer(Type):
    def __init__(self, bits, signed):
        self.size = bits // 8
        self.signed = signed
        self.low, self.high = 0, 2**bits - 1
        if signed:
            self.low, self.high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def binary(self, held):
        return held.to_bytes(self.size, "little", signed=self.signed)

    def read(self, data, at):
        return int.from_bytes(data[at : at + self.size], "little", signed=self.signed), at + self.size

    def convert(self, value, column):
        if value.kind == STRING and _DIGITS(value.data):
            if column.exact and not _JSON_NUMBER(value.data):
                raise Misfit
            held = scaled(value.data, 0)
        elif value.kind == NUMBER:
            held = scaled(value.raw, 0)
        else:
            raise Misfit
        if not self.low <= held <= self.high:
            raise Misfit
        return held


def _neighbour(single, step):
    """The next Float32 towards (step -1) or away from (step 1) zero, as a double; None beyond the largest."""
    bits = struct.unpack("<I", struct.pack("<f", single))[0] + step
    return struct.unpack("<f", struct.pack("<I", bits))[0] if bits & 0x7F800000 != 0x7F800000 else None


def nearest_single(text):
    """The Float32 nearest to a number's text. Rounding twice is wrong only where the double lies midway."""
    double = float(text)
    try:
        single = struct.unpack("<f", struct.pack("<f", double))[0]
    except OverflowError:
        # The double may stand at the edge of what rounds to the largest Float32, and the number itself before it.
        if decimal.Decimal(text.decode()).copy_abs() >= 2**128 - 2**103:
            raise Misfit from None
        return math.copysign(2.0**128 - 2.0**104, double)
    if single == double:
        return single
    other = _neighbour(single, 1 if abs(double) > abs(single) else -1)
    if other is None or (single + other) / 2 != double:
        return single
    true, midway = decimal.Decimal(text.decode()).copy_abs(), decimal.Decimal(double).copy_abs()
    if true == midway:
        return single
    return (max if true > midway else min)(single, other, key=abs)


_SPECIAL = {
    b"NaN": math.nan, b"Infinity": math.inf, b"+Infinity": math.inf, b"-Infinity": -math.inf, b"inf": math.inf, b"-inf": -math.inf
}


class Float(Type):
    default = 0.0

    def __init__(self, bits):
        self.bits = bits
        self.form = "<f" if bits == 32 else "<d"

    def convert(self, value, column):
        if value.kind == NUMBER:
            text = value.raw
        elif value.kind == STRING and _JSON_NUMBER(value.data):
            text = value.data
        elif value.kind == STRING and column.nan and value.data in _SPECIAL:
            return _SPECIAL[value.data]
        else:
            raise Misfit
        held = float(text)
        if math.isinf(held):
            raise Misfit
        held = held if self.bits == 64 else nearest_single(text)
        if column.exact and not self._is_shortest(text, held):
            raise Misfit
        return held

    def _is_shortest(self, text, held):
        mantissa, power = exact(text)
        if held == 0:
            return mantissa == 0
        digits, point = self._shortest(abs(held))
        return str(abs(mantissa)) == digits and power == point - len(digits)

    def _shortest(self, held):
        """(digits, exponent) of the fewest digits that read back as the same float: 0.digits * 10**exponent."""
        if self.bits == 64:
            mantissa, _, power = repr(held).partition("e")
            whole, _, fraction = mantissa.partition(".")
            digits = (whole + fraction).lstrip("0")
            point = len(whole) + int(power or 0) - (len(whole + fraction) - len(digits) if digits else 0)
            return digits.rstrip("0"), point
        true = fractions.Fraction(held)
        for count in range(1, 10):
            mantissa, power = f"{held:.{count - 1}e}".split("e")
            number, power = int(mantissa.replace(".", "")), int(power) - count + 1
            tens = fractions.Fraction(10) ** power
            near = [it for it in (number - 1, number, number + 1) if it > 0 and self._same(it, power, held)]
            if near:
                best = str(min(near, key=lambda it: (abs(it * tens - true), it % 2)))
                return best.rstrip("0"), len(best) + power
        raise AssertionError("nine digits always read back")

    def _same(self, number, power, held):
        try:
            return nearest_single(b"%de%d" % (number, power)) == held
        except Misfit:
            return False

    def json(self, held):
        if math.isnan(held) or math.isinf(held):
            return b'"%s"' % str(held).encode()
        sign = "-" if math.copysign(1, held) < 0 else ""
        if held == 0:
            return (sign + "0").encode()
        digits, point = self._shortest(abs(held))
        if 0 < point <= 21:
            text = digits.ljust(point, "0")
            text = text[:point] + ("." + text[point:] if text[point:] else "")
        elif -6 < point <= 0:
            text = "0." + "0" * -point + digits
        else:
            text = digits[0] + ("." + digits[1:] if digits[1:] else "") + f"e{point - 1}"
        return (sign + text).encode()


_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?").fullmatch


def _unscaled(text):
    if not text or not _BASE64(text):
        raise Misfit
    try:
        number = int.from_bytes(base64.b64decode(text), "big", signed=True)
    except binascii.Error:
        raise Misfit from None
    if not -(2**255) <= number < 2**255:  # what Decimal256 is computed in, before it is rescaled too
        raise Misfit
    return number


class Decimal(Type):
    def __init__(self, precision, scale):
        self.scale = scale
        self.limit = 10**precision
        self.size = 4 if precision <= 9 else 8 if precision <= 18 else 16 if precision <= 38 else 32

    def convert(self, value, column):
        held = self._of_bytes(value) if column.encoding == "base64" else self._of_number(value)
        if abs(held) >= self.limit:
            raise Misfit
        return held

    def _of_number(self, value):
        if value.kind == NUMBER:
            return scaled(value.raw, self.scale)
        if value.kind == STRING and _JSON_NUMBER(value.data):
            return scaled(value.data, self.scale)
        raise Misfit

    def _of_bytes(self, value):
        if value.kind == STRING:
            return _unscaled(value.data)
        scale, digits = value.get(b"scale"), value.get(b"value")
        if scale is None or digits is None or not _DIGITS(scale.raw) or digits.kind != STRING:
            raise Misfit
        unscaled, power = _unscaled(digits.data), self.scale - scaled(scale.raw, 0)
        if unscaled == 0:
            return 0
        if power >= 0:
            return unscaled * 10 ** min(power, 100)
        held, rest = divmod(unscaled, 10 ** min(-power, len(digits.data) * 3))
        if rest:
            raise Misfit
        return held

    def json(self, held):
        digits = str(abs(held)).rjust(self.scale + 1, "0")
        whole, fraction = digits[: len(digits) - self.scale], digits[len(digits) - self.scale :].rstrip("0")
        return (("-" if held < 0 else "") + whole + ("." + fraction if fraction else "")).encode()

    def binary(self, held):
        return held.to_bytes(self.size, "little", signed=True)

    def read(self, data, at):
        return int.from_bytes(data[at : at + self.size], "little", signed=True), at + self.size


class Time(Type):
    """Date, Date32, DateTime and DateTime64: a count of ticks of some picoseconds, between two bounds."""

    def __init__(self, form, tick, low, high, date=False, digits=0):
        self.form = form
        self.tick = tick
        self.low = low
        self.high = high
        self.is_date = date
        self.digits = digits

    def convert(self, value, column):
        if column.exact and column.unit == "auto" and (value.kind == NUMBER or value.kind == STRING and re.fullmatch(rb"-?[0-9.]*", value.data)):
            raise Misfit  # a unit that nobody says is a guess
        held, rest = divmod(instant(value, column.unit), self.tick)
        if rest and column.exact:
            raise Misfit
        if not self.low <= held <= self.high:
            raise Misfit
        return held

    def json(self, held):
        if self.is_date:
            return b'"%s"' % (_EPOCH + datetime.timedelta(held)).isoformat().encode()
        per_second = 10**self.digits
        seconds, fraction = divmod(held, per_second)
        text = _calendar(seconds) + (f".{fraction:0{self.digits}}" if self.digits else "")
        return b'"%s"' % text.encode()


def _seconds(year, month, day, after=0):
    return (datetime.date(year, month, day) - _EPOCH).days * 86400 + after


def _datetime64(digits):
    per_second = 10**digits
    high = _seconds(2300, 1, 1) * per_second - 1
    return Time("<q", PICOSECONDS // per_second, _seconds(1900, 1, 1) * per_second, min(high, 2**63 - 1), digits=digits)


_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch


class Uuid(Type):
    default = bytes(16)

    def convert(self, value, column):
        if value.kind != STRING or not _UUID(value.data) or column.exact and value.data != value.data.lower():
            raise Misfit
        return bytes.fromhex(value.data.replace(b"-", b"").decode())

    def json(self, held):
        text = held.hex()
        return f'"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"'.encode()

    def binary(self, held):
        return held[7::-1] + held[:7:-1]

    def read(self, data, at):
        return data[at : at + 8][::-1] + data[at + 8 : at + 16][::-1], at + 16


class Ipv4(Type):
    form = "<I"

    def convert(self, value, column):
        try:
            if value.kind != STRING or not value.data.isascii():
                raise Misfit
            return int(ipaddress.IPv4Address(value.data.decode()))
        except ValueError:
            raise Misfit from None

    def json(self, held):
        return b'"%s"' % str(ipaddress.IPv4Address(held)).encode()


class Ipv6(Type):
    default = bytes(16)

    def convert(self, value, column):
        if value.kind != STRING or not value.data.isascii() or b"%" in value.data:
            raise Misfit
        try:
            found = ipaddress.ip_address(value.data.decode())
        except ValueError:
            raise Misfit from None
        held = found.packed if found.version == 6 else bytes(10) + b"\xff\xff" + found.packed
        if column.exact and self.json(held) != b'"%s"' % value.data:
            raise Misfit
        return held

    def json(self, held):
        return b'"%s"' % socket.inet_ntop(socket.AF_INET6, held).encode()

    def binary(self, held):
        return held

    def read(self, data, at):
        return data[at : at + 16], at + 16


class Array(Type):
    default = []

    def __init__(self, inner):
        self.inner = inner
        self.is_date = inner.is_date
        self.arrays = inner.arrays + 1

    def convert(self, value, column):
        if value.kind != ARRAY:
            raise Misfit
        return [self._element(it, column) for it in value.data]

    def _element(self, value, column):
        if value.kind == NULL:
            if isinstance(self.inner, Nullable):
                return None
            raise Misfit
        if value.kind == STRING and value.data == b"" and not self.inner.is_string:
            raise Misfit
        return converted(self.inner, value, column)

    def json(self, held):
        return b"[" + b",".join(self.inner.json(it) for it in held) + b"]"

    def binary(self, held):
        return varint(len(held)) + b"".join(self.inner.binary(it) for it in held)

    def read(self, data, at):
        count, at = read_varint(data, at)
        held = []
        for _ in range(count):
            value, at = self.inner.read(data, at)
            held.append(value)
        return held, at


class Nullable(Type):
    default = None

    def __init__(self, inner):
        self.inner = inner
        self.is_string = inner.is_string
        self.is_date = inner.is_date

    def convert(self, value, column):
        return self.inner.convert(value, column)

    def json(self, held):
        return b"null" if held is None else self.inner.json(held)

    def binary(self, held):
        return b"\1" if held is None else b"\0" + self.inner.binary(held)

    def read(self, data, at):
        return (None, at + 1) if data[at] else self.inner.read(data, at + 1)


_PLAIN = {
    "String": String(),
    "Bool": Bool(),
    "Float32": Float(32),
    "Float64": Float(64),
    "UUID": Uuid(),
    "IPv4": Ipv4(),
    "IPv6": Ipv6(),
    "Date": Time("<H", 86400 * PICOSECONDS, 0, 65535, date=True),
    "Date32": Time("<i", 86400 * PICOSECONDS, _seconds(1900, 1, 1) // 86400, _seconds(2299, 12, 31) // 86400, date=True),
}
for _bits in (8, 16, 32, 64, 128, 256):
    _PLAIN[f"Int{_bits}"] = Integer(_bits, True)
    _PLAIN[f"UInt{_bits}"] = Integer(_bits, False)


def type_named(name):
    """The type that a layout's text names."""
    if name in _PLAIN:
        return _PLAIN[name]
    if re.fullmatch(r"DateTime(\('UTC'\))?", name):
        return Time("<I", PICOSECONDS, 0, 2**32 - 1)
    if match := re.fullmatch(r"DateTime64\(([0-9])(, *'UTC')?\)", name):
        return _datetime64(int(match.group(1)))
    if match := re.fullmatch(r"Decimal\(([0-9]+), *([0-9]+)\)", name):
        return Decimal(int(match.group(1)), int(match.group(2)))
    if match := re.fullmatch(r"Array\((.+)\)", name):
        return Array(type_named(match.group(1)))
    if match := re.fullmatch(r"Nullable\((.+)\)", name):
        return Nullable(type_named(match.group(1)))
    raise ValueError(f"unknown type {name}")


# debeziumTimestamp

class _AnyTime:
    """What a column of times of any unit asks."""

    unit = "auto"
    exact = extended = False


def timestamp(text):
    """The microseconds of any time a text holds: ISO 8601, an epoch number as JSON or a digit string writes it in a unit that
    its size tells, or the JSON array or object of a time; None where it is no time."""
    kind = _datetime64(6)
    try:
        return kind.convert(Scalar(STRING, text), _AnyTime)
    except Misfit:
        pass
    try:
        value = parse(text)
        plain = value.start == 0 and value.end == len(text) and value.kind in (NUMBER, ARRAY, OBJECT)
        return converted(kind, value, _AnyTime) if plain else None
    except (Fault, Misfit):
        return None
