"""Random layouts and look-alike messages: one answer whatever way a message takes. `make differential` runs more of them."""
import os
import subprocess

from tests.support.programs import ROOT

PROGRAM = ROOT / "build" / "tests" / "differential"
MESSAGES = os.environ.get("MESSAGES", "100000")


def test_rows_are_the_same_on_every_way():
    done = subprocess.run([PROGRAM, f"messages={MESSAGES}"], cwd=ROOT, capture_output=True, text=True, errors="replace", timeout=1200)
    print(done.stdout[-2000:])
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
    assert "no difference" in done.stdout
