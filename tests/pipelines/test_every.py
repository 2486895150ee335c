"""A pipeline that inserts at intervals: nothing is lost and nothing doubled when its server is killed between reading and storing."""
import time

from tests.stack.kafka import Kafka

from .messages import layout
from .site import Site, server

COUNT = 200_000


def test_a_kill_between_reading_and_storing(tmp_path, tell):
    with Kafka(tmp_path / "kafka") as kafka, server(tmp_path / "engine", kafka) as engine:
        site = Site(tmp_path / "work", kafka, engine)
        site.send("batched", [b'{"op":"c","ts_ns":%d,"source":{},"after":{"id":%d,"name":"n%d"}}' % (number, number, number) for number in range(COUNT)])
        path = site.make("batched", layout("batchedRow", {"id": "Int64", "name": "Nullable(String)"}), "--every", "8 SECOND", "--kind", "events")
        start = time.monotonic()
        # As soon as it has read, in the first interval; then again in the middle of storing.
        engine.wait_for("SELECT sum(num_messages_read) > 0 FROM system.kafka_consumers", 1, 60)
        assert engine.value("SELECT count() FROM batched_events") < COUNT
        engine.kill()
        engine.start()
        engine.wait_for("SELECT count() > 0 FROM batched_events", 1, 60)
        engine.kill()
        engine.start()
        engine.wait_for("SELECT count() FROM batched", COUNT, 90)
        assert engine.rows("SELECT count() AS n, uniqExact(id) AS ids, countIf(name != concat('n', toString(id))) AS wrong FROM batched") == [
            {"n": COUNT, "ids": COUNT, "wrong": 0}]
        assert engine.value("SELECT count() FROM pipeline_gaps WHERE pipeline = 'batched'") == 0
        # The same pipeline made again changes nothing.
        site.pipeline(path, "--topic", "batched", "--every", "8 SECOND", "--kind", "events")
        assert engine.value("SELECT count() FROM batched") == COUNT
        tell(f"{COUNT} messages, the server killed twice: all once, {time.monotonic() - start:.0f} s")
