"""The same outbox in MariaDB: its rows arrive as the same events, by sql/connectors/mariadb.json and the same layout."""
import json
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest

from tests.stack.connect import Connect
from tests.stack.engine import Engine
from tests.stack.kafka import Kafka
from tests.stack.mariadb import MariaDB

OUTBOX = """
CREATE TABLE outbox (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, aggregate_id varchar(255) NOT NULL, aggregate_type varchar(255) NOT NULL,
    payload json NOT NULL, created_at datetime(6) NOT NULL, updated_at timestamp(6) NOT NULL)"""
START = datetime(2026, 1, 2, 3, 4, 5, 123456, timezone.utc)
USERS = ("u1", "zoë", "日本", "o'brien", 'q"uote', "back\\slash")


def payload(number: int) -> dict:
    properties = {"page": f"/p{number}", "value": number / 8, "device": "mobile"}
    return {"experiment_id": 1 + number % 3, "variant_id": number % 2, "user_id": USERS[number % len(USERS)], "event_type": "conversion",
            "timestamp": moment(number).isoformat(), "assignment_at": None,
            # A third of the clients send what they send as a string.
            "properties": json.dumps(properties) if number % 3 == 0 else properties}


def moment(number: int) -> datetime:
    return START + timedelta(seconds=number, microseconds=number)


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def insert(database: MariaDB, numbers: range, kind: str = "event") -> None:
    with closing(database.connect(autocommit=True)) as connection, connection.cursor() as cursor:
        for number in numbers:
            cursor.execute("INSERT INTO outbox (aggregate_id, aggregate_type, payload, created_at, updated_at) VALUES (%s, %s, %s, %s, %s)",
                           (f"e{number}", kind, json.dumps(payload(number), ensure_ascii=number % 2 == 0), text(moment(number)),
                            text(moment(number))))


def expected(number: int) -> dict:
    sent = payload(number)
    properties = json.loads(sent["properties"]) if isinstance(sent["properties"], str) else sent["properties"]
    return {"id": f"e{number}", "experiment_id": sent["experiment_id"], "variant_id": sent["variant_id"], "user_id": sent["user_id"],
            "timestamp": text(moment(number)), "created_at": text(moment(number)), "updated_at": text(moment(number)),
            "assignment_at": None, "value": properties["value"], "page": properties["page"], "outbox_id": str(number + 1)}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mariadb")
    with Kafka(folder / "kafka") as kafka, MariaDB(folder / "mariadb") as database:
        kafka.create_topic("experiments_events")
        database.rows(OUTBOX)
        insert(database, range(10))
        with (Connect(folder / "connect", kafka, database, ["mariadb.json"]) as connect,
              Engine(folder / "engine", broker=kafka.address) as engine):
            engine.apply()
            yield database, connect, engine


def test_an_outbox_in_mariadb_arrives(servers, tell):
    database, connect, engine = servers
    insert(database, range(10, 200))
    insert(database, range(200, 203), kind="order")
    database.rows("UPDATE outbox SET updated_at = '2026-06-01 00:00:00' WHERE id = 1")
    database.rows("DELETE FROM outbox WHERE id = 2")
    engine.wait_for("SELECT count() FROM experiments_analytics.events", 200, 60)
    rows = engine.rows(f"SELECT {', '.join(expected(0))} FROM experiments_analytics.events ORDER BY toUInt64(outbox_id)")
    assert rows == [expected(number) for number in range(200)]
    assert engine.value("SELECT count() FROM experiments_analytics.dead_letters") == 0
    assert connect.state("experiments-outbox-mariadb") == "RUNNING"
    tell("MariaDB: 200 rows, 10 of them from before the connector, equal on both sides")
