#!/usr/bin/env python3
"""`make bench-forms`: which form of message and which compression is the cheapest from the topic to the tables, and how consumers add up.

    build/venv/bin/python bench/forms.py [--rows N] [--rounds N] [--quick]
"""
import argparse
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.contenders import BUILD  # noqa: E402
from bench.kafka import DATABASE, Bench, Way, own_view, ways  # noqa: E402
from bench.measure import Page, machine, table  # noqa: E402
from tests.stack.engine import Engine  # noqa: E402
from tests.stack.kafka import Kafka  # noqa: E402
from tests.stack.process import exit_on_signals  # noqa: E402
from tests.support.programs import LAYOUT  # noqa: E402

CODECS = ("none", "lz4", "snappy", "zstd")
CONSUMERS = (1, 2, 4, 8)


def compact(value) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def unwrapped(message: dict) -> bytes:
    return compact(message["after"] | {"__deleted": "false", "__op": message["op"], "__lsn": message["source"]["lsn"]})


def flattened(message: dict) -> bytes:
    row = {f"after.{name}": value for name, value in message["after"].items()}
    source = {f"source.{name}": value for name, value in message["source"].items()}
    return compact({"before": None} | row | source | {name: value for name, value in message.items() if name not in ("before", "after", "source")})


def few_source(message: dict) -> bytes:
    """ReplaceField cannot reach into `source`; a transform that does leaves what the layout reads."""
    return compact(message | {"source": {"lsn": message["source"]["lsn"]}})


FORMS = {
    "bare": compact,
    "bare, of `source` only lsn": few_source,
    "bare, without `source` (ReplaceField)": lambda message: compact({name: value for name, value in message.items() if name != "source"}),
    "with schemas": None,
    "unwrapped, with __op and __lsn": unwrapped,
    "bare row (unwrapped, no fields added)": lambda message: compact(message["after"]),
    "flattened": flattened,
    "router": lambda message: message["after"]["payload"].encode(),
}


class Forms(Bench):
    def prepare(self) -> None:
        super().prepare()
        uniform = subprocess.run([BUILD / "generate", "uniform", str(self.rows)], stdout=subprocess.PIPE, check=True).stdout.splitlines()
        wrapped = subprocess.run([BUILD / "generate", "wrapped", str(self.rows)], stdout=subprocess.PIPE, check=True).stdout.splitlines()
        messages = [json.loads(line) for line in uniform]
        self.bytes, self.stored, self.views_row = {}, {}, None
        for number, (title, form) in enumerate(FORMS.items()):
            lines = [form(message) for message in messages] if form else wrapped
            self.bytes[title] = sum(map(len, lines)) / self.rows
            for codec in CODECS if title in ("bare", "with schemas", "unwrapped, with __op and __lsn") else CODECS[:1]:
                # The router's id comes in a header.
                self.send(f"form_{number}_{codec}", lines, codec, ["-H", "id=7"] if title == "router" else [])
        subprocess.run([*self.broker_command(), "--create", "--topic", "eight", "--partitions", "8"], check=True, capture_output=True)
        for partition in range(8):
            self.send("eight", uniform[partition::8], "none", ["-p", str(partition)])

    @staticmethod
    def topic(title: str, codec: str) -> str:
        return f"form_{list(FORMS).index(title)}_{codec}"

    def broker_command(self) -> list:
        from tests.stack.kafka import JAVA
        return [*JAVA, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.broker.address]

    def send(self, topic: str, lines: list, codec: str, more: list) -> None:
        # Batches as a connector under load makes them: Kafka Connect's 16 KB would compress less.
        subprocess.run(["kcat", "-q", "-b", self.broker.address, "-P", "-t", topic, "-z", codec, "-X", "linger.ms=100",
                        "-X", "batch.size=262144", "-X", "queue.buffering.max.messages=1000000", *more],
                       input=b"\n".join(lines), check=True)
        folder = self.broker.folder / "data"
        self.stored[topic] = sum(path.stat().st_size for path in folder.glob(f"{topic}-*/*.log"))

    def check(self, way: Way) -> None:
        seen = self.engine.query(f"SELECT count(), (SELECT count() FROM {DATABASE}.dead_letters) FROM {DATABASE}.events_processed").split()
        if seen != [str(self.rows), "0"]:
            raise SystemExit(f"bench-forms: {seen} events and dead letters of {self.rows}")


def register_rows(engine: Engine) -> None:
    """The same columns from bare rows: the layout says that any object is one."""
    layout = json.loads(LAYOUT.read_text())
    path = engine.folder / "bare_row.json"
    path.write_text(json.dumps(layout | {"function": "bareRow", "message": "row"}))
    engine.register(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round, no page: does it run?")
    options = parser.parse_args()
    if options.quick:
        # More than a block.
        options.rows, options.rounds = min(options.rows, 100_000), 1
    exit_on_signals()
    page = Page("forms", "Forms of messages, compression and consumers")
    page.add(table(["", ""], machine()))
    folder = BUILD / "forms"
    shutil.rmtree(folder, ignore_errors=True)
    with Kafka(folder / "kafka") as broker, Engine(folder / "engine", broker=broker.address) as engine:
        bench = Forms(engine, broker, options.rows)
        bench.prepare()
        register_rows(engine)
        engine.query("SYSTEM STOP VIEWS")
        bundle = ways([name for name in bench.views if not name.startswith("bench.")])["bundle"]
        rows = Way(bundle.title, bundle.views, decode=own_view("{raw}").replace("experimentEvent(", "bareRow("))
        seen: dict = {}
        for _ in range(options.rounds):
            for title in FORMS:
                for codec in CODECS:
                    topic = bench.topic(title, codec)
                    if topic in bench.stored:
                        way = rows if title.startswith("bare row") else bundle
                        seen.setdefault((title, codec), []).append(bench.run(way, 1, kafka_topic_list=topic))
            for consumers in CONSUMERS:
                seen.setdefault(consumers, []).append(bench.run(bundle, consumers, kafka_topic_list="eight", kafka_thread_per_consumer=1))
    shutil.rmtree(folder, ignore_errors=True)
    report(page, bench, seen, options)
    if not options.quick:
        page.write()
    return 0


def report(page: Page, bench: Forms, seen: dict, options) -> None:
    def ratio(key, first, part: int) -> str:
        return f"{statistics.median(one[part] / two[part] for one, two in zip(seen[key], seen[first])):.2f}"

    first = ("bare", "none")
    page.add(f"{options.rows:,} uniform messages from a topic to the tables of the whole bundle, one consumer; {options.rounds} rounds. CPU a message, "
             "user and system,\nthe least; over bare: the median of the ratios within each round. Bytes: of a message, and of a message on the "
             "broker's disk.\n\n## Forms\n")
    page.add(table(["form", "compression", "bytes", "on the broker", "engine ns", "over bare", "broker ns", "messages/s over bare"], [
        (title, codec, f"{bench.bytes[title]:,.0f}", f"{bench.stored[bench.topic(title, codec)] / options.rows:,.0f}",
         f"{min(one[1] for one in seen[title, codec]):,.0f}", ratio((title, codec), first, 1),
         f"{min(one[2] for one in seen[title, codec]):,.0f}", ratio((title, codec), first, 0))
        for title, codec in (key for key in seen if isinstance(key, tuple))]))
    page.add("## Consumers\n\nThe same messages in a topic of eight partitions, `kafka_thread_per_consumer` 1. Where CPU a message stays as it is, as many "
             "times the consumers\nare as many times the messages, as long as there are cores.\n")
    page.add(table(["consumers", "engine ns a message", "over one", "messages/s over one"], [
        (consumers, f"{min(one[1] for one in seen[consumers]):,.0f}", ratio(consumers, 1, 1), ratio(consumers, 1, 0))
        for consumers in CONSUMERS]))


if __name__ == "__main__":
    sys.exit(main())
