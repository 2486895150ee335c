"""Replicated tables on a real ZooKeeper, as far as this engine goes: it makes them, but without a port between servers
(which only a server opens) they stay read-only. So here: are they as they should be, and is nothing lost meanwhile?"""
import time

import pytest
from nodes import DATABASE, PARTITIONS, Node, create_topic, messages, produce

from tests.stack.kafka import Kafka

KEEPER = """\
<clickhouse>
    <zookeeper><node><host>127.0.0.1</host><port>{port}</port></node></zookeeper>
    <macros><shard>1</shard><replica>node1</replica></macros>
</clickhouse>
"""

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
    time.sleep(10)
    state = "max(committed_offset) <= 0 AND countIf(diagnosis = 'consuming' OR diagnosis LIKE 'up to date%') = 0"
    assert node.value(f"SELECT {state} FROM {DATABASE}.pipeline_status") == 1
    assert node.value(f"SELECT count() FROM {DATABASE}.events") == 0
