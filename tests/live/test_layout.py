"""Columns of the layout change in production: rows are there, messages flow, none is lost and none is wrong."""
import json
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

from tests.live.test_accounts import broker, engine, message  # noqa: F401
from tests.stack.engine import LAYOUT, ROOT, Engine
from tests.stack.live import TOPIC
from tests.support import bundle

EVENTS = "experiments_analytics.events"


class Stream(threading.Thread):
    """A hundred messages a second, numbered from 1, until it is stopped."""

    def __init__(self, address: str):
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": address, "linger.ms": 5})
        self.count, self.ended = 0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.01):
            self.count += 1
            properties = {"score": self.count / 8, "country": f"c{self.count}"}
            self.producer.produce(TOPIC, message(self.count, request_id=f"r{self.count}", properties=properties), partition=0)
            self.producer.poll(0)
        self.producer.flush(60)


@contextmanager
def stream(address: str):
    thread = Stream(address)
    thread.start()
    try:
        yield thread
    finally:
        thread.ended.set()
        thread.join()


class Release:
    """A bundle and a layout of its own: first the layout and its registration, then the bundle."""

    def __init__(self, engine: Engine, folder: Path):  # noqa: F811
        self.engine, self.sql = engine, folder / "sql"
        self.layout = json.loads(LAYOUT.read_text())
        shutil.copytree(ROOT / "sql", self.sql)

    def edit(self, old: str, new: str) -> None:
        path = self.sql / "experiments" / "events.sql"
        text = path.read_text()
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new))

    def publish(self, alter: str) -> None:
        self.edit("--| distributed events_processed", f"ALTER TABLE {{storage}}.events_processed {alter};\n\n--| distributed events_processed")
        layout = self.sql.parent / LAYOUT.name
        layout.write_text(json.dumps(self.layout))
        assert "changed" in self.engine.register(layout)
        time.sleep(1)  # rows of the new tuple pass through the old views
        self.engine.run(bundle.printed(sql=self.sql, LAYOUT=str(layout)))


def test_columns_are_added_retyped_and_removed(broker, engine, tmp_path, tell):  # noqa: F811
    release = Release(engine, tmp_path)
    with stream(broker.address) as sent:
        def flows() -> int:
            """Wait for a row that was sent from now on; its number."""
            number = sent.count + 1
            engine.wait_for(f"SELECT count() FROM {EVENTS} WHERE lsn = {number}", 1, 60)
            return number

        flows()
        release.layout["columns"].insert(3, {"name": "country", "type": "String", "path": "after.payload.properties.country"})
        release.edit("    outbox_id      String", "    country        String CODEC(ZSTD(1)),\n    outbox_id      String")
        release.edit("'lsn') AS lsn,", "'lsn') AS lsn,\n    tupleElement(event, 'country') AS country,")
        release.publish("ADD COLUMN IF NOT EXISTS country String CODEC(ZSTD(1)) AFTER updated_at")
        added = flows()

        (score,) = (column for column in release.layout["columns"] if column["name"] == "score")
        score["type"] = "Decimal(18, 3)"
        release.edit("score          Float64", "score          Decimal(18, 3)")
        release.publish("MODIFY COLUMN score Decimal(18, 3)")
        retyped = flows()

        release.layout["columns"] = [column for column in release.layout["columns"] if column["name"] != "request_id"]
        release.edit("    request_id     String CODEC(ZSTD(1)),\n", "")
        release.edit("    tupleElement(event, 'request_id') AS request_id,\n", "")
        release.publish("DROP COLUMN IF EXISTS request_id")
        removed = flows()
    engine.wait_for(f"SELECT count() FROM {EVENTS}", sent.count, 60)
    assert engine.value("SELECT count() FROM experiments_analytics.dead_letters") == 0
    (row,) = engine.rows(f"""
        SELECT min(lsn) AS first, max(lsn) AS last, uniqExact(lsn) AS numbers,
               countIf(score != toDecimal64(lsn / 8, 3)) AS wrong_scores,
               countIf(country NOT IN ('', concat('c', toString(lsn)))) AS wrong_countries,
               countIf(country = '' AND lsn >= {added}) AS late_countries FROM {EVENTS}""")
    assert row == {"first": 1, "last": sent.count, "numbers": sent.count, "wrong_scores": 0, "wrong_countries": 0, "late_countries": 0}
    columns = engine.query("SELECT name, type FROM system.columns WHERE database = 'experiments_analytics' AND table = 'events'")
    assert "country\tString" in columns and "score\tDecimal(18, 3)" in columns and "request_id" not in columns
    tell(f"{sent.count} messages while a column was added (from {added} on), retyped ({retyped}) and removed ({removed}): "
         "all there, each once, none a dead letter")
