"""A pipeline's rows against the table of a real PostgreSQL: what differs is named, both ways, and what was restored is followed."""
import json
import time

import pytest

from tests.stack.postgres import Postgres
from tests.support.waiting import wait_until

from .site import Refused

TABLE = "CREATE TABLE parts (id bigint PRIMARY KEY, name text NOT NULL, price numeric(8, 2), tags text[], made_at timestamptz, doc jsonb)"
LAYOUT = {
    "function": "partsRow", "exact": True, "accept": {"op": ["c", "r", "u", "d"]}, "key": ["id"],
    "columns": [
        {"name": "id", "type": "Int64", "path": "after.id"},
        {"name": "name", "type": "Nullable(String)", "path": "after.name"},
        {"name": "price", "type": "Nullable(Decimal(8, 2))", "path": "after.price"},
        {"name": "tags", "type": "Array(String)", "path": "after.tags"},
        {"name": "made_at", "type": "Nullable(DateTime64(6, 'UTC'))", "path": "after.made_at"},
        {"name": "doc", "type": "Nullable(String)", "path": "after.doc"},
        {"name": "city", "type": "Nullable(String)", "path": "after.doc.city"},
        {"name": "op", "type": "String", "path": "op"},
        {"name": "version", "type": "UInt64", "path": "ts_ns", "required": True},
        {"name": "left_out", "type": "Array(String)", "path": "left_out"}]}


def document(number: int, city: str = "Köln") -> str:
    """As PostgreSQL writes it."""
    return json.dumps({"n": number, "city": city}, ensure_ascii=False)


def row(number: int) -> dict:
    return {"id": number, "name": f"part {number}", "price": None if number % 7 == 0 else f"{number}.50", "tags": ["a", f"b{number}"],
            "made_at": f"2026-01-02T03:04:05.{number:06}Z", "doc": document(number)}


def change(op: str, after: dict) -> bytes:
    image = {"after": after, "before": None} if op != "d" else {"after": None, "before": after}
    return json.dumps({"op": op, **image, "source": {}, "ts_ns": time.time_ns()}).encode()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    with Postgres(tmp_path_factory.mktemp("postgres")) as server:
        with server.connect() as connection:
            connection.execute(TABLE)
        yield server


def test_both_sides_are_named_and_a_restore_is_followed(site, postgres, tell):
    layout = site.write("parts", LAYOUT)
    site.register(layout)
    topic, words = "shop.public.parts", ("--database", "reconcile")
    site.kafka.create_topic(topic)
    site.pipeline(layout, "--topic", topic, *words)

    def send(*changes) -> None:
        site.kafka.produce(topic, list(changes))
        wait_until(lambda: site.engine.value("SELECT count() FROM reconcile.parts_rows WHERE version = "
                                             f"{json.loads(changes[-1])['ts_ns']}") > 0, 60, "the changes have arrived", pause=0.2)

    def store(*rows) -> None:
        with postgres.connect() as connection:
            for one in rows:
                connection.execute("INSERT INTO parts VALUES (%(id)s, %(name)s, %(price)s, %(tags)s, %(made_at)s, %(doc)s)", one)

    source = f"postgresql('127.0.0.1:{postgres.port}', 'postgres', 'parts', 'postgres', '')"

    def differences(buckets: int = 1) -> list:
        sql = site.sql(layout, "--topic", topic, *words, "--operation", "reconcile", "--source", source).rstrip().removesuffix(";")
        found = [(answer["id"], answer["difference"], answer["columns"]) for bucket in range(buckets)
                 for answer in site.engine.rows(sql, params={"buckets": buckets, "bucket": bucket})]
        return sorted(found)

    rows = [row(number) for number in range(1, 301)]
    store(*rows)
    send(*(change("r", one) for one in rows))
    assert differences() == [] == differences(10)

    # One that never came, one that is gone there, one whose price and one whose document differ.
    store(row(1000))
    send(change("u", row(2) | {"price": "9.99"}), change("u", row(3) | {"doc": document(3, "Ulm")}))
    with postgres.connect() as connection:
        connection.execute("DELETE FROM parts WHERE id = 4")
    wanted = [(2, "differs", ["price"]), (3, "differs", ["doc"]), (4, "not in the source", []), (1000, "missing here", [])]
    assert differences() == wanted == differences(7)

    # A restore to a point in time: what was written since is undone there, without a message. The connector's snapshot brings what is there,
    # with later times than all that is stored; what is not there any more is ended.
    with postgres.connect() as connection:
        connection.execute("UPDATE parts SET name = 'restored' WHERE id = 5")
    snapshot = [row(number) | ({"name": "restored"} if number == 5 else {}) for number in [*range(1, 4), *range(5, 301), 1000]]
    send(*(change("r", one) for one in snapshot))
    assert differences() == [(4, "not in the source", [])]
    ended = site.sql(layout, "--topic", topic, *words, "--operation", "end_missing", "--source", source)
    # Nothing that changed within the last minute; a minute is not waited for here.
    site.run(ended)
    assert differences() == [(4, "not in the source", [])]
    site.run(ended.replace("INTERVAL 1 MINUTE", "INTERVAL 0 SECOND"))
    assert differences() == []
    # A message from before comes again: the row stays away. A new one with its key is a new row.
    old = json.loads(change("u", row(4))) | {"ts_ns": 1}
    site.kafka.produce(topic, [json.dumps(old).encode()])
    send(change("u", row(5) | {"name": "restored"}))
    assert differences() == []
    store(row(4))
    send(change("c", row(4)))
    assert differences() == []


@pytest.mark.parametrize("words, said", [
    (("--operation", "reconcile"), "needs --source, such as"),
    (("--operation", "reconcile", "--source", "a;b"), "--source: give one table function"),
    (("--operation", "reconcile", "--source", "x()", "--kind", "events"), "--operation reconcile is for --kind rows"),
])
def test_what_cannot_be_compared(site, words, said):
    layout = site.write("unlike", LAYOUT)
    with pytest.raises(Refused, match=said):
        site.sql(layout, "--topic", "t", *words)
