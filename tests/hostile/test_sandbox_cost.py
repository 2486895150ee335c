"""What the filter of system calls costs: what it adds to a call, times the calls that messages take, is next to nothing of their CPU time."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.programs import LAYOUT, ROOT
from tests.support.programs import PROGRAM as BINARY

MESSAGES = 100_000
AT_MOST = 0.01


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> Path:
    """A file of events as RowBinary."""
    payload = json.dumps({"experiment_id": 1, "variant_id": 2, "user_id": "u", "timestamp": "2026-01-02T03:04:05Z",
                          "properties": {"page": "/checkout", "device": "mobile", "value": 9.5, "filler": "x" * 400}})
    rows = bytearray()
    for number in range(MESSAGES):
        message = json.dumps({"op": "c", "before": None, "source": {"lsn": number}, "after": {
            "id": number, "aggregate_id": f"a{number}", "aggregate_type": "event", "payload": payload}}).encode()
        rows += wire.string(message)
    path = tmp_path_factory.mktemp("messages") / "rows"
    path.write_bytes(rows)
    return path


def decoded(rows: Path) -> tuple:
    """(system calls that move bytes, CPU seconds, what the kernel says of its filter) of the program, through two pipes as the server has them."""
    feed = subprocess.Popen(["cat", rows], stdout=subprocess.PIPE)
    run = subprocess.Popen([BINARY, "decode", LAYOUT, "--format", "RowBinary"], stdin=feed.stdout, stdout=subprocess.PIPE)
    drain = subprocess.Popen(["cat"], stdin=run.stdout, stdout=subprocess.DEVNULL)
    feed.stdout.close()
    run.stdout.close()
    # It has ended, and its accounts are still there.
    os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOWAIT)
    accounts = dict(line.split(":", 1) for name in ("io", "status") for line in Path(f"/proc/{run.pid}/{name}").read_text().splitlines())
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    assert (feed.wait(), run.returncode, drain.wait()) == (0, 0, 0)
    return int(accounts["syscr"]) + int(accounts["syscw"]), usage.ru_utime + usage.ru_stime, accounts["Seccomp"].strip()


@pytest.fixture(scope="module")
def added(tmp_path_factory) -> float:
    """Nanoseconds that the filter adds to a call, from the object that is linked into the program."""
    program = tmp_path_factory.mktemp("filter") / "filter_cost"
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-I", ROOT / "udf", "-o", program, ROOT / "tests" / "hostile" / "filter_cost.c",
                    ROOT / "build" / "libdebezium-udf.a"], check=True)
    done = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True)
    before, behind = map(float, done.stdout.split())
    return behind - before


def test_the_filter_costs_next_to_nothing(rows, added, capsys):
    calls, seconds, mode = decoded(rows)
    assert mode == "2", "a filter is in force"
    # For each that moves bytes, one that waits for them.
    share = 2 * calls * added / (seconds * 1e9)
    with capsys.disabled():
        print(f"\n    {MESSAGES:,} messages: {seconds * 1000:.0f} ms of CPU and {calls} calls that move bytes, to each of which the filter adds "
              f"{added:.0f} ns: {share:.2%}", end="")
    assert calls < MESSAGES / 20
    assert added > 0, "a filter that takes no time at all was not asked"
    assert share < AT_MOST
