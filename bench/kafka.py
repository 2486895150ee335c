#!/usr/bin/env python3
"""`make bench-kafka`: from a topic of a real broker to events_processed, one step of the bundle after the other, and SQL's ways.

    build/venv/bin/python bench/kafka.py [--rows N] [--rounds N] [--quick]
"""
import argparse
import itertools
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.contenders import BUILD, BY_NAME, COLUMNS  # noqa: E402
from bench.measure import Page, Samples, cpu, cpu_between, machine, table, threads_cpu  # noqa: E402
from tests.stack.engine import ROOT, Engine  # noqa: E402
from tests.stack.kafka import JAVA, Kafka  # noqa: E402
from tests.stack.process import exit_on_signals  # noqa: E402
from tests.support.bundle import made, printed, split  # noqa: E402

DATABASE = "experiments_analytics"
MERGES = "MergeMutate"  # the threads that merge
# The table's columns behind the layout's.
PLACE = ("_topic AS topic, _partition AS partition, _offset AS offset, "
         "ifNull(_timestamp_ms, toDateTime64(0, 3, 'UTC')) AS kafka_time")


@dataclass
class Way:
    """What stands behind the Kafka table `raw`. `views`: the bundle's views behind the decode that it keeps."""
    title: str
    views: tuple = ()
    view: str = ""  # a view of its own, into `target`
    target: str = f"{DATABASE}.events_processed"
    counted: str = "count()"
    decode: str = ""  # in place of the bundle's own view into decoded_events


def own_view(raw: str) -> str:
    """The query of the bundle's own view, on this table."""
    query = next(text for text in split(printed()) if made(text) == "decoded_events_mv").split(" AS\n", 1)[1]
    return query.replace(f"{DATABASE}.raw_events_kafka", raw).rstrip().rstrip(";")


def best_sql_decode(raw: str) -> str:
    """The same with SQL's best way in place of the function: what it finds wrong is a dead letter, too.

    It is told by what the columns hold, without a look at the message more: no op where it is no JSON, no user where the payload is none,
    NULL where a number or a time does not fit.
    """
    contender = BY_NAME["best_sql"]
    common, columns = contender.common, dict(contender.columns)
    checked = ("experiment_id", "variant_id", "timestamp")
    for name in checked:
        kind = COLUMNS[name].replace("'", "\\'")
        if f"{name} {kind}" not in common:
            raise SystemExit(f"bench-kafka: no {name} {kind} in {common}")
        common = common.replace(f"{name} {kind}", f"{name} Nullable({kind})")
        columns[name] = f"assumeNotNull({columns[name]})"
    unfit = " OR ".join(["p.user_id = ''", *(f"isNull(p.{name})" for name in checked)])
    outcome = f"multiIf(m.op = '', 'error', NOT ({contender.wanted}), 'skipped', {unfit}, 'error', 'event')"
    reason = f"multiIf(m.op = '', 'not JSON', NOT ({contender.wanted}), concat('op ', m.op), {unfit}, 'does not fit', '')"
    values = ", ".join([outcome, reason, *columns.values()])
    return f"{common} {own_view(raw).replace('experimentEvent(message)', f'tuple({values})', 1)}"


def sql_way(name: str) -> Way:
    """One of SQL's ways straight into events_processed."""
    contender = BY_NAME[name]
    columns = ", ".join(f"{expression} AS {column}" for column, expression in contender.columns.items())
    # The names of the columns are taken where the expressions stand.
    return Way(contender.title, view=f"{contender.common} SELECT {columns}, {PLACE} FROM {{raw}} WHERE {contender.wanted}")


def ways(views: list) -> dict:
    """`views`: the names of the bundle's views that take from decoded_events."""
    counted = "bench.counted"
    return {
        "count": Way("a view that only counts", view="SELECT count() AS n FROM {raw}", target=counted, counted="sum(n)"),
        "decode": Way("decode, nothing behind it", views=("bench.decoded_mv",), target=counted, counted="sum(n)"),
        "events": Way("decode and events_processed", views=("events_kafka_mv",)),
        "bundle": Way(f"the whole bundle ({len(views)} views behind the decode)", views=tuple(views)),
        "same_work": Way("the same views behind SQL's best decode", views=tuple(views), decode=best_sql_decode("{raw}")),
        "best_sql": sql_way("best_sql"),
        "per_field": sql_way("per_field")}


class Bench:
    def __init__(self, engine: Engine, broker: Kafka, rows: int):
        self.engine, self.broker, self.rows = engine, broker, rows
        self.rate, self.cpu, self.broker_cpu, self.merges = Samples(), Samples(), Samples(), Samples()
        self.groups = itertools.count()
        self.answers: dict = {}

    def prepare(self) -> None:
        """Two topics with the same messages, of one and of two partitions; the bundle, standing still."""
        for partitions in (1, 2):
            subprocess.run([*JAVA, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.broker.address, "--create",
                            "--topic", f"uniform_{partitions}", "--partitions", str(partitions)], check=True, capture_output=True)
        path = self.engine.folder / "messages"
        with open(path, "wb") as file:
            subprocess.run([BUILD / "generate", "uniform", str(self.rows)], stdout=file, check=True)
        subprocess.run(["split", "-n", "l/2", "-d", path, f"{path}."], check=True)
        for topic, partition, part in (("uniform_1", 0, path), ("uniform_2", 0, f"{path}.00"), ("uniform_2", 1, f"{path}.01")):
            subprocess.run(["kcat", "-q", "-b", self.broker.address, "-P", "-t", topic, "-p", str(partition), "-l", str(part),
                            "-X", "queue.buffering.max.messages=1000000", "-X", "linger.ms=100"], check=True)
        for part in (path, Path(f"{path}.00"), Path(f"{path}.01")):
            part.unlink()
        self.engine.apply()
        self.engine.query(f"DROP TABLE {DATABASE}.decoded_events_mv SYNC")
        # The refreshes of the analytics are no part of the way.
        self.engine.query("SYSTEM STOP VIEWS")
        self.views = {row["name"]: row["create_table_query"] for row in self.engine.rows(
            "SELECT name, create_table_query FROM system.tables WHERE engine = 'MaterializedView' "
            f"AND database = '{DATABASE}' AND create_table_query LIKE '%FROM {DATABASE}.decoded_events%'")}
        self.engine.query("CREATE DATABASE bench")
        self.engine.query("CREATE TABLE bench.counted (n UInt64) ENGINE = MergeTree ORDER BY ()")
        # Every column is asked for, so that none is left out of the decode.
        self.views["bench.decoded_mv"] = ("CREATE MATERIALIZED VIEW bench.decoded_mv TO bench.counted AS "
                                          f"SELECT count() AS n FROM {DATABASE}.decoded_events WHERE NOT ignore(*)")

    def run(self, way: Way, consumers: int = 1, **settings) -> tuple:
        """Consume the topic once: messages/s from the first visible block on, CPU ns a message of engine and broker, and
        of the engine's merges."""
        engine = self.engine
        raw = f"{DATABASE}.bench_kafka"
        options = {"kafka_topic_list": f"uniform_{consumers}", "kafka_group_name": f"bench_{next(self.groups)}",
                   "kafka_num_consumers": consumers, **({"kafka_thread_per_consumer": 1} if consumers > 1 else {}), **settings}
        text = ", ".join(f"{name} = {value!r}" for name, value in options.items())
        engine.query(f"CREATE TABLE {raw} (message String) ENGINE = Kafka(experiments_kafka, {text})")
        for name, create in self.views.items():
            engine.query(f"DROP TABLE IF EXISTS {name if '.' in name else f'{DATABASE}.{name}'} SYNC")
            if name in way.views:
                engine.query(create)
        for name in (f"{DATABASE}.events_processed", f"{DATABASE}.dead_letters", "bench.counted"):
            engine.query(f"TRUNCATE TABLE {name}")
        if way.view:
            start_view = f"CREATE MATERIALIZED VIEW bench.consume TO {way.target} AS {way.view.replace('{raw}', raw)}"
        else:
            start_view = (f"CREATE MATERIALIZED VIEW bench.consume TO {DATABASE}.decoded_events AS "
                          f"{(way.decode or own_view('{raw}')).replace('{raw}', raw)}")
        measured = self.consume(way, start_view)
        if way.target.endswith("events_processed"):
            self.check(way)
        engine.query("DROP TABLE bench.consume SYNC")
        engine.query(f"DROP TABLE {raw} SYNC")
        return measured

    def consume(self, way: Way, start_view: str) -> tuple:
        engine, broker = self.engine.process.pid, self.broker.process.pid
        count = f"SELECT toUInt64({way.counted}) FROM {way.target}"
        before, merged = (cpu(engine), cpu(broker)), threads_cpu(engine, MERGES)
        self.engine.query(start_view)
        deadline = time.monotonic() + 300
        first, seen = None, 0
        while seen < self.rows:
            # Each look costs the engine some CPU time: a hundred in a second cost as much as the reading itself.
            time.sleep(0.1)
            seen, now = int(self.engine.query(count)), time.monotonic()
            if first is None and seen > 0:
                first = now, seen
            if now > deadline:
                raise SystemExit(f"bench-kafka: {way.title}: {seen} of {self.rows} rows after 300 s\n{self.engine.tail()}")
        after, merged = (cpu(engine), cpu(broker)), threads_cpu(engine, MERGES) - merged
        if first[1] == self.rows:
            raise SystemExit("bench-kafka: all rows came in one block: use more --rows")
        rate = (self.rows - first[1]) / (now - first[0])
        return rate, *(cpu_between(old, new) / self.rows * 1e9 for old, new in zip(before, after)), merged / self.rows * 1e9

    def check(self, way: Way) -> None:
        """All ways leave the same rows in the table; a difference ends the run."""
        columns = ", ".join("JSONExtractRaw(properties)" if name == "properties" else name for name in COLUMNS)
        answer = self.engine.query(f"SELECT count(), hex(sum(sipHash64(toString(tuple({columns}))))) FROM {DATABASE}.events_processed")
        self.answers[way.title] = answer.split()
        if len({tuple(one) for one in self.answers.values()}) > 1:
            raise SystemExit(f"bench-kafka: the rows differ, so no times are shown: {self.answers}")


def compare(bench: Bench, page: Page, rounds: int) -> None:
    all_ways = ways([name for name in bench.views if not name.startswith("bench.")])
    for number in range(rounds):
        for consumers in (1, 2):
            # From either end in turns: what comes slowly meets all alike.
            for name, way in list(all_ways.items())[::-1 if number % 2 else 1]:
                if name == "per_field" and number > 0:
                    continue
                measured = bench.run(way, consumers)
                rate = measured[0]
                for samples, value in zip((bench.rate, bench.cpu, bench.broker_cpu, bench.merges), measured):
                    samples.add((name, consumers), value)
                print(f"{way.title}, {consumers} consumers: {rate:,.0f}/s", file=sys.stderr)
    page.add("## Answers\n\nRows of events_processed and a hash over every column of the layout.\n")
    page.add(table(["how", "rows", "hash"], [(title, *answer) for title, answer in bench.answers.items()]))
    page.add("## Rates\n\nMessages a second, from the first visible block to the last, the best and the median of the rounds; CPU time a "
             "message of\nthe engine with its programs, and of the broker, the least; of it merges: the median. What is merged within the time differs from "
             "round to round,\nand goes on behind it.\n")
    for consumers in (1, 2):
        lines = []
        for name, way in all_ways.items():
            key = (name, consumers)
            best = max(bench.rate.values[key])
            lines.append((way.title, f"{best:,.0f}", f"{bench.rate.median(key):,.0f}",
                          f"{bench.rate.median(key) / bench.rate.median(('count', consumers)):.0%}", f"{bench.cpu.least(key):,.0f}",
                          f"{bench.merges.median(key):,.0f}", f"{bench.broker_cpu.least(key):,.0f}"))
        page.add(f"### {consumers} consumer{'s' if consumers > 1 else ''}\n")
        page.add(table(["how", "best/s", "median/s", "of the count", "engine ns", "of it merges", "broker ns"], lines))


SWEEP = [{}, {"kafka_max_block_size": 8192, "kafka_poll_max_batch_size": 8192}, {"kafka_max_block_size": 16384},
         {"kafka_max_block_size": 262144, "kafka_poll_max_batch_size": 262144}, {"kafka_poll_max_batch_size": 8192},
         {"kafka_flush_interval_ms": 500}, {"kafka_flush_interval_ms": 7500}, {"kafka_poll_timeout_ms": 200},
         {"kafka_thread_per_consumer": 1}, {"kafka_format": "LineAsString"}]


def sweep(bench: Bench, page: Page, rounds: int) -> None:
    """The bundle's settings, one changed at a time; in rounds, as above."""
    way = ways([name for name in bench.views if not name.startswith("bench.")])["bundle"]
    rates, clocks = Samples(), Samples()
    for _ in range(rounds):
        for number, settings in enumerate(SWEEP):
            rate, engine, *_ = bench.run(way, 1, **settings)
            rates.add(number, rate)
            clocks.add(number, engine)
    page.add("## Settings of the bundle\n\nOne consumer; what is not named is as in sql/config.\n")
    page.add(table(["setting", "best/s", "median/s", "engine ns"], [
        (", ".join(f"{name} = {value}" for name, value in settings.items()) or "as shipped",
         f"{max(rates.values[number]):,.0f}", f"{rates.median(number):,.0f}", f"{clocks.least(number):,.0f}")
        for number, settings in enumerate(SWEEP)]))


def ratios(bench: Bench, page: Page) -> None:
    def paired(name: str, other: str, consumers: int) -> float:
        """The median of the CPU ratios within each round."""
        return statistics.median(one / two for one, two in zip(bench.cpu.values[name, consumers], bench.cpu.values[other, consumers]))

    def unmerged(name: str, other: str, consumers: int) -> float:
        """The same without the merges."""
        one, two = ([used - merged for used, merged in zip(bench.cpu.values[key, consumers], bench.merges.values[key, consumers])]
                    for key in (name, other))
        return statistics.median(mine / its for mine, its in zip(one, two))

    names = {f"{name}_{consumers}": bench.rate.median(("bundle", consumers)) / bench.rate.median((name, consumers))
             for name in ("count", "same_work", "best_sql", "per_field") for consumers in (1, 2)}
    names["two_over_one"] = bench.rate.median(("bundle", 2)) / bench.rate.median(("bundle", 1))
    for consumers in (1, 2):
        names[f"cpu_over_count_{consumers}"] = paired("bundle", "count", consumers)
        for other in ("same_work", "best_sql"):
            names[f"cpu_{other}_{consumers}"] = paired(other, "bundle", consumers)
        names[f"cpu_over_count_unmerged_{consumers}"] = unmerged("bundle", "count", consumers)
        names[f"cpu_same_work_unmerged_{consumers}"] = unmerged("same_work", "bundle", consumers)
    page.add("## Ratios\n\nThe median rate of the whole bundle over that of the other way. `cpu_over_count`: CPU a message of the bundle over the "
             "count's;\n`cpu_…`: of the other way over the bundle's; both the median of the ratios within each round. `same_work` also stores dead "
             "letters and what the status\nreads, `best_sql` events alone. `unmerged`: without what merged meanwhile.\n")
    page.add("\n".join(f"ratio kafka_{name} {value:.2f}" for name, value in names.items()) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few messages, one round, no page: does it run?")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.rounds = min(options.rows, 150_000), 1
    exit_on_signals()
    page = Page("kafka", "From Kafka to events_processed")
    page.add(table(["", ""], machine()))
    start = time.monotonic()
    folder = BUILD / "kafka"
    shutil.rmtree(folder, ignore_errors=True)
    with Kafka(folder / "kafka") as broker, Engine(folder / "engine", broker=broker.address) as engine:
        page.add(f"ClickHouse {engine.value('SELECT version()')}; {options.rows:,} uniform messages\n")
        bench = Bench(engine, broker, options.rows)
        bench.prepare()
        compare(bench, page, options.rounds)
        sweep(bench, page, 1 if options.quick else 2)
        ratios(bench, page)
    shutil.rmtree(folder, ignore_errors=True)
    if not options.quick:
        page.write()
    print(f"took {time.monotonic() - start:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
