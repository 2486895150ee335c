"""A backup holds what is stored and nothing that consumes; a restore goes on where the backup ends."""
import subprocess

import pytest

from tests.pipeline.conftest import DATABASE, TOPIC, envelope, statements
from tests.stack.engine import Engine
from tests.stack.kafka import JAVA, Kafka
from tests.support.waiting import wait_until

BACKUPS = """<clickhouse>
    <storage_configuration><disks><backups><type>local</type><path>{folder}/</path></backups></disks></storage_configuration>
    <backups><allowed_disk>backups</allowed_disk></backups>
</clickhouse>"""
ARRIVED = f"SELECT (SELECT count() FROM {DATABASE}.events) + (SELECT count() FROM {DATABASE}.dead_letters_open)"


@pytest.fixture
def engine_with_backups(tmp_path):
    def start(name: str, broker) -> Engine:
        folder = tmp_path / name
        (folder / "config.d").mkdir(parents=True)
        (tmp_path / "backups").mkdir(exist_ok=True)
        (folder / "config.d" / "backups.xml").write_text(BACKUPS.format(folder=tmp_path / "backups"))
        return Engine(folder, broker=broker.address)
    return start


def test_a_restored_server_goes_on_where_the_backup_ends(tmp_path, engine_with_backups):
    where = "Disk('backups', 'first')"
    with Kafka(tmp_path / "kafka") as broker:
        broker.create_topic(TOPIC)
        with engine_with_backups("first", broker) as engine:
            engine.apply()
            broker.produce(TOPIC, [envelope("a", 1), b"bad", envelope("none")])
            engine.wait_for(ARRIVED, 3, 60)
            (query,) = statements("backup")
            backup = engine.query(query, params={"to": where}).strip()
            assert "EXCEPT TABLES decoded_events_mv, raw_events_kafka TO" in backup
            assert "BACKUP_CREATED" in engine.query(backup)
            # These are not in the backup, and their offsets are committed.
            broker.produce(TOPIC, [envelope("b", 2), b"worse"])
            engine.wait_for(ARRIVED, 5, 60)
            wanted = engine.query(f"SELECT event_key, id, lsn FROM {DATABASE}.events ORDER BY ALL") + engine.query(
                f"SELECT offset, message FROM {DATABASE}.dead_letters_open ORDER BY ALL")
        with engine_with_backups("second", broker) as engine:
            assert "RESTORED" in engine.query(f"RESTORE DATABASE {DATABASE} FROM {where}")
            assert engine.value(ARRIVED) == 3
            assert engine.value(f"SELECT count() FROM system.tables WHERE database = '{DATABASE}' AND engine = 'Kafka'") == 0
            (query,) = statements("positions")
            (command,) = engine.query(query, params={"broker": broker.address}).splitlines()
            tool, *words = command.split()
            assert tool == "kafka-consumer-groups" and words[-2:] == ["3", "--execute"]

            def is_set_back() -> bool:
                """Not before the broker has missed the first server for a session's time."""
                done = subprocess.run([*JAVA, "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", *words], capture_output=True, text=True)
                return done.returncode == 0 and "NEW-OFFSET" in done.stdout and "Error" not in done.stdout + done.stderr

            wait_until(is_set_back, 90, "the group is set back", pause=1)
            engine.apply()
            engine.wait_for(ARRIVED, 5, 90)
            assert engine.query(f"SELECT event_key, id, lsn FROM {DATABASE}.events ORDER BY ALL") + engine.query(
                f"SELECT offset, message FROM {DATABASE}.dead_letters_open ORDER BY ALL") == wanted
