"""Clocks and pages that all benchmarks share."""
import contextlib
import platform
import re
import statistics
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

from tests.support.programs import PROGRAM, ROOT

RESULTS = ROOT / "bench" / "results"


def children(pid: int) -> list:
    """The processes that a process has started, its threads included."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, path.read_text().split())
        except OSError:
            continue
    return found


def cpu(pid: int) -> dict:
    """CPU seconds, user and system, that each process of a tree has used, in nanosecond steps: pid -> seconds."""
    seen = {}
    for process in (pid, *children(pid)):
        try:
            # The kernel's clock of another process (clock_getcpuclockid).
            seen[process] = time.clock_gettime((~process << 3) | 2)
        except OSError:
            continue
    return seen


def threads_cpu(pid: int, name: str) -> float:
    """CPU seconds that a process's threads of this name have used; those that have ended do not count."""
    total = 0
    for path in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            if (path / "comm").read_text().startswith(name):
                total += int((path / "schedstat").read_text().split()[0])
    return total / 1e9


def cpu_between(before: dict, after: dict) -> float:
    return sum(seconds - before.get(process, 0) for process, seconds in after.items())


def peak_memory(pid: int) -> int:
    """The most bytes that a process ever had in memory."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


class Samples:
    """Measured values under names; minima and medians of them."""

    def __init__(self):
        self.values: dict = {}

    def add(self, name, value: float) -> None:
        self.values.setdefault(name, []).append(value)

    def least(self, name) -> float:
        return min(self.values[name])

    def median(self, name) -> float:
        return statistics.median(self.values[name])


def machine() -> list:
    """Rows of the page's first table: what it was measured on."""
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", info)
    flags = set(re.search(r"flags\s*: (.*)", info)[1].split()) if "flags" in info else set()
    levels = [flag for flag in ("ssse3", "sse4_2", "avx2", "avx512bw", "avx512_vbmi2") if flag in flags]
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) >> 20
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    version = subprocess.check_output([PROGRAM, "--version"], text=True).strip()
    load = Path("/proc/loadavg").read_text().split()[0]
    return [("machine", f"{model[1] if model else platform.machine()}, {info.count('processor	')} cores, {memory} GiB"),
            ("instructions", " ".join(levels)), ("system", f"Linux {platform.release()}, {compiler}"),
            ("program", f"{version}, commit {commit or 'unknown'}"), ("load at the start", load)]


def table(head: list, rows: list) -> str:
    """A Markdown table; figures are to be formatted already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


class Page:
    """A page of results that is printed as it grows and written at the end."""

    def __init__(self, name: str, title: str):
        now = datetime.now(timezone.utc)
        self.path = RESULTS / f"{now:%Y-%m-%d-%H%M}-{name}.md"
        self.parts: list = []
        self.add(f"# {title}, {now:%Y-%m-%d %H:%M} UTC\n")

    def add(self, text: str) -> None:
        print(text, flush=True)
        self.parts.append(text)

    def write(self) -> None:
        RESULTS.mkdir(exist_ok=True)
        self.path.write_text("\n".join(self.parts))
        print(f"written to {self.path.relative_to(ROOT)}")
