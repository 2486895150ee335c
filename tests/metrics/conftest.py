"""Servers with pipelines whose messages the tests insert, and what Prometheus would read of them."""
import json
import re
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from tests.stack.engine import BINARY, Engine, QueryError

LAYOUT = {"function": "ticketsRow", "accept": {"after.kind": ["ticket"]}, "accept_missing": "error",
          "columns": [{"name": "id", "type": "UInt64", "path": "after.id"}, {"name": "kind", "type": "String", "path": "after.kind"}]}
GRANTS = """<clickhouse><users><pipelines_metrics><grants replace="replace">{}</grants></pipelines_metrics></users></clickhouse>"""


def ticket(number: int, kind: str = "ticket") -> str:
    return json.dumps({"op": "c", "before": None, "after": {"id": number, "kind": kind}, "source": {}})


def read(url: str) -> tuple:
    """Status and text of an address."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Measured(Engine):
    """A ClickHouse with the layout of tickets, and pipelines of it in several databases."""

    def start(self, seconds: float = 60):
        (self.folder / "tickets.json").write_text(json.dumps(LAYOUT))
        self.scripts = [BINARY, self.folder / "tickets.json"]
        self.functions = {"tickets_function.xml": self.registration()}
        return super().start(seconds)

    def registration(self) -> str:
        return subprocess.check_output([BINARY, "config", self.folder / "tickets.json"], text=True)

    def pipeline(self, database: str, name: str, *options: str) -> str:
        """The statements, for messages that somebody else inserts."""
        return subprocess.check_output([BINARY, "pipeline", "tickets.json", "--name", name, "--kind", "events", "--database", database,
                                        "--landing", *options], text=True, cwd=self.folder)

    def insert(self, database: str, name: str, messages: list, topic: str = "tickets") -> None:
        rows = [{"message": message, "_topic": topic, "_partition": 0, "_offset": n, "_timestamp": f"{time.time():.3f}"} for n, message in enumerate(messages)]
        self.query(f"INSERT INTO {database}.{name}_kafka (message, _topic, _partition, _offset, _timestamp) FORMAT JSONEachRow",
                   data="\n".join(map(json.dumps, rows)).encode())

    def grant(self, *databases: str) -> None:
        """As an administrator edits the user's file; this engine reads it when it starts."""
        grants = "".join(f"<query>GRANT SELECT ON {database}.pipeline_metrics</query>" for database in databases)
        (self.folder / "users.d" / "zz_grants.xml").write_text(GRANTS.format(grants))
        self.stop()
        self.start()

    def metrics(self, database: str = "") -> str:
        status, text = read(f"{self.url}pipelines/metrics{database and '/' + database}")
        if status != 200:
            raise QueryError(text)
        return text


def samples(text: str) -> dict:
    """(name, labels) -> value of a text without escapes."""
    found = {}
    for name, labels, value in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", text, re.M):
        key = (name, *sorted(re.findall(r'(\w+)="([^"]*)"', labels)))
        assert key not in found, f"twice: {key}"
        found[key] = float(value)
    return found


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Measured(tmp_path_factory.mktemp("engine")) as engine:
        yield engine
