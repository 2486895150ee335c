#!/usr/bin/env python3
"""Runs every unit test program and pytest over tests/, and ends with one line: `N passed, N failed`.

Whatever was skipped, could not be built, did not start or did not reach its end counts as failed.
"""

import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILDS = [ROOT / "build", ROOT / "build" / "cjson"]
SECONDS = 600


def unit_program(program: Path) -> tuple[int, int]:
    """Runs one cmocka program; its tests are counted by what TAP says of each, and by the plan."""
    name = program.relative_to(ROOT)
    try:
        done = subprocess.run([program], env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"}, cwd=ROOT, text=True,
                              errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as problem:
        print(f"{name}: {problem}")
        return 0, 1
    planned = sum(int(count) for count in re.findall(r"^1\.\.(\d+)", done.stdout, re.M))
    passed = len(re.findall(r"^ok \d+(?!.*# SKIP)", done.stdout, re.M))
    failed = max(planned - passed, int(done.returncode != 0 or planned == 0))
    print(f"{name}: {passed} passed, {failed} failed")
    if failed:
        print(f"exit status {done.returncode}\n{done.stdout}")
    return passed, failed


def python_tests(arguments: list[str]) -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        status = subprocess.run([sys.executable, "-m", "pytest", "-q", "--durations=10", f"--junitxml={report}",
                                 *(arguments or ["tests"])], cwd=ROOT, stdin=subprocess.DEVNULL).returncode
        if not report.exists():
            return 0, 1
        cases = list(ElementTree.parse(report).iter("testcase"))
    bad = sum(any(child.tag in ("failure", "error", "skipped") for child in case) for case in cases)
    return len(cases) - bad, max(bad, int(status != 0))


def main() -> int:
    sys.stdout.reconfigure(line_buffering=True)
    names = sorted(path.stem for path in (ROOT / "tests" / "unit").glob("test_*.c"))
    counts = [unit_program(build / "tests" / name) for build in BUILDS for name in names]
    counts.append(python_tests(sys.argv[1:]))
    passed, failed = (sum(column) for column in zip(*counts))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
