"""The orders example at work: its PostgreSQL table, its connector, its layout and SQL, on the real servers."""
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from shop import BINARY, EXAMPLE, Shop, pipeline

from tests.stack.connect import Connect
from tests.stack.engine import Engine
from tests.stack.kafka import Kafka
from tests.stack.postgres import Postgres

COLLECTIONS = """\
<clickhouse>
    <named_collections>
        <debezium_kafka><kafka_broker_list>{broker}</kafka_broker_list></debezium_kafka>
        <orders_postgres>
            <host>127.0.0.1</host><port>{port}</port><user>postgres</user><password>none</password>
            <database>postgres</database>
        </orders_postgres>
    </named_collections>
</clickhouse>
"""


class Chain:
    """PostgreSQL with orders in it, Debezium that follows them, and an engine with the pipeline of the example's layout."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __enter__(self):
        with ExitStack() as stack:
            self.kafka = stack.enter_context(Kafka(self.folder / "kafka"))
            self.postgres = stack.enter_context(Postgres(self.folder / "postgres"))
            with self.postgres.connect() as connection:
                connection.execute((EXAMPLE / "postgres.sql").read_text())
            self.shop = stack.enter_context(Shop(self.postgres.connect(autocommit=True)))
            # These are there before the connector is: its snapshot reads them.
            self.shop.work(60)
            self.connect = stack.enter_context(
                Connect(self.folder / "connect", self.kafka, self.postgres, [EXAMPLE / "connector.json"]))
            self.engine = stack.enter_context(self._engine())
            self.engine.run(pipeline())
            self._stack = stack.pop_all()
        return self

    def _engine(self) -> Engine:
        folder = self.folder / "engine"
        (folder / "config.d").mkdir(parents=True)
        (folder / "config.d" / "zz_here.xml").write_text(
            COLLECTIONS.format(broker=self.kafka.address, port=self.postgres.port))
        functions = subprocess.check_output([BINARY, "config", EXAMPLE / "orders.json"], text=True)
        return Engine(folder, functions={"debezium_udf_function.xml": functions}, scripts=[BINARY, EXAMPLE / "orders.json"])

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    with Chain(tmp_path_factory.mktemp("orders")) as chain:
        yield chain


@pytest.fixture
def tell(capsys):
    """Print through pytest's capture: figures belong into every run's output."""
    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n    {text}", end="", flush=True)
    return say
