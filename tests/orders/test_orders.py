"""ClickHouse's view of current orders equals PostgreSQL's table, whatever happens between them."""
import itertools
import json
import random
import subprocess
import threading

import pytest
from shop import COLUMNS, differences, differences_but_left_out, long_text, pipeline, settle

from tests.support.waiting import wait_until

TOPIC = "shop.public.orders"
SOURCE = "postgresql(orders_postgres, table = 'orders')"


def messages(chain) -> list:
    """Every message of the topic."""
    end = b"\n\x1e\n"
    done = subprocess.run(["kcat", "-q", "-C", "-b", chain.kafka.address, "-t", TOPIC, "-e", "-f", "%s\n\x1e\n"],
                          capture_output=True, check=True)
    return done.stdout.split(end)[:-1]


def dead(chain) -> list:
    return chain.engine.rows("SELECT reason, message FROM shop.dead_letters_open")


def operation(name: str, *words: str) -> str:
    """The one statement of an operation."""
    return pipeline("--operation", name, *words).rstrip().removesuffix(";")


def reconciled(chain) -> dict:
    """What differs, by key."""
    rows = chain.engine.rows(operation("reconcile", "--source", SOURCE), params={"buckets": 1, "bucket": 0})
    return {row["id"]: row["columns"] or [row["difference"]] for row in rows}


@pytest.mark.parametrize("identity", ["DEFAULT", "FULL"])
def test_current_orders_equal_postgres(chain, tell, identity):
    with chain.postgres.connect() as connection:
        connection.execute(f"ALTER TABLE orders REPLICA IDENTITY {identity}")
    before = len(messages(chain))
    chain.shop.work(500)
    settle(chain.postgres, chain.engine)
    came = messages(chain)[before:]
    left_out = sum(b'"details":"__debezium_unavailable_value"' in message for message in came)
    # Under FULL the row before an update holds every value, and Debezium takes it from there.
    assert (left_out > 20) == (identity == "DEFAULT")
    assert dead(chain) == []
    rows = chain.postgres.value("SELECT count(*) FROM orders")
    assert chain.engine.value("SELECT count() FROM shop.orders WHERE complete") == rows > 50
    tell(f"REPLICA IDENTITY {identity}: {len(came)} changes ({left_out} left details out), {rows} orders on both sides, "
         f"{len(COLUMNS)} columns equal")


def test_every_kind_of_change_was_made(chain):
    assert min(chain.shop.done.values()) > 20 and len(chain.shop.done) == 6, chain.shop.done


def test_nothing_of_a_deleted_order_is_stored_but_its_key(chain):
    """Whatever came with the delete; nor does a value stand in the rows of another. The bytes under a NULL count, too."""
    chain.engine.query("OPTIMIZE TABLE shop.orders_rows FINAL")
    columns = [row["name"] for row in chain.engine.rows("""
        SELECT name FROM system.columns
        WHERE database = 'shop' AND table = 'orders_rows' AND name NOT IN
            ('id', 'row', 'version', 'deleted', 'left_out', 'topic', 'partition', 'offset', 'kafka_time')""")]
    assert set(COLUMNS) < set(columns)
    # The default of Date32 is 1900-01-01, and under a NULL it is 1970-01-01.
    stored = {name: f"assumeNotNull({name}) != defaultValueOfArgumentType(assumeNotNull({name}))" for name in columns}
    stored["due_on"] = "assumeNotNull(due_on) != toDate32(0)"

    def count(condition):
        return chain.engine.value(f"SELECT count() FROM shop.orders_rows WHERE {condition}")

    assert count("deleted") > 100
    for name in columns:
        assert count(f"deleted AND {stored[name]}") == 0, name
        assert count(f"NOT deleted AND {stored[name]}") > 0, name
    assert count(f"row NOT IN ('', 'instructions') AND {stored['instructions']}") == 0
    assert count(f"row NOT IN ('', 'details') AND ({stored['details']} OR {stored['shipping']})") == 0


def test_messages_that_come_again_change_nothing(chain, tell):
    again = messages(chain)
    random.Random(1).shuffle(again)
    chain.kafka.produce(TOPIC, again)
    chain.engine.wait_for("SELECT sum(num_messages_read) FROM system.kafka_consumers WHERE database = 'shop'", 2 * len(again))
    # Behind them one more, so that they have all arrived when it has.
    chain.shop.order()
    settle(chain.postgres, chain.engine)
    chain.engine.query("OPTIMIZE TABLE shop.orders_rows FINAL")
    settle(chain.postgres, chain.engine)
    tell(f"{len(again)} messages again, in any order: nothing changed")


def test_connect_is_killed_while_the_shop_works(chain, tell):
    sent = len(messages(chain))
    chain.shop.work(150)
    chain.connect.kill()
    chain.shop.work(150)
    chain.connect.start()
    chain.shop.work(50)
    settle(chain.postgres, chain.engine, 120)
    assert dead(chain) == []
    tell(f"Connect killed: 350 changes, {len(messages(chain)) - sent} messages, all columns equal")


def test_no_reader_sees_a_part_of_a_change(chain, tell):
    """All that a message brings is visible at one moment, whenever somebody looks."""
    marked, ended = "b0b0b0b0-0000-4000-8000-0000000000", threading.Event()
    update = """UPDATE orders SET status = %(n)s, instructions = %(n)s, details = details || jsonb_build_object('note', %(n)s::text)
                WHERE id::text LIKE %(marked)s"""

    def work():
        with chain.postgres.connect(autocommit=True) as connection:
            for number in itertools.count():
                connection.execute(update, {"n": f"n{number}", "marked": marked + "%"})
                gone = f"{marked}{number % 10:02}"
                connection.execute("DELETE FROM orders WHERE id = %s", [gone])
                chain.shop.order(gone)
                chain.shop.ids.remove(gone)
                if ended.wait(0.01):
                    return

    settle(chain.postgres, chain.engine)
    for number in range(10):
        chain.shop.order(f"{marked}{number:02}")
        chain.shop.ids.pop()
    worker = threading.Thread(target=work)
    worker.start()
    try:
        states: set = set()
        looks = 0

        def look() -> bool:
            nonlocal looks
            looks += 1
            # Between two looks at the same table inside a query others may write.
            rows = chain.engine.rows("SELECT * FROM shop.orders", settings={"merge_tree_storage_snapshot_sleep_ms": looks % 2 * 20})
            assert [row["id"] for row in rows if not row["complete"]] == []
            seen = [row for row in rows if row["id"].startswith(marked) and row["status"] != "new"]
            assert [row for row in seen if not row["status"] == row["instructions"] == json.loads(row["details"])["note"]] == []
            states.update(row["status"] for row in seen)
            return len(states) >= 40

        wait_until(look, 180, lambda: f"40 states were seen: {states}", pause=0)
    finally:
        ended.set()
        worker.join()
    settle(chain.postgres, chain.engine)
    tell(f"{looks} looks at orders in {len(states)} states: each row whole")


def test_a_changed_key_whose_values_were_left_out_is_told(chain):
    with chain.postgres.connect(autocommit=True) as connection:
        connection.execute("ALTER TABLE orders REPLICA IDENTITY DEFAULT")
        chain.shop.ids = [str(row[0]) for row in connection.execute("SELECT id FROM orders").fetchall()]
        (old,) = connection.execute("SELECT id FROM orders WHERE length(details::text) > 6000 LIMIT 1").fetchone()
        (new,) = connection.execute("UPDATE orders SET id = gen_random_uuid() WHERE id = %s RETURNING id", (old,)).fetchone()
        chain.engine.wait_for("SELECT count() FROM shop.orders WHERE NOT complete", 1)
        assert chain.engine.value("SELECT id FROM shop.orders WHERE NOT complete") == str(new)
        assert chain.engine.value(f"SELECT count() FROM shop.orders WHERE id = '{old}'") == 0
        # The remedy: write the values, which need not change.
        chain.shop.ids = [str(row[0]) for row in connection.execute("SELECT id FROM orders").fetchall()]
        chain.shop.write_long_values()
    settle(chain.postgres, chain.engine)
    assert chain.engine.value("SELECT count() FROM shop.orders WHERE NOT complete") == 0


def test_changed_keys_and_orders_entered_again_come_again(chain, tell):
    """Keys that change, and change back, and are deleted and entered again, while Connect is killed; and then every message once more."""
    shop, pick, gone = chain.shop, random.Random(2), []

    def work(changes):
        for _ in range(changes):
            match pick.choice(["key", "key", "key back", "delete", "again", "pay", "describe", "instruct", "order"]):
                case "key":
                    gone.append(shop.change_key())
                case "key back" if gone:
                    gone.append(shop.change_key(gone.pop(pick.randrange(len(gone)))))
                case "again" if gone:
                    shop.order(gone.pop(pick.randrange(len(gone))))
                case "delete":
                    gone.append(shop.ids[-1])
                    shop._run("DELETE FROM orders WHERE id = %(id)s", id=shop.ids.pop())
                case "pay" | "describe" | "instruct" | "order" as kind:
                    getattr(shop, kind)()

    sent = len(messages(chain))
    work(200)
    chain.connect.kill()
    work(200)
    chain.connect.start()
    work(100)
    settle(chain.postgres, chain.engine, 120, differences_but_left_out)
    left_out = chain.engine.value("SELECT count() FROM shop.orders WHERE NOT complete")
    assert left_out > 0
    for order in (list, reversed, lambda again: random.Random(3).sample(again, len(again))):
        again = messages(chain)
        chain.kafka.produce(TOPIC, list(order(again[-2000:])))
        # Behind them one more, so that they have all arrived when it has.
        shop.order()
        settle(chain.postgres, chain.engine, 60, differences_but_left_out)
        assert chain.engine.value("SELECT count() FROM shop.orders WHERE NOT complete") == left_out
    shop.write_long_values()
    settle(chain.postgres, chain.engine)
    assert chain.engine.value("SELECT count() FROM shop.orders WHERE NOT complete") == 0
    assert dead(chain) == []
    tell(f"500 changes, many of keys, {len(again) - sent} messages: {left_out} orders with values left out, no other difference")


def test_a_snapshot_taken_anew_brings_no_deletes(chain):
    """Nobody tells what was deleted between two snapshots: it stays, reconciliation names it, and a statement ends it."""
    settle(chain.postgres, chain.engine)
    chain.connect.kill()
    with chain.postgres.connect(autocommit=True) as connection:
        gone = {str(row[0]) for row in connection.execute("DELETE FROM orders WHERE id IN (SELECT id FROM orders LIMIT 3) RETURNING id")}
        chain.shop.ids = [key for key in chain.shop.ids if key not in gone]
        # The slot is free once the server has noticed that nobody reads from it.
        active = "SELECT count(*) FROM pg_replication_slots WHERE active"
        wait_until(lambda: connection.execute(active).fetchone() == (0,), 60, "the slot is free")
        connection.execute("SELECT pg_drop_replication_slot('orders')")
    (chain.connect.folder / "offsets").unlink()
    chain.connect.start()
    chain.shop.work(20)
    settle(chain.postgres, chain.engine, 60, lambda *sides: [row for row in differences(*sides) if row[0] not in gone])
    assert reconciled(chain) == {key: ["not in the source"] for key in gone}
    deleted = operation("end_missing", "--source", SOURCE)
    assert deleted.count("INTERVAL 1 MINUTE") == 1
    chain.engine.query(deleted.replace("INTERVAL 1 MINUTE", "INTERVAL 0 SECOND"))
    assert differences(chain.postgres, chain.engine) == []
    assert reconciled(chain) == {}


def test_reconcile_names_each_column_that_differs(chain):
    settle(chain.postgres, chain.engine)
    assert reconciled(chain) == {}
    one, two = chain.engine.rows("SELECT id FROM shop.orders ORDER BY id LIMIT 2")
    chain.engine.query(f"INSERT INTO shop.orders_rows SELECT * REPLACE (18446744073709551615 AS version, 'x' AS status, true AS gift) "
                       f"FROM shop.orders_rows FINAL WHERE id = '{one['id']}' AND row = ''")
    chain.engine.query("INSERT INTO shop.orders_rows (id, row, version, deleted) "
                       f"VALUES ('{two['id']}', '', 18446744073709551615, 1)")
    found = reconciled(chain)
    assert sorted(found) == sorted([one["id"], two["id"]]), found
    assert "status" in found[one["id"]] and set(found[one["id"]]) <= {"status", "gift"}
    assert found[two["id"]] == ["missing here"]
    chain.engine.query(f"ALTER TABLE shop.orders_rows DELETE WHERE id = '{two['id']}' AND version = 18446744073709551615 "
                       "SETTINGS mutations_sync = 2")
    chain.engine.query(f"ALTER TABLE shop.orders_rows DELETE WHERE id = '{one['id']}' AND status = 'x' SETTINGS mutations_sync = 2")


def test_a_bad_message_is_a_dead_letter_and_can_be_replayed(chain):
    chain.kafka.produce(TOPIC, [b"no JSON", b'{"op":"u","ts_ns":1,"source":{"lsn":1},"after":{"id":"1"}}'])
    chain.engine.wait_for("SELECT count() FROM shop.dead_letters FINAL WHERE NOT resolved", 2)
    assert {row["reason"] for row in dead(chain)} == {
        "not JSON: bad literal at byte 0", "after.id: 1 does not fit UUID"}
    chain.engine.query(operation("replay"))
    assert len(dead(chain)) == 2
    assert chain.engine.value("SELECT min(attempt) FROM shop.dead_letters FINAL") == 1


def test_truncate_is_a_dead_letter(chain):
    """A truncate has no row; it must not pass unseen."""
    with chain.postgres.connect() as connection:
        connection.execute("TRUNCATE orders")
    chain.engine.wait_for("SELECT count() FROM shop.dead_letters FINAL WHERE reason = 'after: missing'", 1)
    (letter,) = [row for row in dead(chain) if row["reason"] == "after: missing"]
    assert '"op":"t"' in letter["message"]
    assert differences(chain.postgres, chain.engine)
    chain.engine.query(operation("truncate"))
    assert differences(chain.postgres, chain.engine) == []


def test_a_key_that_was_there_before_the_truncate_brings_nothing_back(chain):
    """The insert of a changed key leaves long values out: those of an order that had this key once are not its own."""
    with chain.postgres.connect(autocommit=True) as connection:
        connection.execute("ALTER TABLE orders REPLICA IDENTITY DEFAULT")
        once, other = "ace00000-0000-4000-8000-000000000001", "ace00000-0000-4000-8000-000000000002"
        long = long_text(random.Random(1), 100)
        chain.shop.order(once)
        connection.execute("UPDATE orders SET instructions = %s", [long])
        settle(chain.postgres, chain.engine)
        letters = chain.engine.value("SELECT count() FROM shop.dead_letters FINAL")
        connection.execute("TRUNCATE orders")
        chain.engine.wait_for("SELECT count() FROM shop.dead_letters FINAL", letters + 1)
        chain.engine.query(operation("truncate"))
        chain.shop.order(other)
        connection.execute("UPDATE orders SET instructions = %s", [long[::-1]])
        connection.execute("UPDATE orders SET id = %s", [once])
        chain.engine.wait_for("SELECT groupArray(id) FROM shop.orders", [once])
    chain.engine.wait_for("SELECT groupArray((id, complete)) FROM shop.orders", [[once, False]])
    assert chain.engine.value("SELECT instructions FROM shop.orders") is None


def test_applying_the_sql_again_changes_nothing(chain):
    shown = "SELECT name, create_table_query FROM system.tables WHERE database = 'shop' ORDER BY name"
    before = chain.engine.rows(shown)
    chain.engine.run(pipeline())
    assert chain.engine.rows(shown) == before
