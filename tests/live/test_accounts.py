"""The operations: reconciliation, gaps and their audit, dead letters decoded again, a binary changed under way."""
import json
import os
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.stack.engine import BINARY, LAYOUT, ROOT, Engine
from tests.stack.faults import Load, children, counts, set_offset, settle
from tests.stack.kafka import Kafka
from tests.stack.live import TOPIC
from tests.support.bundle import operation
from tests.support.waiting import wait_until



def message(number: int, **payload) -> bytes:
    payload = {"experiment_id": 1, "variant_id": 1, "user_id": "u", "timestamp": "2026-01-02T03:04:05Z", **payload}
    return json.dumps({"op": "c", "source": {"lsn": number}, "after": {
        "id": number, "aggregate_id": f"a{number}", "aggregate_type": "event", "payload": json.dumps(payload)}}).encode()


def run(engine: Engine, name: str) -> list:
    """Run an operation's file, statement by statement; the rows of its last."""
    *first, last = operation(name.removesuffix(".sql"))
    for statement in first:
        engine.query(statement)
    return engine.rows(last)


@pytest.fixture
def broker(tmp_path):
    with Kafka(tmp_path / "kafka") as broker:
        broker.create_topic(TOPIC)
        yield broker


@pytest.fixture
def engine(broker, tmp_path):
    with Engine(tmp_path / "engine", broker=broker.address) as engine:
        engine.apply()
        yield engine


def test_reconciliation(chain):
    with chain.service() as service:
        service.day(50)
        service.tell("event", {"experiment_id": "none"})
    settle(chain)
    (chain.engine.folder / "config.d" / "zz_postgres.xml").write_text(
        f"<clickhouse><named_collections><experiments_postgres><host>127.0.0.1</host><port>{chain.postgres.port}</port>"
        f"<user>{chain.postgres.user}</user></experiments_postgres></named_collections></clickhouse>")
    chain.engine.stop()
    chain.engine.start()
    held = counts(chain)
    days = run(chain.engine, "reconcile.sql")
    assert sum(day["outbox"] for day in days) == held["good"] + held["bad"]
    assert sum(day["events"] for day in days) == held["good"]
    assert sum(day["letters"] for day in days) == held["bad"]
    assert {day["missing"] for day in days} == {0}
    # A row that the pipeline does not have is missed.
    chain.connect.kill()
    with chain.postgres.connect() as connection:
        connection.execute("INSERT INTO outbox (aggregate_id, aggregate_type, payload) VALUES ('x', 'event', "
                           "'{\"experiment_id\": 1, \"variant_id\": 1, \"user_id\": \"u\", \"timestamp\": \"2026-01-02T03:04:05Z\"}')")
    assert sum(day["missing"] for day in run(chain.engine, "reconcile.sql")) == 1
    # And so is an event whose outbox row is there no more, as after a restore of PostgreSQL: it makes nothing up for the other.
    with chain.postgres.connect() as connection:
        connection.execute("CREATE TABLE outbox_kept AS SELECT * FROM outbox WHERE id = (SELECT min(id) FROM outbox WHERE "
                           "aggregate_type = 'event' AND payload->>'experiment_id' != 'none')")
        connection.execute("DELETE FROM outbox WHERE id IN (SELECT id FROM outbox_kept)")
    days = run(chain.engine, "reconcile.sql")
    assert (sum(day["missing"] for day in days), sum(day["extra"] for day in days)) == (1, 1)
    with chain.postgres.connect() as connection:
        connection.execute("INSERT INTO outbox OVERRIDING SYSTEM VALUE SELECT * FROM outbox_kept")
    chain.connect.start()
    chain.engine.wait_for("SELECT count() FROM experiments_analytics.events WHERE id = 'x'", 1, 120)


def test_gaps_are_named_and_told_apart(broker, engine):
    broker.produce(TOPIC, [message(n) for n in range(10)])
    engine.wait_for("SELECT count() FROM experiments_analytics.events", 10)
    assert engine.rows("SELECT * FROM experiments_analytics.pipeline_gaps") == []
    # Three messages pass while nobody consumes, and the group's offset is moved on: really lost.
    engine.query("DETACH TABLE experiments_analytics.raw_events_kafka")
    broker.produce(TOPIC, [message(n) for n in range(10, 13)])
    set_offset(broker, 13)
    engine.query("ATTACH TABLE experiments_analytics.raw_events_kafka")
    # A tombstone is an offset at which there is no row.
    broker.produce(TOPIC, [message(13), None, message(15)])
    engine.wait_for("SELECT count() FROM experiments_analytics.events", 12)
    gaps = "SELECT first_offset, last_offset, lost, verdict FROM experiments_analytics.pipeline_gaps ORDER BY first_offset"
    assert [tuple(row.values()) for row in engine.rows(gaps)] == [(10, 12, 0, "not audited"), (14, 14, 0, "not audited")]
    audit(engine, 15)
    assert [tuple(row.values()) for row in engine.rows(gaps)] == [(10, 12, 3, "lost"), (14, 14, 0, "left out")]
    (alert,) = engine.rows("SELECT * FROM experiments_analytics.pipeline_alerts WHERE alert = 'lost'")
    assert alert["detail"] == "3 messages from offset 10 to 12"


def offsets_in(broker, topic: str) -> list:
    """The offsets at which a reader finds messages now."""
    reader = Consumer({"bootstrap.servers": broker.address, "group.id": "reader", "auto.offset.reset": "earliest",
                       "enable.partition.eof": True})
    reader.assign([TopicPartition(topic, 0, 0)])
    found = []
    while (seen := reader.poll(30)) is not None and seen.error() is None:
        found.append(seen.offset())
    reader.close()
    return found


def test_what_kafka_leaves_out_is_told_apart_from_what_was_lost(tmp_path, tell):
    """A compacted topic, a transaction that was committed, one that was aborted, and messages that nobody read."""
    with Kafka(tmp_path / "kafka") as broker:
        broker.create_topic(TOPIC, cleanup_policy="compact", segment_ms=500, min_cleanable_dirty_ratio=0.01)
        broker.produce(TOPIC, [message(0)], key=b"first")
        broker.produce(TOPIC, [message(n) for n in range(1, 6)], key=b"row")

        def compacted() -> bool:
            if offsets_in(broker, TOPIC)[:2] == [0, 5]:
                return True
            time.sleep(1)  # longer than a segment; the cleaner takes closed ones
            broker.produce(TOPIC, [message(6)], key=b"roll")
            return False

        wait_until(compacted, 120, lambda: f"the topic is compacted: {offsets_in(broker, TOPIC)}", pause=0)
        with Engine(tmp_path / "engine", broker=broker.address) as engine:
            engine.apply()

            def send(number: int, commit: bool) -> None:
                producer = Producer({"bootstrap.servers": broker.address, "transactional.id": f"t{number}"})
                producer.init_transactions(60)
                producer.begin_transaction()
                for n in range(number, number + 3):
                    producer.produce(TOPIC, message(n), key=f"k{n}")
                assert producer.flush(60) == 0
                (producer.commit_transaction if commit else producer.abort_transaction)(60)

            send(100, commit=True)
            send(110, commit=False)
            broker.produce(TOPIC, [message(120)], key=b"k120")
            engine.wait_for("SELECT count() FROM experiments_analytics.events WHERE id = 'a120'", 1, 60)
            end = broker.count(TOPIC)
            engine.query("DETACH TABLE experiments_analytics.raw_events_kafka")
            for n in (130, 131):
                broker.produce(TOPIC, [message(n)], key=b"k%d" % n)
            set_offset(broker, end + 2)
            engine.query("ATTACH TABLE experiments_analytics.raw_events_kafka")
            broker.produce(TOPIC, [message(140)], key=b"k140")
            engine.wait_for("SELECT count() FROM experiments_analytics.events WHERE id = 'a140'", 1, 60)
            audit(engine, end + 2)
            gaps = {(row["first_offset"], row["last_offset"]): (row["lost"], row["verdict"])
                    for row in engine.rows("SELECT * FROM experiments_analytics.pipeline_gaps")}
            tell(f"gaps: {gaps}")
            # The two that were lost, perhaps behind a marker that the broker wrote late; the compacted rows; the marker and the aborted
            # messages with theirs.
            (lost,) = [gap for gap in gaps if gap[0] <= end <= gap[1]]
            assert lost[1] == end + 1 and gaps.pop(lost) == (2, "lost")
            assert gaps.pop((1, 4)) == (0, "left out")
            committed = engine.value("SELECT offset FROM experiments_analytics.events WHERE id = 'a102'")
            assert committed + 1 in [first for first, _ in gaps]
            assert set(gaps.values()) == {(0, "left out")}
            assert engine.value("SELECT count() FROM experiments_analytics.events WHERE id IN ('a100', 'a101', 'a102')") == 3
            assert engine.value("SELECT count() FROM experiments_analytics.events WHERE id LIKE 'a11_'") == 0


def audit(engine: Engine, last: int) -> None:
    """Audit until an offset is passed."""
    audited = "SELECT max(bitmapMax(offsets)) FROM experiments_analytics.pipeline_offsets_audited"
    run(engine, "audit")
    wait_until(lambda: engine.value(audited) >= last, 60, f"the audit has passed offset {last}", pause=0.3)
    run(engine, "audit_end")


def test_dead_letters_come_back_once_the_layout_is_fixed(broker, engine, tmp_path):
    broker.produce(TOPIC, [message(1), message(2, variant_id="B"), message(3, variant_id="C"), b"nothing"])
    engine.wait_for("SELECT count() FROM experiments_analytics.dead_letters_once", 3)
    assert engine.value("SELECT count() FROM experiments_analytics.events") == 1
    assert {row["reason"]: row["letters"] for row in run(engine, "why_dead.sql")} == {
        "after.payload.variant_id: … does not fit UInt32": 2, "not JSON: bad literal at byte 0": 1}

    # The layout is fixed: variants that are letters are 0.
    layout = json.loads(LAYOUT.read_text())
    for column in layout["columns"]:
        if column["name"] == "variant_id":
            column["lenient"] = True
            del column["required"]
    (tmp_path / LAYOUT.name).write_text(json.dumps(layout))
    engine.register(tmp_path / LAYOUT.name)
    for _ in range(2):
        run(engine, "replay.sql")
        assert engine.value("SELECT count() FROM experiments_analytics.events") == 3
        assert engine.value("SELECT count() FROM experiments_analytics.dead_letters_open") == 1
    assert engine.value("SELECT groupArray(variant_id) FROM (SELECT * FROM experiments_analytics.events ORDER BY outbox_id)") == [1, 0, 0]
    # They are no second delivery: the status still counts four rows.
    assert engine.value("SELECT sum(rows) FROM experiments_analytics.pipeline_minutes") == 4


def test_binary_changed_while_messages_flow(chain, tell):
    load = Load(chain, 20_000)
    load.start()
    assert load.started.wait(60)
    scripts = chain.engine.folder / "user_scripts"
    for number in range(5):
        before = set(children(chain.engine.process.pid, BINARY.name))
        (scripts / "new").write_bytes(BINARY.read_bytes())
        (scripts / "new").chmod(0o755)
        os.replace(scripts / "new", scripts / BINARY.name)
        chain.engine.query("SYSTEM RELOAD FUNCTION experimentEvent" if number % 2 else "SYSTEM RELOAD FUNCTIONS")
        time.sleep(0.4)
    load.join(120)
    settle(chain)
    assert not before & set(children(chain.engine.process.pid, BINARY.name))
    tell("the binary was changed five times under way: {good:,} rows in PostgreSQL, {events:,} in ClickHouse".format(**counts(chain)))
