"""A server with release 1.1 and its data becomes one of this release while messages flow: nothing is lost, doubled or renamed."""
import json
import subprocess
import threading
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.cluster.nodes import Node
from tests.stack.engine import BINARY, LAYOUT, ROOT, QueryError
from tests.stack.faults import set_offset
from tests.stack.kafka import JAVA, Kafka
from tests.support.bundle import operation
from tests.support.waiting import wait_until

EARLIER = Path(__file__).parent / "release_1.1"
DATABASE = "experiments_analytics"
TOPIC = "experiments_events"
PARTITIONS = 2
REGISTRATION = {"debezium_udf_function.xml": (EARLIER / "debezium_function.xml").read_text()}
SCRIPTS = [BINARY, EARLIER / "experiment_event.json"]
# What release 1.1 had for it.
REPLAY = f"""
    INSERT INTO {DATABASE}.decoded_events
        (event, message, key, `headers.name`, `headers.value`, topic, partition, offset, row, attempt, kafka_time)
    SELECT experimentEvent({{message}}), {{message}}, key, headers.name, headers.value, topic, partition, offset, row, attempt + 1, kafka_time
    FROM {DATABASE}.dead_letters_open WHERE {{where}}"""


def message(number: int) -> bytes:
    """By turns: an outbox row, one without an id (known by its place alone), one that is bad, and one that was fixed since."""
    payload = {"experiment_id": 1, "variant_id": number % 2, "user_id": f"u{number}", "event_type": "exposure",
               "timestamp": "2026-01-02T03:04:05Z", "properties": {"value": number}}
    after = {"id": number, "aggregate_id": f"e{number}", "aggregate_type": "event", "payload": json.dumps(payload)}
    if number % 4 == 1:
        del after["id"]
    if number % 4 >= 2:
        after["payload"] = json.dumps(payload | {"experiment_id": "bad" if number % 4 == 2 else "fix"})
    return json.dumps({"op": "c", "before": None, "after": after, "source": {"lsn": number}}).encode()


class Stream(threading.Thread):
    """Messages, numbered from 0, until it is stopped."""

    def __init__(self, address: str):
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": address, "linger.ms": 5})
        self.count, self.ended = 0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.02):
            self.producer.produce(TOPIC, message(self.count), partition=self.count % PARTITIONS)
            self.producer.poll(0)
            self.count += 1
        self.producer.flush(60)

    def stop(self) -> int:
        self.ended.set()
        self.join()
        return self.count


def apply_earlier(node, cluster: str = "") -> None:
    script = [EARLIER / "cluster" / "apply.sh", cluster, node.client()] if cluster else [EARLIER / "apply.sh", node.client()]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    if cluster:
        node.query("SYSTEM STOP VIEWS")


def register(node) -> None:
    """Step 1: the layout of this release and its registration."""
    done = subprocess.run([BINARY, "register", LAYOUT, "--scripts-dir", node.folder / "user_scripts", "--config-dir", node.folder],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    node.query("SYSTEM RELOAD FUNCTIONS")


def total(node) -> int:
    return node.value(f"SELECT (SELECT count() FROM {DATABASE}.events WHERE topic != '') + "
                      f"(SELECT count() FROM {DATABASE}.dead_letters FINAL)")


def settle(node, count: int) -> None:
    """Every message is there: as an event, as a letter or, where a letter was fixed, as both."""
    fixed = f"SELECT count() FROM {DATABASE}.dead_letters FINAL WHERE resolved"
    wait_until(lambda: total(node) - node.value(fixed) >= count, 120,
               lambda: f"{count} messages have arrived: {total(node)} rows, {node.value(fixed)} letters resolved\n{node.tail()}", pause=0.3)


def held(node) -> dict:
    """What a reader sees, and what would show a message that counts twice."""
    (row,) = node.rows(f"""
        SELECT (SELECT count() FROM {DATABASE}.events) AS events,
               (SELECT uniqExact(id) FROM {DATABASE}.events) AS ids,
               (SELECT hex(sum(sipHash64(id, value, lsn, user_id, toString(kafka_time)))) FROM {DATABASE}.events) AS hash,
               (SELECT count() FROM {DATABASE}.dead_letters_open) AS open,
               (SELECT count() FROM {DATABASE}.dead_letters FINAL) AS letters,
               (SELECT uniqExact(topic, partition, offset) FROM {DATABASE}.dead_letters) AS places,
               (SELECT countIf(resolved) FROM {DATABASE}.dead_letters FINAL) AS resolved""")
    return row


def objects(node) -> dict:
    """Names of tables and views, with their columns."""
    found: dict = {}
    for row in node.rows(f"SELECT table, name FROM system.columns WHERE database = '{DATABASE}' AND table NOT LIKE '.%'"):
        found.setdefault(row["table"], set()).add(row["name"])
    return found


def fix(node, offsets: str) -> None:
    node.query(REPLAY.replace("{message}", "replaceOne(message, '\\\\\"fix\\\\\"', '1')").replace(
        "{where}", f"message LIKE '%fix%' AND offset {offsets}"))


def fill(node, stream: Stream) -> None:
    """Rows of every kind, by release 1.1: live, by hand, from a file, letters that were resolved and letters that were tried again."""
    wait_until(lambda: stream.count > 200, 60, "200 messages were sent", pause=0.1)
    settle(node, 200)
    node.query(f"INSERT INTO {DATABASE}.events_processed (id, experiment_id, variant_id, user_id, event_type, timestamp, properties) "
               "VALUES ('by_hand', 9, 1, 'u', 'conversion', '2026-01-02 03:04:05', '{\"value\": 2.5}')")
    node.query(f"INSERT INTO {DATABASE}.experiment_settings (experiment_id, name) VALUES (1, 'Named')")
    fix(node, "< 30")
    node.query(REPLAY.replace("{message}", "message").replace("{where}", "offset < 20"))


def redeliver(broker, nodes: list) -> None:
    """The whole topic again, from its first message."""
    for node in nodes:
        node.query(f"DETACH TABLE {DATABASE}.raw_events_kafka")
    before = nodes[0].value(f"SELECT sum(rows) FROM {DATABASE}.pipeline_minutes")
    count = nodes[0].value(f"SELECT sum(1 + max_offset) FROM (SELECT partition, max(last_offset) AS max_offset FROM {DATABASE}.pipeline_minutes AS m GROUP BY partition)")
    set_offset(broker, 0)
    for node in nodes:
        node.query(f"ATTACH TABLE {DATABASE}.raw_events_kafka")
    wait_until(lambda: nodes[0].value(f"SELECT sum(rows) FROM {DATABASE}.pipeline_minutes") >= before + count, 120,
               lambda: f"{count} messages were delivered again", pause=0.5)


# The table of the way in by batches is made by that operation; the others are the views that computed everything anew.
GONE = ["raw_events_kafka_batch", "experiment_users_mv", "experiment_summary_mv", "users_by_day_mv", "experiment_left_out_users_mv",
        "events_by_hour_mv"]


def check(nodes: list, broker, count: int, earlier: dict) -> None:
    node = nodes[0]
    settle(node, count)
    now = held(node)
    quarter = [len(range(rest, count, 4)) for rest in range(4)]
    print(f"\n{count} messages: {now}")
    # By hand: 1.
    assert now["events"] == now["ids"] == quarter[0] + quarter[1] + now["resolved"] + 1
    assert now["letters"] == now["places"] == quarter[2] + quarter[3]
    assert now["resolved"] > 0 and now["open"] == now["letters"] - now["resolved"]
    assert node.value(f"SELECT name FROM {DATABASE}.experiment_settings FINAL") == "Named"
    for name, columns in earlier.items():
        assert name in GONE or columns <= objects(node)[name] - {"unknown"}, name
    redeliver(broker, nodes)
    assert held(node) == now
    # Old letters and new ones are replayed, each once.
    for statement in operation("replay"):
        node.query(statement)
    assert held(node) == now
    assert node.value(f"SELECT min(attempt) > 0 FROM {DATABASE}.dead_letters_open") == 1
    assert node.value(f"SELECT countDistinct(pipeline) FROM {DATABASE}.dead_letters_open") == 1
    # Keys of rows from before are what they were; a message from now on is known by more than its place.
    keys = node.rows(f"SELECT countIf(length(splitByChar('/', event_key)) = 3) AS old, countIf(length(splitByChar('/', event_key)) = 4) AS new "
                     f"FROM {DATABASE}.events WHERE outbox_id = '' AND topic != ''")
    assert keys[0]["old"] > 0 and keys[0]["new"] > 0, keys


def create_topic(broker) -> None:
    subprocess.run([*JAVA, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", broker.address, "--create",
                    "--topic", TOPIC, "--partitions", str(PARTITIONS)], check=True, capture_output=True)


@pytest.fixture
def broker(tmp_path):
    with Kafka(tmp_path / "kafka") as broker:
        create_topic(broker)
        yield broker


def node_of(folder, broker) -> Node:
    node = Node(folder, broker.address)
    node.functions, node.scripts = REGISTRATION, SCRIPTS
    return node


def test_one_node(broker, tmp_path):
    with node_of(tmp_path / "node", broker) as node:
        apply_earlier(node)
        stream = Stream(broker.address)
        stream.start()
        fill(node, stream)
        earlier = objects(node)
        register(node)
        time.sleep(1)  # Rows of the new registration pass through the old views.
        fix(node, "BETWEEN 30 AND 35")
        start = time.monotonic()
        node.apply()
        print(f"\nsql/apply.sh: {time.monotonic() - start:.1f} s")
        sent = stream.count
        wait_until(lambda: stream.count > sent + 100, 60, "more was sent", pause=0.1)
        check([node], broker, stream.stop(), earlier)
        assert node.value(f"SELECT count() FROM {DATABASE}.bundle_migrations") == 3
        node.apply()


def test_two_shards(broker, tmp_path):
    nodes = [node_of(tmp_path / name, broker) for name in ("one", "two")]
    for node in nodes:
        node.clusters = {"experiments_2": Node.shards(*nodes)}
    with nodes[0], nodes[1]:
        for node in nodes:
            apply_earlier(node, "experiments_2")
        stream = Stream(broker.address)
        stream.start()
        fill(nodes[0], stream)
        earlier = objects(nodes[0])
        for node in nodes:
            register(node)
        with pytest.raises(QueryError, match="nodes of this cluster still consume by release 1"):
            nodes[0].apply_cluster("experiments_2")
        for node in nodes:
            node.query(f"DROP VIEW IF EXISTS {DATABASE}.decoded_events_mv SYNC")
        for node in nodes:
            node.apply_cluster("experiments_2")
        sent = stream.count
        wait_until(lambda: stream.count > sent + 100, 60, "more was sent", pause=0.1)
        check(nodes, broker, stream.stop(), earlier)
        moments = {node.value(f"SELECT max(applied_at) FROM {DATABASE}.bundle_migrations WHERE name = '0001_pipelines'") for node in nodes}
        assert len(moments) == 1
