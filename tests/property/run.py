"""The property: whatever table a database has, `infer` and `decode` give its values exactly, or say that they do not.

    PROPERTY_SEED=…  PROPERTY_EACH=tables a setting  PROPERTY_WIDTH=columns  PROPERTY_ROWS=row changes a table
    PROPERTY_DATABASES=postgres,mariadb  PROPERTY_SETTINGS=defaults,row  PROPERTY_PAGE=file  PROPERTY_KEEP=folder (raw messages)
"""
import json
import os
import pickle
import subprocess
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


def judge(made: dict, messages: dict, by: Path | None = None) -> list:
    return [compare(table, messages, by or program()) for tables_ in made.values() for table in tables_]


def total(verdicts: list, part: str) -> Counter:
    return sum((getattr(verdict, part) for verdict in verdicts), Counter())


SILENT = ("different", "skipped", "missing")


def silent(verdict) -> int:
    """How many cells are not what the database has, and nothing says so."""
    return sum(count for outcome, count in verdict.cells.items() if outcome.partition(",")[0] in SILENT)


def dead(verdicts: list) -> int:
    """How many rows became dead letters for a reason that is not listed, or have no layout."""
    return sum(verdict.rows["dead letters, not listed"] + verdict.rows["refused"] for verdict in verdicts)


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


def captured_or_kept(seed: str, each: int, width: int, rows: int, chosen: dict) -> tuple:
    """What an earlier run of this seed left in PROPERTY_KEEP, or else a new capture."""
    folder = os.environ.get("PROPERTY_KEEP")
    if not folder:
        return capture(seed, each, width, rows, chosen)
    path = Path(folder) / f"{seed}.pickle"
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
    made, messages = captured_or_kept(seed, each, width, rows, chosen)
    captured = time.monotonic()
    verdicts = judge(made, messages)
    times = f"captured in {captured - start:.0f} s, compared in {time.monotonic() - captured:.0f} s"
    print("\n".join(summary(made, verdicts)) + f"\n{times}")
    for count, database, what, kind, type_, settings_, example in findings(verdicts)[:int(get("PROPERTY_SHOW", "60"))]:
        print(f"{count:6d} {database} {what} | {kind} | {type_} | {','.join(settings_)}\n         "
              f"{json.dumps(example, ensure_ascii=False, default=str)[:900]}")
    if get("PROPERTY_PAGE"):
        write_page(Path(get("PROPERTY_PAGE")), seed, (each, width, rows), made, verdicts, times)
    return int(not holds(verdicts))


def holds(verdicts: list) -> bool:
    """Nothing is silently different, and at most one row in a hundred is a dead letter whose reason is not listed."""
    rows = total(verdicts, "rows")
    return sum(map(silent, verdicts)) == 0 and 100 * dead(verdicts) <= rows["decoded"] + rows["in the sample"]


def summary(made: dict, verdicts: list) -> list:
    lines = []
    for database in made:
        mine = [verdict for verdict in verdicts if verdict.table.database == database]
        cells, rows = total(mine, "cells"), total(mine, "rows")
        apart = {outcome: count for outcome, count in cells.items() if outcome.partition(",")[0] in SILENT}
        lines.append(f"{database}: {sum(cells.values())} cells of {rows['decoded'] + rows['in the sample']} rows in {len(mine)} tables, "
                     f"{sum(map(silent, mine))} silently different {apart or ''}, {dead(mine)} rows dead letters for no listed reason")
        lines += [f"    {count:8d} cells {outcome}" for outcome, count in cells.most_common()]
        lines += [f"    {count:8d} changed by the connector: {why}" for why, count in total(mine, "changes").most_common()]
        lines += [f"    {count:8d} columns: {note}" for note, count in total(mine, "notes").most_common()]
        lines += [f"    {count:8d} dead letters, {'listed' if listed else 'NOT LISTED'}: {reason}"
                  for (reason, listed), count in total(mine, "reasons").most_common()]
    return lines


def write_page(path: Path, seed: str, sizes: tuple, made: dict, verdicts: list, times: str) -> None:
    machine = next((line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    lines = [f"# The property, {time.strftime('%Y-%m-%d')}", "",
             "Random tables of PostgreSQL and MariaDB through real connectors into Kafka; `infer` from a part of each topic, `decode` of all, and",
             "every cell held against the database's own text of it (`tests/property`).", "",
             "| | |", "|---|---|", f"| processor | {machine}, {os.cpu_count()} cores |", f"| commit | {commit} |",
             f"| seed | {seed} |", f"| tables for a setting, columns, row changes | {', '.join(map(str, sizes))} |",
             f"| time | {times} |"]
    for database, tables_ in made.items():
        mine = [verdict for verdict in verdicts if verdict.table.database == database]
        cells, rows = total(mine, "cells"), total(mine, "rows")
        lines += ["", f"## {'PostgreSQL' if database == 'postgres' else 'MariaDB'}", "",
                  f"{len(mine)} tables under {len({table.setting for table in tables_})} settings: "
                  f"{', '.join(dict.fromkeys(table.setting.name for table in tables_))}.", "",
                  "| cells | behind the sample | in the sample |", "|---|---|---|"]
        outcomes = dict.fromkeys(outcome.removesuffix(", in the sample") for outcome, _ in cells.most_common())
        lines += [f"| {outcome} | {cells[outcome]} | {cells[outcome + ', in the sample']} |" for outcome in outcomes]
        lines += [f"| **silently different** | **{sum(map(silent, mine))}** | |", "", "| rows | |", "|---|---|"]
        lines += [f"| {outcome} | {count} |" for outcome, count in rows.most_common()]
        lines += ["", "| dead letters | reason | listed |", "|---|---|---|"]
        lines += [f"| {count} | {reason} | {'yes' if listed else 'no'} |" for (reason, listed), count in total(mine, "reasons").most_common()]
        lines += ["", "| cells | what the connector itself changed, and what avoids it |", "|---|---|"]
        lines += [f"| {count} | {why} |" for why, count in total(mine, "changes").most_common()]
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
