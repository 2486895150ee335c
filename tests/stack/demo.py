#!/usr/bin/env python3
"""The whole pipeline on this machine, shown step by step: real messages into Kafka, typed rows out of ClickHouse.

    tests/stack/demo.py          run, show, stop everything
    tests/stack/demo.py keep     run, show, leave the servers running and say how to reach them
    tests/stack/demo.py stop     stop the servers that `keep` left
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build" / "venv" / "bin" / "python"
if sys.prefix == sys.base_prefix and PYTHON.exists():
    os.execv(PYTHON, [PYTHON, *sys.argv])
sys.path.insert(0, str(ROOT))

from tests.analytics.story import EXPERIMENTS, SETTINGS, history  # noqa: E402
from tests.stack.engine import BINARY, LAYOUT, Engine, QueryError  # noqa: E402
from tests.stack.kafka import Kafka  # noqa: E402
from tests.stack.live import Source, live_flow  # noqa: E402
from tests.stack.process import StackError, exit_on_signals  # noqa: E402
from tests.stack.visitors import Visitors, write  # noqa: E402
from tests.support.bundle import operation  # noqa: E402
from tests.support.waiting import wait_until  # noqa: E402

FOLDER = ROOT / "build" / "demo"
FIXTURES = ROOT / "tests" / "fixtures" / "debezium"
TOPIC = "experiments_events"
BURST = 300_000

TERMINAL = sys.stdout.isatty()
WIDTH = min(shutil.get_terminal_size((110, 0)).columns, 120)


def styled(text: str, code: str) -> str:
    return f"\033[{code}m{text}\033[0m" if TERMINAL else text


def title(number: int, text: str) -> None:
    print(f"\n{styled(f' {number} ', '7')} {styled(text, '1')}\n", flush=True)


def say(text: str) -> None:
    print(textwrap.indent(textwrap.fill(text, WIDTH - 4), "    "), flush=True)


def show(engine: Engine, sql: str) -> None:
    """The query's result as a table."""
    settings = {"output_format_pretty_color": int(TERMINAL), "output_format_pretty_row_numbers": 0,
                "output_format_pretty_max_value_width": 80, "output_format_pretty_highlight_digit_groups": 0,
                "output_format_pretty_single_large_number_tip_threshold": 0}
    table = engine.query(sql, format="PrettyCompactMonoBlock", settings=settings).rstrip("\n")
    print(textwrap.indent(table, "    "), end="\n\n", flush=True)


class Demo:
    """The servers, and what each step leaves for the next."""

    def __init__(self, kafka: Kafka, engine: Engine, source: Source):
        self.kafka = kafka
        self.engine = engine
        self.source = source
        self.steps = 0

    def run(self) -> None:
        for step in (self.servers, self.messages, self.rows, self.row_by_hand, self.dead_letters, self.live, self.experiments, self.rate):
            self.steps += 1
            step()

    def title(self, text: str) -> None:
        title(self.steps, text)

    def servers(self) -> None:
        self.title("Two servers and one program")
        self.kafka.create_topic(TOPIC)
        self.engine.apply()
        version = self.engine.value("SELECT version()")
        tables = self.engine.value("SELECT count() FROM system.tables WHERE database = 'experiments_analytics'")
        say(f"Kafka at {self.kafka.address}, ClickHouse {version} at {self.engine.url}, and in its user_scripts the "
            f"debezium-udf just built. The SQL bundle made {tables} tables and views.")

    def messages(self) -> None:
        self.title("What goes in")
        files = [FIXTURES / "bare.public.outbox.ndjson", FIXTURES / "bare.public.outbox_text.ndjson"]
        for path in files:
            self.kafka.produce_file(TOPIC, path)
        lines = [line for path in files for line in messages_of(path)]
        say(f"{len(lines)} messages that Debezium wrote for a PostgreSQL outbox table, now on the topic {TOPIC}: "
            "snapshot rows, inserts, updates, deletes, tombstones, and some payloads that are simply wrong. One of them; "
            "note that its payload is JSON inside a JSON string:")
        print()
        (example,) = [line for line in lines if '"aggregate_id":"live_7"' in line]
        example = json.loads(example)
        shown = {"op": example["op"], "after": example["after"], "source": {
            name: example["source"][name] for name in ("connector", "db", "table", "lsn")}}
        print(styled(textwrap.indent(_wrapped(json.dumps(shown, indent=2)), "    "), "36"), flush=True)
        answers = subprocess.run([BINARY, "decode", LAYOUT], input="\n".join(lines) + "\n", text=True,
                                 capture_output=True, check=True).stdout
        self.expected = Counter(json.loads(answer)["outcome"] for answer in answers.removesuffix("\n").split("\n"))

    def rows(self) -> None:
        self.title("What comes out")
        # As many as the program counts at the command line.
        self.engine.wait_for("SELECT count() FROM experiments_analytics.events", self.expected["event"], seconds=60)
        self.engine.wait_for("SELECT count() FROM experiments_analytics.dead_letters_open", self.expected["error"])
        say(f"{self.expected['event']} events and {self.expected['error']} dead letters; the other "
            f"{self.expected['skipped']} were not meant for this table (updates, deletes, other aggregates, tombstones). "
            "Some of the events:")
        print()
        show(self.engine, """
            SELECT id, experiment_id AS exp, variant_key AS variant, user_id, event_type, timestamp, value, page,
                   is_valid, lsn
            FROM experiments_analytics.events WHERE startsWith(id, 'live_') OR startsWith(id, 'snap_')
            ORDER BY lsn, id LIMIT 8""")

    def row_by_hand(self) -> None:
        self.title("A row by hand")
        insert, select = operation("manual_row")
        say("sql/experiments/operations/manual_row.sql gives an id, a type and properties; value and is_conversion follow:")
        print()
        self.engine.query(insert)
        show(self.engine, select)

    def dead_letters(self) -> None:
        self.title("What could not be decoded, and why")
        show(self.engine, """
            SELECT offset, reason, substring(extract(message, '"payload":(.*)'), 1, 50) AS payload
            FROM experiments_analytics.dead_letters_open ORDER BY offset""")
        say("Nothing is lost: each letter keeps its message, key, headers and place, and the operation `replay` takes "
            "it through the pipeline again.")

    def live(self) -> None:
        self.title("From PostgreSQL, live")
        say("A PostgreSQL server with an outbox table, and Debezium's connector (sql/connectors/bare.json) that follows it. A "
            "service writes a conversion and its outbox row in one transaction:")
        print()
        seen = live_flow(self.source, self.engine)
        say(", ".join(f"{name} {value}" for name, value in seen["first_row"].items()))
        print()
        say(f"visible in ClickHouse {styled('%.0f ms' % seen['first_ms'], '1')} after its commit. Then "
            f"{seen['rate']:,.0f} events a second: of {seen['events']:,} events half were visible after "
            f"{styled('%.0f ms' % seen['p50_ms'], '1')}, 99 of 100 after {styled('%.0f ms' % seen['p99_ms'], '1')}.")
        say(f"Rows in the outbox: {seen['outbox']:,}. Rows in experiments_analytics.events: {seen['arrived']:,}.")
        if seen["outbox"] != seen["arrived"]:
            raise StackError("the two counts differ")

    def experiments(self) -> None:
        self.title("What an experiment showed")
        rows = list(history(datetime.now(timezone.utc)))
        say(f"The service writes what the visitors of {len(EXPERIMENTS)} experiments did in two weeks, {len(rows):,} outbox rows; one "
            "user in twenty brings something that must not count, such as a second variant or a clock that is ahead. "
            "experiment_results computes itself; the figures on conversion:")
        print()
        database = "experiments_analytics"
        self.engine.query(f"INSERT INTO {database}.experiment_settings FORMAT JSONEachRow",
                          data="\n".join(map(json.dumps, SETTINGS)).encode())
        with self.source.postgres.connect(autocommit=True) as connection:
            write(connection, rows)
        ids = ", ".join(str(experiment.id) for experiment in EXPERIMENTS)
        self.engine.wait_for(f"SELECT count() FROM {database}.events WHERE experiment_id IN ({ids})", len(rows), 120)
        self.engine.wait_for(f"SELECT sum(events) FROM {database}.variants_seen WHERE experiment_id IN ({ids})", len(rows), 120)
        arrived = self.engine.value("SELECT toString(now('UTC'))")
        self.engine.wait_for(f"SELECT min(computed_at) > '{arrived}' FROM {database}.experiment_results", 1, 120)
        show(self.engine, f"""
            SELECT experiment, variant_key AS variant, users_exposed AS users, round(100 * rate, 2) AS percent, round(100 * ci_low, 2) AS low,
                   round(100 * ci_high, 2) AS high, verdict
            FROM {database}.experiment_results WHERE metric = 'conversion' AND experiment_id IN ({ids})
            ORDER BY experiment_id, variant_id""")

    def rate(self) -> None:
        self.title("How fast")
        template = messages_of(FIXTURES / "bare.public.outbox.ndjson")
        (template,) = [line for line in template if '"aggregate_id":"live_7"' in line]
        outbox_id = json.loads(template)["after"]["id"]
        head, middle, tail = (part.encode() for part in _split(template, f'"id":{outbox_id},', '"live_7"'))
        self.engine.query("DETACH TABLE experiments_analytics.decoded_events_mv")
        self.kafka.produce(TOPIC, [b'%b"id":%d,%b"burst_%d"%b' % (head, 1_000_000 + i, middle, i, tail)
                                   for i in range(BURST)])
        self.engine.query("ATTACH TABLE experiments_analytics.decoded_events_mv")
        count = "SELECT count() FROM experiments_analytics.events_processed WHERE startsWith(id, 'burst_')"
        looks: list = []

        def all_arrived() -> bool:
            looks.append((self.engine.value(count), time.monotonic()))
            return looks[-1][0] == BURST

        wait_until(all_arrived, 120, lambda: f"{looks[-1][0]} of {BURST} messages have arrived\n{self.engine.tail()}", 0.02, StackError)
        (base, first), (seen, last) = next(look for look in looks if look[0]), looks[-1]
        rate = (seen - base) / (last - first)
        say(f"{BURST:,} messages of {len(template):,} bytes, from the topic into events_processed, decoded and checked: "
            f"{styled(f'{rate:,.0f} messages a second', '1')}, with one consumer, the broker on the same "
            f"{os.cpu_count()} cores.")


def messages_of(path: Path) -> list:
    """One message a line; str.splitlines would also split at what a message may hold."""
    return path.read_text().removesuffix("\n").split("\n")


def _split(text: str, *marks: str) -> list:
    parts = []
    for mark in marks:
        part, text = text.split(mark, 1)
        parts.append(part)
    return [*parts, text]


def _wrapped(text: str) -> str:
    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        lines += textwrap.wrap(line, WIDTH - 4, subsequent_indent=indent, drop_whitespace=False,
                               break_on_hyphens=False) or [line]
    return "\n".join(lines)


def stop_kept() -> None:
    """Stop what an earlier `keep` left. A process is ours if it works in the demo's folder, or in PostgreSQL's own."""
    pids = FOLDER / "pids"
    if not pids.exists():
        return
    for pid in pids.read_text().split():
        try:
            folder = Path(os.readlink(f"/proc/{pid}/cwd"))
            postgres = folder.name.startswith("debezium-udf-postgres.")
            if postgres or FOLDER in folder.parents:
                # PostgreSQL would wait for its sessions after SIGTERM.
                os.kill(int(pid), signal.SIGINT if postgres else signal.SIGTERM)
                while os.path.exists(f"/proc/{pid}/cwd"):
                    time.sleep(0.05)
            if postgres:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            pass
    pids.unlink()


def how_to_connect(kafka: Kafka, engine: Engine, source: Source) -> None:
    print(f"""
{styled(' The servers keep running ', '7')}

    experiments     {engine.url}experiments#{EXPERIMENTS[0].id}
                    new visitors come through PostgreSQL, Debezium and Kafka; the page follows every 10 seconds
    SQL             {engine.url}play
    curl            curl '{engine.url}' -d 'SELECT * FROM experiments_analytics.events LIMIT 3 FORMAT Vertical'
    clickhouse      clickhouse-client --port {engine.tcp_port}
    write an event  psql '{source.postgres.address}' -c "INSERT INTO outbox (aggregate_id, aggregate_type, payload) VALUES ('x', 'event',
                    '{{\\"experiment_id\\": 1, \\"variant_id\\": 1, \\"user_id\\": \\"u\\", \\"timestamp\\": \\"2026-01-02T03:04:05Z\\"}}')"
    send a message  kcat -b {kafka.address} -P -t {TOPIC}
    stop            tests/stack/demo.py stop
""")


def main(arguments: list) -> int:
    if arguments not in ([], ["keep"], ["stop"]):
        print(__doc__, file=sys.stderr)
        return 2
    stop_kept()
    if arguments == ["stop"]:
        return 0
    keep = arguments == ["keep"]
    exit_on_signals()
    shutil.rmtree(FOLDER, ignore_errors=True)
    with ExitStack() as servers:
        kafka = servers.enter_context(Kafka(FOLDER / "kafka", keep=keep))
        engine = servers.enter_context(Engine(FOLDER / "clickhouse", broker=kafka.address, keep=keep))
        # A server's user_files; this engine's is the folder in which it runs.
        shutil.copy(ROOT / "sql" / "experiments" / "page" / "experiments.html", engine.folder)
        source = servers.enter_context(Source(FOLDER / "source", kafka, keep=keep))
        Demo(kafka, engine, source).run()
        if keep:
            visitors = servers.enter_context(Visitors(FOLDER / "visitors", source.postgres.address, keep=keep))
            pids = [server.process.pid for server in (visitors, source.connect, source.postgres, kafka, engine)]
            (FOLDER / "pids").write_text(" ".join(map(str, pids)) + "\n")
            how_to_connect(kafka, engine, source)
    if not keep:
        print("\n    Everything is stopped. `make demo KEEP=1` leaves it running.\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\ndemo: interrupted, everything is stopped", file=sys.stderr)
        sys.exit(130)
    except (StackError, QueryError, AssertionError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        sys.exit(1)
