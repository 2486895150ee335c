"""Replicated tables on a real ZooKeeper: one shard of one replica, since this engine copies nothing between servers."""
import pytest
from nodes import DATABASE, Node, create_topic, messages, produce

from tests.stack.kafka import Kafka
from tests.stack.process import free_port

KEEPER = """\
<clickhouse>
    <zookeeper><node><host>127.0.0.1</host><port>{port}</port></node></zookeeper>
    <interserver_http_host>127.0.0.1</interserver_http_host>
    <interserver_http_port>{interserver}</interserver_http_port>
    <macros><shard>1</shard><replica>node1</replica></macros>
</clickhouse>
"""
COUNT = 5000


@pytest.fixture(scope="module")
def node(tmp_path_factory, keeper):
    folder = tmp_path_factory.mktemp("replicated")
    with Kafka(folder / "kafka") as broker:
        create_topic(broker)
        node = Node(folder / "node", broker.address, extra=KEEPER.format(port=keeper.port, interserver=free_port()))
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


def test_messages_arrive_once_over_a_kill(node):
    arrived = f"SELECT (SELECT count() FROM {DATABASE}.events) + (SELECT count() FROM {DATABASE}.dead_letters_open)"
    produce(node.broker_of_tests, messages(1, COUNT))
    node.wait_for(arrived, COUNT, 120)
    held = node.held()
    node.kill()
    node.start()
    assert node.held() == held
    produce(node.broker_of_tests, messages(COUNT + 1, COUNT))
    node.wait_for(arrived, 2 * COUNT, 120)
    assert node.value(f"SELECT uniqExact(event_key) = count() FROM {DATABASE}.events") == 1
