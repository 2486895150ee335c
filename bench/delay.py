#!/usr/bin/env python3
"""`make bench-delay`: from commit in PostgreSQL to a visible row, for a lone event and for a steady flow, and what the waiting costs.

    build/venv/bin/python bench/delay.py [--rate N] [--rounds N] [--connectors] [--quick]
"""
import argparse
import random
import re
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.contenders import BUILD  # noqa: E402
from bench.measure import Page, cpu, cpu_between, machine, table  # noqa: E402
from tests.stack.live import Arrivals, Chain, measure, percentile  # noqa: E402
from tests.stack.process import exit_on_signals  # noqa: E402

DATABASE = "experiments_analytics"
TARGET = f"{DATABASE}.events_processed"
# kafka_flush_interval_ms, kafka_poll_timeout_ms, kafka_consumer_reschedule_ms.
SETTINGS = [(200, 50, 500), (200, 50, 100), (150, 50, 100), (150, 150, 100), (100, 50, 100)]
CONNECTORS = ["bare.json", "schemas.json", "unwrap.json", "flatten.json", "router.json"]


def consume(chain: Chain, settings: tuple) -> None:
    """The same consumption with other times."""
    engine = chain.engine
    made = [engine.value(f"SELECT create_table_query FROM system.tables WHERE database = '{DATABASE}' AND name = '{name}'")
            for name in ("raw_events_kafka", "decoded_events_mv")]
    times = ", ".join(f"{name} = {value}" for name, value in zip(
        ("kafka_flush_interval_ms", "kafka_poll_timeout_ms", "kafka_consumer_reschedule_ms"), settings))
    engine.query(f"DROP TABLE {DATABASE}.decoded_events_mv SYNC")
    engine.query(f"DROP TABLE {DATABASE}.raw_events_kafka SYNC")
    engine.query(re.sub(r"Kafka\(experiments_kafka.*?\)", f"Kafka(experiments_kafka, {times})", made[0]))
    engine.query(made[1])


def lone(chain: Chain, count: int) -> list:
    """Delays of single events, ms, so far apart that the consumer finds nothing in between."""
    engine, delays = chain.engine, []
    with chain.service(seed=int(time.time())) as service:
        user = f"lone_{time.time_ns()}"
        service.assign(1, user)
        time.sleep(3)
        for _ in range(count):
            time.sleep(random.uniform(0.8, 1.6))
            before = engine.value(f"SELECT count() FROM {TARGET}")
            with Arrivals(engine) as arrivals:
                service.act("click", 1, user)
                committed = time.monotonic()
                engine.wait_for(f"SELECT count() > {before} FROM {TARGET}", 1, 30)
                time.sleep(0.05)
            delays += arrivals.delays([committed], before)
    return delays


def used(chain: Chain, seconds: float, rate: int = 0) -> tuple:
    """CPU of the engine and its programs, in parts of a core, and blocks a second, while nobody asks anything."""
    blocks = f"SELECT sum(num_commits) FROM system.kafka_consumers WHERE database = '{DATABASE}' AND table = 'raw_events_kafka'"
    pid, first = chain.engine.process.pid, chain.engine.value(blocks)
    before, start = cpu(pid), time.monotonic()
    if rate:
        with chain.service(seed=int(time.time())) as service:
            service.steady(rate, seconds)
    else:
        time.sleep(seconds)
    took = time.monotonic() - start
    core = cpu_between(before, cpu(pid)) / took
    return core, (chain.engine.value(blocks) - first) / took


def row(chain: Chain, settings: tuple, options) -> tuple:
    consume(chain, settings)
    time.sleep(4)
    rest, _ = used(chain, 6)
    alone = lone(chain, 5 if options.quick else 15)
    seen = measure(chain.source, chain.engine, options.rate, 5 if options.quick else 20, settle=5)
    parts = chain.engine.value(f"SELECT count() FROM system.parts WHERE active AND database = '{DATABASE}' AND table = 'events_processed'")
    busy, blocks = used(chain, 8, options.rate)
    return (*settings, f"{percentile(alone, 50):.0f}", f"{max(alone):.0f}", f"{seen['p50_ms']:.0f}", f"{seen['p99_ms']:.0f}", parts,
            f"{blocks:.1f}", f"{rest:.1%}", f"{busy:.1%}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--connectors", action="store_true", help="each connector's file of sql/connectors, with the delivered settings, too")
    parser.add_argument("--quick", action="store_true", help="few events, no page: does it run?")
    options = parser.parse_args()
    exit_on_signals()
    page = Page("delay", "From commit in PostgreSQL to a visible row")
    page.add(table(["", ""], machine()))
    folder = BUILD / "delay"
    shutil.rmtree(folder, ignore_errors=True)
    rows, forms = [], []
    with Chain(folder) as chain:
        for _ in range(1 if options.quick else options.rounds):
            for settings in SETTINGS:
                rows.append(row(chain, settings, options))
                print(rows[-1], file=sys.stderr, flush=True)
    page.add(f"PostgreSQL, Debezium (`bare.json`), Kafka and ClickHouse with the whole bundle on this machine; {options.rate:,} events a second where it is "
             "steady. A line a\nmeasurement. CPU: the engine and its programs, in parts of one core; `at rest` no message comes at all. Blocks: "
             "commits a second.\n")
    page.add(table(["flush ms", "poll ms", "reschedule ms", "lone p50 ms", "lone max", "steady p50 ms", "p99", "active parts", "blocks/s", "CPU at rest",
                    "CPU steady"], rows))
    if options.connectors:
        for name in CONNECTORS:
            shutil.rmtree(folder, ignore_errors=True)
            with Chain(folder, [name]) as chain:
                seen = measure(chain.source, chain.engine, options.rate, 20, settle=10)
                forms.append((name, f"{seen['p50_ms']:.0f}", f"{seen['p99_ms']:.0f}"))
                print(forms[-1], file=sys.stderr, flush=True)
        page.add("## Connectors\n\nWith the delivered settings.\n")
        page.add(table(["connector", "p50 ms", "p99"], forms))
    shutil.rmtree(folder, ignore_errors=True)
    if not options.quick:
        page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
