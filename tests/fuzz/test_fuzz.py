"""Every fuzzer over its seeds and the earlier findings, and on for a moment, with the same inputs each time: what says whether a change
broke something must not depend on luck. `make fuzz SECONDS=n` looks for new ones."""

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BURST = 5  # seconds; enough for a thousand executions beside other tests

HARNESSES = sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.c"))


@pytest.mark.parametrize("harness", HARNESSES)
def test_harness(harness):
    run = subprocess.run(
        [HERE / "run.sh", str(BURST), harness], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        env=os.environ | {"SEED": "1"},
    )
    print(run.stdout, run.stderr)
    assert run.returncode == 0
    (executions,) = [line for line in run.stdout.splitlines() if line.startswith(f"fuzz {harness}: ")]
    assert int(executions.split()[2]) > 1000
