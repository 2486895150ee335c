#!/usr/bin/env python3
"""`make bench-capacity`: CPU time a message of each stage from a topic to the tables, the figures of docs/capacity.md.

    build/venv/bin/python bench/capacity.py [--rows N] [--rounds N]
"""
import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "cluster"))
from nodes import Node  # noqa: E402

from bench.contenders import BUILD  # noqa: E402
from bench.kafka import DATABASE, Bench, ways  # noqa: E402
from bench.measure import Page, Samples, cpu, cpu_between, machine, table  # noqa: E402
from tests.stack.engine import Engine  # noqa: E402
from tests.stack.kafka import JAVA, Kafka  # noqa: E402
from tests.stack.process import exit_on_signals  # noqa: E402
from tests.support.waiting import wait_until  # noqa: E402

STAGES = ["count", "decode", "events", "bundle"]
DISK = """SELECT round(sum(bytes_on_disk) / sum(rows), 1) FROM system.parts
          WHERE active AND database = '{database}' AND table = 'events_processed'"""


class Stages(Bench):
    """As bench/kafka.py has it, but looked at seldom: asking for the count costs CPU time as well."""

    def consume(self, way, start_view: str) -> tuple:
        engine, broker = self.engine.process.pid, self.broker.process.pid
        before, start = (cpu(engine), cpu(broker)), time.monotonic()
        self.engine.query(start_view)
        while self.engine.value(f"SELECT toUInt64({way.counted}) FROM {way.target}") < self.rows:
            if time.monotonic() > start + 300:
                raise SystemExit(f"bench-capacity: {way.title}: not all rows after 300 s")
            time.sleep(1)
        return tuple(cpu_between(old, cpu(pid)) / self.rows * 1e9 for old, pid in zip(before, (engine, broker)))


def one_node(folder: Path, broker: Kafka, rows: int, rounds: int, samples: Samples) -> float:
    """Each stage on one node, `rounds` times; bytes of an event on disk."""
    with Engine(folder / "engine", broker=broker.address) as engine:
        bench = Stages(engine, broker, rows)
        bench.prepare()
        engine.query("SYSTEM STOP VIEWS")
        stages = ways([name for name in bench.views if not name.startswith("bench.")])
        for _ in range(rounds):
            for name in STAGES:
                for kind, used in zip(("engine", "broker"), bench.run(stages[name])):
                    samples.add((name, kind), used)
                print(f"{name}: {samples.values[name, 'engine'][-1]:,.0f} ns", file=sys.stderr)
        return engine.value(DISK.format(database=DATABASE))


def two_shards(folder: Path, broker: Kafka, rows: int) -> float:
    """CPU ns a message of both nodes, each of which consumes one of two partitions."""
    nodes = [Node(folder / f"node{number}", broker.address, group="capacity") for number in (1, 2)]
    for node in nodes:
        node.clusters = {"experiments_2": Node.shards(*nodes)}
    subprocess.run([*JAVA, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", broker.address, "--create",
                    "--topic", "experiments_events", "--partitions", "2"], check=True, capture_output=True)
    with nodes[0], nodes[1]:
        for node in nodes:
            node.apply_cluster("experiments_2")
            node.query("SYSTEM STOP VIEWS")
        messages = subprocess.run([BUILD / "generate", "uniform", str(rows)], stdout=subprocess.PIPE, check=True).stdout.splitlines(True)
        before = [cpu(node.process.pid) for node in nodes]
        for partition in (0, 1):
            subprocess.run(["kcat", "-q", "-b", broker.address, "-P", "-t", "experiments_events", "-p", str(partition),
                            "-X", "queue.buffering.max.messages=1000000"], input=b"".join(messages[partition::2]), check=True)
        arrived = f"SELECT count() FROM {DATABASE}.events_processed"
        wait_until(lambda: nodes[0].value(arrived) >= rows, 120, "bench-capacity: the two shards have all", 1, SystemExit)
        return sum(cpu_between(old, cpu(node.process.pid)) for old, node in zip(before, nodes)) / rows * 1e9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    exit_on_signals()
    page, samples = Page("capacity", "CPU of each stage from Kafka to the tables"), Samples()
    page.add(table(["", ""], machine()))
    folder = BUILD / "capacity"
    shutil.rmtree(folder, ignore_errors=True)
    with Kafka(folder / "kafka") as broker:
        disk = one_node(folder, broker, options.rows, options.rounds, samples)
        shards = two_shards(folder, broker, options.rows)
    shutil.rmtree(folder, ignore_errors=True)
    titles = {"count": "read from Kafka, counted", "decode": "and decoded", "events": "and stored in events_processed",
              "bundle": "the whole bundle"}
    page.add(f"{options.rows:,} uniform messages of 1,041 bytes, one consumer, {options.rounds} rounds; CPU: the engine and its programs, user "
             "and system,\nthe least of the rounds.\n")
    page.add(table(["up to", "engine ns a message", "broker ns"], [
        (titles[name], f"{samples.least((name, 'engine')):,.0f}", f"{samples.least((name, 'broker')):,.0f}") for name in STAGES]))
    page.add(f"Two shards, each consuming half: {shards:,.0f} ns a message, both nodes together.\n"
             f"An event on disk: {disk} bytes.\n")
    page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
