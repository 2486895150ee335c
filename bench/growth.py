"""How the program itself grows: its size, its start, and the time of a message in short and long runs."""
import os
import statistics
import subprocess
import time

from tests.support import wire

from .contenders import BINARY, BUILD, LAYOUT, PROGRAMS
from .measure import Page, peak_memory, table

CALL = [BINARY, "decode", LAYOUT, "--format", "RowBinary"]


def row_binary(kind: str, count: int) -> bytes:
    """Messages as the engine sends them."""
    messages = subprocess.check_output([BUILD / "generate", kind, str(count)]).splitlines()
    return b"".join(map(wire.string, messages))


def start_up(message: bytes, times: int) -> list:
    """Milliseconds from the call to the first answer, as the engine's pool waits for it."""
    answers = []
    for _ in range(times):
        start = time.perf_counter()
        with subprocess.Popen(CALL, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as program:
            program.stdin.write(message)
            program.stdout.read(1)
            answers.append((time.perf_counter() - start) * 1000)
            program.stdin.close()
            program.stdout.read()
    return answers


def run(block: bytes, blocks: int):
    """CPU seconds, user and system, and the peak memory in bytes of a program that answers a block so many times."""
    with open(os.devnull, "wb") as nowhere:
        program = subprocess.Popen(CALL, stdin=subprocess.PIPE, stdout=nowhere, bufsize=0)
        for _ in range(blocks):
            view = memoryview(block)
            while view:
                view = view[program.stdin.write(view):]
        peak = peak_memory(program.pid)
        program.stdin.close()
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode != 0:
        raise SystemExit(f"bench: {CALL[0]} ended with status {program.returncode}")
    return usage.ru_utime + usage.ru_stime, peak


def report(page: Page, quick: bool) -> None:
    page.add("## The program\n")
    one = row_binary("uniform", 1)
    starts = start_up(one, 20 if quick else 100)
    page.add(table(["", ""], [
        ("size of debezium-udf", f"{BINARY.stat().st_size / 1e6:.2f} MB"),
        ("the same on cJSON", f"{PROGRAMS['cjson'].stat().st_size / 1e6:.2f} MB"),
        ("from its start to the first answer, least", f"{min(starts):.2f} ms"),
        ("the same, median", f"{statistics.median(starts):.2f} ms")]))
    page.add("### Rows\n\nSmall messages in RowBinary through one process: its CPU time, user and system, start included.\n")
    lines = []
    for rows in (1_000, 10_000, 100_000, 1_000_000, *(() if quick else (10_000_000,))):
        block = row_binary("small", min(rows, 10_000))
        blocks = max(1, rows // 10_000)
        runs = [run(block, blocks) for _ in range(5 if rows < 1_000_000 else 1)]
        seconds, peak = min(runs)
        lines.append((f"{rows:,}", f"{seconds / rows * 1e9:,.0f}", f"{peak / 1e6:.1f}"))
    page.add(table(["messages", "CPU ns a message", "peak MB"], lines))
