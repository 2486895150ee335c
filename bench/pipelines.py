#!/usr/bin/env python3
"""`make bench-pipelines`: how the cost of a message grows with columns, bytes and shapes, from the decode into the table of a pipeline.

    build/venv/bin/python bench/pipelines.py [--rounds N] [--quick]

No broker: a table in memory holds the messages of one block, and INSERT … SELECT does what the pipeline's own view does.
"""
import argparse
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.contenders import BUILD  # noqa: E402
from bench.measure import Page, Samples, cpu, cpu_between, machine, table  # noqa: E402
from tests.stack.engine import BINARY, Engine  # noqa: E402
from tests.stack.process import exit_on_signals  # noqa: E402

SETTINGS = {"max_threads": 1, "max_insert_threads": 1, "max_block_size": 65_536, "optimize_on_insert": 0}
BLOCK = 64 << 20  # no case has more bytes


def layout(name: str, columns: int) -> dict:
    made = [{"name": "id", "type": "Int64", "path": "after.id"}, {"name": "op", "type": "String", "path": "op"},
            {"name": "ts_ns", "type": "Int64", "path": "ts_ns"}]
    made += [{"name": f"c{n}", "type": ("Int64", "String")[n % 2], "path": f"after.c{n}"} for n in range(columns)]
    return {"function": name, "key": ["id"], "accept": {"op": ["c", "r", "u", "d"]}, "columns": made}


def message(number: int, row: dict) -> bytes:
    source = {"version": "3.4.3.Final", "connector": "postgresql", "name": "grow", "ts_ms": 1795478845219, "db": "x", "table": "t", "lsn": number}
    return json.dumps({"before": None, "after": {"id": number} | row, "source": source, "op": "c", "ts_ms": 1795478845239 + number,
                       "ts_ns": 1795478845239456789 + number}, separators=(",", ":")).encode()


def values(columns: int, chance: random.Random) -> dict:
    return {f"c{n}": chance.randrange(1 << 40) if n % 2 == 0 else f"text {chance.getrandbits(32):08x}" for n in range(columns)}


def cases() -> list:
    """(group, what, columns, messages)."""
    chance, made = random.Random(7), []
    for columns in (1, 3, 10, 30, 100):
        made.append(("columns", columns, columns, [message(n, values(columns, chance)) for n in range(16_384)]))
    # Without a payload an envelope has some 250 bytes.
    for size in (300, 1_000, 10_000, 100_000, 1_000_000, 16_000_000):
        count = max(2, min(16_384, BLOCK // size // 2))
        made.append(("bytes", size, 2, [message(n, {"c0": n, "c1": f"{chance.getrandbits(64):016x}" * ((size - 280) // 16)}) for n in range(count)]))
    for shapes in (1, 10, 100, 1_000):
        # Each shape has members of its own between those that the layout reads.
        made.append(("shapes", shapes, 10, [message(n, values(5, chance) | {f"s{n % shapes}_{m}": m for m in range(n % shapes % 7 + 1)}
                                                    | {f"c{m}": "x" if m % 2 else m for m in range(5, 10)}) for n in range(16_384)]))
    return made


def prepare(engine: Engine, name: str, columns: int, messages: list) -> str:
    """The pipeline; the statement that is a block of it."""
    path = engine.folder / f"{name}.json"
    path.write_text(json.dumps(layout(f"{name}Row", columns)))
    engine.register(path)
    engine.run(subprocess.check_output([BINARY, "pipeline", path, "--landing", "--name", name], text=True))
    query = engine.value(f"SELECT as_select FROM system.tables WHERE name = '{name}_decoded_mv'")
    landing = re.search(r"FROM (\S+)\s*$", query)[1]
    engine.query(f"DROP VIEW default.{name}_decoded_mv SYNC")
    engine.query("SYSTEM STOP MERGES")
    engine.query(f"CREATE TABLE default.{name}_block AS {landing} ENGINE = Memory")
    engine.query(f"INSERT INTO default.{name}_block (message) FORMAT LineAsString", data=b"\n".join(messages),
                 settings={"max_insert_block_size": 1 << 20, "min_insert_block_size_bytes": 0, "input_format_parallel_parsing": 0})
    return f"INSERT INTO default.{name}_decoded {query.replace(landing, f'default.{name}_block')}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round, no page: does it run?")
    options = parser.parse_args()
    exit_on_signals()
    page = Page("pipelines", "How the cost of a message grows")
    page.add(table(["", ""], machine()))
    folder, samples, made = BUILD / "pipelines", Samples(), cases()
    shutil.rmtree(folder, ignore_errors=True)
    with Engine(folder) as engine:
        statements = [prepare(engine, f"grow{number}", columns, messages) for number, (_, _, columns, messages) in enumerate(made)]
        for _ in range(1 if options.quick else options.rounds):
            for (group, what, _, messages), statement in zip(made, statements):
                for part in ("first", "again"):
                    before = cpu(engine.process.pid)
                    engine.query(statement, settings=SETTINGS)
                    used = cpu_between(before, cpu(engine.process.pid))
                # The first block of a process learns; what lasts is the second.
                samples.add((group, what), used / len(messages) * 1e9)
        for number, (group, what, _, messages) in enumerate(made):
            rows = engine.value(f"SELECT count() FROM default.grow{number} FINAL")
            if rows != len(messages):
                raise SystemExit(f"bench-pipelines: {group} {what}: {rows} rows of {len(messages)} messages")
    shutil.rmtree(folder, ignore_errors=True)
    page.add(f"From the message to the table of `debezium-udf pipeline` and what the status reads, in one block: CPU of engine and program, user and "
             f"system, the least\nof {1 if options.quick else options.rounds} rounds, all rows there. The broker's part is in the other pages.\n")
    for group, unit in (("columns", "a column"), ("bytes", "a byte"), ("shapes", "")):
        lines = []
        for named, what, columns, messages in made:
            if named == group:
                least, length = samples.least((group, what)), sum(map(len, messages)) / len(messages)
                each = {"columns": f"{least / (columns + 3):,.0f}", "bytes": f"{least / length:.2f}", "shapes": ""}[group]
                lines.append((f"{what:,}", f"{length:,.0f}", f"{len(messages):,}", f"{least:,.0f}", *([each] if unit else [])))
        page.add(f"## {group.capitalize()}\n")
        page.add(table([group, "bytes a message", "messages in the block", "ns a message", *([f"ns {unit}"] if unit else [])], lines))
    if not options.quick:
        page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
