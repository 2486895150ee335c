"""Faults of every server in the chain while events flow, and the question at the end: is every row there, once?"""
import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.support.bundle import operation
from tests.support.waiting import wait_until

from .checksum import WANTED, differences
from .engine import BINARY, Engine
from .kafka import JAVA, Kafka
from .live import TOPIC, Chain
from .member import Member

GROUP = "ch_consumer"
REPLAY = operation("replay")[0]


class Load(threading.Thread):
    """Writes `count` good rows into the outbox and with every thousand a bad one, whatever happens to the servers."""

    def __init__(self, chain: Chain, count: int):
        super().__init__(daemon=True)
        self.chain, self.left = chain, count
        self.started, self.failure = threading.Event(), None

    def run(self) -> None:
        deadline = time.monotonic() + 120
        while self.left > 0:
            try:
                with self.chain.service() as service:
                    while self.left > 0:
                        service.bulk(min(1000, self.left))
                        service.tell("event", {"experiment_id": "none"})
                        self.left -= 1000
                        self.started.set()
                        time.sleep(0.05)
            except psycopg.Error as error:
                if time.monotonic() > deadline:
                    self.failure = error
                    return
                time.sleep(0.1)


def kill_udf(chain: Chain) -> None:
    """kill -9 of the function's processes while they decode a block."""
    for _ in range(2):
        for _ in range(5):
            frozen = freeze_udf(chain, chain.engine)
            with open_block(chain, chain.engine):
                killed = kill(frozen)
            # One that is still dying is none that can be frozen the next time.
            wait_until(lambda: not set(killed) & set(children(chain.engine.process.pid, BINARY.name)), 60, "the killed processes are gone")
            # On a slow machine the server's patience with them may end before.
            if killed:
                break
        assert killed, "the server always ended the function's processes itself"


def kill_engine(chain: Chain) -> None:
    """Twice: while a block is decoded and nothing of it is stored, and while it is stored in a part of the tables."""
    frozen = freeze_udf(chain, chain.engine)
    with open_block(chain, chain.engine):
        chain.engine.kill()
    kill(frozen)
    chain.engine.start()
    with slow_blocks(chain.engine), open_block(chain, chain.engine):
        chain.engine.kill()
        chain.engine.start()


def kill_connect(chain: Chain) -> None:
    chain.connect.kill()
    chain.connect.start()


def kill_broker(chain: Chain) -> None:
    with slow_blocks(chain.engine), open_block(chain, chain.engine):
        chain.broker.kill()
        chain.broker.start()


def restart_postgres(chain: Chain) -> None:
    chain.postgres.halt()
    chain.postgres.start()


def rebalance(chain: Chain) -> None:
    """A second ClickHouse joins the group while a block is open, gets partitions, and dies inside a block of its own."""
    with Member(chain) as member:
        with slow_blocks(chain.engine), open_block(chain, chain.engine):
            member.join()
        member.wait_for("SELECT sum(length(assignments.partition_id)) > 0 FROM system.kafka_consumers", 1, 60)
        frozen = freeze_udf(chain, member)
        with open_block(chain, member):
            member.kill()
        kill(frozen)


def redeliver(chain: Chain) -> None:
    """The second half of what has arrived comes again. Not of the topic: its middle may be ahead of the consumer."""
    last = "SELECT max(last_offset) FROM experiments_analytics.pipeline_minutes"
    chain.engine.wait_for(f"SELECT ({last}) > 1000", 1, 60)
    chain.engine.query("DETACH TABLE experiments_analytics.raw_events_kafka")
    set_offset(chain.broker, chain.engine.value(last) // 2)
    chain.engine.query("ATTACH TABLE experiments_analytics.raw_events_kafka")


def replay_twice(chain: Chain) -> None:
    chain.engine.query(REPLAY)
    chain.engine.query(REPLAY)


FAULTS = {
    "kill -9 of the UDF": kill_udf,
    "kill -9 of the engine": kill_engine,
    "kill -9 of Connect": kill_connect,
    "kill -9 of the broker": kill_broker,
    "restart of PostgreSQL": restart_postgres,
    "rebalance": rebalance,
    "redelivery": redeliver,
    "dead letters replayed twice": replay_twice,
}


def freeze_udf(chain: Chain, engine: Engine) -> list:
    """Stop the function's processes of an engine where they are, so that its next block stays open."""
    def frozen() -> list:
        stopped = signal_each(children(engine.process.pid, BINARY.name), signal.SIGSTOP)
        if not stopped:
            send(chain)
        return stopped

    return wait_until(frozen, 60, "the function is called", pause=0.3)


def kill(processes: list) -> list:
    """kill -9 of those that are still there, which are answered."""
    return signal_each(processes, signal.SIGKILL)


def signal_each(processes: list, number: int) -> list:
    """Those of the processes that could be sent the signal; the server ends and reaps its children when it pleases."""
    reached = []
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            reached.append(pid)
    return reached


@contextmanager
def slow_blocks(engine: Engine):
    """Let every block take seconds between its first table and its last."""
    engine.query("CREATE TABLE IF NOT EXISTS slow (s UInt8) ENGINE = Null")
    engine.query("CREATE MATERIALIZED VIEW slow_mv TO slow AS SELECT sleep(1) AS s FROM experiments_analytics.decoded_events")
    try:
        yield
    finally:
        engine.query("DROP VIEW slow_mv SYNC")


@contextmanager
def open_block(chain: Chain, engine: Engine):
    """Within it an engine that has been slowed down or frozen has read a block and not stored it yet."""
    def is_open() -> bool:
        send(chain)
        offsets = next_offsets(engine)
        waiting = any(chain.broker.count(TOPIC, partition) > offset for partition, offset in offsets.items())
        # A consumer that has something to read and does not is inserting: a flush is due every 200 ms.
        time.sleep(0.5)
        return waiting and offsets == next_offsets(engine)

    wait_until(is_open, 60, lambda: f"a block stays open: partitions at {next_offsets(engine)}\n{engine.tail()}", pause=0)
    yield


def next_offsets(engine: Engine) -> dict:
    """By partition, the offset that the engine's consumers read next; without those of which nothing was read yet."""
    return {row["partition"]: row["offset"] for row in engine.rows("""
        SELECT partition, offset
        FROM system.kafka_consumers
        ARRAY JOIN assignments.partition_id AS partition, assignments.current_offset AS offset
        WHERE table = 'raw_events_kafka' AND offset >= 0""")}


def send(chain: Chain) -> None:
    """Some good rows, for every partition."""
    with chain.service() as service:
        service.bulk(500)


def children(parent: int, name: str) -> list:
    """Processes below `parent` that run `name`, without those that have ended and wait to be reaped."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        command, rest = text[text.index("(") + 1:].rsplit(")", 1)
        state, its_parent = rest.split()[:2]
        if command == name and int(its_parent) == parent and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def set_offset(broker: Kafka, offset: int, group: str = GROUP) -> None:
    """Set a group that has no members back, as kafka-consumer-groups does; members may take a while to be gone."""
    command = [*JAVA, "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server",
               broker.address, "--group", group, "--topic", TOPIC, "--reset-offsets", "--to-offset", str(offset),
               "--execute"]
    said = ""

    def is_set() -> bool:
        nonlocal said
        done = subprocess.run(command, capture_output=True, text=True)
        said = done.stdout + done.stderr
        # It says so and ends with status 0 when the group is in use.
        return done.returncode == 0 and "Error" not in said

    wait_until(is_set, 60, lambda: f"the group is at {offset}: {said}", pause=0.5)


def endure(chain: Chain, name: str, count: int) -> dict:
    """`count` events with the fault in their midst; waits until both sides agree and tells what they hold."""
    start = time.monotonic()
    load = Load(chain, count)
    load.start()
    assert load.started.wait(60), "nothing could be written into the outbox"
    time.sleep(0.3)
    FAULTS[name](chain)
    load.join(180)
    assert not load.is_alive(), "the load did not end"
    if load.failure:
        raise load.failure
    settle(chain)
    delivered = chain.engine.value("SELECT sum(rows) FROM experiments_analytics.pipeline_minutes")
    return {"fault": name, "seconds": round(time.monotonic() - start, 1), "delivered": delivered, **counts(chain)}


def counts(chain: Chain) -> dict:
    """What each side holds; `good` and `bad` are the outbox's own rows."""
    good, bad = chain.postgres.rows(
        f"SELECT count(*) FILTER (WHERE {WANTED}), count(*) FILTER (WHERE NOT ({WANTED})) FROM outbox")[0]
    (row,) = chain.engine.rows("""
        SELECT (SELECT count() FROM experiments_analytics.events) AS events,
               (SELECT count() FROM experiments_analytics.dead_letters_once) AS letters""")
    return {"good": good, "bad": bad, **row}


def settle(chain: Chain, seconds: float = 120) -> None:
    """Wait until everything has arrived, then compare both sides."""
    def agree() -> bool:
        held = counts(chain)
        if (held["good"], held["bad"]) == (held["events"], held["letters"]):
            return True
        chain.connect.restart_failed()
        return False

    def told() -> str:
        status = chain.engine.query("SELECT * FROM experiments_analytics.pipeline_status FORMAT Vertical")
        return f"both sides agree: {counts(chain)}\n{status}\n{chain.connect.tail()}"

    wait_until(agree, seconds, told, pause=0.3)
    assert differences(chain.postgres, chain.engine) == {}
