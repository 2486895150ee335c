"""Replicated tables on a real ZooKeeper, as far as this engine goes: it makes them, but without a port between servers
(which only a server opens) they stay read-only. So here: are they as they should be, and is nothing lost meanwhile?"""
import re
import time

import pytest
from nodes import DATABASE, PARTITIONS, Node, create_topic, messages, produce

from tests.stack.kafka import Kafka
from tests.support.waiting import wait_until

KEEPER = """\
<clickhouse>
    <zookeeper><node><host>127.0.0.1</host><port>{port}</port></node></zookeeper>
    <macros><shard>1</shard><replica>node1</replica></macros>
</clickhouse>
"""

# An insert tries again and again before it gives up: for minutes by default.
IMPATIENT = "<clickhouse><profiles><default><insert_keeper_max_retries>1</insert_keeper_max_retries></default></profiles></clickhouse>"


@pytest.fixture(scope="module")
def node(tmp_path_factory, keeper):
    folder = tmp_path_factory.mktemp("replicated")
    with Kafka(folder / "kafka") as broker:
        create_topic(broker)
        node = Node(folder / "node", broker.address, extra=KEEPER.format(port=keeper.port))
        node.clusters = {"experiments_1": Node.shards(node)}
        with node:
            node.apply_cluster("experiments_1", REPLICATED="1")
            node.broker_of_tests = broker
            yield node


def test_the_tables_that_hold_rows_are_replicated(node):
    rows = node.rows("SELECT table, zookeeper_path, replica_name FROM system.replicas ORDER BY table")
    assert {row["table"] for row in rows} >= {"events_processed", "dead_letters", "pipeline_minutes", "pipeline_offsets",
                                              "pipeline_offsets_audited", "experiment_settings"}
    for row in rows:
        assert row["zookeeper_path"] == f"/clickhouse/tables/1/experiments_1/{row['table']}"
        assert row["replica_name"] == "node1"
    engines = node.rows("SELECT DISTINCT engine FROM system.tables WHERE database = 'experiments_1' AND engine LIKE '%MergeTree'")
    assert {row["engine"] for row in engines} == {"ReplicatedReplacingMergeTree", "ReplicatedAggregatingMergeTree"}


def test_applying_again_changes_nothing(node):
    made = "SELECT name, uuid, create_table_query FROM system.tables WHERE database = 'experiments_1' AND engine != 'View' ORDER BY name"
    before = node.rows(made)
    node.apply_cluster("experiments_1", REPLICATED="1")
    assert node.rows(made) == before


def test_messages_wait_while_the_tables_are_read_only(node):
    """As they do when the keeper is away: nothing is committed to Kafka that is in no table, and nobody calls it consuming."""
    produce(node.broker_of_tests, messages(1, 1000))
    node.wait_for(f"SELECT countIf(is_assigned) FROM {DATABASE}.pipeline_status", PARTITIONS, 60)
    node.wait_for(f"SELECT countIf(diagnosis = 'reading: no message is stored yet') > 0 FROM {DATABASE}.pipeline_status", 1, 60)
    time.sleep(10)
    state = "max(committed_offset) <= 0 AND countIf(diagnosis = 'consuming' OR diagnosis LIKE 'up to date%') = 0"
    assert node.value(f"SELECT {state} FROM {DATABASE}.pipeline_status") == 1
    assert node.value(f"SELECT count() FROM {DATABASE}.events") == 0


def diagnosis(node, pattern: str, seconds: float = 60) -> None:
    """Wait until it is that of every partition."""
    rows: list = []

    def of_every_partition() -> bool:
        rows[:] = node.rows(f"SELECT diagnosis FROM {DATABASE}.pipeline_status")
        return len(rows) == PARTITIONS and all(re.search(pattern, row["diagnosis"]) for row in rows)

    wait_until(of_every_partition, seconds, lambda: f"every diagnosis matches {pattern!r}: {rows}", pause=0.5)
    print(rows[0]["diagnosis"])


def test_the_status_names_the_tables_that_are_read_only(node):
    diagnosis(node, "^inside one block since 20.*: .*experiments_1.events_processed, .* are read-only; bring the keeper back$")
    alerts = node.rows(f"SELECT severity, alert, place FROM {DATABASE}.pipeline_alerts")
    assert [row for row in alerts if row["place"] == "experiments_1.events_processed"] == [
        {"severity": "ticket", "alert": "table is read-only", "place": "experiments_1.events_processed"}]
    assert sum(row["alert"] == "not consuming" for row in alerts) == PARTITIONS


def test_the_status_names_them_too_when_the_insert_gives_up(node, keeper):
    node.stop()
    keeper.stop()
    (node.folder / "users.d" / "zz_impatient.xml").write_text(IMPATIENT)
    node.start()
    diagnosis(node, "^blocked: .*experiments_1.events_processed, .* are read-only; bring the keeper back; the block is tried again")
