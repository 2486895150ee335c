"""The SQL bundle on the engine, consuming from the broker."""
import json
import subprocess
from pathlib import Path

import pytest

from tests.stack.engine import BINARY, LAYOUT, ROOT
from tests.support import bundle

TOPIC = "experiments_events"
DATABASE = "experiments_analytics"
COLUMNS = [column["name"] for column in json.loads(LAYOUT.read_text())["columns"]]
FIXTURES = ROOT / "tests" / "fixtures" / "debezium"


def fixture_lines(name: str) -> list:
    return (FIXTURES / f"{name}.ndjson").read_bytes().removesuffix(b"\n").split(b"\n")


def envelope(id: str, outbox_id: int = 0, lsn: int = 1, **payload) -> bytes:
    """A message as Debezium writes it: an event that the layout accepts, but for what `payload` changes."""
    payload = {"experiment_id": 1, "variant_id": 1, "user_id": "u", "timestamp": "2026-01-02T03:04:05Z", **payload}
    after = {"aggregate_id": id, "aggregate_type": "event", "payload": json.dumps(payload)}
    if outbox_id:
        after["id"] = outbox_id
    return json.dumps({"op": "c", "before": None, "after": after, "source": {"lsn": lsn}}).encode()


def decode(messages: list) -> list:
    """What the program answers on the command line, one dict a message."""
    done = subprocess.run([BINARY, "decode", LAYOUT], input=b"\n".join(messages) + b"\n", capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.removesuffix(b"\n").split(b"\n")]


def statements(operation: str) -> list:
    """The statements of an operation."""
    return bundle.operation(operation)


class Pipeline:
    """What tests do with it: send messages, wait until all that was sent has arrived, look at the tables."""

    def __init__(self, engine, broker):
        self.engine = engine
        self.broker = broker
        self.sent = 0
        self.marks = 0

    def send(self, messages: list, key: bytes = b"", headers: dict | None = None) -> int:
        """Returns the offset of the first; on return all are in the tables."""
        first = self.sent
        self.broker.produce(TOPIC, messages, key, headers)
        self.sent += len(messages)
        self.settle()
        return first

    def settle(self) -> None:
        """Blocks arrive in order: when a last event and a last error are there, so is everything before them."""
        self.marks += 1
        mark = f"mark_{self.marks}"
        self.broker.produce(TOPIC, [envelope(mark), mark.encode()])
        self.sent += 2
        self.engine.wait_for(f"""
            SELECT (SELECT count() FROM {DATABASE}.events_processed WHERE id = '{mark}')
                 + (SELECT count() FROM {DATABASE}.dead_letters WHERE message = '{mark}')""", 2, seconds=60)

    def events(self, first: int, columns: str = ", ".join(COLUMNS), table: str = "events_processed") -> list:
        return self.engine.rows(f"""
            SELECT {columns} FROM {DATABASE}.{table}
            WHERE topic = '{TOPIC}' AND offset >= {first} AND NOT startsWith(id, 'mark_') ORDER BY offset, id""")

    def letters(self, first: int, columns: str = "offset, reason") -> list:
        return self.engine.rows(f"""
            SELECT {columns} FROM {DATABASE}.dead_letters_open
            WHERE topic = '{TOPIC}' AND offset >= {first} AND NOT startsWith(message, 'mark_') ORDER BY offset, row""")

    def run(self, operation: str, **params) -> None:
        for statement in statements(operation):
            self.engine.query(statement, params=params)


@pytest.fixture(scope="session")
def pipeline(engine, broker):
    broker.create_topic(TOPIC)
    engine.apply()
    # A merge would take away the second of two equal rows while a test looks for both.
    engine.query(f"SYSTEM STOP MERGES {DATABASE}.events_processed")
    return Pipeline(engine, broker)
