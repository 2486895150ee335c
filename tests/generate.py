"""Random messages and layouts from a seed: what tests/test_reference.py sends to the binaries and to the reference.

    python3 tests/generate.py SEED [COUNT [LAYOUT]]      COUNT messages, one a line (line feeds in them are shown as they are)

Half of what is made is meant to be decoded: each column's value suits its type. The rest misses by little (a leap day too
many, one above the largest) or by much (a hundred levels of brackets), the shapes are bent, texts are encoded over and over,
and fixtures are damaged.
"""

import base64
import json
import random
import re
import struct
import sys
from pathlib import Path

import reference

FIXTURES = Path(__file__).resolve().parent / "fixtures" / "debezium"
DEFAULT_LAYOUT = Path(__file__).resolve().parent.parent / "udf" / "experiment_event.json"

TEXTS = [
    "", "a", "plain", "control", "/path?q=1", "ü", "€uro", "😀", "a\u0000b", "\u001f\u007f", "tab\tline\nquote\"back\\slash/",
    "\b\f\r", "null", "true", "false", "42", "-1", "1.5", "{}", "[]", "[1, 2]", '{"a":1}', '{"value": 1.25, "page": "/s"}',
    '"x"', '{"a":', "{\"a\":\"\\ud83d\\ude00\"}", "not a time", "x" * 63 + "é", "x" * 64 + "é", "é" * 33, "€" * 22, "😀" * 17,
    "\ufeff", "\u2028", "\U0010ffff", " ", "__debezium_unavailable_value", "__debezium_unavailable_value ", "infinity",
    "x" * 300,
]
HOSTILE = [
    "null", '""', "{}", "[]", "[1]", '{"a":1}', "true", "false", "0", "-0", "1", "-1", "1.5", "1e400", "-1e400", "1e-400",
    "0e999999999", "1E+2", "12345678901234567890123456789012345678901234567890", "0." + "0" * 50 + "1", "1" + "0" * 70,
    "9007199254740993", "[" * 60 + "]" * 60, '{"a":' * 40 + "1" + "}" * 40, "[" * 129 + "]" * 129, "[" * 120 + "]" * 120,
    '"__debezium_unavailable_value"', '"\\u0000"', '"\\ud83d\\ude00"', '"\\u00e9\\/"', '"\\"{}\\""',
    '"[1,{\\"a\\":\\"b\\"}]"', "1e1000000000000000000000", "-0.0e-0", '{"scale":0,"value":"AQ=="}',
]
BROKEN = [
    "", "nul", "truex", "01", "1.", "-", "1e", "1e+", ".5", "+1", "[1,]", "{,}", '{"a"}', '{"a":}', '{"a":1,}', "[1 2]", '"',
    '"\\', '"\\x"', '"\\u12"', '"\\u12', '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', '"\\ud800\\ud800"', '"\t"', '"\u0001"',
    "'a'", "NaN", "1 2", "[", "{", '{"a":1', "[1", "]", "\ufeff1", "{} x", "[" * 128 + "1", "tru", "nulls", "-01", "1.5.2",
    "1e5e",
]
TIMES = [
    "2026-01-02T03:04:05.123456Z", "2026-01-02 03:04:05", "2026-01-02T03:04", "2026-01-02", "2026-01-02Z", "2026-01-02+02:00",
    "2024-02-29", "2026-02-29", "2026-04-31T00:00:00Z", "2000-02-29", "2100-02-29", "2026-00-01", "2026-13-01", "2026-01-00",
    "2026-01-32", "2026-01-02T24:00:00Z", "2026-01-02T23:60:00Z", "2026-01-02T23:59:60Z", "2026-01-02t03:04:05z",
    "2026-01-02T03:04:05z", "2026-01-02T03", "2026-01-02T03:04Z", "2026-01-02T03:04.5Z", "2026-01-02T03:04:05.",
    "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.123456789012Z", "2026-01-02T03:04:05.1234567890123Z",
    "2026-01-02T03:04:05 Z", "2026-01-02T03:04:05+18", "2026-01-02T03:04:05-1800", "2026-01-02T03:04:05+18:00",
    "2026-01-02T03:04:05+18:01", "2026-01-02T03:04:05+19", "2026-01-02T03:04:05+02:60", "2026-01-02T03:04:05+2",
    "2026-01-02T03:04:05+020", "2026-01-02T03:04:05-00:00", " 2026-01-02", "2026-01-02 ", "2026-01-02T03:04:05,5Z",
    "+2026-01-02", "+02026-01-02T03:04:05Z", "-2026-01-02", "+294247-01-10T04:00:25.2Z", "-290308-12-21T19:59:27.6Z",
    "+999999999-01-01", "+9999999999-01-01", "12026-01-02", "026-01-02", "2026-1-2", "20260102", "2026-01-02  03:04:05",
    "2026-01-02T3:04:05", "2026/01/02", "1900-01-01T00:00:00Z", "1899-12-31T23:59:59.999999999Z", "1900-01-01T00:59:59+01:00",
    "1900-01-01T01:00:00+01:00", "1899-12-31T23:00:00-01:00", "2299-12-31T23:59:59.999999999Z", "2300-01-01T00:00:00Z",
    "2299-12-31T23:59:59.999999999999Z", "2299-12-31T23:59:59-00:01", "2300-01-01T00:59:59.9+01:00",
    "2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775808Z", "2262-04-11T23:47:16.8547758079Z",
    "1969-12-31T23:59:59.9999999Z", "1970-01-01T00:00:00Z", "2106-02-07T06:28:15.9Z", "2106-02-07T06:28:16Z",
    "2149-06-06T23:59:59Z", "2149-06-07", "1969-12-31", "0000-01-01", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z",
    "infinity", "-infinity", "Infinity", "now", "2026-01-02T03:04:05.5", "1960-01-02T03:04:05.0000001Z", "2026-W01-1",
    "2026-001", "2026-01-02T03:04:05Zx", "2026-01-02x", "2026-01-02T", "2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05+",
    "2026-01-02T03:04:05−02:00", "5879611-07-12", "-5877611-06-21Z", "11:59:59Z", "P1D", "0", "-1", "007", "1767323045",
    "1767323045123", "1767323045123456", "1767323045123456789", "99999999999", "100000000000", "99999999999999",
    "100000000000000", "99999999999999999", "100000000000000000", "-99999999999", "-100000000000", "1767323045.0",
    "1767323045.5", "1.767323045e9", "10000000000000000000", "99999999999999999999", "9223372036825200", "-9223372036832400",
    "9223372036825200000", "-9223372036832400000", "9223372036854775807", "-9223372036854775808", "9223372036825200.0",
    "9223372036825201", "-2208988800", "-2208988801", "10413791999", "10413792000", "4294967295", "4294967296", "65535",
    "2026-01-02T03:04:05Z[UTC]", "2026-01-02T03:04:05z[Etc/UTC]", "2026-01-02T03:04:05+01:00[Europe/Paris]", "2026-01-02Z[X]",
    "2026-01-02T03:04:05[UTC]", "2026-01-02T03:04:05Z[]", "2026-01-02T03:04:05Z[UTC", "2026-01-02T03:04:05 UTC[UTC]",
    "2026-01-02 03:04:05 +01:00", "2026-01-02T03:04:05.5 -0130", "2026-01-02 +01:00", "2026-01-02 UTC", "2026-01-02T03:04:05 utc",
    "2026-01-02T03:04:05UTC", "2026-01-02T03:04:05  +01:00", "2026-01-02T03:04:05,123456789Z", "2026-01-02t03:04", "2026-01-02t",
    "2026-01-02T03:04:05Z UTC", "28.02.2024 17:33", "/Date(1709141609404)/", "1709141609.404123", "1502713067.720000000",
    "1709141609404.1234567", "1709141609404123456.78", "-0.5", "-0.0000000000001", "0.0000000000001", "1.", ".5", "1.5.5", "1,5",
    "1.5e3", "9223372036854775807.5", "9223372036854775808.5", "-9223372036854775808.5", "20455.75", "1e-400",
    "0.12345678901234567890123456789", "1767323045." + "0" * 90 + "1", "1" * 30 + ".5", "1.7091416094041235E9",
    "65536", "-25567", "-25568", "120529", "120530", "20455", "+5", "--5", "-0", "1e3", "-2147472692",
]
NUMBER_TEXT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?").fullmatch
UNITS = ["auto", "s", "ms", "us", "ns", "days"]
SCHEMA_NAMES = [it.decode() for it in reference.UNITS] + ["io.debezium.time.ZonedTimestamp", "io.debezium.data.Json", "x"]
TYPES = ["String", "Bool", "Float32", "Float64", "Date", "Date32", "DateTime", "DateTime('UTC')", "UUID", "IPv4", "IPv6"]
TYPES += [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)]
ADDRESSES = [
    "1.2.3.4", "255.255.255.255", "0.0.0.0", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4/8", "::", "::1", "1::",
    "2001:db8::1", "2001:DB8::1", "2001:0db8::0001", "::ffff:1.2.3.4", "::1.2.3.4", "::1:0", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8", "1:0:0:2:0:0:0:3", "1:0:2:3:4:5:6:7", "1::2::3", "1:2:3:4:5:6:7", "fe80::1%eth0", ":::", "::1/128",
    "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "64:ff9b::1.2.3.4", "::ffff:0:1.2.3.4", "12345::", "::g",
]


def quote(rng, text):
    """A text as a JSON string, one way or another."""
    way = rng.random()
    if way < 0.7:
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f" if way < 0.1 else "\x7f")
    if way < 0.94 or len(text) > 2000:
        return json.dumps(text)
    out = []
    for unit in struct.unpack(f">{len(text.encode('utf-16-be')) // 2}H", text.encode("utf-16-be")):
        out.append(f"\\u{unit:04x}" if rng.random() < 0.5 else f"\\u{unit:04X}")
    return '"' + "".join(out) + '"'


def number_form(rng, number):
    """An integer as JSON writes it, one way or another."""
    way = rng.random()
    if way < 0.6:
        return str(number)
    if way < 0.7:
        return f'"{number}"'
    if way < 0.75:
        return f"{number}.0"
    if way < 0.8:
        return f"{number}0e-1"
    if way < 0.85:
        return f"{number}00.00E-2"
    if way < 0.9:
        return f"{number}e0"
    if way < 0.94 and number >= 0:
        return f'"00{number}"'
    if way < 0.97:
        return f"{number}.5"
    return rng.choice([f'"{number}.0"', f'" {number}"', f'"+{number}"', f'"{number}e0"', f"[{number}]", f'"{number}x"'])


def integer_value(rng, bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    way = rng.random()
    if way < 0.5:
        return number_form(rng, rng.randint(0, 100))
    if way < 0.8:
        return number_form(rng, rng.randint(low, high))
    return number_form(rng, rng.choice([low, high, low - 1, high + 1, -1, 0, high * 10, 2**64, -(2**63) - 1]))


def float_value(rng):
    way = rng.random()
    if way < 0.3:
        text = str(round(rng.uniform(-1000, 1000), rng.randint(0, 6)))
    elif way < 0.5:
        text = repr(struct.unpack("<d", rng.randbytes(8))[0])
    elif way < 0.6:
        text = repr(struct.unpack("<f", rng.randbytes(4))[0])
    elif way < 0.7:
        text = f"{rng.randint(-99, 99)}e{rng.randint(-50, 50)}"
    elif way < 0.8:
        text = f"{rng.randint(1, 10**17)}.{rng.randint(0, 10**17)}"
    elif way < 0.85:
        single = struct.unpack("<f", struct.pack("<I", rng.randint(0, 0x7F7FFFFF)))[0]
        above = struct.unpack("<f", struct.pack("<I", struct.unpack("<I", struct.pack("<f", single))[0] + 1))[0]
        text = f"{(single + above) / 2:.{rng.randint(20, 160)}e}"
    else:
        text = rng.choice(
            ["0", "-0", "-0.0", "1e21", "1e20", "999999999999999900000", "0.000001", "0.0000009", "1e-7", "3.4028235e38", "3.4028236e38",
             "3.40282356779733661637539395458142568447e38", "3.40282356779733661637539395458142568448e38",
             "1.7976931348623157e308", "1.7976931348623159e308", "5e-324", "2e-324", "1e-46", "1.401298464324817e-45",
             "16777217", "9007199254740993", "0.1", "1e400",
             "NaN", "Infinity", "-Infinity", "1.", ".5", "0x10", "1e", "+1", "inf", "123456789.125", "100", "1e2"]
        )
    text = text.replace("inf", "1e999") if NUMBER_TEXT(text.replace("inf", "1e999")) else text
    if text == "nan" or not NUMBER_TEXT(text) or rng.random() < 0.2:
        return json.dumps(text)
    return text


def bytes_of(number):
    return base64.b64encode(number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)).decode()


def decimal_value(rng, precision, scale, encoded):
    digits = rng.randint(1, max(1, precision + rng.choice([0, 0, 0, -3, 1])))
    unscaled = rng.choice([rng.randint(-(10**digits), 10**digits), 10**precision - 1, 10**precision, -(10**precision), 0])
    if encoded and rng.random() < 0.9:
        if rng.random() < 0.6:
            text = bytes_of(unscaled)
            if rng.random() < 0.1:
                text = rng.choice(
                    [text[:-1], text + "=", text + "\n", " " + text, text.replace("A", "-"), text.rstrip("=") or "=", "===="]
                )
            return json.dumps(text)
        other = scale + rng.randint(-3, 3)
        tens = unscaled * 10 ** max(0, other - scale)
        parts = [f'"scale":{number_form(rng, other)}', f'"value":"{bytes_of(tens)}"']
        rng.shuffle(parts)
        if rng.random() < 0.05:
            parts.pop()
        return "{" + ",".join(parts) + (',"x":1}' if rng.random() < 0.05 else "}")
    places = max(0, scale + rng.choice([0, 0, 0, 1, -1]))
    sign, text = "-" if unscaled < 0 else "", str(abs(unscaled)).rjust(places + 1, "0")
    text = sign + (text[: len(text) - places] + "." + text[len(text) - places :] if places else text)
    if rng.random() < 0.15:
        text += rng.choice(["0", "000"]) if places else rng.choice(["e0", "E-1", "e1", ".0"])
    return json.dumps(text) if rng.random() < 0.4 else text


def java_time(rng):
    """A time as Java's libraries write it, or nearly so."""
    if rng.random() < 0.3:
        members = [f'"epochSecond":{number_form(rng, rng.randint(-(2**32), 2**33))}', f'"nano":{rng.choice([0, 5, 10**9 - 1, 10**9])}']
        rng.shuffle(members)
        if rng.random() < 0.1:
            members.append('"zone":"UTC"')
        if rng.random() < 0.1:
            members.pop(0)
        return "{" + ",".join(members) + "}"
    parts = [rng.randint(1895, 2305), rng.randint(1, 12), rng.randint(1, 28 if rng.random() < 0.8 else 31), rng.randint(0, 23),
             rng.randint(0, 59), rng.randint(0, 59), rng.choice([0, 1, 404000000, 10**9 - 1])]
    if rng.random() < 0.1:
        parts[rng.randrange(7)] = rng.choice([-1, 0, 24, 60, 10**9, 2**40])
    parts = parts[: rng.choice([7, 7, 6, 5, 3, 3, 4, 2, 0])]
    return "[" + ", ".join(str(it) if rng.random() < 0.97 else number_form(rng, it) for it in parts) + "]"


def address_value(rng):
    if rng.random() < 0.5:
        return json.dumps(rng.choice(ADDRESSES))
    if rng.random() < 0.5:
        return json.dumps(".".join(str(it) for it in rng.randbytes(4)))
    groups = [f"{rng.choice([0, 0, 0, rng.randint(0, 65535)]):x}" for _ in range(8)]
    return json.dumps(":".join(groups)) if rng.random() < 0.5 else json.dumps(re.sub("(^|:)0(:0)+($|:)", "::", ":".join(groups), count=1))


def extended_form(rng, value):
    """A value as MongoDB's Extended JSON, or nearly so."""
    key = rng.choice(["$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$date", "$oid", "$uuid", "$numberlong"])
    text = value if value.startswith('"') or key == "$date" and rng.random() < 0.7 else json.dumps(value)
    if key == "$date" and rng.random() < 0.3:
        text = '{"$numberLong":' + json.dumps(value.strip('"')) + "}"
    return '{"' + key + '":' + text + (',"a":1}' if rng.random() < 0.05 else "}")


def array_value(rng, name, column):
    count = rng.choice([0, 1, 1, 2, 3, 5]) if rng.random() < 0.99 else rng.randint(100, 3000)
    inner = Element(name.removeprefix("Array(").removesuffix(")").encode(), column.encoding)
    if count > 5:
        return "[" + ",".join([suiting(rng, inner)] * count) + "]"
    space = rng.choice(["", "", " "])
    items = ["null" if rng.random() < (0.3 if inner.type_name.startswith(b"Nullable") else 0.02) else suiting(rng, inner)
             for _ in range(count)]
    return "[" + ("," + space).join(items) + space + "]"


def time_value(rng):
    way = rng.random()
    if way < 0.06:
        return java_time(rng)
    if way < 0.08:
        return extended_form(rng, rng.choice(TIMES))
    if way < 0.25:
        text = rng.choice(TIMES)
        return text if NUMBER_TEXT(text) and rng.random() < 0.6 else quote(rng, text)
    if way < 0.4:
        seconds = rng.randint(-2208988800, 10413792000) if rng.random() < 0.5 else rng.randint(1700000000, 1800000000)
        unit = rng.choice([1, 10**3, 10**6, 10**9, -86400])
        count = seconds // -unit if unit < 0 else seconds * unit + rng.randint(0, unit - 1)
        if rng.random() < 0.3:
            text = f"{count}.{rng.randint(0, 10 ** rng.randint(1, 16))}"
            return text if rng.random() < 0.5 else f'"{text}"'
        return number_form(rng, count)
    year = rng.randint(1895, 2305) if way < 0.55 else rng.randint(1971, 2100)
    text = f"{year}-{rng.randint(1, 12):02}-{rng.randint(1, 28 if rng.random() < 0.9 else 31):02}"
    if rng.random() < 0.95:
        text += rng.choice("TTT  t") + f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
        if rng.random() < 0.95:
            text += f":{rng.randint(0, 59):02}"
            if rng.random() < 0.7:
                text += rng.choice("....,") + str(rng.randint(0, 10**12))[: rng.randint(1, 12)]
    if rng.random() < 0.7:
        hours, minutes = rng.randint(0, 18), rng.choice([0, 0, 30, 45])
        text += rng.choice(
            [
                "Z",
                "Z",
                "Z",
                "z",
                " UTC",
                "Z[UTC]",
                f" +{hours:02}:{minutes:02}",
                f"-{hours:02}:{minutes:02}[America/Lima]",
                f"+{hours:02}",
                f"-{hours:02}{minutes:02}",
                f"+{hours:02}:{minutes:02}",
                f"-{hours:02}:{minutes:02}",
            ]
        )
    return f'"{text}"'


def uuid_value(rng):
    digits = rng.randbytes(16).hex()
    text = "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])
    way = rng.random()
    if way < 0.8:
        return f'"{text if way < 0.6 else text.upper()}"'
    return rng.choice(
        [
            f'"{digits}"',
            f'"{text[:-1]}"',
            f'"{text}0"',
            f'"{{{text}}}"',
            f'"{text[:-1]}g"',
            f'" {text}"',
            '"' + text.replace("-", "_") + '"',
        ]
    )


def string_value(rng):
    if rng.random() < 0.9:
        return quote(rng, rng.choice(TEXTS))
    return rng.choice(HOSTILE)


class Element:
    """An array's elements, as far as suiting() looks at a column."""

    def __init__(self, type_name, encoding):
        self.type_name = type_name
        self.encoding = encoding


def suiting(rng, column):
    """JSON that suits a column's type, or just misses it."""
    name = column.type_name.decode().removeprefix("Nullable(")
    if rng.random() < 0.06:
        return rng.choice(HOSTILE)
    if name.startswith("Array"):
        return array_value(rng, name, column)
    if rng.random() < 0.03:
        return extended_form(rng, suiting(rng, column))
    if name.startswith("IP"):
        return address_value(rng)
    if name.startswith("String"):
        return string_value(rng)
    if name.startswith("Bool"):
        return rng.choice(["true", "false"] * 4 + ['"true"', '"false"', "1", "0", '"True"', '"t"', '" true"'])
    if name.startswith(("Int", "UInt")):
        return integer_value(rng, int(re.search(r"\d+", name).group()), name[0] == "I")
    if name.startswith("Float"):
        return float_value(rng)
    if name.startswith("Decimal"):
        precision, scale = map(int, re.findall(r"\d+", name)[:2])
        return decimal_value(rng, precision, scale, column.encoding == "base64")
    if name.startswith("UUID"):
        return uuid_value(rng)
    return time_value(rng)


def type_default(rng, name):
    """A default that fits a type, as a layout may give it."""
    name = name.removeprefix("Nullable(")
    if name.startswith("Array("):
        return [type_default(rng, name.removeprefix("Array(")) for _ in range(rng.randint(0, 2))]
    if name.startswith("IP"):
        return "1.2.3.4" if name.startswith("IPv4") else "2001:db8::1"
    if name.startswith("String"):
        return rng.choice(["", "{}", "none", 'q"\\é\n'])
    if name.startswith("Bool"):
        return rng.choice([True, False])
    if name.startswith(("Int", "UInt")):
        return rng.choice([0, 7, 100])
    if name.startswith("Float"):
        return rng.choice([0, 1.5, -2])
    if name.startswith("UUID"):
        return "11111111-2222-3333-4444-55555555aaaa"
    if name.startswith("Decimal"):
        return 0
    return rng.choice(["2026-01-02", "1970-01-01"]) if name.rstrip(")") in ("Date", "Date32") else "2026-01-02 03:04:05"


def random_layout(rng):
    """The text of a layout."""
    document = rng.choice(["payload", "payload", "payload", "doc", "é"])
    places = ["after.{d}.{k}"] * 4 + ["after.{k}"] * 4 + ["after.{d}.properties.{k}"] * 2
    places += [
        "after.{d}.list[0]",
        "after.{d}.m.{k}[1]",
        "after.{d}.m.n.{k}",
        "{k}",
        "source.{k}",
        "__{k}",
        "source.{k}.x",
        "after.{d}.list[2][1]",
        "before.{k}",
        "before.{d}.{k}",
        "ts_ms",
        'after["{k}"]',
        'after.{d}["q.{k}"]',
    ]
    columns = []
    other = rng.choice([document] * 4 + ["meta"])
    for number in range(rng.randint(2, 12)):
        kind = rng.choice(TYPES + ["DateTime64", "DateTime64", "Decimal", "Decimal"])
        column = {"name": f"c{number}"}
        if kind == "DateTime64":
            kind = f"DateTime64({rng.randint(0, 9)}{rng.choice(['', chr(44) + ' ' + repr('UTC')])})"
        if kind == "Decimal":
            precision = rng.randint(1, rng.choice([38, 76]))
            kind = f"Decimal({precision}, {rng.randint(0, precision)})"
            if rng.random() < 0.5:
                column["encoding"] = "base64"
        column["type"] = f"Nullable({kind})" if rng.random() < 0.3 else kind
        if rng.random() < 0.15:
            column["type"] = rng.choice(["Array({})", "Array({})", "Array(Array({}))"]).format(column["type"])
        if "Float" in kind and rng.random() < 0.5:
            column["nan"] = True
        if rng.random() < 0.2:
            column["exact"] = rng.random() < 0.7
        if "Date" in kind and rng.random() < 0.5 or "Int" in kind and rng.random() < 0.3:
            column["unit"] = rng.choice(UNITS)
        paths = [
            rng.choice(places).format(d=rng.choice([document, document, other]), k=f"k{number}")
            for _ in range(rng.choice([1, 1, 1, 2, 3]))
        ]
        if column["type"].removeprefix("Nullable(").startswith("String") and rng.random() < 0.2:
            paths = [rng.choice([f"after.{document}", f"after.{document}.properties", "op", "source"])]
        paths = list(dict.fromkeys(paths))
        column["path"] = paths[0] if len(paths) == 1 else paths
        if rng.random() < 0.2:
            column["required"] = True
        elif rng.random() < 0.3 and "encoding" not in column:
            column["default"] = type_default(rng, column["type"])
        if rng.random() < 0.3:
            column["lenient"] = True
        columns.append(column)
    if rng.random() < 0.25:
        columns.append({"name": "unmapped", "type": "Array(String)", "path": "unmapped"})
    if rng.random() < 0.25:
        columns.append({"name": "left_out", "type": "Array(String)", "path": "left_out"})
    layout = {"function": "randomRow", "columns": columns}
    if rng.random() < 0.12:
        layout["message"] = rng.choice(["row", "row", "auto"])
    if rng.random() < 0.2 and columns[-1].get("path") != "unmapped" and columns[-2].get("path") != "unmapped":
        layout["metadata_prefix"] = rng.choice(["_", "meta_", "", "cdc."])
    if rng.random() < 0.15:
        layout["base64_documents"] = [f"after.{document}"]
    if rng.random() < 0.2:
        layout["ignore"] = [f"after.{rng.choice([document, 'extra', 'k1', 'k2', document + '.extra'])}"]
    if rng.random() < 0.4:
        layout["accept_missing"] = rng.choice(["error", "skip"])
    if rng.random() < 0.2:
        layout["exact"] = True
    accept = {}
    if rng.random() < 0.7:
        accept["op"] = rng.choice([["c", "r"], ["c", "r", "u", "d"], ["d", "c"], ["c"]])
    if rng.random() < 0.4:
        accept["after.aggregate_type"] = ["event", "assignment"]
    if rng.random() < 0.2:
        accept["source.table"] = ["outbox"]
    if accept:
        layout["accept"] = accept
    return json.dumps(layout, ensure_ascii=rng.random() < 0.5).encode()


class Node:
    """What the layout's paths lead to below one value: members, elements, and the columns that end here."""

    def __init__(self):
        self.below = {}
        self.columns = []

    def at(self, steps):
        node = self
        for step in steps:
            node = node.below.setdefault(step if isinstance(step, int) else step.decode(), Node())
        return node


class Generator:
    """Messages for one layout."""

    def __init__(self, rng, layout, fixtures):
        self.rng = rng
        self.fixtures = fixtures
        self.image, self.root = Node(), Node()
        self.documents = [it.decode() for it in layout.documents]
        for column in layout.columns:
            for path in column.paths:
                if path.space in ("row", "before", "message", "source"):
                    steps = ["source".encode(), *path.steps] if path.space == "source" else path.steps
                    (self.image if path.space in ("row", "before") else self.root).at(steps).columns.append(column)
        self.rules = [(path, sorted(accepted)) for path, accepted in layout.rules]
        self.rows = layout.rows
        self.prefix = layout.prefix.decode()
        self.base64 = {it.decode() for it in layout.base64}
        self.ops = sorted(layout.accepted_ops) if layout.accepted_ops else [b"c", b"r", b"u", b"d"]
        self.colon, self.comma = ":", ","
        self.tame = False
        self.recent = [b"{}"]

    def message(self):
        """One message, as bytes. Many resemble one of the last: a decoder may have learned from it."""
        rng = self.rng
        if rng.random() < 0.25:
            message = rng.choice(self.recent)
            for _ in range(rng.randint(1, 3)):
                message = self.exchange_value(message)
        else:
            message = self.new_message()
        self.recent = [*self.recent[-5:], message]
        return message

    def new_message(self):
        rng = self.rng
        way = rng.random()
        if way < 0.2:
            return self.damage(rng.choice(self.fixtures))
        if way < 0.22:
            return rng.choice([b"", b"null", b" ", b"{}", b"[]", b"0", b'""', b'{"ts_ms":1}', rng.randbytes(rng.randint(1, 40)),
                               b'{"status":"END","id":"1:2","event_count":1,"data_collections":[],"ts_ms":2}'])
        if way < 0.24:
            return rng.choice(BROKEN + HOSTILE).encode()
        spaces = rng.random()
        self.colon, self.comma = (":", ",") if spaces < 0.6 else (": ", ", ") if spaces < 0.9 else (" :\t", "\r\n , ")
        self.tame = rng.random() < 0.6
        text = self.shape()
        if rng.random() < 0.03:
            text = f" \n{text}\t"
        message = text.encode()
        if rng.random() < 0.03:
            message = rng.choice([b"\0\0\0\0\7", b"\0\0\n\0\1", b"\0\0\0\0"]) + message
        return self.damage(message) if rng.random() < 0.12 else message

    # Pieces of JSON

    def object(self, members):
        """An object of (key, JSON) in some order, at times with a key twice."""
        rng = self.rng
        if rng.random() < 0.2:
            rng.shuffle(members)
        if rng.random() < 0.05 and members:
            members.insert(rng.randint(0, len(members)), (rng.choice(members)[0], rng.choice(HOSTILE)))
        if rng.random() < 0.03:
            return "{" + self.comma.join(quote(rng, key) + self.colon + it for key, it in members) + "}"
        return "{" + self.comma.join(f'"{key}"{self.colon}{it}' for key, it in members) + "}"

    def value(self, node):
        """JSON for what a node's columns read."""
        rng = self.rng
        if not node.below or node.columns and rng.random() < 0.1:
            return self.suiting(rng.choice(node.columns)) if node.columns else rng.choice(HOSTILE)
        if any(isinstance(step, int) for step in node.below) and rng.random() < 0.95:
            length = max(step for step in node.below if isinstance(step, int)) + rng.choice([0, 1, 1, 1, 2])
            text = (
                "["
                + self.comma.join(
                    self.value(node.below[at]) if at in node.below else rng.choice(HOSTILE) for at in range(length)
                )
                + "]"
            )
        else:
            text = self.members(node)
        return self.encoded(text, 0.12)

    def suiting(self, column):
        """JSON that suits a column's type; in a tame message what misses is mostly replaced by what does not."""
        value = suiting(self.rng, column)
        for _ in range(4 if self.tame and not column.type.is_string else 0):
            try:
                reference.converted(column.type, reference.parse(value.encode()), column)
                break
            except (reference.Fault, reference.Misfit):
                value = suiting(self.rng, column)
        return value

    def members(self, node):
        rng = self.rng
        members = [
            (step, self.value(below)) for step, below in node.below.items() if isinstance(step, str) and rng.random() < 0.95
        ]
        if rng.random() < 0.3:
            members.append(rng.choice([("extra", rng.choice(HOSTILE)), ("id", "1"), ("note", quote(rng, rng.choice(TEXTS)))]))
        return self.object(members)

    def encoded(self, text, probability):
        """A JSON text, at times in strings."""
        rng = self.rng
        if rng.random() < probability:
            for _ in range(rng.choice([1, 1, 1, 1, 2, 2, 3, 4, 5])):
                text = quote(rng, text)
        return text

    def document(self, node):
        """A JSON column: mostly an object in a string."""
        rng = self.rng
        way = rng.random()
        if way < 0.04:
            text = rng.choice(HOSTILE + BROKEN)
        else:
            text = self.members(node)
            if way < 0.08:
                text = self.damage(text.encode()).decode("utf-8", "replace")
            elif way < 0.2:
                return text
        return quote(rng, text) if way < 0.9 else self.encoded(text, 1)

    def row(self):
        """The members of a row image."""
        rng = self.rng
        members = []
        if rng.random() < 0.97:
            for path, accepted in self.rules:
                if path.in_row:
                    members.append((path.name.decode(), self.accepted_value(accepted)))
        for key, node in self.image.below.items():
            if rng.random() < 0.97:
                members.append((key, self.member(key, node)))
        if rng.random() < 0.2:
            members.append(("extra", rng.choice(HOSTILE)))
        return members

    def member(self, key, node):
        """A member of the row image."""
        rng = self.rng
        if key in self.base64 and rng.random() < 0.9:
            text = self.members(node).encode() if rng.random() < 0.95 else rng.choice(HOSTILE).encode()
            encoded = base64.b64encode(text).decode()
            return json.dumps(encoded if rng.random() < 0.97 else encoded + rng.choice(["=", "A", " ", "-"]))
        return self.document(node) if key in self.documents else self.value(node)

    def accepted_value(self, accepted):
        rng = self.rng
        return (
            json.dumps(rng.choice(accepted).decode())
            if rng.random() < 0.93
            else rng.choice(HOSTILE + ['"other"', '"' + "é" * 40 + '"'])
        )

    def outside(self, node):
        """What stands outside the row image at a node of the root."""
        return [
            (step, self.value(below))
            for step, below in node.below.items()
            if isinstance(step, str) and step not in ("source", "op")
        ]

    def source(self):
        members = [("version", '"3.4.3.Final"')]
        if "source" in self.root.below:
            members += [
                (step, self.value(below)) for step, below in self.root.below["source"].below.items() if isinstance(step, str)
            ]
        for path, accepted in self.rules:
            if path.name == b"source.table":
                members.append(("table", self.accepted_value(accepted)))
        return members

    def op(self):
        rng = self.rng
        if rng.random() < 0.93:
            return json.dumps(rng.choice(self.ops).decode())
        return rng.choice(['"u"', '"d"', '"t"', '"m"', '""', "null", "1", '"' + "x" * 70 + '"', '"\\u0063"', '["c"]', "{}"])

    # Shapes

    def shape(self):
        rng = self.rng
        way = rng.random()
        if self.rows and way < 0.5:
            return self.object(self.row())
        if way < 0.3:
            return self.envelope()
        if way < 0.34:
            return self.cloud_event()
        if way < 0.37:
            return self.changefeed()
        if way < 0.4:
            return self.control()
        if way < 0.53:
            return self.flattened()
        if way < 0.68:
            return self.unwrapped()
        if way < 0.8:
            return self.router_value()
        if way < 0.98:
            return self.wrapped()
        return self.object(
            [
                (rng.choice(["op", "__op", "source", "payload", "schema", "ts_ms", "after"]), rng.choice(HOSTILE))
                for _ in range(rng.randint(0, 4))
            ]
        )

    def envelope(self):
        rng = self.rng
        op = self.op()
        row = self.object(self.row())
        other = "null" if rng.random() < 0.8 else self.object(self.row())
        if rng.random() < 0.04:
            row = rng.choice(HOSTILE + [quote(rng, row)])
        before, after = (row, other) if op == '"d"' else (other, row)
        members = [
            ("before", before),
            ("after", after),
            ("source", self.object(self.source())),
            ("transaction", "null"),
            ("op", op),
            ("ts_ms", "1795478845510"),
        ]
        members += self.outside(self.root)
        if rng.random() < 0.03:
            members.pop(rng.randrange(len(members)))
        if rng.random() < 0.1:
            members = [(key, value) for key, value in members if key in ("before", "after", "op", "ts_ms", "transaction")]
        if rng.random() < 0.06:
            members = [(key, quote(rng, value) if key == "after" else value) for key, value in members]
        return self.object(members)

    def images(self, op):
        """(before, after): JSON."""
        rng = self.rng
        row = self.object(self.row())
        other = "null" if rng.random() < 0.8 else self.object(self.row())
        if rng.random() < 0.1:
            row = quote(rng, row)
        return (row, other) if op == '"d"' else (other, row)

    def cloud_event(self):
        rng = self.rng
        op = self.op()
        before, after = self.images(op)
        data = self.object([("before", before), ("after", after), ("op", op)][: rng.choice([2, 2, 3])])
        if rng.random() < 0.5:
            data = self.object([("schema", "{}"), ("payload", data)])
        members = [("id", '"name:s"'), ("source", '"/debezium/postgresql/s"'), ("specversion", '"1.0"'),
                   ("type", rng.choice(['"io.debezium.connector.postgresql.DataChangeEvent"', '"other"']))]
        members += [("iodebezium" + re.sub("[^A-Za-z0-9]", "", key), value) for key, value in self.source()]
        return self.object([*members, ("iodebeziumop", op), ("data", data)])

    def changefeed(self):
        rng = self.rng
        before, after = self.images(rng.choice(['"c"', '"c"', '"d"']))
        members = [("after", after), ("key", "[1]"), ("updated", '"1767323045123456789.0000000000"'), ("before", before)]
        return self.object(members[: rng.randint(1, 4)])

    def control(self):
        rng = self.rng
        sets = [["ts_ms"], ["status", "id", "event_count", "data_collections"], ["resolved"],
                ["status", "id", "event_count", "data_collections", "ts_ms"],
                ["id", "type", "aggregate_type", "additional_data", "timestamp"]]
        members = [(key, rng.choice(["1", "null", '"x"', "[]"])) for key in rng.choice(sets)]
        if rng.random() < 0.3:
            members = [("source", "{}"), ("tableChanges", "[]"), ("ddl", '"x"')]
        if rng.random() < 0.2:
            members.append((rng.choice(["__op", "x", "op", "__deleted"]), '"c"'))
        return self.object(members)

    def flattened(self):
        rng = self.rng
        op = self.op()
        side, other = ("before", "after") if op == '"d"' else ("after", "before")
        row = self.row()
        members = [(f"{side}.{key}", value) for key, value in row] + [(f"{other}.{key}", "null") for key, _ in row]
        members += [(f"source.{key}", value) for key, value in self.source()] + [("op", op), ("ts_ms", "1795478845517")]
        members += self.outside(self.root)
        if rng.random() < 0.05:
            members = [(key, value) for key, value in members if not key.startswith(side)]
        return self.object(members)

    def unwrapped(self):
        rng = self.rng
        members = self.row() + self.outside(self.root)
        if rng.random() < 0.7:
            members.append((self.prefix + "op" if rng.random() < 0.9 else "__op", self.op()))
        if rng.random() < 0.4:
            members += [(self.prefix + rng.choice(["source_", "source_", ""]) + key, value) for key, value in self.source()]
        if rng.random() < 0.3:
            members.append((self.prefix + "ts_ms", "1795478845510"))
        if rng.random() < 0.6:
            members.append(("__deleted", rng.choice(['"false"'] * 6 + ['"true"', "true", "false", "null", "1", '"TRUE"'])))
        return self.object(members)

    def router_value(self):
        node = self.image.below.get(self.documents[0]) if self.documents else None
        if node is None:
            return self.object(self.row())
        return self.encoded(self.members(node), 0.35)

    def wrapped(self):
        rng = self.rng
        way = rng.random()
        if way < 0.05:
            text, fields = rng.choice(HOSTILE), "[]"
        elif way < 0.55:
            image = f'{{"type":"struct","fields":{self.fields(self.image)},"field":'
            text, fields = self.envelope(), f'[{image}"before"}},{image}"after"}}]'
        elif way < 0.7:
            text, fields = self.flattened(), self.fields(self.image, rng.choice(["after.", "after.", "before."]))
        elif way < 0.85:
            text, fields = self.unwrapped(), self.fields(self.image)
        elif way < 0.97:
            below = self.image.below.get(self.documents[0]) if self.documents else None
            text, fields = self.router_value(), self.fields(below or self.image)
        else:
            text, fields = self.wrapped(), "[]"
        schema = f'{{"type":"struct","fields":{fields},"optional":false}}'
        if rng.random() < 0.1:
            schema = rng.choice(HOSTILE)
        if rng.random() < 0.15:
            return self.object([("payload", text)])
        if rng.random() < 0.1:
            return self.object([("schemaId", '"0e1f"'), ("payload", text)])
        return self.object([("schema", schema), ("payload", text)])

    def fields(self, node, prefix=""):
        rng = self.rng
        fields = []
        for step in node.below:
            if not isinstance(step, str) or rng.random() < 0.1:
                continue
            parts = [("type", '"int64"'), ("field", json.dumps(prefix + step))]
            if rng.random() < 0.8:
                parts.append(("name", json.dumps(rng.choice(SCHEMA_NAMES)) if rng.random() < 0.95 else rng.choice(HOSTILE)))
            if rng.random() < 0.5:
                parts.append(("optional", "true"))
            if rng.random() < 0.2:
                items = f'{{"type":"int64","name":{json.dumps(rng.choice(SCHEMA_NAMES))}}}'
                parts.append(("items", items if rng.random() < 0.7 else f'{{"type":"array","items":{items}}}'))
            rng.shuffle(parts)
            fields.append("{" + ",".join(f'"{key}":{it}' for key, it in parts) + "}")
        return "[" + ",".join(fields) + "]"

    # Damage

    def damage(self, message):
        """A message with something changed in it, mostly little."""
        rng = self.rng
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            if not message:
                return message
            at = rng.randrange(len(message))
            way = rng.random()
            if way < 0.12:
                message = message[:at]
            elif way < 0.24:
                message = message[:at] + bytes([rng.randrange(256)]) + message[at + 1 :]
            elif way < 0.34:
                message = message[:at] + message[at + rng.randint(1, 8) :]
            elif way < 0.44:
                message = (
                    message[:at]
                    + rng.choice(
                        [
                            b'"',
                            b"\\",
                            b"{",
                            b"}",
                            b"[",
                            b"]",
                            b",",
                            b":",
                            b" ",
                            b"\n",
                            b"0",
                            b"-",
                            b"\\u",
                            b"\xc3",
                            b"\xed\xa0\x80",
                            b"\xf4\x90\x80\x80",
                            b"\x7f",
                            b"\0",
                        ]
                    )
                    + message[at:]
                )
            elif way < 0.64:
                message = self.exchange_key(message)
            elif way < 0.9:
                message = self.exchange_value(message)
            else:
                message = self.space(message)
        return message

    def exchange_key(self, message):
        """Calls a member something else, perhaps as another is called."""
        keys = re.findall(rb'"[^"\\]{1,30}"(?=:)', message)
        if not keys:
            return message
        old = self.rng.choice(keys)
        new = self.rng.choice(
            keys + [b'"op"', b'"after"', b'"source"', b'"payload"', b'"__op"', b'"schema"', b'"x"', b'"experiment_id"']
        )
        return message.replace(old + b":", new + b":", 1)

    def exchange_value(self, message):
        """Puts something else in the place of a scalar, in a string's JSON too."""
        rng = self.rng
        scalars = [
            it.span(2)
            for it in re.finditer(rb'(:\s?)("[^"\\{]*"|-?[0-9.eE+-]+|null|true|false|\\"[^"\\]*\\")(?=[,}])', message)
        ]
        if not scalars:
            return message
        start, end = rng.choice(scalars)
        new = rng.choice(
            [
                rng.choice(HOSTILE),
                rng.choice(HOSTILE),
                rng.choice(BROKEN),
                time_value(rng),
                integer_value(rng, 32, True),
                float_value(rng),
                string_value(rng),
            ]
        )
        if message[start : start + 1] == b"\\" or self.inside(message, start):
            new = json.dumps(new)[1:-1]
        return message[:start] + new.encode("utf-8", "replace") + message[end:]

    @staticmethod
    def inside(message, at):
        """Whether a value seems to stand in a string's JSON."""
        return b'\\":' in message[max(0, at - 4) : at]

    def space(self, message):
        places = [it.start() for it in re.finditer(rb"[,:{}\[\]]", message)]
        if not places:
            return message
        at = self.rng.choice(places) + self.rng.randint(0, 1)
        return message[:at] + self.rng.choice([b" ", b"\n", b"\t", b"\r\n", b"\x0b", b"\xc2\xa0"]) + message[at:]


_fixtures = {}


def fixture_messages(pattern="*.ndjson", longest=6000):
    """The real messages that are not too long to be damaged by the thousand."""
    if pattern not in _fixtures:
        lines = [line for path in sorted(FIXTURES.glob(pattern)) for line in path.read_bytes().split(b"\n")]
        _fixtures[pattern] = [line for line in lines if 30 < len(line) < longest]
    return _fixtures[pattern]


def messages(seed, count, layout, pattern="*.public.outbox*.ndjson"):
    """Count messages for a reference.Layout, the same for the same seed."""
    generator = Generator(random.Random(seed), layout, fixture_messages(pattern))
    return [generator.message() for _ in range(count)]


def main():
    seed = sys.argv[1] if len(sys.argv) > 1 else "0"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    layout = reference.load_layout(sys.argv[3] if len(sys.argv) > 3 else DEFAULT_LAYOUT)
    for message in messages(seed, count, layout):
        sys.stdout.buffer.write(message + b"\n")


if __name__ == "__main__":
    main()
