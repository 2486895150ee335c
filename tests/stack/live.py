"""The whole chain: PostgreSQL -> Debezium in Kafka Connect -> Kafka -> the engine with the SQL bundle."""
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from .connect import Connect
from .engine import Engine
from .kafka import Kafka
from .postgres import Postgres
from .service import SCHEMA, Service

TOPIC = "experiments_events"


class Source:
    """PostgreSQL with an outbox, and Debezium that follows it onto `broker`. A context manager."""

    def __init__(self, folder: Path, broker: Kafka, connectors: list | None = None, keep: bool = False):
        self.postgres = Postgres(Path(folder) / "postgres", keep)
        self.connect = Connect(Path(folder) / "connect", broker, self.postgres, connectors or ["bare.json"], keep)

    def __enter__(self):
        with ExitStack() as stack:
            stack.enter_context(self.postgres)
            with self.postgres.connect() as connection:
                connection.execute(SCHEMA)
            stack.enter_context(self.connect)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)

    def service(self, seed: int = 1) -> Service:
        return Service(self.postgres.connect(autocommit=True), seed)

    def outbox_rows(self) -> int:
        return self.postgres.value("SELECT count(*) FROM outbox")


class Chain:
    """Source, broker and engine. A context manager: they start together, and none is left behind."""

    def __init__(self, folder: Path, connectors: list | None = None, engine: dict | None = None, partitions: int = 1):
        self.folder = Path(folder)
        self.partitions = partitions
        self.connectors = connectors
        self.options = engine or {}

    def __enter__(self):
        with ExitStack() as stack:
            self.broker = stack.enter_context(Kafka(self.folder / "kafka"))
            self.broker.create_topic(TOPIC, self.partitions)
            self.source = stack.enter_context(Source(self.folder / "source", self.broker, self.connectors))
            self.postgres, self.connect = self.source.postgres, self.source.connect
            self.engine = stack.enter_context(Engine(self.folder / "engine", broker=self.broker.address, **self.options))
            self.engine.apply()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)

    def service(self, seed: int = 1) -> Service:
        return self.source.service(seed)

    def outbox_rows(self) -> int:
        return self.source.outbox_rows()


class Arrivals(threading.Thread):
    """Watches events_processed grow: `moments` holds (when, how many rows), looked at every `pause` seconds."""

    def __init__(self, engine: Engine, pause: float = 0.01, where: str = "1"):
        super().__init__(daemon=True)
        self.engine, self.pause, self.where = engine, pause, where
        self.moments: list = []
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            count = self.engine.value(f"SELECT count() FROM experiments_analytics.events_processed WHERE {self.where}")
            self.moments.append((time.monotonic(), count))
            self.done.wait(self.pause)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.done.set()
        self.join()

    def delays(self, committed: list, before: int) -> list:
        """Milliseconds from commit to visible for each event of `committed`, the first of which is row `before`."""
        answer, moments = [], iter(self.moments)
        when, count = next(moments)
        for number, moment in enumerate(committed):
            while count <= before + number:
                when, count = next(moments)
            answer.append(max(0.0, when - moment) * 1000)
        return answer


def percentile(values: list, percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def measure(source: Source, engine: Engine, rate: int, seconds: float, settle: float) -> dict:
    """`rate` events a second for `settle` + `seconds`; the delays of what was committed after `settle`."""
    before = engine.value("SELECT count() FROM experiments_analytics.events_processed")
    with source.service(seed=int(time.time())) as service, Arrivals(engine) as arrivals:
        start = time.monotonic()
        committed = service.steady(rate, settle + seconds)
        engine.wait_for("SELECT count() FROM experiments_analytics.events_processed", before + len(committed), 60)
        time.sleep(0.1)
    delays = arrivals.delays(committed, before)
    kept = [delay for delay, moment in zip(delays, committed) if moment - start >= settle]
    return {"events": len(kept), "rate": len(committed) / (committed[-1] - start),
            "p50_ms": percentile(kept, 50), "p99_ms": percentile(kept, 99), "max_ms": max(kept)}


def live_flow(source: Source, engine: Engine, rate: int = 1000, seconds: float = 5) -> dict:
    """For a demonstration: one conversion, then `rate` events a second for ten seconds to warm up and `seconds` to measure.

    What was seen: {"first_ms", "first_row", "events", "rate", "p50_ms", "p99_ms", "max_ms", "outbox", "arrived"}.
    """
    first_offset = engine.value("SELECT max(offset) FROM experiments_analytics.events_processed WHERE topic != ''")
    arrived = f"SELECT count() FROM experiments_analytics.events WHERE topic != '' AND offset > {first_offset}"
    with source.service() as service:
        service.assign(1, "alice")
        engine.wait_for(arrived, 1, 60)
        before = engine.value("SELECT count() FROM experiments_analytics.events_processed")
        with Arrivals(engine) as arrivals:
            service.act("conversion", 1, "alice")
            committed = time.monotonic()
            engine.wait_for(arrived, 2, 60)
            time.sleep(0.1)
    (first,) = arrivals.delays([committed], before)
    (row,) = engine.rows(
        "SELECT outbox_id, user_id, event_type, value, timestamp FROM experiments_analytics.events "
        f"WHERE topic != '' AND offset > {first_offset} AND event_type = 'conversion'")
    seen = measure(source, engine, rate, seconds, settle=10)
    return {"first_ms": first, "first_row": row, **seen, "outbox": source.outbox_rows(), "arrived": engine.value(arrived)}
