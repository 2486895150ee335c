"""Faults in the source of decoder and `infer`: each is put into a copy of udf/, built, and must be found by the property.

    make property-faults        or: build/venv/bin/python -m tests.property.seeded [NAME...]

A fault is a sed script, whose first line names the file and says what it does. One that changes nothing any more fails, too.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import run

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent / "faults"
SEED, EACH, WIDTH, ROWS = "faults", 1, 20, 60
CHOSEN = {"postgres": ["defaults", "noschemas", "string", "microseconds"], "mariadb": ["defaults", "noschemas"]}


def build(script: Path, folder: Path) -> Path:
    """The program with this fault."""
    file, what = script.read_text().splitlines()[0].removeprefix("# ").split(": ", 1)
    shutil.copytree(ROOT / "udf", folder / "udf")
    shutil.copytree(ROOT / "build" / "obj", folder / "build" / "obj")
    included = re.findall(r"^include (\S+)", (ROOT / "Makefile").read_text(), re.M)
    for name in ("Makefile", "VERSION", *included):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    before = (folder / file).read_bytes()
    subprocess.run(["sed", "-i", "-f", script, folder / file], check=True)
    if (folder / file).read_bytes() == before:
        raise SystemExit(f"{script.name} changes nothing in {file}")
    made = subprocess.run(["make", "-C", folder, "CFLAGS=-O2 -g -w", "all"], capture_output=True, text=True)
    if made.returncode != 0:
        raise SystemExit(f"{script.name} does not build:\n{made.stderr[-2000:]}")
    print(f"{script.stem}: {what}", flush=True)
    return folder / "build" / "debezium-udf"


def main(names: list) -> int:
    scripts = [script for script in sorted(FOLDER.glob("*.sed")) if not names or script.stem in names]
    made, messages = run.captured_or_kept(SEED, EACH, WIDTH, ROWS, CHOSEN)
    verdicts = run.judge(made, messages)
    sound = [*map(run.silent, verdicts)], run.dead(verdicts)
    missed = []
    for script in scripts:
        with tempfile.TemporaryDirectory(prefix="debezium-udf-fault.") as folder:
            verdicts = run.judge(made, messages, build(script, Path(folder)))
        more = [after - before for before, after in zip(sound[0], map(run.silent, verdicts))]
        tables = sum(count > 0 for count in more)
        print(f"    {sum(more)} cells more are silently different, in {tables} of {len(more)} tables; "
              f"{run.dead(verdicts) - sound[1]} dead letters more", flush=True)
        if tables == 0 and run.dead(verdicts) <= sound[1]:
            missed.append(script.stem)
    print(f"{len(scripts) - len(missed)} of {len(scripts)} faults found" + "".join(f"\nNOT FOUND: {name}" for name in missed))
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
