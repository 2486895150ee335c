#!/usr/bin/env python3
"""Every fault, over and over: is a row ever lost, or counted twice? Or the same flow for long: does anything pile up?

    bench/soak.py MINUTES              faults in the midst of events
    bench/soak.py MINUTES RATE         no fault, RATE events a second: delay and active parts, minute by minute

Writes a page into bench/results.
"""
import os
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.stack.faults import FAULTS, counts, endure, settle  # noqa: E402
from tests.stack.live import Chain, measure  # noqa: E402
from tests.stack.process import exit_on_signals  # noqa: E402

EACH = 20_000


def main(arguments: list) -> int:
    if len(arguments) not in (1, 2) or not all(argument.isdigit() for argument in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    exit_on_signals()
    minutes, *rate = map(int, arguments)
    with tempfile.TemporaryDirectory(prefix="debezium-udf-soak.") as folder, Chain(Path(folder)) as chain:
        name, text, failure = steady(chain, minutes, *rate) if rate else faults(chain, minutes)
    page = ROOT / "bench" / "results" / time.strftime(f"{name}-%Y-%m-%d-%H%M.md", time.gmtime())
    page.parent.mkdir(exist_ok=True)
    page.write_text(text)
    print(f"{page.relative_to(ROOT)} written")
    if failure:
        print(failure, file=sys.stderr)
    return 1 if failure else 0


def active_parts(chain: Chain) -> int:
    return chain.engine.value("SELECT count() FROM system.parts "
                              "WHERE database = 'experiments_analytics' AND table = 'events_processed' AND active")


def faults(chain: Chain, minutes: int) -> tuple:
    """The page's name, its text, and what went wrong."""
    seed = int(time.time())
    order = random.Random(seed)
    rounds, failure = [], ""
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end and not failure:
        for fault in order.sample(list(FAULTS), len(FAULTS)):
            try:
                rounds.append(endure(chain, fault, EACH) | {"parts": active_parts(chain)})
            except AssertionError as error:
                failure = f"{fault}: {error}"
                break
            print("{fault}: {seconds} s, {events:,} events, {letters} dead letters, {parts} active parts".format(**rounds[-1]),
                  flush=True)
            if time.monotonic() > end:
                break
    return "soak", report(seed, rounds, counts(chain), failure), failure


def steady(chain: Chain, minutes: int, rate: int) -> tuple:
    """The same, of a flow without a fault."""
    seen, failure = [], ""
    for _ in range(minutes):
        seen.append(measure(chain.source, chain.engine, rate, 50, settle=10) | {"parts": active_parts(chain)})
        print("{events:,} events, p50 {p50_ms:.0f} ms, p99 {p99_ms:.0f} ms, {parts} active parts".format(**seen[-1]), flush=True)
    try:
        settle(chain)
    except AssertionError as error:
        failure = str(error)
    held = counts(chain)
    blocks = chain.engine.value("SELECT sum(num_commits) FROM system.kafka_consumers WHERE table = 'raw_events_kafka'")
    lines = [f"# Steady, {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}", "",
             f"{rate:,} events a second for {minutes} minutes through PostgreSQL, Debezium, Kafka and ClickHouse with the delivered "
             f"settings; {os.cpu_count()} cores for all of them, load {os.getloadavg()[2]:.1f} at the end with all else the machine "
             f"did. {held['good']:,} rows in PostgreSQL, {held['events']:,} events in ClickHouse, "
             f"{'different: see below' if failure else 'equal in every column'}.", "",
             f"{blocks:,} blocks were committed. Active parts of events_processed: {max(row['parts'] for row in seen)} at most, "
             f"{seen[-1]['parts']} at the end.", "",
             "| minute | events a second | p50 ms | p99 ms | active parts |", "|---|---|---|---|---|"]
    lines += [f"| {minute} | {row['rate']:.0f} | {row['p50_ms']:.0f} | {row['p99_ms']:.0f} | {row['parts']} |"
              for minute, row in enumerate(seen, 1)]
    return "steady", "\n".join([*lines, *(["", "```", failure, "```"] if failure else [])]) + "\n", failure


def report(seed: int, rounds: list, held: dict, failure: str) -> str:
    lines = [f"# Soak, {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}", "",
             f"{len(rounds)} faults in the order of seed {seed}, each in the midst of {EACH:,} events through PostgreSQL, "
             "Debezium, Kafka and ClickHouse. After each, all columns of both sides were compared by checksum.", "",
             f"**{'Failed' if failure else 'Nothing lost, nothing doubled'}.**", "",
             "| | PostgreSQL | ClickHouse |", "|---|---|---|",
             f"| events | {held['good']:,} | {held['events']:,} |", f"| bad rows, dead letters | {held['bad']:,} | {held['letters']:,} |",
             "", "| fault | seconds until both sides agreed | rows delivered so far | active parts of events_processed |",
             "|---|---|---|---|"]
    lines += [f"| {seen['fault']} | {seen['seconds']} | {seen['delivered']:,} | {seen['parts']} |" for seen in rounds]
    if failure:
        lines += ["", "```", failure, "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
