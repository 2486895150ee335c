#!/usr/bin/env python3
"""`make bench-chain`: what each step behind the Kafka table costs, and what changes of tables and settings give.

    build/venv/bin/python bench/chain.py [--rounds N] [--quick]

No broker: a table in memory holds the messages as the Kafka engine hands them on, in blocks of 65,536 rows and of 2,048. What one INSERT into
decoded_events costs is what a block costs. In each round everything is measured once, so that what else the machine does meets all.
"""
import argparse
import re
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.contenders import BUILD, COLUMNS  # noqa: E402
from bench.kafka import DATABASE, best_sql_decode, own_view  # noqa: E402
from bench.measure import Page, cpu, cpu_between, machine, table  # noqa: E402
from tests.stack.engine import Engine  # noqa: E402
from tests.stack.process import exit_on_signals  # noqa: E402

LARGE, SMALL = 65_536, 2_048
# Of the large blocks two, of the small ones 32.
ROWS = {LARGE: 2 * LARGE, SMALL: 32 * SMALL}
TARGET = f"{DATABASE}.events_processed"
# As the Kafka engine has it: one thread, a block after the other.
SETTINGS = {"max_threads": 1, "max_insert_threads": 1, "max_block_size": LARGE, "min_insert_block_size_rows": 0,
            "min_insert_block_size_bytes": 0, "optimize_on_insert": 0}
EVENTS = "events_kafka_mv"


@dataclass
class Variant:
    """`keeps`: the views behind the decode; `changes`: pairs of a pattern and its replacement in the table's definition."""
    title: str
    keeps: tuple
    changes: list = field(default_factory=list)
    settings: dict = field(default_factory=dict)
    statement: str = ""


def variants(views: tuple) -> list:
    into = f"INSERT INTO {DATABASE}.decoded_events "
    wide = [(r"min_bytes_for_wide_part = \d+", "min_bytes_for_wide_part = 10485760")]
    every, events = views, (EVENTS,)
    return [
        Variant("the whole bundle", every),
        Variant("the function alone", (), statement="SELECT experimentEvent(message) FROM bench.messages{rows} FORMAT Null"),
        Variant("decode, nothing behind it", ()),
        *(Variant(f"decode and {name}", (name,)) for name in views),
        Variant("SQL in place of the function, the same views", every, statement=into + best_sql_decode("bench.messages{rows}")),
        Variant("the whole bundle, optimize_on_insert = 1 (ClickHouse's default)", every, settings={"optimize_on_insert": 1}),
        Variant("the whole bundle, wide parts from 10 MB on (ClickHouse's default)", every, wide),
        Variant("the whole bundle, both", every, wide, {"optimize_on_insert": 1}),
        Variant("events, codecs LZ4", events, [(r"ZSTD\(\d\)", "LZ4")]),
        Variant("events, codecs NONE", events, [(r"CODEC\((?:[^()]|\([^()]*\))*\)", "CODEC(NONE)")]),
        Variant("events, properties ZSTD(1)", events, [(r"ZSTD\(3\)", "ZSTD(1)")]),
        Variant("events, no Delta", events, [(r"Delta\(\d\), ", "")]),
        Variant("events, one partition", events, [(r"PARTITION BY \S+ ", "")]),
        Variant("events, not sorted", events, [(r"PRIMARY KEY .*? ORDER BY \(.*?\)", "ORDER BY tuple()"),
                                               (r"ReplacingMergeTree\(lsn\)", "MergeTree")]),
        Variant("events, no statistics", events, [(r"$", ", auto_statistics_types = ''")]),
        Variant("the whole bundle, insert_deduplicate = 0", every, settings={"insert_deduplicate": 0}),
        Variant("the whole bundle, short_circuit_function_evaluation = disable", every,
                settings={"short_circuit_function_evaluation": "disable"}),
        Variant("the whole bundle, compile_expressions = 0", every, settings={"compile_expressions": 0}),
        Variant("the whole bundle, parallel_view_processing = 1, 2 threads", every,
                settings={"parallel_view_processing": 1, "max_threads": 2, "max_insert_threads": 2}),
    ]


class Chain:
    def __init__(self, engine: Engine):
        self.engine = engine
        self.answers: set = set()

    def prepare(self) -> None:
        engine = self.engine
        engine.apply()
        engine.query(f"DROP TABLE {DATABASE}.decoded_events_mv SYNC")
        engine.query("SYSTEM STOP VIEWS")
        engine.query("CREATE DATABASE bench")
        messages = subprocess.run([BUILD / "generate", "uniform", str(ROWS[LARGE])], stdout=subprocess.PIPE, check=True).stdout
        engine.query("CREATE TABLE bench.source (message String) ENGINE = Memory")
        engine.query("INSERT INTO bench.source FORMAT LineAsString", data=messages)
        for rows, total in ROWS.items():
            engine.query(f"""CREATE TABLE bench.messages{rows} (message String, _topic LowCardinality(String), _key String, _offset UInt64,
                             _partition UInt64, _timestamp_ms Nullable(DateTime64(3)), `_headers.name` Array(String),
                             `_headers.value` Array(String)) ENGINE = Memory""")
            for first in range(0, total, rows):
                engine.query(f"INSERT INTO bench.messages{rows} SELECT message, 'uniform', '', rowNumberInAllBlocks() + {first}, 0, now64(3), [], [] "
                             f"FROM (SELECT message FROM bench.source LIMIT {first}, {rows})",
                             settings={"max_threads": 1, "max_block_size": rows, "min_insert_block_size_rows": rows})
        self.views = {row["name"]: row["create_table_query"] for row in engine.rows(
            "SELECT name, create_table_query FROM system.tables WHERE engine = 'MaterializedView' "
            f"AND database = '{DATABASE}' AND create_table_query LIKE '%FROM {DATABASE}.decoded_events%'")}
        self.target = engine.value(f"SELECT create_table_query FROM system.tables WHERE database = '{DATABASE}' AND name = 'events_processed'")

    def measure(self, variant: Variant, rows: int) -> float:
        """CPU ns a message of the engine and the program, the least of two after one to warm up."""
        engine = self.engine
        for name in self.views:
            engine.query(f"DROP TABLE IF EXISTS {DATABASE}.{name} SYNC")
        engine.query("DROP TABLE IF EXISTS bench.events SYNC")
        definition = self.target.replace(TARGET, "bench.events")
        for pattern, replacement in variant.changes:
            definition, found = re.subn(pattern, replacement, definition)
            if not found:
                raise SystemExit(f"bench-chain: {variant.title}: nothing of {pattern} in {definition}")
        engine.query(definition)
        for name in variant.keeps:
            engine.query(self.views[name].replace(f"TO {TARGET}", "TO bench.events"))
        for name in ("bench.events", *(f"{DATABASE}.{name}" for name in ("pipeline_minutes", "pipeline_offsets", "dead_letters"))):
            engine.query(f"SYSTEM STOP MERGES {name}")
        statement = variant.statement or f"INSERT INTO {DATABASE}.decoded_events {own_view('bench.messages{rows}')}"
        seen = []
        for _ in range(3):
            engine.query("TRUNCATE TABLE bench.events")
            before = cpu(engine.process.pid)
            engine.query(statement.replace("{rows}", str(rows)), settings={**SETTINGS, **variant.settings})
            seen.append(cpu_between(before, cpu(engine.process.pid)) / ROWS[rows] * 1e9)
        if EVENTS in variant.keeps:
            self.check(variant, rows)
        return min(seen[1:])

    def check(self, variant: Variant, rows: int) -> None:
        columns = ", ".join("JSONExtractRaw(properties)" if name == "properties" else name for name in COLUMNS)
        self.answers.add((rows, self.engine.query(f"SELECT count(), hex(sum(sipHash64(toString(tuple({columns}))))) FROM bench.events")))
        if len({answer for size, answer in self.answers if size == rows}) > 1:
            raise SystemExit(f"bench-chain: {variant.title}: other rows than the variants before it have")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round, no page: does it run?")
    options = parser.parse_args()
    exit_on_signals()
    page = Page("chain", "What each step behind the Kafka table costs")
    page.add(table(["", ""], machine()))
    folder = BUILD / "chain"
    shutil.rmtree(folder, ignore_errors=True)
    with Engine(folder) as engine:
        chain = Chain(engine)
        chain.prepare()
        seen: dict = {}
        rounds = 1 if options.quick else options.rounds
        listed = variants(tuple(chain.views))
        for _ in range(rounds):
            for variant in listed:
                for rows in (LARGE, SMALL):
                    seen.setdefault((variant.title, rows), []).append(chain.measure(variant, rows))
            print(f"round of {len(listed)} variants", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    first = listed[0].title
    page.add(f"CPU of engine and program, user and system, in ns a message: the least of {rounds} rounds, in blocks of {LARGE:,} and of {SMALL:,} "
             "messages (the\nsmaller the block, the more weighs what each block costs). Over the bundle: the median of the ratios within "
             "each round. Every variant that stores\nevents left the same rows.\n")
    page.add(table(["what", f"{LARGE:,}", "over the bundle", f"{SMALL:,}", "over the bundle"], [
        (variant.title, *(text for rows in (LARGE, SMALL) for text in (
            f"{min(seen[variant.title, rows]):,.0f}",
            f"{statistics.median(one / whole for one, whole in zip(seen[variant.title, rows], seen[first, rows])):.2f}")))
        for variant in listed]))
    if not options.quick:
        page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
