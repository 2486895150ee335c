#!/usr/bin/env python3
"""Writes the fuzzers' seeds, made of the fixtures and tables, into FOLDER/NAME/ for each harness.

    tests/fuzz/seeds.py FOLDER"""

import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "golden"), str(ROOT / "tests" / "conformance")]
import suite
import tables
from tests.support import wire

FORMATS = {"LineAsString": 0, "RowBinary": 1, "Native": 2}
DECODE, EXTRACT, UNNEST, TIMESTAMP = range(4)
LARGE = 20_000


def messages():
    for fixture in sorted(tables.FIXTURES.glob("*.ndjson")):
        for message in tables.messages(fixture.name):
            if len(message) < LARGE:
                yield message


def documents():
    yield from messages()
    yield from (case for case in suite.cases().values() if len(case) < LARGE)


def times():
    return [value.encode() for value, _ in tables.lines_of("timestamps.tsv", "value\tanswer")]


def streams():
    """Some rows in every format to every function; the bytes before them are what fuzz_stream.c reads."""
    rows = [message for message in messages() if len(message) < 2000][::40]
    for name, form in FORMATS.items():
        for function in (DECODE, EXTRACT, UNNEST, TIMESTAMP):
            arguments = times()[::9] if function == TIMESTAMP else rows
            two = function == EXTRACT and name != "LineAsString"
            values = [(value, b"after.payload.user_id") if two else (value,) for value in arguments]
            for limit, cut in ((255, 9), (40, 0), (255, 255)):
                yield bytes([form + 3 * function, limit, cut]) + wire.ENCODE[name](values)


def registrations():
    earlier = (ROOT / "tests" / "fixtures" / "installed-1.1" / "debezium_udf_function.xml").read_bytes()
    yield earlier[:8000]
    # Its first function under the name of the harness, with and without comments.
    first = re.search(rb"<!-- layout .*?</function>", earlier, re.S)[0].replace(b"experimentEvent", b"aRow")
    first = re.sub(rb"<return_type>.*?<", b"<return_type>Tuple(id Int64)<", first)
    for function in (first, re.sub(rb"<!--.*?-->", b"", first, flags=re.S)):
        yield b"<functions>\n    " + function + b"\n</functions>\n"
        yield b"<f><function><command>x</command></function>" + function + function.replace(b"aRow", b"bRow") + b"</f>"
    yield b"<functions>\n</functions>\n"
    yield b'<f a="1"><![CDATA[<]]><!-- x --><function><name>a&#82;ow</name><command>debezium-udf unnest</command></function></f>'


def seeds():
    before = b""
    for number, message in enumerate(messages()):
        yield "decode", bytes([number % 256]) + message
        yield "decode", bytes([number % 251]) + b"\xff".join((before, before, message))
        before = message
        yield "query", b"after.payload.user_id\n" + message
    for number, document in enumerate(documents()):
        yield "differential", bytes([number % 129, 0x22]) + document
        if number % 3 == 0:
            yield "differential", b"\x80\x00" + b'{"op":"c","after":{"payload":"' + suite.escaped(document) + b'"}}'
    for layout in tables.LAYOUTS.values():
        yield "layout", layout.read_bytes()
    for registration in registrations():
        yield "registration", registration
    for number, time in enumerate(times()):
        yield "timestamp", bytes([number % 6]) + time
    for stream in streams():
        yield "stream", stream


def main():
    folder = Path(sys.argv[1])
    for harness, data in seeds():
        into = folder / harness
        into.mkdir(parents=True, exist_ok=True)
        (into / hashlib.sha1(data).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    main()
