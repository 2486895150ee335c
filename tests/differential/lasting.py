#!/usr/bin/env python3
"""More messages than 32 bits count, through one process: does the last still get the answer of the first?

    tests/differential/lasting.py [MESSAGES]      2^32 where it is not said; some minutes

MESSAGES tombstones, then the same 1,000 change events that another process answers at once. The layout has paths that lead nowhere in
any of them, so that what is noted of a message is never noted for these paths.
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

EVENTS = 1000
PIECE = 1 << 20
LAYOUT = {
    "function": "lasting",
    "columns": [
        {"name": "id", "type": "Int64", "path": "after.id"},
        {"name": "nowhere", "type": "String", "path": "after.nowhere", "default": "none"},
        {"name": "below", "type": "Nullable(String)", "path": ["after.id.x", "source.nowhere", "nowhere"]},
    ],
}


def events() -> bytes:
    """Rows of RowBinary; half of them are flattened."""
    rows = []
    for number in range(EVENTS):
        event = {"op": "c", "after": {"id": number}, "source": {"lsn": number}}
        if number % 2:
            event = {"op": "c", "after.id": number, "source.lsn": number}
        text = json.dumps(event).encode()
        assert len(text) < 128
        rows.append(bytes([len(text)]) + text)
    return b"".join(rows)


def feed(pipe, tombstones: int, rows: bytes) -> None:
    for done in range(0, tombstones, PIECE):
        pipe.write(bytes(min(PIECE, tombstones - done)))
    pipe.write(rows)
    pipe.close()


def answer(layout: Path, tombstones: int, rows: bytes) -> tuple:
    """The length of the whole answer, and its last bytes."""
    with subprocess.Popen([PROGRAM, "decode", layout, "--format", "RowBinary"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        thread = threading.Thread(target=feed, args=(process.stdin, tombstones, rows))
        thread.start()
        length, last = 0, b""
        while piece := process.stdout.read1(PIECE):
            length += len(piece)
            last = (last + piece)[-PIECE:]
        thread.join()
    assert process.returncode == 0, f"the program ended with {process.returncode}"
    return length, last


def main(arguments: list) -> int:
    tombstones = int(arguments[0]) if arguments else 1 << 32
    rows = events()
    with tempfile.TemporaryDirectory() as folder:
        layout = Path(folder) / "lasting.json"
        layout.write_text(json.dumps(LAYOUT))
        size, expected = answer(layout, 0, rows)
        one, _ = answer(layout, 1, b"")
        start = time.monotonic()
        length, last = answer(layout, tombstones, rows)
    assert length == size + one * tombstones, f"{length} bytes answered"
    assert last.endswith(expected), f"another answer after {tombstones} messages"
    print(f"{EVENTS} events after {tombstones} messages answered as at first, {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
