"""Memory: every allocation refused in turn, a limit on all of it, huge messages, and none that grows over a gigabyte of messages
(HOSTILE_GB=20 for a soak)."""

import json
import os
import random
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.programs import LAYOUT, PROGRAM, ROOT

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests" / "golden"))
import tables

GIGABYTES = float(os.environ.get("HOSTILE_GB", "1"))
MEBIBYTE = 1 << 20
# The programs linked dynamically, so that their malloc can be replaced.
FOLDERS = {"simdjson": ROOT / "build" / "hostile", "cjson": ROOT / "build" / "hostile" / "cjson"}


# ---- Allocations that fail ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def refusing(tmp_path_factory):
    """The preloaded malloc, and both programs linked dynamically, which it needs."""
    library = tmp_path_factory.mktemp("hostile") / "fail_malloc.so"
    subprocess.run(
        ["gcc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, HERE / "fail_malloc.c"],
        check=True,
    )
    for back_end, folder in FOLDERS.items():
        program = folder / "debezium-udf"
        folder.mkdir(parents=True, exist_ok=True)
        program.unlink(missing_ok=True)
        subprocess.run(
            ["make", "-s", f"JSON={back_end}", f"PROGRAM={program}", "STATIC=-pie", program],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
    return library


def event(**members):
    payload = {"experiment_id": 1, "variant_id": 2, "user_id": "u", "timestamp": "2026-01-02T03:04:05Z", **members}
    row = {"aggregate_type": "event", "aggregate_id": "1", "payload": json.dumps(payload)}
    return json.dumps({"op": "c", "source": {"lsn": 1}, "after": row}).encode()


# The first is learned, the second is like it; the rest are what needs the most memory in different ways.
MESSAGES = [
    event(),
    event(),
    event(properties={"value": 1.5, "page": "x\n" * 20_000}),
    b'{"op":"c","source":{},"after":{"aggregate_type":"event","aggregate_id":1,"payload":[' + b"1," * 500 + b"1]}}",
    b"[" * 200,
    event(user_id="\u00e9" * 300_000),
]

CALLS = [("decode", str(LAYOUT)), ("unnest",), ("extract", "after.payload.user_id"), ("timestamp",)]


def call(build, words, form, refusing=None, **environment):
    preload = {"LD_PRELOAD": str(refusing)} if refusing else {}
    return subprocess.run(
        [FOLDERS[build] / "debezium-udf", *words, "--format", form],
        input=wire.ENCODE[form]([(message,) for message in MESSAGES]),
        capture_output=True,
        env={**os.environ, **preload, **environment},
        timeout=60,
        check=False,
    )




def acceptable(words, want, run):
    """Every row that came is the right one, or says that there was no memory; whatever is missing was told."""
    if run.returncode == 1:
        if not re.fullmatch(rb"debezium-udf: .*\n", run.stderr):
            return False
    elif (run.returncode, run.stderr) != (0, b""):
        return False
    got, rows = run.stdout.split(b"\n"), want.split(b"\n")
    if len(got) > len(rows) or (run.returncode == 0 and len(got) != len(rows)):
        return False
    if run.returncode == 1:
        got = got[:-1]
    for have, right in zip(got, rows, strict=False):
        if have == right:
            continue
        if words[0] == "decode" and have.startswith(b'{"outcome":"error","reason":"out of memory"'):
            continue
        if words[0] == "extract" and have == b"\\N":
            continue
        # unnest hands on what it cannot expand; a message without memory comes back as it is.
        if words[0] == "unnest" and have in MESSAGES:
            continue
        return False
    return True


@pytest.mark.parametrize("words", CALLS, ids=lambda words: words[0])
@pytest.mark.parametrize("build", ["simdjson", "cjson"])
def test_each_allocation_fails_in_turn(refusing, build, words):
    want = call(build, words, "LineAsString")
    assert (want.returncode, want.stderr) == (0, b"")
    counted = call(build, words, "LineAsString", refusing, FAIL_COUNT="1")
    assert counted.stdout == want.stdout
    count = int(re.fullmatch(rb"allocations (\d+)\n", counted.stderr)[1])
    assert count >= 3
    # cJSON allocates for every value: of many, each of the first and then some of all are refused.
    tries = sorted({*range(1, min(count, 50) + 1), *random.Random(1).sample(range(1, count + 1), min(count, 30))})
    for mode in ({}, {"FAIL_FROM": "1"}):
        for number in tries:
            run = call(build, words, "LineAsString", refusing, FAIL_AT=str(number), **mode)
            assert acceptable(words, want.stdout, run), (number, mode, run.returncode, run.stderr, run.stdout[:300])


@pytest.mark.parametrize("form", ["RowBinary", "Native"])
@pytest.mark.parametrize("build", ["simdjson", "cjson"])
def test_each_allocation_fails_in_a_binary_format(refusing, build, form):
    """Whatever comes is whole: a server reads as many rows as it sent, or none that is cut."""
    words = CALLS[0]
    want = call(build, words, form).stdout
    for number in range(1, 40):
        run = call(build, words, form, refusing, FAIL_AT=str(number))
        assert run.returncode in (0, 1), (number, run.returncode, run.stderr)
        assert (run.returncode == 1) == bool(run.stderr), (number, run.stderr)
        if run.returncode == 0:
            assert run.stdout == want or b"out of memory" in run.stdout, number


# ---- A limit ------------------------------------------------------------------------------------------------


def test_a_limit_of_memory_is_an_error_row():
    huge = event(user_id="x" * (64 * MEBIBYTE))
    data = wire.row_binary([(event(),), (huge,), (event(),)])
    run = subprocess.run(
        [PROGRAM, "decode", LAYOUT, "--max-memory", "48M", "--format", "RowBinary"],
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    small = run.stdout[: run.stdout.index(b"\x02\x0dout of memory")]
    assert run.stdout.startswith(small) and run.stdout.endswith(small) and len(run.stdout) < 3 * len(small) + 300


# ---- Huge messages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", tables.BINARIES)
def test_a_message_of_64_mebibytes(build):
    text = ("x" * 1020 + "\u00e9\n") * (64 * 1024)
    run = subprocess.run(
        [tables.BINARIES[build], "extract", "after.payload.user_id", "--format", "RowBinary"],
        input=wire.row_binary([(event(user_id=text),), (event(),)]),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    reader = wire.Reader(run.stdout)
    assert reader.nullable(reader.string) == text.encode()
    assert reader.nullable(reader.string) == b"u"
    reader.end()


def test_a_message_of_a_gibibyte():
    """With a limit that lets it in; its text comes back whole, and what follows is answered."""
    size = 1024 * MEBIBYTE
    program = subprocess.Popen(
        [tables.BINARIES["simdjson"], "unnest", "--format", "RowBinary", "--max-message", "2G"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    head, tail = b'{"op":"c","source":{},"after":{"text":"', b'"}}'
    after = head + b"[1]" + tail
    piece = b"y" * MEBIBYTE

    def write():
        program.stdin.write(wire.varint(len(head) + size + len(tail)) + head)
        for _ in range(size // len(piece)):
            program.stdin.write(piece)
        program.stdin.write(tail + wire.string(after))
        program.stdin.close()

    writer = threading.Thread(target=write)
    writer.start()
    prefix = wire.varint(len(head) + size + len(tail)) + head
    assert program.stdout.read(len(prefix)) == prefix
    for _ in range(size // len(piece)):
        assert program.stdout.read(len(piece)) == piece
    assert program.stdout.read() == tail + wire.string(b'{"op":"c","source":{},"after":{"text":[1]}}')
    writer.join()
    assert program.wait(10) == 0
    program.stdout.close()


# ---- Nothing that grows -------------------------------------------------------------------------------------


def resident(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


def mixed_block():
    """A few MiB of all fixtures and of broken, deep and large messages, in an order that is not theirs."""
    messages = [message for path in sorted(tables.FIXTURES.glob("*.ndjson")) for message in tables.messages(path.name)]
    shuffled = random.Random(7)
    broken = [message[: shuffled.randrange(len(message) + 1)] for message in messages]
    keys = [json.dumps({f"k{shuffled.randrange(1 << 30)}": i, "op": "c", "source": {}}).encode() for i in range(500)]
    everything = (messages + broken + keys + [b"[" * 100_000, event(user_id="z" * 300_000)]) * 2
    shuffled.shuffle(everything)
    return wire.row_binary([(message,) for message in everything])


@pytest.mark.parametrize("build", tables.BINARIES)
def test_memory_stays_flat(build):
    block = mixed_block()
    rounds = max(4, int(GIGABYTES * 1e9 / len(block)))
    if build == "cjson" and GIGABYTES <= 1:
        rounds //= 4
    process = subprocess.Popen(
        [tables.BINARIES[build], "decode", LAYOUT, "--format", "RowBinary"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )

    def drain():
        while os.read(process.stdout.fileno(), MEBIBYTE):
            pass

    reader = threading.Thread(target=drain)
    reader.start()
    sizes = []
    for number in range(rounds):
        process.stdin.write(block)
        if number in (rounds // 10, rounds - 1):
            sizes.append(resident(process))
    process.stdin.close()
    reader.join()
    assert process.wait(10) == 0
    process.stdout.close()
    print(f"{build}: {rounds * len(block) / 1e9:.2f} GB, resident {sizes[0]} kB after a tenth, {sizes[1]} kB at the end")
    assert sizes[1] - sizes[0] < 1024, sizes
    assert sizes[1] < 32 * 1024, sizes
