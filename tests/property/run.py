"""The property: whatever table a database has, `infer` and `decode` give its values exactly, or say that they do not.

    PROPERTY_SEED=…  PROPERTY_EACH=tables a setting  PROPERTY_WIDTH=columns  PROPERTY_ROWS=row changes a table
    PROPERTY_DATABASES=postgres,mariadb  PROPERTY_SETTINGS=defaults,row  PROPERTY_PAGE=file  PROPERTY_KEEP=folder (raw messages)
"""
import json
import os
import pickle
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from . import settings
from .compare import compare
from .sources import Sources
from .tables import tables

ROOT = Path(__file__).resolve().parents[2]


def program() -> Path:
    return ROOT / os.environ.get("BUILD", "build") / "debezium-udf"


KNOWN = {"postgres": settings.POSTGRES, "mariadb": settings.MARIADB}


def make(seed: str, each: int, width: int, chosen: dict) -> dict:
    """{database: [Table]}; `chosen` has the names of the settings of each database, or None for all."""
    return {database: tables(database, [setting for setting in KNOWN[database] if names is None or setting.name in names], seed, each, width)
            for database, names in chosen.items()}


def capture(seed: str, each: int, width: int, rows: int, chosen: dict) -> tuple:
    """The tables, and the messages of each topic."""
    made = make(seed, each, width, chosen)
    with tempfile.TemporaryDirectory(prefix="debezium-udf-property.") as folder:
        messages = Sources(Path(folder), made, rows).messages()
    return made, messages


def judge(made: dict, messages: dict) -> list:
    return [compare(table, messages, program()) for tables_ in made.values() for table in tables_]


def total(verdicts: list, part: str) -> Counter:
    return sum((getattr(verdict, part) for verdict in verdicts), Counter())


SILENT = ("different", "skipped", "missing")


def silent(verdict) -> int:
    """How many cells are not what the database has, and nothing says so."""
    return sum(count for outcome, count in verdict.cells.items() if outcome.partition(",")[0] in SILENT)


def findings(verdicts: list) -> list:
    """[(count, database, setting, what, kind, type, example)], most first."""
    found: dict = {}
    for verdict in verdicts:
        for (what, kind, type_), (count, example) in verdict.findings.items():
            entry = found.setdefault((verdict.table.database, what, kind, type_), [0, set(), example])
            entry[0] += count
            entry[1].add(verdict.table.setting.name)
    return sorted(([count, *key, sorted(names), example] for key, (count, names, example) in found.items()),
                  key=lambda entry: -entry[0])


def kept(path: Path, seed: str, each: int, width: int, rows: int, chosen: dict) -> tuple:
    """What an earlier run captured into this file, or else a new capture."""
    if path.exists():
        truths, messages = pickle.loads(path.read_bytes())
        made = make(seed, each, width, chosen)
        for table in (table for tables_ in made.values() for table in tables_):
            table.truth, table.operations, table.snapshot = truths[table.database, table.name]
        return made, messages
    made, messages = capture(seed, each, width, rows, chosen)
    truths = {(table.database, table.name): (table.truth, table.operations, table.snapshot)
              for tables_ in made.values() for table in tables_}
    path.write_bytes(pickle.dumps((truths, messages)))
    return made, messages


def main() -> int:
    get = os.environ.get
    seed = get("PROPERTY_SEED", str(int(time.time())))
    each, width, rows = (int(get(f"PROPERTY_{name}", default)) for name, default in (("EACH", "1"), ("WIDTH", "16"), ("ROWS", "60")))
    names = get("PROPERTY_SETTINGS")
    chosen = {database: names and names.split(",") for database in get("PROPERTY_DATABASES", "postgres,mariadb").split(",")}
    print(f"seed {seed}", flush=True)
    start = time.monotonic()
    made, messages = kept(Path(get("PROPERTY_KEEP")) / f"{seed}.pickle", seed, each, width, rows, chosen) if get("PROPERTY_KEEP") else \
        capture(seed, each, width, rows, chosen)
    captured = time.monotonic()
    verdicts = judge(made, messages)
    print(f"captured in {captured - start:.0f} s, compared in {time.monotonic() - captured:.0f} s")
    for database in made:
        mine = [verdict for verdict in verdicts if verdict.table.database == database]
        print(database, {part: dict(total(mine, part)) for part in ("cells", "rows")})
        for change, count in total(mine, "changes").items():
            print("   connector:", change, count)
        for note, count in total(mine, "notes").items():
            print("   note:", note, count)
        for (reason, listed), count in total(mine, "reasons").items():
            print("   dead:", "listed" if listed else "NOT LISTED", reason, count)
    for count, database, what, kind, type_, settings_, example in findings(verdicts)[:int(get("PROPERTY_SHOW", "60"))]:
        print(f"{count:6d} {database} {what} | {kind} | {type_} | {','.join(settings_)}\n         "
              f"{json.dumps(example, ensure_ascii=False, default=str)[:900]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
