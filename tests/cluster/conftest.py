"""One broker with a topic of several partitions, one node that takes all of it, and two shards that share it."""
from types import SimpleNamespace

import pytest
from nodes import Node, create_topic

from tests.stack.kafka import Kafka


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """`alone`: a server without a cluster, in a group of its own. `nodes`: those of the cluster."""
    folder = tmp_path_factory.mktemp("cluster")
    with Kafka(folder / "kafka") as broker:
        create_topic(broker)
        alone = Node(folder / "alone", broker.address, group="ch_consumer_alone")
        nodes = [Node(folder / f"node{number}", broker.address) for number in (1, 2, 3)]
        for node in nodes[:2]:
            node.clusters = {"experiments_2": Node.shards(*nodes[:2])}
        with alone, nodes[0], nodes[1]:
            alone.apply()
            for node in nodes[:2]:
                node.apply_cluster("experiments_2")
            yield SimpleNamespace(broker=broker, alone=alone, nodes=nodes, folder=folder, sent=0, by_hand=0)
            nodes[2].stop()


@pytest.fixture(scope="module")
def keeper(tmp_path_factory):
    from zookeeper import ZooKeeper
    with ZooKeeper(tmp_path_factory.mktemp("zookeeper")) as server:
        yield server
