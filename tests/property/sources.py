"""Runs tables through the real databases and connectors, and brings back each topic's messages, byte for byte."""
import time
from contextlib import ExitStack, closing
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from tests.stack.connect import Connect
from tests.stack.kafka import Kafka
from tests.stack.mariadb import MariaDB
from tests.stack.postgres import Postgres
from tests.stack.process import StackError

from . import postgres
from .tables import Table, prefix, topic

BATCH = 25
# What the connector files of sql/connectors set and a default does not.
PLAIN = {"tombstones.on.delete": None, "transforms": None, "heartbeat.interval.ms": None, "value.converter.schemas.enable": None,
         "transforms.topic.type": None, "transforms.topic.regex": None, "transforms.topic.replacement": None}


def connectors(database: str, tables: list) -> list:
    settings = {table.setting for table in tables}
    made = []
    for number, setting in enumerate(sorted(settings, key=lambda setting: setting.name)):
        name = prefix(database, setting)
        mine = [table for table in tables if table.setting == setting]
        space = "public" if database == "postgres" else MariaDB.database
        config = PLAIN | setting.config() | {
            "name": name, "topic.prefix": name, "table.include.list": ",".join(f"{space}[.]{table.name}" for table in mine)}
        if database == "postgres":
            config |= {"slot.name": name, "publication.name": name, "interval.handling.mode": setting.interval}
            made.append(("bare.json", config))
        else:
            config |= {"database.server.id": str(5000 + number), "schema.history.internal.kafka.topic": f"{name}_history",
                       "bigint.unsigned.handling.mode": setting.unsigned}
            made.append(("mariadb.json", config))
    return made


class PostgresSession:
    def __init__(self, server: Postgres):
        self.connection = server.connect(autocommit=True)
        self.connection.execute(postgres.PREPARE)
        self.connection.execute("SET TimeZone = 'UTC'; SET lc_monetary = 'C'; SET extra_float_digits = 1")

    def run(self, sql: str) -> None:
        self.connection.execute(sql.encode())

    def rows(self, sql: str) -> list:
        return self.connection.execute(sql.encode()).fetchall()

    def close(self) -> None:
        self.connection.close()


class MariaDBSession:
    def __init__(self, server: MariaDB):
        self.connection = server.connect(autocommit=True, init_command="SET sql_mode = ''")

    def run(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def rows(self, sql: str) -> list:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def close(self) -> None:
        self.connection.close()


def fill(session, table: Table, count: int) -> None:
    """The rows that are there before the connector starts."""
    if table.setting.form == "router":
        return
    while table.snapshot < count:
        _insert(session, table, min(BATCH, count - table.snapshot), snapshot=True)


def _insert(session, table: Table, count: int, snapshot: bool = False) -> None:
    statement, numbers = table.insert(count)
    session.run(statement)
    table.remember(session.rows(table.select(numbers)))
    if snapshot:
        table.snapshot += count
    else:
        table.operations += [("c", number) for number in numbers]


def live(session, table: Table, count: int) -> None:
    """`count` row changes, while the connector follows."""
    done = 0
    table.following = True
    while done < count:
        kind = table.rng.random()
        if table.setting.form == "router" or kind < 0.25 or len(table.alive) < 3:
            size = min(BATCH if table.setting.form != "router" else 1, count - done)
            _insert(session, table, size)
            done += size
        elif kind < 0.85:
            statement, numbers = table.update()
            session.run(statement)
            table.remember(session.rows(table.select(numbers)))
            table.operations.append(("u", numbers[0]))
            done += 1
        else:
            statement, numbers = table.delete()
            session.run(statement)
            table.operations.append(("d", numbers[0]))
            done += 1


def arriving(table: Table) -> list:
    """The operations that this connector tells of by a message with a row."""
    deletes = table.setting.form in ("envelope", "flat") or "rewrite" in table.setting.name
    return [operation for operation in table.operations if operation[0] != "d" or deletes]


def collect(broker: Kafka, tables: list, seconds: float = 300) -> dict:
    """{table name: [message, None for a tombstone]}, once all that is expected has come."""
    wanted = {topic(table): table.snapshot + len(arriving(table)) for table in tables}
    got: dict = {name: [] for name in wanted}
    counts = dict.fromkeys(wanted, 0)
    deadline = time.monotonic() + seconds
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "property", "enable.auto.commit": False,
                         "fetch.message.max.bytes": 10_000_000})
    with closing(consumer):
        consumer.assign([TopicPartition(name, 0, 0) for name in wanted])
        while any(counts[name] < count for name, count in wanted.items()):
            for message in consumer.consume(5000, timeout=0.5):
                if message.error():
                    continue
                deadline = max(deadline, time.monotonic() + 60)
                got[message.topic()].append(message.value())
                counts[message.topic()] += not _is_tombstone(message.value())
            if time.monotonic() > deadline:
                missing = {name: f"{counts[name]} of {count}" for name, count in wanted.items() if counts[name] < count}
                raise StackError(f"messages are missing: {missing}")
    return got


def _is_tombstone(value) -> bool:
    return value is None or value.startswith(b'{"schema":null,"payload":null') or value == b"null"


class Sources:
    """Both databases with their connectors. `by_database` {"postgres": [Table], "mariadb": [Table]}; either may be missing."""
    servers = {"postgres": (Postgres, PostgresSession), "mariadb": (MariaDB, MariaDBSession)}

    def __init__(self, folder: Path, by_database: dict, rows: int):
        self.folder, self.by_database, self.rows = Path(folder), by_database, rows

    def messages(self) -> dict:
        """{topic: [message]} of all tables."""
        with ExitStack() as stack:
            broker = stack.enter_context(Kafka(self.folder / "kafka"))
            sessions, servers, files = {}, [], []
            for database, tables in self.by_database.items():
                server, session = self.servers[database]
                servers.append(stack.enter_context(server(self.folder / database)))
                sessions[database] = stack.enter_context(closing(session(servers[-1])))
                files += connectors(database, tables)
                for table in tables:
                    for statement in table.create():
                        sessions[database].run(statement)
                    fill(sessions[database], table, self.rows // 3)
            connect = Connect(self.folder / "connect", broker, servers, files)
            stack.callback(connect.stop)
            connect.start(300)
            for database, tables in self.by_database.items():
                for table in tables:
                    live(sessions[database], table, self.rows - self.rows // 3)
            return collect(broker, [table for tables in self.by_database.values() for table in tables])
