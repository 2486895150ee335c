#!/usr/bin/env python3
"""More messages than 32 bits count, through one process: do the last get the answers of the first?

    tests/differential/lasting.py [COUNT]      2^32 where it is not said; some minutes

First change events in which every path of the layout leads to a value, then tombstones, and around message COUNT events in which most
paths lead nowhere: what was noted of the first ones, or never, must not be taken for theirs.
"""
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.support.programs import PROGRAM  # noqa: E402

EVENTS = 1000  # each time
PIECE = 1 << 20
LAYOUT = {
    "function": "lasting",
    "columns": [
        {"name": "id", "type": "Int64", "path": "after.id"},
        {"name": "nowhere", "type": "String", "path": "after.nowhere", "default": "none"},
        {"name": "below", "type": "Nullable(String)", "path": ["after.nowhere.x", "source.nowhere", "nowhere"]},
    ],
}


def events(nowhere: str) -> bytes:
    """Rows of RowBinary; half of them are flattened. `nowhere` is more members of the row image and the source, or nothing."""
    rows = []
    for number in range(EVENTS):
        text = f'{{"op":"c","after":{{"id":{number}{nowhere}}},"source":{{"lsn":1{nowhere}}}{nowhere}}}'
        if number % 2:
            flat = nowhere.replace('"nowhere"', '"after.nowhere"') + nowhere.replace('"nowhere"', '"source.nowhere"')
            text = f'{{"op":"c","after.id":{number},"source.lsn":1{flat}{nowhere}}}'
        assert len(text) < 128
        rows.append(bytes([len(text)]) + text.encode())
    return b"".join(rows)


def feed(pipe, first: bytes, tombstones: int, last: bytes) -> None:
    pipe.write(first)
    for done in range(0, tombstones, PIECE):
        pipe.write(bytes(min(PIECE, tombstones - done)))
    pipe.write(last)
    pipe.close()


def answer(layout: Path, *messages) -> tuple:
    """The length of the whole answer, and its last bytes."""
    with subprocess.Popen([PROGRAM, "decode", layout, "--format", "RowBinary"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        thread = threading.Thread(target=feed, args=(process.stdin, *messages))
        thread.start()
        length, end = 0, b""
        while piece := process.stdout.read1(PIECE):
            length += len(piece)
            end = (end + piece)[-PIECE:]
        thread.join()
    assert process.returncode == 0, f"the program ended with {process.returncode}"
    return length, end


def main(arguments: list) -> int:
    count = int(arguments[0]) if arguments else 1 << 32
    first, last = events(',"nowhere":{"x":1}'), events("")
    tombstones = count - EVENTS - EVENTS // 2
    with tempfile.TemporaryDirectory() as folder:
        layout = Path(folder) / "lasting.json"
        layout.write_text(json.dumps(LAYOUT))
        size, expected = answer(layout, b"", 0, last)
        size += answer(layout, first, 0, b"")[0] + tombstones * answer(layout, b"", 1, b"")[0]
        start = time.monotonic()
        length, end = answer(layout, first, tombstones, last)
    assert length == size, f"{length} bytes answered instead of {size}"
    assert end.endswith(expected), f"another answer around message {count}"
    print(f"{EVENTS} events around message {count} answered as at first, {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
