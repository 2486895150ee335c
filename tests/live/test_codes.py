"""The codes of pipeline_status that no message shows by itself, each caused for real: healthy, the fault, the code, the recovery.

Pipelines for a small layout, several in one database; each test has a topic and a pipeline of its own.
"""
import json
import subprocess
import time

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from tests.stack.engine import BINARY, Engine
from tests.stack.kafka import Kafka
from tests.support.waiting import wait_until

DATABASE = "helpdesk"
LAYOUT = {
    "function": "ticketsRow",
    "accept": {"after.kind": ["ticket"]},
    "accept_missing": "error",
    "columns": [{"name": "id", "type": "UInt64", "path": "after.id"},
                {"name": "kind", "type": "String", "path": "after.kind"},
                {"name": "version", "type": "UInt64", "path": "source.lsn"},
                {"name": "unmapped", "type": "Array(String)", "path": "unmapped"}],
}
CONFIG = """\
<clickhouse>
    <background_message_broker_schedule_pool_size>{threads}</background_message_broker_schedule_pool_size>
    <named_collections><debezium_kafka>
        <kafka_broker_list>{broker}</kafka_broker_list>
        <kafka><topic_metadata_refresh_interval_ms>2000</topic_metadata_refresh_interval_ms></kafka>
    </debezium_kafka></named_collections>
</clickhouse>
"""


def ticket(number: int, **more) -> bytes:
    after = {"id": number, "kind": "ticket", **more}
    return json.dumps({"op": "c", "before": None, "after": after, "source": {"lsn": number + 1}}).encode()


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Kafka(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture(scope="module")
def admin(broker):
    return AdminClient({"bootstrap.servers": broker.address})


def served(folder, broker, threads: int) -> Engine:
    layout = folder / "tickets.json"
    layout.write_text(json.dumps(LAYOUT))
    (folder / "config.d").mkdir()
    (folder / "config.d" / "zz_codes.xml").write_text(CONFIG.format(threads=threads, broker=broker.address))
    functions = {"tickets_function.xml": subprocess.check_output([BINARY, "config", layout], text=True)}
    return Engine(folder, functions=functions, scripts=[BINARY, layout])


@pytest.fixture(scope="module")
def engine(tmp_path_factory, broker):
    with served(tmp_path_factory.mktemp("engine"), broker, threads=16) as engine:
        yield engine


class Guarded:
    """A pipeline, and the topic of its name."""

    def __init__(self, engine: Engine, broker: Kafka, name: str, *options: str):
        self.engine, self.broker, self.name = engine, broker, name
        if "--landing" not in options:
            options = ("--topic", name, "--group", f"of_{name}", *options)
        self.call = [BINARY, "pipeline", engine.folder / "tickets.json", "--name", name, "--kind", "events", "--database", DATABASE, *options]
        engine.run(subprocess.check_output(self.call, text=True))
        self.sent = 0

    def send(self, count: int = 1, **more) -> None:
        self.broker.produce(self.name, [ticket(self.sent + i, **more) for i in range(count)])
        self.sent += count

    def rows(self) -> list:
        return self.engine.rows(f"SELECT * FROM {DATABASE}.pipeline_status WHERE pipeline = '{self.name}'")

    def wait(self, code: str, seconds: float = 60) -> dict:
        """The row that has the code, once one has it."""
        rows: list = []

        def has_code():
            rows[:] = self.rows()
            assert rows, "there is a row for every pipeline"
            return next((row for row in rows if row["code"] == code), None)

        return wait_until(has_code, seconds, lambda: f"{self.name} says {code}: {rows}\n{self.engine.tail()}", pause=0.3)

    def named(self, code: str, tell, seconds: float = 60, look: bool = False) -> dict:
        """The row, once the code is named; `look`: without waiting for the next of the looks that are 20 seconds apart."""
        start = time.monotonic()
        if look:
            self.look()
        row = self.wait(code, seconds)
        tell(f"{code} after {time.monotonic() - start:.1f} s: {row['diagnosis']}")
        return row

    def alerts(self) -> list:
        return [(row["severity"], row["alert"]) for row in self.engine.rows(
            f"SELECT * FROM {DATABASE}.pipeline_alerts WHERE pipeline = '{self.name}' AND alert != 'slow'")]

    def watched(self) -> None:
        """Until what the broker says now has been kept."""
        self.look()
        self.engine.wait_for(f"SELECT max(log_end) FROM {DATABASE}.pipeline_watch WHERE pipeline = '{self.name}'", self.sent, 40)

    def look(self) -> None:
        """Now, not within 20 seconds; statistics are two seconds old at most."""
        time.sleep(2)
        self.engine.query(f"SYSTEM REFRESH VIEW {DATABASE}.pipeline_watch_mv")
        self.engine.query(f"SYSTEM WAIT VIEW {DATABASE}.pipeline_watch_mv")

    def grow_older(self) -> None:
        """As if what has come had come some minutes ago."""
        minutes = f"{DATABASE}.pipeline_minutes"
        self.engine.query(f"INSERT INTO {minutes} SELECT * REPLACE (minute - 300 AS minute) FROM {minutes} WHERE pipeline = '{self.name}'")
        self.engine.query(f"ALTER TABLE {minutes} DELETE WHERE pipeline = '{self.name}' AND minute > now() - 200 SETTINGS mutations_sync = 2")

    def accept(self) -> None:
        """Somebody has seen to it: docs/operating.md."""
        self.engine.run(subprocess.check_output([*self.call, "--operation", "accept"], text=True))

    def stop(self) -> None:
        self.engine.query(f"DETACH TABLE {DATABASE}.{self.name}_kafka SYNC")

    def go_on(self) -> None:
        self.engine.query(f"ATTACH TABLE {DATABASE}.{self.name}_kafka")


@pytest.fixture
def guarded(engine, broker):
    """Makes pipelines, and takes them away again."""
    made = []

    def make(name: str, *options: str, partitions: int = 1) -> Guarded:
        broker.create_topic(name, partitions)
        made.append(Guarded(engine, broker, name, *options))
        return made[-1]

    yield make
    for pipeline in made:
        engine.run(subprocess.check_output([*pipeline.call, "--remove"], text=True))


def recreate(admin: AdminClient, topic: str) -> None:
    admin.delete_topics([topic])[topic].result(30)

    def is_there() -> bool:
        try:
            admin.create_topics([NewTopic(topic, 1)])[topic].result(30)
        except Exception:
            return False
        return True

    wait_until(is_there, 30, f"topic {topic} can be created again")


def set_group(admin: AdminClient, group: str, position: TopicPartition) -> None:
    """Where the group goes on. The broker takes a deleted topic's positions away by and by."""
    def stays() -> bool:
        admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, [position])])[group].result(30)
        time.sleep(2)
        answer = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(30)
        return [place.offset for place in answer.topic_partitions] == [position.offset]

    wait_until(stays, 30, f"group {group} goes on at {position.offset}")


def test_three_pipelines_one_of_them_broken(guarded, tell):
    one, two, three = (guarded(f"three_{number}") for number in (1, 2, 3))
    for pipeline in (one, two, three):
        pipeline.send(3)
        row = pipeline.wait("consuming")
        assert row["diagnosis"] == "consuming" and row["events_hour"] == 3
        assert pipeline.alerts() == []
    two.engine.query(f"DETACH TABLE {DATABASE}.three_2_events SYNC")
    row = two.named("table_missing", tell)
    assert row["diagnosis"].startswith("table missing: three_2_events; ATTACH it")
    assert ("page", "not consuming") in two.alerts()
    for pipeline in (one, three):
        pipeline.send(3)
        pipeline.engine.wait_for(f"SELECT count() FROM {DATABASE}.{pipeline.name}", 6)
        assert pipeline.wait("consuming")["diagnosis"] == "consuming" and len(pipeline.rows()) == 1
        assert pipeline.alerts() == []
    two.engine.query(f"ATTACH TABLE {DATABASE}.three_2_events")
    # A commit ends it at once.
    two.send(1)
    two.wait("consuming")
    # What is behind one pipeline holds up that one alone.
    two.engine.query(f"CREATE TABLE {DATABASE}.copy (offset UInt64) ENGINE = Memory")
    two.engine.query(f"CREATE MATERIALIZED VIEW {DATABASE}.copy_mv TO {DATABASE}.copy AS SELECT offset FROM {DATABASE}.three_2_decoded")
    two.engine.query(f"DETACH TABLE {DATABASE}.copy")
    two.send(1)
    row = two.named("blocked", tell)
    assert "Stack trace" not in row["diagnosis"] and row["diagnosis"].endswith("the block is tried again until this is fixed")
    for pipeline in (one, three):
        pipeline.wait("consuming")
    # Its recovery, which takes up to a minute, test_status.py waits for.
    two.engine.query(f"DROP VIEW {DATABASE}.copy_mv")


def test_a_pipeline_whose_messages_somebody_else_inserts(guarded, engine):
    pipeline = guarded("landing", "--landing")
    assert [(row["code"], row["diagnosis"]) for row in pipeline.rows()] == [
        ("nothing_read", "nothing was inserted into landing_kafka yet; does the program that fills it run?")]
    engine.query(f"""INSERT INTO {DATABASE}.landing_kafka (message, _topic, _partition, _offset, _timestamp)
                     SELECT {{message:String}}, 'inserted', 0, 7, now64(3)""", params={"message": ticket(1).decode()})
    assert [(row["code"], row["topic"], row["partition"], row["last_offset"]) for row in pipeline.rows()] == [("consuming", "inserted", 0, 7)]
    assert pipeline.alerts() == []


def test_a_topic_that_begins_anew_with_fewer_messages(guarded, admin, tell):
    pipeline = guarded("anew_fewer")
    pipeline.send(10)
    pipeline.wait("consuming")
    pipeline.watched()
    # A minute has one last offset, which would be that of the topic before.
    pipeline.grow_older()
    recreate(admin, "anew_fewer")
    pipeline.send(3)
    row = pipeline.named("topic_begins_anew", tell, look=True)
    assert row["diagnosis"].startswith("the topic begins anew: it ended before offset 10, and ends before 3; "), row
    assert pipeline.alerts() == [("page", "topic begins anew")]
    pipeline.engine.wait_for(f"SELECT count() FROM {DATABASE}.anew_fewer", 13)
    pipeline.accept()
    row = pipeline.wait("consuming")
    assert (row["last_offset"], row["end_offset"]) == (2, 3)
    assert pipeline.alerts() == []


def test_a_topic_that_begins_anew_with_more_messages(guarded, admin, tell):
    pipeline = guarded("anew_more")
    pipeline.send(10)
    pipeline.wait("consuming")
    pipeline.watched()
    pipeline.stop()
    pipeline.grow_older()
    recreate(admin, "anew_more")
    pipeline.send(25)
    pipeline.go_on()
    row = pipeline.named("topic_begins_anew", tell, look=True)
    assert row["diagnosis"].startswith("the topic begins anew: offset 9 is stored, and later messages came at earlier offsets; "), row
    pipeline.engine.wait_for(f"SELECT count() FROM {DATABASE}.anew_more", 35)
    pipeline.accept()
    pipeline.wait("consuming")


def test_a_topic_that_begins_anew_and_is_read_from_the_old_position(guarded, admin, tell):
    pipeline = guarded("anew_unread")
    pipeline.send(10)
    pipeline.wait("consuming")
    pipeline.watched()
    pipeline.stop()
    recreate(admin, "anew_unread")
    pipeline.send(25)
    set_group(admin, "of_anew_unread", TopicPartition("anew_unread", 0, 10))
    pipeline.go_on()
    pipeline.engine.wait_for(f"SELECT max(offset) FROM {DATABASE}.anew_unread", 24)
    assert pipeline.wait("consuming")["diagnosis"] == "consuming"
    # The broker shows nothing; the second reading does.
    pipeline.engine.query(f"""INSERT INTO {DATABASE}.pipeline_offsets_audited
        SELECT 'anew_unread', 0, 0, groupBitmapState(number), 'anew_unread', now64(3), now64(3) FROM numbers(25)""")
    row = pipeline.named("topic_begins_anew", tell, look=True)
    assert row["diagnosis"].startswith("the topic begins anew: the second reading found other messages at the offsets from 0 on; "), row
    # As docs/operating.md has it: the group goes back to the topic's beginning.
    pipeline.stop()
    set_group(admin, "of_anew_unread", TopicPartition("anew_unread", 0, 0))
    pipeline.go_on()
    pipeline.engine.wait_for(f"SELECT count() FROM {DATABASE}.anew_unread", 35, 60)
    pipeline.accept()
    pipeline.wait("consuming")


def test_retention_that_overtakes_a_consumer(guarded, admin, tell):
    pipeline = guarded("overtaken")
    pipeline.send(10)
    pipeline.wait("consuming")
    pipeline.watched()
    pipeline.stop()
    pipeline.send(1000)
    place = TopicPartition("overtaken", 0, 1010)
    admin.delete_records([place])[place].result(30)
    pipeline.send(1)
    pipeline.go_on()
    row = pipeline.named("lost_to_retention", tell)
    assert "1000 messages from offset 10 to 1009 were deleted from the topic before they were read" in row["diagnosis"]
    assert pipeline.alerts() == [("page", "lost")]
    # It is remembered, though the consumer is far beyond.
    pipeline.send(5)
    pipeline.watched()
    assert pipeline.wait("lost_to_retention")["lag"] == 0
    assert pipeline.engine.rows(f"SELECT kind, first_offset, last_offset, messages FROM {DATABASE}.pipeline_losses "
                                "WHERE pipeline = 'overtaken'") == [
        {"kind": "lost_to_retention", "first_offset": 10, "last_offset": 1009, "messages": 1000}]
    assert pipeline.engine.rows(f"SELECT verdict FROM {DATABASE}.pipeline_gaps WHERE pipeline = 'overtaken'") == [{"verdict": "retention"}]
    pipeline.accept()
    pipeline.wait("consuming")
    assert pipeline.alerts() == []


def test_retention_behind_the_consumer_is_no_loss(guarded, admin):
    pipeline = guarded("not_overtaken")
    pipeline.send(10)
    pipeline.wait("consuming")
    pipeline.watched()
    place = TopicPartition("not_overtaken", 0, 10)
    admin.delete_records([place])[place].result(30)
    pipeline.send(5)
    pipeline.watched()
    assert pipeline.wait("consuming")["begin_offset"] == 10
    assert pipeline.engine.value(f"SELECT count() FROM {DATABASE}.pipeline_losses WHERE pipeline = 'not_overtaken'") == 0


def test_clocks_that_are_wrong(guarded, broker, tell):
    pipeline = guarded("clocks")
    pipeline.send(20)
    row = pipeline.wait("consuming")
    assert row["clock_errors_day"] == 0 and pipeline.alerts() == []
    producer = Producer({"bootstrap.servers": broker.address})
    now = int(time.time() * 1000)
    # None, from 1970, an hour ahead.
    for timestamp in (-1, 1, now + 3_600_000):
        producer.produce("clocks", ticket(100), timestamp=timestamp)
    producer.flush(30)
    pipeline.engine.wait_for(f"SELECT sum(clock_errors_day) FROM {DATABASE}.pipeline_status WHERE pipeline = 'clocks'", 3)
    row = pipeline.wait("consuming")
    tell(f"delay {row['delay_ms_minute']} ms, p50 {row['delay_p50_ms']}, p99 {row['delay_p99_ms']}, of 23 with {row['clock_errors_day']} wrong clocks")
    assert (row["code"], row["events_hour"], row["last_offset"]) == ("consuming", 23, 22)
    for delay in ("delay_ms_minute", "max_delay_ms_minute", "delay_p50_ms", "delay_p99_ms"):
        assert 0 <= row[delay] < 60_000, (delay, row)
    assert pipeline.engine.value(f"SELECT max(last_kafka_time) < now() + 10 FROM {DATABASE}.pipeline_status WHERE pipeline = 'clocks'")
    assert pipeline.alerts() == [("ticket", "clocks")]


def test_a_topic_whose_messages_have_no_time(guarded, broker):
    pipeline = guarded("timeless")
    producer = Producer({"bootstrap.servers": broker.address})
    for number in range(3):
        producer.produce("timeless", ticket(number), timestamp=-1)
    producer.produce("timeless", b"{]", timestamp=-1)
    producer.flush(30)
    row = pipeline.wait("consuming_with_errors")
    assert (row["events_hour"], row["errors_hour"], row["delay_ms_minute"]) == (3, 1, 0)
    assert sorted(pipeline.alerts()) == [("page", "dead letters"), ("ticket", "clocks")]


def test_many_more_are_skipped_than_before(guarded, tell):
    pipeline = guarded("jump")
    pipeline.send(20)
    pipeline.wait("consuming")
    # A quiet day: three of a thousand.
    pipeline.engine.query(f"""INSERT INTO {DATABASE}.pipeline_minutes (pipeline, topic, partition, minute, rows, events, skipped, last_arrival)
                              SELECT 'jump', 'jump', 0, now() - 3000, 1000, 997, 3, now() - 3000""")
    assert pipeline.wait("consuming")["diagnosis"] == "consuming"
    pipeline.send(30, kind="tickets")
    row = pipeline.named("skipped_jump", tell)
    assert row["diagnosis"].startswith("many are skipped: 30 of 50 messages in ten minutes, and 3 of 1000 in the day before: "), row
    assert pipeline.alerts() == [("page", "many are skipped")]
    pipeline.send(200)
    pipeline.wait("consuming")
    assert pipeline.alerts() == []


def test_a_member_that_accept_reads_is_renamed(guarded, tell):
    pipeline = guarded("renamed")
    pipeline.send(3)
    pipeline.wait("consuming")
    pipeline.broker.produce("renamed", [ticket(9).replace(b'"kind"', b'"sort"')])
    row = pipeline.named("consuming_with_errors", tell)
    assert "kind missing" in row["diagnosis"]
    assert pipeline.engine.value(f"SELECT count() FROM {DATABASE}.dead_letters_open WHERE pipeline = 'renamed'") == 1


def test_members_that_no_column_takes(guarded, tell):
    pipeline = guarded("drift")
    pipeline.send(3)
    assert pipeline.wait("consuming")["new_members"] == []
    pipeline.send(2, note="n", discount=3)
    row = pipeline.named("new_members", tell)
    assert row["new_members"] == ["discount", "note"]
    assert ": discount, note; the layout has no column for them: debezium-udf infer --against " in row["diagnosis"]
    assert pipeline.alerts() == [("ticket", "new members")]
    # The layout that has them is applied, and they do not come again.
    pipeline.engine.run(subprocess.check_output(pipeline.call, text=True))
    pipeline.send(1)
    assert pipeline.wait("consuming")["new_members"] == []


def test_a_source_that_is_silent(guarded, tell):
    pipeline = guarded("silence", "--silence", "12 SECOND")
    pipeline.send(3)
    pipeline.wait("consuming")
    row = pipeline.named("silent", tell)
    assert "a message is due every 12 seconds; do the source and its connector run" in row["diagnosis"]
    assert pipeline.alerts() == [("page", "silent")]
    pipeline.send(1)
    pipeline.wait("consuming")


def test_a_topic_that_is_silent_far_longer_than_usual(guarded, tell):
    pipeline = guarded("rhythm")
    pipeline.send(3)
    pipeline.wait("consuming")
    pipeline.stop()
    # A message every ten minutes for four days, until an hour ago.
    pipeline.engine.query(f"ALTER TABLE {DATABASE}.pipeline_minutes DELETE WHERE pipeline = 'rhythm' SETTINGS mutations_sync = 2")
    pipeline.engine.query(f"""INSERT INTO {DATABASE}.pipeline_minutes (pipeline, topic, partition, minute, rows, events, last_arrival, last_offset)
                              SELECT 'rhythm', 'rhythm', 0, now() - 3600 - 600 * number AS minute, 1, 1, minute, 2 FROM numbers(576)""")
    pipeline.go_on()
    row = pipeline.named("silent", tell)
    assert "three times its longest pause are 1800 seconds" in row["diagnosis"]
    assert pipeline.alerts() == [("ticket", "silent")]
    pipeline.send(1)
    pipeline.wait("consuming")


def test_partitions_that_are_added(guarded, admin, tell):
    pipeline = guarded("added")
    pipeline.send(3)
    pipeline.wait("consuming")
    admin.create_partitions([NewPartitions("added", 2)])["added"].result(30)
    start = time.monotonic()
    pipeline.engine.wait_for(f"SELECT count() FROM {DATABASE}.pipeline_status WHERE pipeline = 'added' AND is_assigned", 2, 60)
    tell(f"assigned after {time.monotonic() - start:.1f} s")


def test_a_gap_that_nobody_audits(guarded, engine):
    pipeline = guarded("gap")
    pipeline.send(3)
    pipeline.wait("consuming")
    # Offsets 0 to 4 and 7 to 9 of another partition, two days ago.
    engine.query(f"""INSERT INTO {DATABASE}.pipeline_offsets (pipeline, topic, partition, bucket, offsets)
                     SELECT 'gap', 'gap', 1, 0, groupBitmapState(number) FROM numbers(10) WHERE number NOT IN (5, 6)""")
    arrival = f"""INSERT INTO {DATABASE}.pipeline_minutes (pipeline, topic, partition, minute, rows, last_offset)
                  SELECT 'gap', 'gap', 1, now() - {{age}}, 1, {{offset}}"""
    engine.query(arrival.format(age=180_000, offset=4))
    engine.query(arrival.format(age=172_800, offset=9))
    (gap,) = engine.rows(f"SELECT first_offset, last_offset, verdict, since < now() - 86400 AS old FROM {DATABASE}.pipeline_gaps "
                         "WHERE pipeline = 'gap'")
    assert gap == {"first_offset": 5, "last_offset": 6, "verdict": "not audited", "old": 1}
    assert pipeline.alerts() == [("ticket", "gaps without an audit")]
    engine.query(f"""INSERT INTO {DATABASE}.pipeline_offsets_audited (pipeline, topic, partition, bucket, offsets)
                     SELECT 'gap', 'gap', 1, 0, groupBitmapState(number) FROM numbers(10) WHERE number NOT IN (5, 6)""")
    assert pipeline.alerts() == []


def test_more_consumers_than_the_server_has_threads(tmp_path, broker, tell):
    broker.create_topic("threads", partitions=4)
    with served(tmp_path, broker, threads=2) as engine:
        (tmp_path / "config.d" / "zz_threads.xml").write_text(
            "<clickhouse><named_collections><debezium_kafka><kafka_num_consumers>4</kafka_num_consumers>"
            "<kafka_thread_per_consumer>1</kafka_thread_per_consumer></debezium_kafka></named_collections></clickhouse>")
        (tmp_path / "users.d" / "zz_threads.xml").write_text(
            "<clickhouse><profiles><default><kafka_disable_num_consumers_limit>1</kafka_disable_num_consumers_limit></default></profiles></clickhouse>")
        engine.stop()
        engine.start()
        pipeline = Guarded(engine, broker, "threads")
        pipeline.send(1)
        row = pipeline.named("too_many_consumers", tell)
        assert row["diagnosis"].startswith("waiting for a thread: this server has 4 Kafka consumers and 2 threads for them; raise background_"), row
        assert ("page", "not consuming") in pipeline.alerts()
