"""Two shards hold what one node holds, whatever happens to them; in the order of the file, on the same servers.

Each test ends with the counts of both sides, and a hash over every column of every event and letter.
"""
import re
import shutil
import subprocess
import threading
import time

import pytest
from nodes import DATABASE, PARTITIONS, ROOT, SETTINGS, Node, messages, produce, restart

from tests.metrics.conftest import read
from tests.stack.engine import QueryError
from tests.stack.faults import set_offset
from tests.support import bundle
from tests.support.bundle import operation, page_queries
from tests.support.waiting import wait_until

ARRIVED = f"SELECT (SELECT count() FROM {DATABASE}.events) + (SELECT count() FROM {DATABASE}.dead_letters_open)"
DELIVERED = f"SELECT sum(rows) FROM {DATABASE}.pipeline_minutes"


def send(servers, count: int) -> None:
    produce(servers.broker, messages(servers.sent + 1, count, seed=servers.sent))
    servers.sent += count


def settle(servers, title: str, nodes: list, cluster: str) -> None:
    """Wait until both sides have all; then they are equal, seen from whichever node, and each row is where it belongs."""
    servers.alone.wait_for(ARRIVED, servers.sent + servers.by_hand, 120)
    for node in nodes:
        node.wait_for(ARRIVED, servers.sent + servers.by_hand, 120)
    held = {"one node": servers.alone.held()}
    for number, node in enumerate(nodes, 1):
        held[f"cluster, asked at node {number}"] = node.held()
    own = [node.own(cluster) for node in nodes]
    print(f"\n{title}: {servers.sent} messages sent")
    for name, row in held.items():
        print(f"  {name:26} {row['events']:7} events {row['events_hash']:16}  {row['letters']:5} letters {row['letters_hash']}")
    print(f"  of these on each node      {own}")
    assert len({tuple(row.values()) for row in held.values()}) == 1
    assert sum(own) == held["one node"]["events"] and min(own) > 0.8 * sum(own) / len(own)
    for number, node in enumerate(nodes):
        for table in ("events_processed", "dead_letters"):
            engine = node.value(f"SELECT engine_full FROM system.tables WHERE database = '{DATABASE}' AND name = '{table}'")
            shard = re.search(r"cityHash64\(.*?\)", engine)[0]
            assert node.value(f"SELECT countIf({shard} % {len(nodes)} != {number}) FROM {cluster}.{table}") == 0


def redeliver(servers, nodes: list) -> None:
    """The whole topic again, from its first message."""
    for node in nodes:
        node.query(f"DETACH TABLE {DATABASE}.raw_events_kafka")
    before = nodes[0].value(DELIVERED)
    set_offset(servers.broker, 0)
    for node in nodes:
        node.query(f"ATTACH TABLE {DATABASE}.raw_events_kafka")
    wait_until(lambda: nodes[0].value(DELIVERED) >= before + servers.sent, 120,
               lambda: f"{before} + {servers.sent} are delivered: {nodes[0].value(DELIVERED)}", pause=0.5)


def all_consume(nodes: list) -> None:
    """Wait until each has partitions of the topic, and either can tell."""
    wanted = {f"127.0.0.1:{node.ports[1]}" for node in nodes}

    def each_of(rows: list) -> bool:
        return {row["node"] for row in rows} == wanted and len(rows) == PARTITIONS

    for node in nodes:
        wait_until(lambda: each_of(assigned(node)), 90, lambda: f"each of {wanted} has partitions: {assigned(node)}", pause=0.5)


def assigned(node) -> list:
    return node.rows(f"SELECT node, partition FROM {DATABASE}.pipeline_status WHERE is_assigned ORDER BY partition")


def test_either_node_has_the_metrics_of_both(servers):
    nodes = servers.nodes[:2]
    all_consume(nodes)
    for node in nodes:
        status, text = read(f"{node.url}pipelines/metrics")
        assert status == 200, text
        codes = re.findall(r'^debezium_pipeline_code{code="([^"]*)".*node="([^"]*)",partition="([^"]*)"', text, re.M)
        rows = node.rows(f"SELECT toString(code) AS code, node, ifNull(toString(partition), '') AS partition FROM {DATABASE}.pipeline_status")
        assert {tuple(row.values()) for row in rows} == set(codes)
        assert {name for _, name, _ in codes} == {f"127.0.0.1:{other.ports[1]}" for other in nodes}
        assert "debezium_pipeline_stored_rows{" in text and "debezium_pipeline_refresh_failed{" in text


def test_either_node_serves_the_page(servers):
    """Its queries read settings and dead letters of all nodes, as a user who may read figures."""
    addresses = page_queries()
    for node in servers.nodes[:2]:
        refused = {address: text for address, query in addresses.items()
                   for status, text in [read(f"{node.url[:-1]}{address}?" + "&".join(
                       f"{name}=1" for name in re.findall(r"\{(\w+):", query)))] if status != 200}
        assert refused == {}
        with pytest.raises(QueryError, match="ACCESS_DENIED"):
            node.query("SELECT message FROM experiments_2.dead_letters", settings={"user": "experiments_page"})


def test_two_shards_hold_what_one_node_holds(servers):
    nodes = servers.nodes[:2]
    all_consume(nodes)
    send(servers, 20_000)
    settle(servers, "two shards", nodes, "experiments_2")
    for node in nodes:
        # Refreshes stand still here; a start makes delays.
        alerts = node.rows(f"SELECT alert, count() AS times FROM {DATABASE}.pipeline_alerts "
                           "WHERE alert NOT IN ('slow', 'figures are old') GROUP BY alert")
        assert alerts == [{"alert": "dead letters", "times": 1}]
        assert node.rows(f"SELECT * FROM {DATABASE}.pipeline_gaps") == []


def test_each_node_watches_its_partitions_and_every_node_tells_the_losses(servers):
    one, other = servers.nodes[:2]
    time.sleep(2.5)
    for node in (one, other):
        # Refreshes stand still here: the view's query by hand.
        query = node.value(f"SELECT as_select FROM system.tables WHERE database = '{DATABASE}' AND name = 'pipeline_watch_mv'")
        node.query(f"INSERT INTO {DATABASE}.pipeline_watch {query}", settings={"distributed_foreground_insert": 1})
    for node in (one, other):
        assert node.value(f"SELECT count() FROM {DATABASE}.pipeline_watch FINAL WHERE kind = 'position'") == PARTITIONS
        assert node.value(f"SELECT min(watched_at) > 0 FROM {DATABASE}.pipeline_status WHERE is_assigned") == 1
        assert node.rows(f"SELECT * FROM {DATABASE}.pipeline_losses") == []


def test_a_row_by_hand_and_a_setting_are_seen_from_every_node(servers):
    one, other = servers.nodes[:2]
    for server in (one, servers.alone):
        server.query(f"""INSERT INTO {DATABASE}.events_processed (id, experiment_id, variant_id, user_id, event_type, timestamp, properties)
                         VALUES ('by_hand', 99, 1, 'u', 'conversion', '2026-01-02 03:04:05', '{{"value": 2.5}}')""")
        server.query(f"INSERT INTO {DATABASE}.experiment_settings (experiment_id, name, expected_split) VALUES (99, 'Named', map(0, 1, 1, 1))")
    servers.by_hand += 1
    assert other.rows(f"SELECT id, value, event_key FROM {DATABASE}.events WHERE experiment_id = 99") == [
        {"id": "by_hand", "value": 2.5, "event_key": "by_hand"}]
    assert other.value(f"SELECT name FROM {DATABASE}.experiment_settings FINAL WHERE experiment_id = 99") == "Named"
    users = f"""SELECT count(), hex(sum(sipHash64(toString(tuple(*))))) FROM {DATABASE}.experiment_users_now"""
    assert other.query(users) == one.query(users) == servers.alone.query(users)


def test_a_shard_is_killed_in_the_middle_and_comes_back(servers):
    one, other = servers.nodes[:2]
    before = servers.sent + servers.by_hand

    def flow():
        for _ in range(20):
            send(servers, 1000)
            time.sleep(0.1)
    load = threading.Thread(target=flow)
    load.start()
    wait_until(lambda: one.value(ARRIVED) >= before + 2000, 60, "some have arrived", pause=0.05)
    arrived = one.value(ARRIVED)
    other.kill()
    load.join()
    one.revive()
    # A part of the events is no answer; the state is told all the same.
    with pytest.raises(QueryError, match="Connection refused"):
        one.held()
    status = one.rows(f"SELECT node, diagnosis FROM {DATABASE}.pipeline_status")
    assert any(row["node"] == f"127.0.0.1:{other.ports[1]}" and "does not answer" in row["diagnosis"] for row in status), status
    other.start()
    one.revive()
    print(f"\nkilled after {arrived - before} of 20000 messages")
    assert arrived - before < 20_000
    settle(servers, "a shard killed (-9) and back", [one, other], "experiments_2")


def test_a_redelivered_event_meets_its_first_copy(servers):
    nodes = servers.nodes[:2]
    redeliver(servers, nodes)
    settle(servers, "all of the topic delivered again", nodes, "experiments_2")


def test_dead_letters_are_replayed_from_any_node(servers):
    for node in (servers.nodes[1], servers.alone):
        node.query(operation("replay")[0])
    attempts = f"SELECT count() FROM {DATABASE}.dead_letters_open WHERE attempt = 1"
    assert servers.nodes[0].value(attempts) == servers.alone.value(attempts) > 0
    settle(servers, "dead letters replayed", servers.nodes[:2], "experiments_2")


def test_a_third_node_joins_to_decode(servers):
    """With weight 0 it stores nothing, so no row need move."""
    nodes = servers.nodes
    restart(nodes, {"experiments_2": Node.shards(*nodes[:2], decoders=nodes[2:])})
    nodes[2].apply_cluster("experiments_2")
    for node in nodes:
        node.revive()
    all_consume(nodes)
    send(servers, 5000)
    settle(servers, "a third node decodes", nodes[:2], "experiments_2")
    assert nodes[2].own("experiments_2") == 0 and nodes[2].held() == nodes[0].held()


def test_a_third_node_joins_to_store(servers):
    nodes = servers.nodes
    restart(nodes, {"experiments_2": Node.shards(*nodes[:2], decoders=nodes[2:]), "experiments_3": Node.shards(*nodes)})
    load = threading.Thread(target=send, args=(servers, 10_000))
    load.start()
    done = move("experiments_2", "experiments_3", nodes)
    load.join()
    for node in nodes:
        node.revive()
    print(f"\n{done.stderr}")
    assert done.returncode == 0, done.stdout
    settle(servers, "a third node stores, too", nodes, "experiments_3")
    redeliver(servers, nodes)
    settle(servers, "all of the topic delivered again", nodes, "experiments_3")
    all_consume(nodes)


def test_applying_again_changes_nothing_and_an_alter_reaches_the_rows(servers):
    node = servers.nodes[0]
    held = node.held()
    node.apply_cluster("experiments_3")
    assert node.held() == held
    sql = servers.folder / "sql"
    shutil.copytree(ROOT / "sql", sql)
    events = sql / "experiments" / "events.sql"
    events.write_text(events.read_text().replace("--| distributed events_processed", """\
ALTER TABLE {storage}.events_processed ADD COLUMN IF NOT EXISTS country String DEFAULT 'IS';

--| distributed events_processed"""))
    for one in servers.nodes:
        one.run(bundle.printed(sql=sql, CLUSTER="experiments_3"))
    countries = f"SELECT country, count() AS events FROM {DATABASE}.events_processed FINAL GROUP BY country"
    assert servers.nodes[1].rows(countries) == [{"country": "IS", "events": held["events"]}]


def test_what_cannot_be_right_is_refused(servers):
    alone = servers.alone
    with pytest.raises(QueryError, match="no cluster nowhere"):
        alone.apply_cluster("nowhere")
    restart([alone], {"experiments_1": Node.shards(alone)})
    held = alone.held()
    with pytest.raises(QueryError, match="distributed_foreground_insert is not 1"):
        alone.apply_cluster("experiments_1", settings="distributed_foreground_insert=0")
    with pytest.raises(QueryError, match="events_processed holds rows of one node"):
        alone.apply_cluster("experiments_1")
    assert alone.held() == held


def test_a_single_node_becomes_a_cluster(servers):
    alone = servers.alone
    held = alone.held()
    done = move(DATABASE, "experiments_1", [alone])
    assert done.returncode == 0, done.stdout + done.stderr
    assert alone.held() == held
    assert alone.own("experiments_1") == held["events"]
    send(servers, 1000)
    alone.wait_for(ARRIVED, servers.sent + servers.by_hand, 60)


def move(source: str, target: str, nodes: list):
    """A second run begins anew: it is made where the engine of a node ended meanwhile (see Node.query_bytes)."""
    for _ in range(3):
        for node in nodes:
            node.revive()
        done = subprocess.run([SETTINGS / "move.sh", source, target, *(node.client() for node in nodes)], capture_output=True, text=True)
        if done.returncode == 0 or all(node.process.poll() is None for node in nodes):
            break
    return done
