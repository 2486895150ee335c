#!/usr/bin/env python3
"""Runs the tests and ends with one line: `N passed, N failed`, below a table of how long each folder took.

    tests/run.py check              `make check`: unit test programs, and what needs no server
    tests/run.py all [GROUP...]     `make test`: the same, then everything else, several groups of folders side by side, each with
                                    servers of its own; GROUPs are prepared (tests/stack/prepare.sh) while the first tests run
    tests/run.py PATH...            unit test programs and pytest over these

Whatever was skipped, could not be built, did not start or did not reach its end counts as failed. With `all`, a few files with failed
tests are run once more, each alone: what passes then failed for want of a quiet machine, and is listed by name with what it said.
"""
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.stack.process import exit_on_signals  # noqa: E402

TESTS = ROOT / "tests"
BUILDS = [ROOT / "build", ROOT / "build" / "cjson"]
SECONDS = 600

# What needs no server, no network and no rights.
CHECK = [["cli"], ["structure", "docs", "deploy", "golden", "conformance", "values", "differential"]]
# What is not part of `make test`: `make compose-test` runs it.
APART = {"compose"}
# What is side by side: each line has servers of its own and runs in one process. The longest come first; where one ends in parts, as
# many processes have every so-manyth test each. A folder of tests that is named nowhere is a line of its own.
GROUPS = [
    "package",
    "live/test_status.py 3",
    "live/test_flow.py live/test_faults.py",
    "live/test_accounts.py live/test_connectors.py live/test_installations.py live/test_layout.py live/test_poison.py",
    "live/test_codes.py",
    "live/test_mariadb.py property",
    "analytics/test_incremental.py analytics/test_metrics.py browser",
    "analytics/test_earlier.py analytics/test_edges.py analytics/test_error_rates.py analytics/test_recipes.py analytics/test_refresh.py "
    "analytics/test_results.py analytics/test_simulation.py analytics/test_statistics.py analytics/test_users.py",
    "cluster",
    "orders",
    "pipelines/test_tables.py pipelines/test_every.py",
    "pipelines/test_load.py pipelines/test_changed.py pipelines/test_refused.py pipelines/test_rows.py pipelines/test_beside.py pipelines/test_reconcile.py",
    "metrics",
    "engine pipeline security versions",
    "fuzz",
]
# Most of the time most of them wait: on two cores four are as quick each as alone. Each takes up to 3 GB.
SIDE_BY_SIDE = max(1, min(2 * os.cpu_count(), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // (3 << 30)))


# More files than this with failed tests are no matter of a busy machine.
AGAIN = 6


class Report:
    """Counts, and seconds by folder and by test."""

    def __init__(self):
        self.passed = self.failed = 0
        self.failures: Counter = Counter()
        self.only_alone: list = []
        self.folders: Counter = Counter()
        self.counts: Counter = Counter()
        self.tests: list = []

    def add(self, folder: str, name: str, seconds: float, passed: int, failed: int) -> None:
        self.passed += passed
        self.failed += failed
        self.counts[folder] += passed + failed
        self.folders[folder] += seconds
        self.tests.append((seconds, name))

    def fail(self, file: str, name: str) -> None:
        self.failures[file, name] += 1

    def passed_alone(self, file: str, name: str) -> None:
        """Of what failed before."""
        self.only_alone.append(f"{file}::{name}")
        self.passed += self.failures[file, name]
        self.failed -= self.failures.pop((file, name))

    def show(self) -> None:
        print("\nslowest tests")
        for seconds, name in sorted(self.tests, reverse=True)[:20]:
            print(f"{seconds:8.1f} s  {name}")
        print("\nfolders")
        for folder, seconds in self.folders.most_common():
            print(f"{seconds:8.1f} s  {self.counts[folder]:5} tests  {folder}")
        for title, names in (("failed", [f"{file}::{name}" for file, name in self.failures]), ("failed beside others, passed alone", self.only_alone)):
            if names:
                print(f"\n{title}")
                print("\n".join(names))


def environment() -> dict:
    """Without what make tells its own children: these may call make, and have a job server of their own."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}


def unit_program(program: Path) -> tuple:
    """Runs one cmocka program: (folder, name, seconds, passed, failed). Its tests are counted by what TAP says of each, and by the plan."""
    name, start = program.relative_to(ROOT), time.monotonic()
    try:
        done = subprocess.run([program], env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"}, cwd=ROOT, text=True,
                              errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as problem:
        print(f"{name}: {problem}")
        return "unit", str(name), time.monotonic() - start, 0, 1
    planned = sum(int(count) for count in re.findall(r"^1\.\.(\d+)", done.stdout, re.M))
    passed = len(re.findall(r"^ok \d+(?!.*# SKIP)", done.stdout, re.M))
    failed = max(planned - passed, int(done.returncode != 0 or planned == 0))
    if failed:
        print(f"{name}: {passed} passed, {failed} failed, exit status {done.returncode}\n{done.stdout}")
    return "unit", str(name), time.monotonic() - start, passed, failed


def unit_programs(report: Report) -> None:
    names = sorted(path.stem for path in (TESTS / "unit").glob("test_*.c"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(unit_program, [build / "tests" / name for build in BUILDS for name in names]):
            report.add(*result)
    print(f"unit test programs: {report.passed} passed, {report.failed} failed")


@dataclass
class Ended:
    """A run of pytest: its CPU seconds are its own, and those of the servers that it waited for."""
    arguments: list
    said: str
    status: int
    seconds: float
    cpu: float
    cases: list


def python_tests(arguments: list, quiet: bool, running: list) -> Ended:
    """Runs pytest. Where it is `quiet`, what it prints is kept."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        xml, log = Path(folder) / "report.xml", Path(folder) / "log"
        with open(log, "wb") as output:
            process = subprocess.Popen([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={xml}", *arguments],
                                       cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL,
                                       **({"stdout": output, "stderr": output} if quiet else {}))
            running.append(process)
            _, status, usage = os.wait4(process.pid, 0)
            running.remove(process)
            process.returncode = os.waitstatus_to_exitcode(status)
        cases = list(ElementTree.parse(xml).iter("testcase")) if xml.exists() else []
        said = log.read_text(errors="replace")
    return Ended(arguments, said, process.returncode, time.monotonic() - start, usage.ru_utime + usage.ru_stime, cases)


def verdicts(ended: Ended):
    """Of each case of pytest: its file below tests, its name, its seconds, and whether it failed."""
    for case in ended.cases:
        bad = any(child.tag in ("failure", "error", "skipped") for child in case)
        yield case.get("classname", "").removeprefix("tests.").replace(".", "/") + ".py", case.get("name"), float(case.get("time", 0)), bad


def count(report: Report, ended: Ended) -> None:
    """Adds pytest's cases."""
    failed = 0
    for file, name, seconds, bad in verdicts(ended):
        report.add(os.path.dirname(file) or file.removesuffix(".py"), f"{file}::{name}", seconds, 1 - bad, int(bad))
        if bad:
            report.fail(file, name)
        failed += bad
    if ended.status != 0 and not failed:
        # It did not reach its end, or found nothing.
        report.add(" ".join(ended.arguments), "pytest itself", 0, 0, 1)


@contextmanager
def started():
    """Processes that are put in the list are ended on the way out, however that is."""
    processes: list = []
    try:
        yield processes
    finally:
        for process in list(processes):
            process.terminate()
        for process in list(processes):
            process.wait()


def relative(path: str) -> str:
    return str((TESTS / path).relative_to(ROOT))


def run_groups(report: Report, groups: list, side_by_side: int, running: list) -> None:
    """Runs pytest over each group, so many at a time, and tells of each when it has ended."""
    start = time.monotonic()
    with ThreadPoolExecutor(side_by_side) as pool:
        tasks = [pool.submit(python_tests, group, True, running) for group in groups]
        for task in as_completed(tasks):
            ended = task.result()
            print(f"\n== {' '.join(ended.arguments)}: {ended.seconds:.0f} s, {ended.cpu:.0f} s of CPU, ended after {time.monotonic() - start:.0f} s\n"
                  f"{ended.said}")
            count(report, ended)


def check(report: Report, running: list) -> None:
    unit_programs(report)
    run_groups(report, [[relative(path) for path in group] for group in CHECK], len(CHECK), running)


def others() -> list:
    """GROUPS, and what has tests and is in none, each as pytest's arguments."""
    named, groups = set(sum(CHECK, [])) | APART, []
    for line in GROUPS:
        *paths, last = line.split()
        parts = int(last) if last.isdigit() else 1
        paths = [path for path in (*paths, *([] if last.isdigit() else [last])) if (TESTS / path).exists()]
        named |= {path.split("/")[0] for path in paths}
        groups += [[*map(relative, paths), f"--part={part}/{parts}"] for part in range(1, parts + 1)] if paths else []
    # Of a folder that is named by its files, those that are in no line.
    files = {path for line in GROUPS for path in line.split() if path.endswith(".py")}
    left = set()
    for path in TESTS.rglob("test_*.py"):
        folder, file = path.relative_to(TESTS).parts[0], path.relative_to(TESTS).as_posix()
        if folder not in named:
            left.add(folder)
        elif any(other.startswith(f"{folder}/") for other in files) and file not in files:
            left.add(file)
    return groups + [[relative(path)] for path in sorted(left)]


def again(report: Report, running: list) -> None:
    """Runs each file with failed tests once more, alone, since tests of a file may build on each other."""
    files = sorted({file for file, _ in report.failures})
    if len(files) > AGAIN or not all((TESTS / file).exists() for file in files):
        return
    for file in files:
        ended = python_tests([relative(file)], True, running)
        print(f"\n== once more, alone: {file}: {ended.seconds:.0f} s\n{ended.said}")
        fine = {(name_of, name) for name_of, name, _, bad in verdicts(ended) if not bad}
        if not any(bad for *_, bad in verdicts(ended)) and ended.status == 0:
            for failure in [failure for failure in report.failures if failure[0] == file and failure in fine]:
                report.passed_alone(*failure)


def build(report: Report) -> None:
    for targets in (["all", "unit-tests"], ["JSON=cjson", "all", "unit-tests"], ["differential-program"]):
        done = subprocess.run(["make", "--no-print-directory", "--keep-going", f"-j{os.cpu_count()}", *targets],
                              cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            report.add("build", f"make {' '.join(targets)}", 0, 0, 1)


def everything(report: Report, prepared: list, running: list) -> None:
    with tempfile.TemporaryFile("w+") as log:
        preparing = subprocess.Popen([TESTS / "stack" / "prepare.sh", *prepared], cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL,
                                     stdout=log, stderr=log) if prepared else None
        running += [preparing] if preparing else []
        build(report)
        check(report, running)
        if preparing:
            failed = preparing.wait()
            running.remove(preparing)
            log.seek(0)
            print(log.read(), end="")
            if failed:
                report.add("stack", "prepare.sh", 0, 0, 1)
                return
    run_groups(report, others(), SIDE_BY_SIDE, running)
    again(report, running)


def main(arguments: list) -> int:
    sys.stdout.reconfigure(line_buffering=True)
    exit_on_signals()
    report, start = Report(), time.monotonic()
    with started() as running:
        if arguments[:1] == ["all"]:
            everything(report, arguments[1:], running)
        elif arguments == ["check"]:
            check(report, running)
        elif arguments:
            unit_programs(report)
            count(report, python_tests(arguments, False, running))
        else:
            print(__doc__, file=sys.stderr)
            return 2
    report.show()
    print(f"\n{time.monotonic() - start:.0f} s")
    print(f"{report.passed} passed, {report.failed} failed")
    return int(report.failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
