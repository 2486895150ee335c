#!/usr/bin/env python3
"""Every fault, over and over: is a row ever lost, or counted twice? Writes a page into bench/results.

    bench/soak.py MINUTES
"""
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.stack.faults import FAULTS, counts, endure  # noqa: E402
from tests.stack.live import Chain  # noqa: E402
from tests.stack.process import exit_on_signals  # noqa: E402

EACH = 20_000


def main(arguments: list) -> int:
    if len(arguments) != 1 or not arguments[0].isdigit():
        print(__doc__, file=sys.stderr)
        return 2
    exit_on_signals()
    seed = int(time.time())
    order = random.Random(seed)
    rounds, failure = [], ""
    with tempfile.TemporaryDirectory(prefix="debezium-udf-soak.") as folder, Chain(Path(folder)) as chain:
        end = time.monotonic() + 60 * int(arguments[0])
        while time.monotonic() < end and not failure:
            for fault in order.sample(list(FAULTS), len(FAULTS)):
                try:
                    rounds.append(endure(chain, fault, EACH))
                except AssertionError as error:
                    failure = f"{fault}: {error}"
                    break
                print("{fault}: {seconds} s, {events:,} events, {letters} dead letters".format(**rounds[-1]), flush=True)
                if time.monotonic() > end:
                    break
        held = counts(chain)
        parts = chain.engine.value(
            "SELECT count() FROM system.parts WHERE database = 'experiments_analytics' AND table = 'events_processed' AND active")
    page = ROOT / "bench" / "results" / time.strftime("soak-%Y-%m-%d-%H%M.md", time.gmtime())
    page.parent.mkdir(exist_ok=True)
    page.write_text(report(seed, rounds, held, parts, failure))
    print(f"{page.relative_to(ROOT)} written")
    if failure:
        print(failure, file=sys.stderr)
    return 1 if failure else 0


def report(seed: int, rounds: list, held: dict, parts: int, failure: str) -> str:
    lines = [f"# Soak, {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}", "",
             f"{len(rounds)} faults in the order of seed {seed}, each in the midst of {EACH:,} events through PostgreSQL, "
             "Debezium, Kafka and ClickHouse. After each, all columns of both sides were compared by checksum.", "",
             f"**{'Failed' if failure else 'Nothing lost, nothing doubled'}.**", "",
             "| | PostgreSQL | ClickHouse |", "|---|---|---|",
             f"| events | {held['good']:,} | {held['events']:,} |", f"| bad rows, dead letters | {held['bad']:,} | {held['letters']:,} |",
             "", f"Active parts of events_processed at the end: {parts}.", "",
             "| fault | seconds until both sides agreed | rows delivered so far |", "|---|---|---|"]
    lines += [f"| {seen['fault']} | {seen['seconds']} | {seen['delivered']:,} |" for seen in rounds]
    if failure:
        lines += ["", "```", failure, "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
