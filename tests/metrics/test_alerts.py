"""The alerts of deploy/prometheus on a real Prometheus: all is well, each fault is caused, each alert fires, each fault ends, each alert ends."""
import json
import subprocess
import time

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from tests.cluster.zookeeper import ZooKeeper
from tests.live.test_codes import DATABASE, Guarded, recreate, served, ticket
from tests.metrics.conftest import GRANTS
from tests.stack.engine import QueryError
from tests.stack.kafka import Kafka
from tests.stack.prometheus import Prometheus
from tests.support.waiting import wait_until

SETTINGS = """\
<clickhouse>
    <zookeeper><session_timeout_ms>4000</session_timeout_ms><node><host>127.0.0.1</host><port>{keeper}</port></node></zookeeper>
    <named_collections><two_consumers>
        <kafka_broker_list>{broker}</kafka_broker_list>
        <kafka_num_consumers>2</kafka_num_consumers>
        <kafka><topic_metadata_refresh_interval_ms>2000</topic_metadata_refresh_interval_ms></kafka>
    </two_consumers></named_collections>
</clickhouse>
"""
PROFILE = "<clickhouse><profiles><default><kafka_disable_num_consumers_limit>1</kafka_disable_num_consumers_limit></default></profiles></clickhouse>"


class World:
    """The servers, and pipelines by name."""

    def __init__(self, folder, broker: Kafka):
        self.broker = broker
        self.admin = AdminClient({"bootstrap.servers": broker.address})
        self.keeper = ZooKeeper(folder / "keeper").start()
        (folder / "engine").mkdir()
        self.engine = served(folder / "engine", broker, threads=16)
        (self.engine.folder / "config.d" / "zz_alerts.xml").write_text(SETTINGS.format(keeper=self.keeper.port, broker=broker.address))
        (self.engine.folder / "users.d").mkdir()
        (self.engine.folder / "users.d" / "zz_alerts.xml").write_text(PROFILE)
        (self.engine.folder / "users.d" / "zz_grants.xml").write_text(GRANTS.format(f"<query>GRANT SELECT ON {DATABASE}.pipeline_metrics</query>"))
        self.engine.start()

    def pipeline(self, name: str, *options: str) -> Guarded:
        self.broker.create_topic(name)
        pipeline = Guarded(self.engine, self.broker, name, *options)
        pipeline.send(3)
        return pipeline

    def query(self, sql: str, **options) -> str:
        return self.engine.query(sql, **options)

    def stop(self) -> None:
        self.engine.stop()
        self.keeper.stop()


# ---- The faults: each is a generator that makes what is well, causes the fault, and ends it ---------------------------------------

def table_missing(world):
    pipeline = world.pipeline("gone")
    yield {("PipelineNotConsuming", "page", "gone")}
    world.query(f"DETACH TABLE {DATABASE}.gone_events SYNC")
    yield
    world.query(f"ATTACH TABLE {DATABASE}.gone_events")
    pipeline.send(1)


def blocked(world):
    pipeline = world.pipeline("stuck")
    yield {("PipelineNotConsuming", "page", "stuck"), ("PipelineFarBehind", "page", "stuck")}
    world.query(f"CREATE TABLE {DATABASE}.copy (offset UInt64) ENGINE = Memory")
    world.query(f"CREATE MATERIALIZED VIEW {DATABASE}.copy_mv TO {DATABASE}.copy AS SELECT throwIf(offset > 0) AS offset FROM {DATABASE}.stuck_decoded")
    # What is being read when the view is made does not know it.
    for _ in range(3):
        pipeline.send(100)
        time.sleep(2)
    yield
    world.query(f"DROP VIEW {DATABASE}.copy_mv")


def consumer_without_partitions(world):
    yield {("PipelineConsumerWithoutPartitions", "ticket", "narrow")}
    # One of two consumers has the one partition.
    world.pipeline("narrow", "--collection", "two_consumers")
    yield
    world.admin.create_partitions([NewPartitions("narrow", 2)])["narrow"].result(30)


def many_skipped(world):
    pipeline = world.pipeline("jump")
    world.query(f"""INSERT INTO {DATABASE}.pipeline_minutes (pipeline, topic, partition, minute, rows, events, skipped, last_arrival)
                    SELECT 'jump', 'jump', 0, now() - 3000, 1000, 997, 3, now() - 3000""")
    yield {("PipelineManySkipped", "page", "jump")}
    pipeline.send(30, kind="task")
    yield
    pipeline.send(200)


def topic_begins_anew(world):
    pipeline = world.pipeline("anew")
    pipeline.send(7)
    pipeline.wait("consuming")
    pipeline.watched()
    yield {("PipelineTopicBeginsAnew", "page", "anew")}
    pipeline.grow_older()
    recreate(world.admin, "anew")
    pipeline.send(3)
    yield
    pipeline.accept()


def lost_to_retention(world):
    pipeline = world.pipeline("lost")
    pipeline.wait("consuming")
    pipeline.watched()
    yield {("PipelineLost", "page", "lost")}
    pipeline.stop()
    pipeline.send(100)
    place = TopicPartition("lost", 0, 103)
    world.admin.delete_records([place])[place].result(30)
    pipeline.send(1)
    pipeline.go_on()
    yield
    pipeline.accept()


def silent_where_a_message_is_due(world):
    pipeline = world.pipeline("due", "--silence", "10 MINUTE")
    yield {("PipelineSilent", "page", "due")}
    pipeline.wait("consuming")
    pipeline.grow_older()
    world.query(f"ALTER TABLE {DATABASE}.pipeline_minutes UPDATE last_arrival = last_arrival - 1000 WHERE pipeline = 'due' SETTINGS mutations_sync = 2")
    yield
    pipeline.send(1)


def silent_for_longer_than_usual(world):
    pipeline = world.pipeline("rhythm")
    yield {("PipelineSilent", "ticket", "rhythm")}
    pipeline.wait("consuming")
    world.query(f"ALTER TABLE {DATABASE}.pipeline_minutes DELETE WHERE pipeline = 'rhythm' SETTINGS mutations_sync = 2")
    world.query(f"""INSERT INTO {DATABASE}.pipeline_minutes (pipeline, topic, partition, minute, rows, events, last_arrival, last_offset)
                    SELECT 'rhythm', 'rhythm', 0, now() - 3600 - 600 * number AS minute, 1, 1, minute, 2 FROM numbers(576)""")
    yield
    pipeline.send(1)


def new_members(world):
    pipeline = world.pipeline("drift")
    yield {("PipelineNewMembers", "ticket", "drift")}
    pipeline.send(1, note="n")
    yield
    # As after the layout has taken it up.
    time.sleep(1)
    world.engine.run(subprocess.check_output(pipeline.call, text=True))


def messages_that_are_late_wrong_or_of_a_wrong_clock(world):
    world.pipeline("mixed")
    producer = Producer({"bootstrap.servers": world.broker.address})
    yield {("PipelineSlow", "ticket", "mixed"), ("PipelineClocks", "ticket", "mixed"), ("PipelineDeadLetters", "ticket", "mixed"),
           ("PipelineManyDeadLetters", "page", "mixed")}
    for number in range(10):
        producer.produce("mixed", ticket(number), timestamp=int(1000 * (time.time() - 60)))
    producer.produce("mixed", b"{]", timestamp=-1)
    producer.flush(30)
    yield
    # As if it had been the day before.
    minutes = f"{DATABASE}.pipeline_minutes"
    world.query(f"INSERT INTO {minutes} SELECT * REPLACE (minute - 90000 AS minute) FROM {minutes} WHERE pipeline = 'mixed'")
    world.query(f"ALTER TABLE {minutes} DELETE WHERE pipeline = 'mixed' AND minute > now() - 80000 SETTINGS mutations_sync = 2")


def nobody_audits_and_nobody_merges(world):
    world.pipeline("heaped")
    yield {("PipelineGapsNotAudited", "ticket", "heaped"), ("PipelineMergesFallBehind", "ticket", "heaped")}
    # Two days ago the offsets 5 and 6 of another partition did not come.
    gap = "SELECT 'heaped', 'heaped', 1, 0, groupBitmapState(number) FROM numbers(10)"
    columns = "(pipeline, topic, partition, bucket, offsets)"
    world.query(f"INSERT INTO {DATABASE}.pipeline_offsets {columns} {gap} WHERE number NOT IN (5, 6)")
    world.query(f"""INSERT INTO {DATABASE}.pipeline_minutes (pipeline, topic, partition, minute, rows, last_offset)
                    SELECT 'heaped', 'heaped', 1, now() - 172800, 1, 9""")
    world.query(f"SYSTEM STOP MERGES {DATABASE}.heaped_events")
    world.query(f"""INSERT INTO {DATABASE}.heaped_events (id, topic, partition, offset) SELECT number, 'x', 0, number FROM numbers(310)
                    SETTINGS max_block_size = 1, min_insert_block_size_rows = 1, min_insert_block_size_bytes = 1, max_insert_threads = 1""")
    yield
    world.query(f"INSERT INTO {DATABASE}.pipeline_offsets_audited {columns} {gap} WHERE number NOT IN (5, 6)")
    world.query(f"SYSTEM START MERGES {DATABASE}.heaped_events")
    world.query(f"OPTIMIZE TABLE {DATABASE}.heaped_events FINAL")


def a_table_without_its_keeper(world):
    world.query(f"CREATE TABLE {DATABASE}.kept (a UInt8) ENGINE = ReplicatedMergeTree('/kept', 'one') ORDER BY a")
    yield {("PipelineTableReadOnly", "ticket", None)}
    world.keeper.stop()
    yield
    world.query(f"DROP TABLE {DATABASE}.kept")


def a_refresh_that_fails(world):
    world.query(f"CREATE TABLE {DATABASE}.figures (a UInt8) ENGINE = MergeTree ORDER BY a")
    world.query(f"CREATE TABLE {DATABASE}.counted (a UInt8) ENGINE = Memory")
    world.query(f"""CREATE MATERIALIZED VIEW {DATABASE}.figures_mv REFRESH EVERY 1 SECOND TO {DATABASE}.figures
                    AS SELECT count() AS a FROM {DATABASE}.counted""")
    yield {("PipelineFiguresOld", "ticket", None)}
    world.query(f"RENAME TABLE {DATABASE}.counted TO {DATABASE}.elsewhere")
    yield
    world.query(f"RENAME TABLE {DATABASE}.elsewhere TO {DATABASE}.counted")


FAULTS = [table_missing, blocked, consumer_without_partitions, many_skipped, topic_begins_anew, lost_to_retention, silent_where_a_message_is_due,
          silent_for_longer_than_usual, new_members, messages_that_are_late_wrong_or_of_a_wrong_clock, nobody_audits_and_nobody_merges,
          a_table_without_its_keeper, a_refresh_that_fails]


@pytest.fixture
def world(tmp_path):
    with Kafka(tmp_path / "kafka") as broker:
        world = World(tmp_path, broker)
        try:
            yield world
        finally:
            world.stop()


def names(alerts: list) -> set:
    return {(alert["labels"]["alertname"], alert["labels"]["severity"], alert["labels"].get("pipeline")) for alert in alerts}


def test_each_alert_fires_for_its_fault_and_ends_with_it(world, tmp_path, capsys):
    faults = [fault(world) for fault in FAULTS]
    start = time.monotonic()

    def tell(text: str) -> None:
        with capsys.disabled():
            print(f"\n    {time.monotonic() - start:5.1f} s  {text}", end="", flush=True)

    told: set = set()
    expected = set().union(*(next(fault) for fault in faults))
    with Prometheus(tmp_path / "prometheus", f"127.0.0.1:{world.engine.port}", {"> 500000": "> 50"}) as prometheus:
        def wait(wanted: set, seconds: float) -> None:
            """Each has fired, and no other fires but that a topic which was read late is slow, too."""
            seen: set = set()

            def are() -> bool:
                found = names(prometheus.firing())
                for alert in sorted(found ^ told, key=str):
                    tell(f"{'ends ' if alert in told else 'fires'}  {' '.join(filter(None, alert))}")
                told.clear()
                told.update(found)
                seen.update(found)
                others = {alert for alert in found - wanted if alert[0] != "PipelineSlow" or alert[2] == "mixed"}
                return seen >= wanted and not others

            wait_until(are, seconds, lambda: f"missing {wanted - seen}, now {told}, {prometheus.measured()}\n"
                       f"{world.engine.rows(f'SELECT pipeline, code, diagnosis FROM {DATABASE}.pipeline_status')}", pause=0.5)

        wait_until(lambda: prometheus.query("debezium_pipeline_info"), 30, lambda: prometheus.measured(), pause=0.5)
        wait(set(), 60)
        tell("all is well")
        for fault in faults:
            next(fault)
        wait(expected, 120)
        for alert in prometheus.firing():
            assert "<no value>" not in (text := json.dumps(alert["annotations"])) and "error" not in text, alert
        tell("all faults are known")
        for fault in faults:
            next(fault, None)
        wait(set(), 120)
        tell("all has ended")
        assert {alert for alert, _, _ in expected} | {"PipelinesNotMeasured", "PipelineRegistrationBroken", "PipelineNothingWatches"} == \
            {rule["name"] for group in prometheus.ask("rules")["groups"] for rule in group["rules"]}
        # What concerns all pipelines. Nothing watches: as if it had looked last seven minutes ago.
        watch = f"{DATABASE}.pipeline_watch"
        world.query(f"SYSTEM STOP VIEW {watch}_mv")
        world.query(f"CREATE TABLE {DATABASE}.looks ENGINE = Memory AS SELECT * REPLACE (looked_at - 400 AS looked_at) FROM {watch} FINAL")
        world.query(f"TRUNCATE TABLE {watch}")
        world.query(f"INSERT INTO {watch} SELECT * FROM {DATABASE}.looks")
        path = world.engine.folder / "tickets_function.xml"
        good = path.read_text()
        path.write_text(good.replace("Enum8(", "Enumm8(", 1))
        with pytest.raises(QueryError, match="Enumm8"):
            world.query("SYSTEM RELOAD FUNCTIONS")
        wait_until(lambda: {"PipelineRegistrationBroken", "PipelineNothingWatches"} <= {name for name, _, _ in names(prometheus.firing())}, 60,
                   lambda: f"{prometheus.firing()}", pause=0.5)
        tell("the broken registration is known, and that nothing watches")
        path.write_text(good)
        world.query("SYSTEM RELOAD FUNCTIONS")
        world.query(f"SYSTEM START VIEW {watch}_mv")
        world.query(f"SYSTEM REFRESH VIEW {watch}_mv")
        wait(set(), 60)
        world.query(f"RENAME TABLE {DATABASE}.pipeline_minutes TO {DATABASE}.minutes_away")
        wait({("PipelinesNotMeasured", "page", None)}, 30)
        assert prometheus.measured()["lastError"].startswith("server returned HTTP status")
        world.query(f"RENAME TABLE {DATABASE}.minutes_away TO {DATABASE}.pipeline_minutes")
        wait(set(), 30)
