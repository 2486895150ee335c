"""Why an order's version is the time at which Debezium took the change, and not its position in PostgreSQL's log."""
import json
import subprocess
import threading

from shop import EXAMPLE, Shop

from tests.stack.connect import Connect
from tests.stack.kafka import Kafka
from tests.stack.postgres import Postgres
from tests.support.waiting import wait_until


def write_while_the_slot_is_made(postgres: Postgres) -> None:
    """A slot is ready when all that wrote before have ended: first those that it found, then those it found after these."""
    with postgres.connect() as first, postgres.connect() as second, postgres.connect() as late:
        first.execute("INSERT INTO other VALUES (1)")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        wait_until(lambda: postgres.value(waiting), 60, "the slot waits for the first")
        second.execute("INSERT INTO other VALUES (2)")
        xid = second.execute("SELECT txid_current()").fetchone()[0] % 2**32
        first.commit()
        wait_until(lambda: postgres.value(waiting + " AND transactionid::text = %s", str(xid)), 60, "and for the second")
        late.execute("UPDATE orders SET status = 'late'")
        second.commit()
        made = "SELECT count(*) FROM pg_replication_slots WHERE confirmed_flush_lsn IS NOT NULL"
        wait_until(lambda: postgres.value(made), 60, "the slot is made")
        late.commit()


def test_a_change_that_is_open_while_the_snapshot_begins_comes_later_with_an_earlier_position(tmp_path, tell):
    with Kafka(tmp_path / "kafka") as kafka, Postgres(tmp_path / "postgres") as postgres:
        with postgres.connect(autocommit=True) as plain:
            plain.execute((EXAMPLE / "postgres.sql").read_text())
            plain.execute("CREATE TABLE other (n int)")
        with Shop(postgres.connect(autocommit=True)) as shop:
            shop.order()
        writing = threading.Thread(target=write_while_the_slot_is_made, args=[postgres], daemon=True)
        writing.start()
        wait_until(lambda: postgres.value("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"), 60, "the first is open")
        with Connect(tmp_path / "connect", kafka, postgres, [EXAMPLE / "connector.json"]):
            writing.join(60)
            read = ["kcat", "-q", "-C", "-b", kafka.address, "-t", "shop.public.orders", "-e"]
            wait_until(lambda: subprocess.run(read, capture_output=True).stdout.count(b"\n") == 2, 60, "both changes are on the topic")
            snapshot, update = map(json.loads, subprocess.run(read, capture_output=True).stdout.splitlines())
    assert (snapshot["op"], snapshot["after"]["status"]) == ("r", "new")
    assert (update["op"], update["after"]["status"]) == ("u", "late")
    assert update["source"]["lsn"] < snapshot["source"]["lsn"], "the log's position would do as a version, after all"
    assert update["ts_ns"] > snapshot["ts_ns"]
    tell(f"the later change has lsn {update['source']['lsn']}, the snapshot {snapshot['source']['lsn']}")
