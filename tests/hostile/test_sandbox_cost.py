"""What the filter of system calls costs: the same program with and without it, over the same messages, by CPU time."""
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "build" / "debezium-udf"
LAYOUT = ROOT / "udf" / "experiment_event.json"
# A filter that cost more than this would show; two runs of one program differ by about as much.
AT_MOST, ROUNDS = 1.03, 40


@pytest.fixture(scope="module")
def unconfined(tmp_path_factory):
    """The program's own objects, but for udf/host/sandbox.c, which is built as SANDBOX=no has it."""
    folder = tmp_path_factory.mktemp("unconfined")
    subprocess.run(["cc", "-std=c11", "-O2", "-fPIE", "-DNO_SANDBOX", "-I", ROOT / "udf", "-c", "-o", folder / "sandbox.o", ROOT / "udf" / "host" / "sandbox.c"],
                   check=True)
    objects = [ROOT / "build" / "obj" / "main.o", folder / "sandbox.o", ROOT / "build" / "libdebezium-udf.a"]
    subprocess.run(["c++", "-s", "-static-pie", "-o", folder / "debezium-udf", *objects], check=True)
    return folder / "debezium-udf"


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    """A hundred thousand events as RowBinary."""
    payload = json.dumps({"experiment_id": 1, "variant_id": 2, "user_id": "u", "timestamp": "2026-01-02T03:04:05Z",
                          "properties": {"page": "/checkout", "device": "mobile", "value": 9.5, "filler": "x" * 400}})
    rows = bytearray()
    for number in range(100_000):
        message = json.dumps({"op": "c", "before": None, "source": {"lsn": number}, "after": {
            "id": number, "aggregate_id": f"a{number}", "aggregate_type": "event", "payload": payload}}).encode()
        rows += bytes([len(message) & 127 | 128, len(message) >> 7]) + message
    path = tmp_path_factory.mktemp("messages") / "rows"
    path.write_bytes(rows)
    return path


def cpu_seconds(program: Path, messages: Path) -> float:
    """User and system time of the program alone, through two pipes as the server has them."""
    feed = subprocess.Popen(["cat", messages], stdout=subprocess.PIPE)
    run = subprocess.Popen([program, "decode", LAYOUT, "--format", "RowBinary"], stdin=feed.stdout, stdout=subprocess.PIPE)
    drain = subprocess.Popen(["cat"], stdin=run.stdout, stdout=subprocess.DEVNULL)
    feed.stdout.close()
    run.stdout.close()
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    assert (feed.wait(), run.returncode, drain.wait()) == (0, 0, 0)
    return usage.ru_utime + usage.ru_stime


def filter_of(program: Path) -> str:
    """What the kernel says of a running one: 2 is a filter, 0 none."""
    with subprocess.Popen([program, "decode", LAYOUT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        run.stdin.write(b"{}\n")
        run.stdin.flush()
        run.stdout.read(1)
        state = Path(f"/proc/{run.pid}/status").read_text()
        run.stdin.close()
        run.stdout.read()
    return next(line.split()[1] for line in state.splitlines() if line.startswith("Seccomp:"))


def test_the_filter_costs_nothing_measurable(unconfined, messages, capsys):
    assert (filter_of(BINARY), filter_of(unconfined)) == ("2", "0")
    confined = free = float("inf")
    for rounds in range(1, ROUNDS + 1):
        confined = min(confined, cpu_seconds(BINARY, messages))
        free = min(free, cpu_seconds(unconfined, messages))
        if rounds >= 5 and confined < free * AT_MOST:
            break
    with capsys.disabled():
        print(f"\n    CPU for 100,000 messages, least of {rounds} rounds: {confined * 1000:.0f} ms in the sandbox, "
              f"{free * 1000:.0f} ms without", end="")
    assert confined < free * AT_MOST
