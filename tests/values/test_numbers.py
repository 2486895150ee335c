"""Times against datetime, numbers against decimal and float: random ones, and every day that a column can hold.

TIMES=10000000 for a soak."""

import os
import random
import re
import struct
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.stack.engine import ROOT

sys.path.insert(0, str(ROOT / "tests" / "golden"))
import tables
from tests.support import wire

TIMES = int(os.environ.get("TIMES", "200000"))
NUMBERS = max(30_000, TIMES // 10)
PART = 200_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEAST = datetime(1900, 1, 1, tzinfo=UTC)
END = datetime(2300, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def ask(build, words, values):
    run = subprocess.run(
        [tables.BINARIES[build], *words, "--format", "RowBinary"],
        input=b"".join(wire.string(value) for value in values),
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    return run.stdout


# ---- Times --------------------------------------------------------------------------------------------------


def ticks_of(moment):
    return (moment - EPOCH) // MICROSECOND if LEAST <= moment < END else None


def random_time(rng):
    """A text, and its microseconds since the epoch; a little beyond the column's range, too."""
    moment = datetime(rng.randrange(1890, 2310), 1, 1, tzinfo=UTC) + timedelta(
        days=rng.randrange(366), seconds=rng.randrange(86_400)
    )
    text = f"{moment:%Y-%m-%d}"
    micros = 0
    if rng.random() < 0.05:
        moment = moment.replace(hour=0, minute=0, second=0)
    else:
        text += rng.choice("T ") + f"{moment:%H:%M}"
        if rng.random() < 0.05:
            moment = moment.replace(second=0)
        else:
            digits = "".join(rng.choices("0123456789", k=rng.choice((0, 1, 2, 3, 3, 6, 6, 6, 7, 9, 12))))
            text += f":{moment:%S}" + (f".{digits}" if digits else "")
            micros = int(digits.ljust(6, "0")[:6])
    moment += timedelta(microseconds=micros)
    form = rng.randrange(5)
    if form == 0:
        text += "Z"
    elif form > 1:
        minutes = rng.randrange(18 * 60 + 1)
        sign = rng.choice((1, -1))
        if form == 2:
            minutes -= minutes % 60
        text += "+-"[sign < 0] + f"{minutes // 60:02}" + ("", f"{minutes % 60:02}", f":{minutes % 60:02}")[form - 2]
        moment -= sign * timedelta(minutes=minutes)
    return text.encode(), ticks_of(moment)


def compare_times(build, texts, expected):
    reader = wire.Reader(ask(build, ["timestamp"], texts))
    got = [reader.nullable(reader.int64) for _ in texts]
    reader.end()
    wrong = [(text, want, have) for text, want, have in zip(texts, expected, got, strict=True) if want != have]
    assert not wrong, wrong[:10]


def test_random_times():
    rng = random.Random(TIMES)
    for start in range(0, TIMES, PART):
        pairs = [random_time(rng) for _ in range(min(PART, TIMES - start))]
        compare_times("simdjson", *zip(*pairs, strict=True))


def test_every_day():
    """And the days before and behind, which do not fit."""
    first, last = date(1899, 12, 1), date(2300, 1, 31)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    expected = [ticks_of(datetime(day.year, day.month, day.day, tzinfo=UTC)) for day in days]
    assert sum(ticks is not None for ticks in expected) == 146_097
    compare_times("simdjson", [day.isoformat().encode() for day in days], expected)


def test_no_other_days():
    texts = [f"{year:04}-{month:02}-{day:02}" for year in range(1896, 2305) for month in range(14) for day in (0, 28, 29, 30, 31, 32)]

    def ticks(text):
        try:
            return ticks_of(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC))
        except ValueError:
            return None

    compare_times("simdjson", [text.encode() for text in texts], [ticks(text) for text in texts])


# ---- Numbers ------------------------------------------------------------------------------------------------

INTEGERS = {f"{sign}Int{bits}": (bits, not sign) for sign in ("", "U") for bits in (8, 16, 32, 64)}
DECIMALS = {"Decimal(9, 2)": (9, 2, 4), "Decimal(18, 0)": (18, 0, 8), "Decimal(38, 9)": (38, 9, 16)}
TYPES = [*INTEGERS, *DECIMALS, "Float64"]


def random_number(rng):
    """A number as JSON writes it: about a type's limits, about a power of ten, or anything."""
    kind = rng.randrange(6)
    if kind == 0:
        return str(rng.choice((1, -1)) * (1 << rng.choice((7, 8, 15, 16, 31, 32, 53, 63, 64))) + rng.randrange(-2, 3))
    if kind == 1:
        return str(rng.choice((1, -1)) * 10 ** rng.randrange(40) + rng.randrange(-1, 2))
    if kind == 2:
        (bits,) = struct.unpack("<d", rng.randbytes(8))
        return repr(bits) if bits - bits == 0 else "0"
    digits = str(rng.randrange(10 ** rng.randrange(1, 25)))
    text = rng.choice(("", "-")) + digits
    if rng.random() < 0.6:
        text += "." + "".join(rng.choices("0000123456789", k=rng.randrange(1, 20)))
    if rng.random() < 0.4:
        text += rng.choice("eE") + rng.choice(("", "+", "-")) + str(rng.randrange(rng.choice((5, 40, 400))))
    return text


def scaled(text, scale):
    """The value times 10^scale, where that is an integer of a size that may fit; else None."""
    sign, digits, exponent = Decimal(text).as_tuple()
    number = int("".join(map(str, digits)))
    if number == 0:
        return 0
    shift = exponent + scale
    if shift > 60:
        return None
    if shift < 0:
        number, rest = divmod(number, 10 ** min(-shift, 1000))
        if rest:
            return None
    else:
        number *= 10**shift
    return -number if sign else number


def expected(type_name, text, quoted):
    if type_name == "Float64":
        number = float(text)
        return number if abs(number) != float("inf") else None
    if type_name in DECIMALS:
        precision, scale, _ = DECIMALS[type_name]
        number = scaled(text, scale)
        return number if number is not None and abs(number) < 10**precision else None
    if quoted and not re.fullmatch("-?[0-9]+", text):
        return None
    bits, signed = INTEGERS[type_name]
    number = scaled(text, 0)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return number if number is not None and low <= number <= high else None


def read(reader, type_name):
    if type_name == "Float64":
        return struct.unpack("<d", reader.take(8))[0]
    if type_name in DECIMALS:
        return int.from_bytes(reader.take(DECIMALS[type_name][2]), "little", signed=True)
    bits, signed = INTEGERS[type_name]
    return int.from_bytes(reader.take(bits // 8), "little", signed=signed)


def same(want, have):
    """Bit by bit where it is a float: -0.0 is not 0.0."""
    return want == have and (not isinstance(want, float) or struct.pack("<d", want) == struct.pack("<d", have))


@pytest.mark.parametrize("build", tables.BINARIES)
def test_random_numbers(build, tmp_path):
    columns = ",".join(
        f'{{"name":"c{number}","type":"Nullable({name})","path":"after.v","lenient":true}}' for number, name in enumerate(TYPES)
    )
    layout = tmp_path / "numbers.json"
    layout.write_text(f'{{"function":"numbers","columns":[{columns}]}}')
    rng = random.Random(NUMBERS)
    texts = [(random_number(rng), rng.random() < 0.3) for _ in range(NUMBERS)]
    messages = [
        '{"op":"c","source":{},"after":{"v":%s}}' % (f'"{text}"' if quoted else text) for text, quoted in texts
    ]
    reader = wire.Reader(ask(build, ["decode", layout], [message.encode() for message in messages]))
    wrong = []
    fitted = 0
    for text, quoted in texts:
        assert reader.take(1) == b"\0" and reader.string() == b""
        for name in TYPES:
            want, have = expected(name, text, quoted), reader.nullable(lambda name=name: read(reader, name))
            fitted += want is not None
            if not same(want, have):
                wrong.append((name, text, quoted, want, have))
    reader.end()
    assert not wrong, (len(wrong), wrong[:10])
    assert fitted > NUMBERS
