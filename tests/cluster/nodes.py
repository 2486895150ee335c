"""Nodes of a cluster: engines that know each other, with the bundle as sql/cluster/apply.sh brings it to each of them."""
import json
import os
import random
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from http.client import HTTPException

from tests.stack.engine import BINARY, ROOT, Engine, QueryError
from tests.stack.process import StackError, free_port
from tests.support.waiting import wait_until

TOPIC = "experiments_events"
PARTITIONS = 4
DATABASE = "experiments_analytics"
SETTINGS = ROOT / "sql" / "cluster"

KAFKA = """\
<clickhouse>
    <named_collections>
        <experiments_kafka>
            <kafka_group_name>{group}</kafka_group_name>
            <kafka><session_timeout_ms>6000</session_timeout_ms></kafka>
        </experiments_kafka>
    </named_collections>
</clickhouse>
"""

SHARD = """
            <shard>
                <weight>{weight}</weight>
                <internal_replication>true</internal_replication>
                <replica><host>127.0.0.1</host><port>{port}</port></replica>
            </shard>"""

CLUSTERS = """\
<clickhouse>
    <remote_servers>{clusters}
    </remote_servers>
</clickhouse>
"""

CLUSTER = """
        <{name} replace="replace">
            <secret>of the nodes</secret>{shards}
        </{name}>"""


class Node(Engine):
    """An engine on ports of its own; `clusters`: of which it is one, name -> [(a node's TCP port, its weight)]."""

    def __init__(self, folder, broker: str, group: str = "ch_consumer", extra: str = ""):
        super().__init__(folder, broker=broker, ports=(free_port(), free_port()))
        self.group, self.extra = group, extra
        self.clusters: dict = {}
        self.lock, self.watch = threading.RLock(), None
        self.wanted = self.starting = False

    def _configure(self) -> None:
        super()._configure()
        # Refreshes ask other nodes, and this engine ends when the one that asks it goes away: none in these tests.
        serve = self.folder / "serve.sql"
        serve.write_text("SYSTEM STOP VIEWS;\n" + serve.read_text())
        (self.folder / "config.d" / "zz_group.xml").write_text(KAFKA.format(group=self.group))
        if self.extra:
            (self.folder / "config.d" / "zz_extra.xml").write_text(self.extra)
        if self.clusters:
            for name in ("config.d", "users.d"):
                shutil.copytree(SETTINGS / name, self.folder / name, dirs_exist_ok=True)
            self._write_clusters()

    def query_bytes(self, sql: str, **options) -> bytes:
        """A query that an engine took with it as it ended (see `revive`) is asked once more."""
        __tracebackhide__ = True
        self.revive()
        try:
            return super().query_bytes(sql, **options)
        except (OSError, HTTPException):
            if self.starting or not self.wanted or not sql.lstrip().startswith("SELECT"):
                raise
            wait_until(lambda: not self.process or self.process.poll() is not None, 10, f"the end of the engine that broke off: {sql}")
            self.revive()
            return super().query_bytes(sql, **options)

    def revive(self) -> None:
        """This engine ends when a node that asks it goes away, or breaks a query off; a server takes that calmly. So an engine that
        nobody stopped is started again, as a service is."""
        with self.lock:
            if self.wanted and not self.starting and self.process and self.process.poll() is not None:
                print(f"\n{self.folder.name} is started again")
                self.start()

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            with suppress(StackError):
                self.revive()

    def start(self, seconds: float = 60):
        with self.lock:
            self.wanted = self.starting = True
            if not self.watch:
                self.watch = threading.Thread(target=self._watch, daemon=True)
                self.watch.start()
            try:
                return super().start(seconds)
            finally:
                self.starting = False

    def stop(self, seconds: float = 10) -> None:
        with self.lock:
            self.wanted = False
            super().stop(seconds)

    def kill(self) -> None:
        with self.lock:
            self.wanted = False
            super().kill()

    def _write_clusters(self) -> None:
        # The delivered file names experiments_2, and takes its secret from the environment.
        text = "".join(CLUSTER.format(name=name, shards="".join(SHARD.format(port=port, weight=weight) for port, weight in shards))
                       for name, shards in {"experiments_2": self.shards(self), **self.clusters}.items())
        (self.folder / "config.d" / "zz_cluster.xml").write_text(CLUSTERS.format(clusters=text))

    @staticmethod
    def shards(*nodes, decoders: tuple = ()) -> list:
        """Of nodes that store, and of those that only consume and decode."""
        return [*((node.ports[1], 1) for node in nodes), *((node.ports[1], 0) for node in decoders)]

    def apply_cluster(self, cluster: str, settings: str = "", **environment) -> None:
        self.revive()
        done = subprocess.run([SETTINGS / "apply.sh", cluster, self.client(settings)], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "DEBEZIUM_UDF": str(BINARY), **environment})
        if done.returncode != 0:
            raise QueryError(done.stdout + done.stderr)
        self.query("SYSTEM STOP VIEWS")

    def held(self) -> dict:
        """What a reader sees: counts, and a hash over every column of every event and letter."""
        (row,) = self.rows(f"""
            SELECT (SELECT count() FROM {DATABASE}.events) AS events,
                   (SELECT hex(sum(sipHash64(toString(tuple(*))))) FROM {DATABASE}.events) AS events_hash,
                   (SELECT count() FROM {DATABASE}.dead_letters_open) AS letters,
                   (SELECT hex(sum(sipHash64(toString(tuple(* EXCEPT failed_at))))) FROM {DATABASE}.dead_letters_open)
                       AS letters_hash""")
        return row

    def own(self, cluster: str) -> int:
        """Rows of events that are on this node."""
        return self.value(f"SELECT count() FROM {cluster}.events_processed FINAL")


def restart(nodes: list, clusters: dict) -> None:
    """A server takes other clusters up as it runs, this engine when it starts; all at once, see `revive`."""
    for node in nodes:
        node.clusters = clusters
        node.stop()
    for node in nodes:
        node.start()


def messages(first: int, count: int, seed: int = 1) -> list:
    """Messages of distinct outbox rows, most of them events, one in a hundred bad."""
    rng = random.Random(seed)
    made = []
    for number in range(first, first + count):
        payload = {"experiment_id": rng.randrange(1, 20), "variant_id": rng.randrange(3), "user_id": f"user_{rng.randrange(5000)}",
                   "variant_key": rng.choice(["control", "treatment"]), "event_type": rng.choice(["exposure", "click", "conversion"]),
                   "timestamp": f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 28):02}T03:04:05.{rng.randrange(10**6):06}Z",
                   "assignment_at": "2026-01-01T00:00:00Z",
                   "properties": {"value": rng.randrange(1000) / 4, "page": f"/{rng.randrange(50)}", "device": "ü"}}
        if number % 100 == 7:
            payload["experiment_id"] = "none"
        after = {"id": number, "aggregate_id": f"e{number}", "aggregate_type": "event", "payload": json.dumps(payload)}
        made.append(json.dumps({"op": "c", "before": None, "after": after, "source": {"lsn": number}}).encode())
    return made


def produce(broker, made: list) -> None:
    """Into every partition of the topic, one after the other."""
    for partition in range(PARTITIONS):
        broker._kcat("-P", "-t", TOPIC, "-p", str(partition), "-X", "queue.buffering.max.messages=1000000",
                     data=b"".join(message + b"\n" for message in made[partition::PARTITIONS]))


def create_topic(broker) -> None:
    from tests.stack.kafka import JAVA
    subprocess.run([*JAVA, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", broker.address, "--create",
                    "--topic", TOPIC, "--partitions", str(PARTITIONS)], check=True, capture_output=True)
