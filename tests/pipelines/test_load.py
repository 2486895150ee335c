"""The rows that are there already, loaded by postgresql() and mysql() beside a stream that runs: both sides equal afterwards, cell by cell.

PIPELINE_ROWS=N loads N rows.
"""
import os
import threading
import time
from contextlib import ExitStack, closing

import pytest

from tests.property.sources import PLAIN
from tests.stack.connect import Connect
from tests.stack.kafka import Kafka
from tests.stack.mariadb import MariaDB
from tests.stack.postgres import Postgres
from tests.support.waiting import wait_until

from .site import Site, server

ROWS = int(os.environ.get("PIPELINE_ROWS", "100000"))

POSTGRES = ["""CREATE TABLE items (id bigint PRIMARY KEY, name text, price numeric(12, 2), at timestamptz, local timestamp NOT NULL, day date, code uuid,
    open boolean, doc jsonb, ratio float8, tags text[] NOT NULL, note text)""", f"""
INSERT INTO items SELECT n, 'name ' || n, n / 7.0, timestamptz '2026-01-02 03:04:05.123456+00' + n * interval '1.000001 s',
    timestamp '2001-01-01' + n * interval '1 min', date '1969-07-20' + n % 9999, md5(n::text)::uuid, n % 3 = 0, jsonb_build_object('city', 'c' || n % 99, 'n', n),
    n / 8.0, ARRAY['a' || n % 7, 'é'], CASE WHEN n % 5 = 0 THEN NULL WHEN n % 1000 = 1 THEN (SELECT string_agg(md5((n * i)::text), '') FROM generate_series(1, 120) AS i)
    ELSE 'note ' || n END
FROM generate_series(1, {ROWS}) AS n"""]
MARIADB = ["""CREATE TABLE items (id bigint PRIMARY KEY, name varchar(200), price decimal(12, 2), at timestamp(6) NULL, local datetime(6) NOT NULL, day date,
    open int, ratio double, note text)""", f"""
INSERT INTO items SELECT seq, concat('name ', seq), seq / 7, timestampadd(microsecond, seq * 1000001, '2026-01-02 03:04:05.123456'),
    timestampadd(minute, seq, '2001-01-01'), date_add('1969-07-20', INTERVAL seq % 9999 DAY), seq % 3, seq / 8, if(seq % 5 = 0, NULL, concat('nöte ', seq))
FROM seq_1_to_{ROWS}""",
           # mysql() reads 3.375 as 3.3749999999999996.
           "CREATE VIEW items_exactly AS SELECT id, name, price, at, local, day, open, cast(ratio AS char) AS ratio, note FROM items"]
# column -> (its text in the database, its text in ClickHouse)
TEXTS = {
    "postgres": {"name": ("name", "name"), "price": ("trim_scale(price)::text", "toString(price)"), "ratio": ("ratio::text", "toString(ratio)"),
                 "at": ("to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')", "toString(at)"),
                 "local": ("to_char(local, 'YYYY-MM-DD HH24:MI:SS.US')", "toString(local)"), "day": ("day::text", "toString(day)"), "code": ("code::text", "toString(code)"),
                 "open": ("open::text", "toString(open)"), "doc": ("doc::text", "doc"), "tags": ("array_to_json(tags)::text", "toJSONString(tags)"), "note": ("note", "note")},
    "mariadb": {"name": ("name", "name"), "price": ("trim(trailing '.' from trim(trailing '0' from cast(price as char)))", "toString(price)"),
                "at": ("cast(at as char)", "toString(at)"), "local": ("cast(local as char)", "toString(local)"), "day": ("cast(day as char)", "toString(day)"),
                "open": ("cast(open as char)", "toString(open)"), "ratio": ("cast(ratio as char)", "toString(ratio)"), "note": ("note", "note")}}


class Loaded:
    """A database with its connector, which takes no snapshot, and the server."""

    def __init__(self, database: str, folder, stack: ExitStack):
        self.database = database
        self.kafka = stack.enter_context(Kafka(folder / "kafka"))
        self.source = stack.enter_context((Postgres if database == "postgres" else MariaDB)(folder / database))
        for statement in POSTGRES if database == "postgres" else MARIADB:
            self.run(statement)
        space = "public" if database == "postgres" else "shop"
        config = PLAIN | {"topic.prefix": database, "table.include.list": f"{space}.items", "value.converter.schemas.enable": "true", "snapshot.mode": "no_data"}
        config |= {"slot.name": "items", "publication.name": "items"} if database == "postgres" else {"time.precision.mode": "adaptive_time_microseconds"}
        self.topic = f"{database}.{space}.items"
        stack.enter_context(Connect(folder / "connect", self.kafka, self.source, [("bare.json" if database == "postgres" else "mariadb.json", config)]))
        self.engine = stack.enter_context(server(folder / "engine", self.kafka))
        self.site = Site(folder / "work", self.kafka, self.engine)

    def run(self, *statements: str) -> None:
        with closing(self.source.connect(autocommit=True)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def function(self) -> str:
        if self.database == "postgres":
            return f"postgresql('127.0.0.1:{self.source.port}', 'postgres', 'items', 'postgres', 'none')"
        return f"mysql('127.0.0.1:{self.source.port}', 'shop', 'items_exactly', '{self.source.user}', '{self.source.password}')"

    def there(self) -> dict:
        texts = ", ".join(text for text, _ in TEXTS[self.database].values())
        return {row[0]: tuple(row[1:]) for row in self.source.rows(f"SELECT id, {texts} FROM items")}

    def incomplete(self) -> list:
        if self.database != "postgres":
            return []
        return [row["id"] for row in self.engine.rows("SELECT id FROM items WHERE NOT complete")]

    def here(self) -> dict:
        texts = ", ".join(f"{text} AS c{number}" for number, (_, text) in enumerate(TEXTS[self.database].values()))
        return {row["id"]: tuple(row.values())[1:] for row in self.engine.rows(f"SELECT id, {texts} FROM items")}


def changes(number: int) -> list:
    """Some of each kind."""
    return [f"UPDATE items SET name = 'changed {number}' WHERE id = {number % ROWS + 1}", f"DELETE FROM items WHERE id = {(7 * number) % ROWS + 1}",
            f"UPDATE items SET price = {number} WHERE id = {(1000 * number + 1) % ROWS}", f"UPDATE items SET id = {2 * ROWS + number} WHERE id = {(11 * number) % ROWS + 2}"]


@pytest.mark.parametrize("database", ["postgres", "mariadb"])
def test_the_rows_that_are_there_meet_the_stream(database, tmp_path, tell):
    with ExitStack() as stack:
        loaded = Loaded(database, tmp_path, stack)
        for number in range(20):
            loaded.run(*changes(number))
        wait_until(lambda: loaded.kafka.count(loaded.topic) >= 40, 60, "the sample has come")
        path, _ = loaded.site.infer(loaded.topic, "items", "--key", "id")
        loaded.site.register(path)
        loaded.site.pipeline(path, "--topic", loaded.topic)
        loaded.engine.query(f"CREATE VIEW items_source AS SELECT * FROM {loaded.function()}")
        ended = threading.Event()

        def work() -> None:
            number = 20
            while not ended.is_set():
                loaded.run(*changes(number))
                number += 1
        worker = threading.Thread(target=work)
        # One that is open before the load, and is committed behind it.
        with closing(loaded.source.connect()) as open_:
            open_.cursor().execute(f"UPDATE items SET name = 'open all the time' WHERE id = {ROWS - 3}")
            open_.cursor().execute(f"DELETE FROM items WHERE id = {ROWS - 5}")
            worker.start()
            start = time.monotonic()
            loaded.site.run(loaded.site.sql(path, "--topic", loaded.topic, "--operation", "initial_load"))
            seconds = time.monotonic() - start
            open_.commit()
        ended.set()
        worker.join()
        wanted, found = loaded.there(), {}

        def equal() -> bool:
            found.clear()
            found.update(loaded.here())
            # Behind a changed key a long note is left out, and the row says so.
            for key in loaded.incomplete():
                if key > 2 * ROWS and key in wanted and found[key][-1] is None:
                    found[key] = (*found[key][:-1], wanted[key][-1])
            return found == wanted

        wait_until(equal, 60, lambda: f"{[(key, wanted.get(key), found.get(key)) for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)][:3]} of "
                   f"{len(wanted)} and {len(found)}; {loaded.engine.rows('SELECT reason, count() FROM dead_letters GROUP BY ALL LIMIT 5')}"[:2000], pause=1)
        assert (wanted[ROWS - 3][0], ROWS - 5 in wanted) == ("open all the time", False)
        assert loaded.engine.value("SELECT count() FROM dead_letters") == 0
        if database == "postgres":
            assert loaded.engine.value("SELECT count() FROM items WHERE NOT complete") < 100
        tell(f"{database}: {len(wanted)} rows loaded in {seconds:.1f} s beside the stream, all equal")
