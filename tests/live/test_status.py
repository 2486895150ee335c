"""Each diagnosis of pipeline_status, with its fault caused for real, on the pipeline of the experiments.

Every row that is looked at has a code whose words, in the table of docs/operating.md, are its diagnosis's.
"""
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.stack.engine import BINARY, ROOT, Engine
from tests.stack.faults import children, signal_each
from tests.stack.kafka import Kafka
from tests.stack.live import TOPIC
from tests.support.waiting import wait_until

WANTED = b'{"id":1,"aggregate_id":"a","aggregate_type":"event","payload":"{\\"experiment_id\\":1,\\"variant_id\\":1,' \
         b'\\"user_id\\":\\"u\\",\\"timestamp\\":\\"2026-01-02T03:04:05Z\\"}","__op":"c"}'


def documented() -> dict:
    """Code -> how its diagnoses begin, as patterns: from the page for operators. `…` stands for a name."""
    answer: dict = {}
    (section,) = re.findall(r"^## Is it consuming\?$.*?(?=^## )", (ROOT / "docs" / "operating.md").read_text(), re.M | re.S)
    for line in section.splitlines():
        if re.match(r"\| `[a-z_]+`", line):
            codes, words = (re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:3])
            for code in codes:
                answer[code] = [re.escape(text).replace("…", ".*") for text in words]
    return answer


CODES = documented()


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Kafka(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def server(broker, tmp_path, request):
    """Starts an engine that consumes; `settings` change the named collection, and each has a group of its own."""
    started = []

    def start(topic: str = TOPIC, **settings):
        settings = {"kafka_group_name": request.node.name, "kafka_topic_list": topic, **settings}
        (tmp_path / "config.d").mkdir(exist_ok=True)
        lines = "".join(f"<{name}>{value}</{name}>" for name, value in settings.items())
        (tmp_path / "config.d" / "zz_group.xml").write_text(
            "<clickhouse><display_secrets_in_show_and_select>1</display_secrets_in_show_and_select>"
            f"<named_collections><experiments_kafka>{lines}</experiments_kafka></named_collections></clickhouse>")
        (tmp_path / "users.d").mkdir(exist_ok=True)
        (tmp_path / "users.d" / "zz_secrets.xml").write_text(
            "<clickhouse><users><default><show_named_collections_secrets>1</show_named_collections_secrets>"
            "</default></users></clickhouse>")
        engine = Engine(tmp_path, broker=None if "kafka_broker_list" in settings else broker.address)
        started.append(engine.start())
        engine.apply()
        return engine

    yield start
    for engine in started:
        engine.stop()


def diagnosis(engine, pattern: str, seconds: float = 30, secrets: bool = False) -> str:
    """Wait until a row's diagnosis matches; `secrets` for somebody who may see the named collection's values."""
    rows: list = []

    def named() -> str:
        rows[:] = engine.rows("SELECT * FROM experiments_analytics.pipeline_status",
                              settings={"format_display_secrets_in_show_and_select": int(secrets)})
        assert rows, "pipeline_status always answers"
        for row in rows:
            assert any(re.match(words, row["diagnosis"]) for words in CODES[row["code"]]), row
        return next((row["diagnosis"] for row in rows if re.search(pattern, row["diagnosis"])), "")

    return wait_until(named, seconds, lambda: f"a diagnosis matches {pattern!r}: {rows}\n{engine.tail()}", pause=0.2)


def test_every_code_is_on_the_page(server):
    type_of_code = server().value("SELECT toTypeName(code) FROM experiments_analytics.pipeline_status")
    assert sorted(CODES) == sorted(re.findall("'([a-z_]+)' = ", type_of_code))


def alerts(engine) -> list:
    """But for a machine that is slow."""
    return [(row["severity"], row["alert"], row["place"]) for row in engine.rows(
        "SELECT * FROM experiments_analytics.pipeline_alerts WHERE alert IN ('not consuming', 'consumer without partitions', "
        "'far behind', 'dead letters', 'lost') ORDER BY alert")]


def test_healthy_then_each_missing_part(server, broker, tell):
    broker.create_topic(TOPIC)
    engine = server()
    tell(diagnosis(engine, f'^nothing read since .* and topic "{TOPIC}" is empty or misspelled'))
    broker.produce(TOPIC, [WANTED])
    tell(diagnosis(engine, "^consuming$"))
    (row,) = engine.rows("SELECT * FROM experiments_analytics.pipeline_status")
    assert (row["topic"], row["partition"], row["is_assigned"], row["last_offset"]) == (TOPIC, 0, 1, 0)
    assert (row["events_minute"], row["events_hour"], row["events_day"], row["errors_day"]) == (1, 1, 1, 0)
    assert 0 <= row["delay_ms_minute"] < 60_000
    assert alerts(engine) == []

    broker.produce(TOPIC, [b"{]"])
    tell(diagnosis(engine, "^consuming, with errors: not JSON: expected a key or } at byte 1"))
    assert alerts(engine) == [("page", "dead letters", TOPIC)]  # one of two messages

    for view in ("decoded_events_mv", "events_kafka_mv", "dead_letters_mv", "pipeline_minutes_mv", "pipeline_offsets_mv"):
        engine.query(f"DETACH TABLE experiments_analytics.{view}")
        tell(diagnosis(engine, f"^view missing: {view}; ATTACH TABLE"))
        assert ("page", "not consuming", f"{TOPIC}/0") in alerts(engine)
        engine.query(f"ATTACH TABLE experiments_analytics.{view}")
    engine.query("DETACH TABLE experiments_analytics.raw_events_kafka")
    tell(diagnosis(engine, "^table missing: raw_events_kafka"))
    engine.query("ATTACH TABLE experiments_analytics.raw_events_kafka")
    diagnosis(engine, "^consuming")
    for table in ("decoded_events", "events_processed"):
        engine.query(f"DETACH TABLE experiments_analytics.{table} SYNC")
        tell(diagnosis(engine, f"^table missing: {table}; ATTACH it"))
        engine.query(f"ATTACH TABLE experiments_analytics.{table}")
        broker.produce(TOPIC, [WANTED])
        diagnosis(engine, "^consuming")


def test_the_figures_of_each_partition(server, broker):
    broker.create_topic("figures", partitions=2)
    engine = server(topic="figures")
    skipped = WANTED.replace(b'"event"', b'"other"')

    def send(partition: int, messages: list) -> None:
        broker._kcat("-P", "-t", "figures", "-p", str(partition), data=b"".join(message + b"\n" for message in messages))

    send(0, [WANTED, WANTED, skipped, b"{]"])
    engine.wait_for("SELECT sum(committed_offset) FROM experiments_analytics.pipeline_status WHERE partition = 0", 4)
    # A message that waits while nobody reads.
    engine.query("DETACH TABLE experiments_analytics.raw_events_kafka SYNC")
    send(1, [skipped])
    time.sleep(6)
    engine.query("ATTACH TABLE experiments_analytics.raw_events_kafka")
    engine.wait_for("SELECT sum(committed_offset) FROM experiments_analytics.pipeline_status WHERE partition = 1", 1)
    # As what came half an hour, two hours and two days ago.
    engine.query("""INSERT INTO experiments_analytics.pipeline_minutes (topic, partition, minute, rows, events, skipped, errors)
                    SELECT 'figures', arrayJoin([0, 1]), now() - arrayJoin([1800, 7200, 172800]), 111, 100, 10, 1""")
    rows = engine.rows("""SELECT partition, is_assigned, last_offset, end_offset, lag, events_minute, skipped_minute, errors_minute,
                                 events_hour, skipped_hour, errors_hour, events_day, skipped_day, errors_day
                          FROM experiments_analytics.pipeline_status ORDER BY partition""")
    assert [list(row.values()) for row in rows] == [
        [0, 1, 3, 4, 0, 2, 1, 1, 102, 11, 2, 202, 21, 3],
        [1, 1, 0, 1, 0, 0, 1, 0, 100, 11, 1, 200, 21, 2]]
    (late,) = engine.rows("""SELECT delay_ms_minute > 6000 AND max_delay_ms_minute >= delay_ms_minute AS delay,
                                    abs(dateDiff('ms', last_kafka_time, last_arrival) - delay_ms_minute) < 10 AS times,
                                    last_poll > now() - 20 AS polls, last_commit BETWEEN last_arrival - 20 AND now() AS commits
                             FROM experiments_analytics.pipeline_status WHERE partition = 1""")
    assert set(late.values()) == {1}, late
    assert engine.rows("SELECT severity, place FROM experiments_analytics.pipeline_alerts WHERE alert = 'slow' AND place LIKE '%/1'") == [
        {"severity": "ticket", "place": "figures/1"}]


def test_broker_that_cannot_be_resolved(server, tell):
    engine = server(kafka_broker_list="nowhere.invalid:9092")
    tell(diagnosis(engine, "^not connected: broker nowhere.invalid:9092 cannot be resolved"))


def test_broker_that_does_not_answer(server, tell):
    engine = server(kafka_broker_list="127.0.0.1:9")
    tell(diagnosis(engine, "^not connected: broker 127.0.0.1:9 cannot be reached"))


@pytest.mark.parametrize("line, says", [
    ("<security_protocol>nonsense</security_protocol>", 'Failed to set security.protocol: Invalid value "nonsense" for'),
    ("<sesion_timeout_ms>1</sesion_timeout_ms>", 'Failed to set sesion.timeout.ms: No such configuration property')])
def test_a_setting_that_librdkafka_refuses(server, tell, line, says):
    engine = server(kafka=line)
    tell(diagnosis(engine, f"^not connected: {re.escape(says)}[^,]*; fix it in experiments_kafka$"))


@pytest.mark.parametrize("lines, says", [
    ("<security_protocol>SSL</security_protocol>", "SSL handshake failed"),
    ("<security_protocol>SASL_PLAINTEXT</security_protocol><sasl_mechanism>PLAIN</sasl_mechanism>"
     "<sasl_username>u</sasl_username><sasl_password>p</sasl_password>", "SASL PLAIN mechanism handshake failed")])
def test_a_broker_that_speaks_otherwise(server, tell, lines, says):
    engine = server(kafka=lines)
    tell(diagnosis(engine, f"^not connected: .*{says}.*; fix the credentials or certificates in experiments_kafka$"))


def test_topic_that_does_not_exist(server, tell):
    engine = server(topic="experiment_event")
    tell(diagnosis(engine, '^nothing read: topic "experiment_event" does not exist or is misspelled', secrets=True))
    diagnosis(engine, "^nothing read: topic kafka_topic_list does not exist or is misspelled")


def test_more_consumers_than_partitions(server, broker, tell):
    broker.create_topic("one_partition")
    engine = server(topic="one_partition", kafka_num_consumers="2")
    tell(diagnosis(engine, '^no assignment: group "test_more_consumers_than_partitions" has more consumers than partitions',
                   secrets=True))
    diagnosis(engine, "^no assignment: group of experiments_kafka has more consumers than partitions")
    assert [alert[:2] for alert in alerts(engine)] == [("ticket", "consumer without partitions")]


def test_a_member_that_died(server, broker, tell):
    broker.create_topic("died")
    # So long the group waits for it, however slowly the server starts again.
    engine = server(topic="died", kafka="<session_timeout_ms>30000</session_timeout_ms>")
    broker.produce("died", [WANTED])
    diagnosis(engine, "^consuming$")
    engine.kill()
    engine.start()
    tell(diagnosis(engine, "^waiting for an assignment: the group is in state "))
    assert [alert[:2] for alert in alerts(engine)] == [("ticket", "consumer without partitions")]
    diagnosis(engine, "^consuming$", 60)


def test_messages_that_wait(server, broker, tell):
    broker.create_topic("behind")
    skipped = b'{"id":1,"aggregate_id":"a","aggregate_type":"other","payload":"{}","__op":"c"}'
    broker.produce("behind", [WANTED] + [skipped] * 510_000)
    engine = server(topic="behind", kafka_max_block_size="10", kafka_poll_max_batch_size="10")
    tell(diagnosis(engine, r"^consuming, 50\d\d\d\d messages behind$"))
    assert alerts(engine) == [("page", "far behind", "behind/0")]


def test_a_transaction_that_does_not_end(server, broker, tell):
    broker.create_topic("transaction")
    engine = server(topic="transaction")
    broker.produce("transaction", [WANTED])
    diagnosis(engine, "^consuming$")
    producer = Producer({"bootstrap.servers": broker.address, "transactional.id": "t", "transaction.timeout.ms": 300_000})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("transaction", WANTED)
    producer.flush(30)
    tell(diagnosis(engine, "^held back: 1 messages wait for the end of their producer's transaction", 90))
    assert alerts(engine) == [("page", "not consuming", "transaction/0")]
    producer.commit_transaction(30)
    # The mark that ends a transaction has an offset and is no message.
    engine.wait_for("SELECT (end_offset, committed_offset) = (3, 2) FROM experiments_analytics.pipeline_status", 1)
    assert engine.value("SELECT lag FROM experiments_analytics.pipeline_status") == 0
    diagnosis(engine, "^consuming$", 1)


def test_parts_that_are_not_merged(server):
    engine = server()
    engine.query("SYSTEM STOP MERGES experiments_analytics.events_processed")
    engine.query("INSERT INTO experiments_analytics.events_processed (id, timestamp) "
                 "SELECT toString(number), now64() FROM numbers(301) SETTINGS max_block_size = 1, min_insert_block_size_rows = 1, "
                 "min_insert_block_size_bytes = 1, max_insert_threads = 1")
    (alert,) = engine.rows("SELECT * FROM experiments_analytics.pipeline_alerts WHERE alert = 'merges fall behind'")
    assert alert["detail"] == "301 active parts" and alert["severity"] == "ticket"


def test_messages_that_are_all_skipped(server, broker, tell):
    broker.produce("other_aggregate", [WANTED.replace(b'"event"', b'"other"')] * 3)
    tell(diagnosis(server(topic="other_aggregate"), "^messages arrive and all are skipped: aggregate_type other"))


def test_wrong_layout(server, broker, tell):
    broker.produce("wrong_layout", [WANTED.replace(b"experiment_id", b"test_id")] * 3)
    tell(diagnosis(server(topic="wrong_layout"),
                   "^messages arrive and none is decoded: after.payload.experiment_id: missing; is the layout right"))


def test_missing_binary(server, broker, tell):
    broker.create_topic("missing_binary")
    engine = server(topic="missing_binary")
    diagnosis(engine, "^nothing read")
    (Path(engine.folder) / "user_scripts" / BINARY.name).rename(engine.folder / "away")
    engine.query("SYSTEM RELOAD FUNCTIONS")
    broker.produce("missing_binary", [WANTED])
    tell(diagnosis(engine, "^function experimentEvent fails: .*; run `debezium-udf check`"))
    assert engine.value("SELECT arrayExists((text, time) -> text LIKE '%debezium-udf does not exist%' AND time > now() - 60, "
                        "last_exceptions, last_exception_times) FROM experiments_analytics.pipeline_status") == 1
    (engine.folder / "away").rename(engine.folder / "user_scripts" / BINARY.name)
    diagnosis(engine, "^consuming$", 60)


def test_a_layout_that_is_not_the_registered_one(server, broker, tell):
    broker.create_topic("other_layout")
    engine = server(topic="other_layout")
    broker.produce("other_layout", [WANTED])
    diagnosis(engine, "^consuming$")
    layout = Path(engine.folder) / "user_scripts" / "experiment_event.json"
    text = layout.read_text()
    exchanged = text.replace("after.payload.user_id", "?").replace("after.payload.session_id", "after.payload.user_id")
    layout.write_text(exchanged.replace("?", "after.payload.session_id"))
    assert layout.read_text() != text
    engine.query("SYSTEM RELOAD FUNCTIONS")
    began = time.monotonic()
    broker.produce("other_layout", [WANTED])
    said = diagnosis(engine, "^function experimentEvent fails: .*layout experiment_event.json is not the one that experimentEvent is registered with")
    tell(f"after {time.monotonic() - began:.1f} s: {said}")
    assert engine.value("SELECT code FROM experiments_analytics.pipeline_status") == "function_fails"
    layout.write_text(text)
    engine.register(layout)
    diagnosis(engine, "^consuming$", 60)
    engine.wait_for("SELECT count() FROM experiments_analytics.events", 1)  # the same event twice
    assert engine.value("SELECT sum(rows) FROM experiments_analytics.pipeline_minutes") == 2


def test_function_that_is_not_registered(server, broker, tell):
    broker.create_topic("not_registered")
    engine = server(topic="not_registered")
    diagnosis(engine, "^nothing read")
    (engine.folder / "debezium_udf_function.xml").rename(engine.folder / "away")
    engine.query("SYSTEM RELOAD FUNCTIONS")
    tell(diagnosis(engine, "^function experimentEvent is not registered"))


BEHIND = "FROM experiments_analytics.decoded_events"
# Of views that are slower, or wait longer, than a test lasts.
PATIENT = """<clickhouse><profiles><default>
    <function_sleep_max_microseconds_per_block>0</function_sleep_max_microseconds_per_block>
    <connections_with_failover_max_tries>100</connections_with_failover_max_tries>
    <distributed_foreground_insert>1</distributed_foreground_insert>
</default></profiles></clickhouse>"""
FAR = """<clickhouse><remote_servers><far><shard>
    <internal_replication>true</internal_replication>
    <replica><host>127.0.0.1</host><port>{port}</port></replica>
</shard></far></remote_servers></clickhouse>"""


def configure(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def open_block(engine, broker, topic: str) -> None:
    """Send until the consumer has a block that it does not come out of."""
    def is_open() -> bool:
        if engine.value("SELECT max(last_poll_time) < now() - 2 FROM system.kafka_consumers WHERE table = 'raw_events_kafka'"):
            return True
        broker.produce(topic, [WANTED])
        return False

    wait_until(is_open, 60, lambda: f"a block stays open\n{engine.tail()}", pause=3)


def test_a_view_that_is_slow(server, broker, tmp_path, tell):
    broker.create_topic("slow_view")
    configure(tmp_path, "users.d/zz_patient.xml", PATIENT)
    engine = server(topic="slow_view", kafka="<max_poll_interval_ms>45000</max_poll_interval_ms>")
    broker.produce("slow_view", [WANTED])
    diagnosis(engine, "^consuming$")
    engine.query("CREATE TABLE slow (s UInt8) ENGINE = Null")
    engine.query(f"CREATE MATERIALIZED VIEW slow_mv TO slow AS SELECT sleep(80) AS s {BEHIND}")
    open_block(engine, broker, "slow_view")
    tell(diagnosis(engine, r"^inside one block since 20[-\d]+ [:\d]+: its inserts are slow, or", 60))
    (row,) = engine.rows("SELECT is_assigned, diagnosis LIKE concat('%', toString(last_poll, 'UTC'), '%') AS named "
                         "FROM experiments_analytics.pipeline_status")
    assert row == {"is_assigned": 1, "named": 1}
    assert ("page", "not consuming", "slow_view/0") in alerts(engine)
    # The group gives its partition away meanwhile.
    engine.wait_for("SELECT any(is_assigned) FROM experiments_analytics.pipeline_status", 0, 60)
    diagnosis(engine, "^inside one block since")
    engine.query("DROP VIEW slow_mv")
    diagnosis(engine, "^consuming$", 120)


def test_an_insert_that_waits_for_another_server(server, broker, tmp_path, tell):
    broker.create_topic("far_away")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        configure(tmp_path, "users.d/zz_patient.xml", PATIENT)
        configure(tmp_path, "config.d/zz_far.xml", FAR.format(port=port))
        engine = server(topic="far_away")
        broker.produce("far_away", [WANTED])
        diagnosis(engine, "^consuming$")
        engine.query("CREATE TABLE far (offset UInt64) ENGINE = Distributed('far', 'default', 'far')")
        engine.query(f"CREATE MATERIALIZED VIEW far_mv TO far AS SELECT offset {BEHIND}")
        open_block(engine, broker, "far_away")
        tell(diagnosis(engine, f"^inside one block since .*: its inserts are slow or fail: .*127.0.0.1:{port}", 60))
        assert ("page", "not consuming", "far_away/0") in alerts(engine)
    tell(diagnosis(engine, "^blocked: .*All connection tries failed.*; the block is tried again", 120))
    engine.query("DROP VIEW far_mv")
    diagnosis(engine, "^consuming$", 60)


def test_a_function_that_hangs(server, broker, tell):
    broker.create_topic("hanging_function")
    engine = server(topic="hanging_function")
    broker.produce("hanging_function", [WANTED])
    diagnosis(engine, "^consuming$")
    stopped = signal_each(children(engine.process.pid, BINARY.name), signal.SIGSTOP)
    try:
        open_block(engine, broker, "hanging_function")
        tell(diagnosis(engine, "^inside one block since .*: its inserts are slow, or", 50))
    finally:
        signal_each(stopped, signal.SIGCONT)
    diagnosis(engine, "^consuming$", 60)


def test_a_fault_that_is_over_before_the_next_message(server, broker, tell):
    broker.create_topic("quiet")
    engine = server(topic="quiet")
    broker.produce("quiet", [WANTED])
    diagnosis(engine, "^consuming$")
    engine.query("CREATE TABLE pipeline_copy (offset UInt64) ENGINE = Memory")
    engine.query(f"CREATE MATERIALIZED VIEW pipeline_copy_mv TO pipeline_copy AS SELECT offset {BEHIND}")
    engine.query("DETACH TABLE pipeline_copy")
    tell(diagnosis(engine, "^blocked: .*default.pipeline_copy.*; the block is tried again"))
    engine.query("DROP VIEW pipeline_copy_mv")
    diagnosis(engine, "^consuming$", 90)


def test_a_broker_that_hangs_before_the_commit(server, broker, tmp_path, tell):
    broker.create_topic("hanging_broker")
    configure(tmp_path, "users.d/zz_patient.xml", PATIENT)
    # It must be a member still when it commits.
    engine = server(topic="hanging_broker", kafka="<session_timeout_ms>40000</session_timeout_ms>")
    broker.produce("hanging_broker", [WANTED])
    diagnosis(engine, "^consuming$")
    engine.query("CREATE TABLE slow (s UInt8) ENGINE = Null")
    engine.query(f"CREATE MATERIALIZED VIEW slow_mv TO slow AS SELECT sleep(12) AS s {BEHIND}")
    open_block(engine, broker, "hanging_broker")
    os.kill(broker.process.pid, signal.SIGSTOP)
    try:
        engine.query("DROP VIEW slow_mv")
        tell(diagnosis(engine, "^inside one block since .*: its inserts are slow, or their commit is", 60))
        assert engine.value("SELECT sum(rows) FROM experiments_analytics.pipeline_minutes") > 1, "the block is stored"
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)
    diagnosis(engine, "^consuming$", 120)
