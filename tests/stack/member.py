"""A second ClickHouse in the consumer group of a chain's engine: it reads and decodes, and that engine stores."""
import tempfile
from pathlib import Path

from .engine import ROOT, Engine
from .live import Chain

# In place of decoded_events and what is behind it: the first engine's. An INSERT into `remote` returns when it is stored.
DECODED_EVENTS = """\
CREATE TABLE IF NOT EXISTS experiments_analytics.decoded_events
AS remote('127.0.0.1:{port}', experiments_analytics.decoded_events);
"""
STEPS = ("01_database", "90_raw_events_kafka", "91_decoded_events_mv")


class Member(Engine):
    """A context manager; it consumes from `join` on."""

    def __init__(self, chain: Chain):
        super().__init__(Path(tempfile.mkdtemp(prefix="member.", dir=chain.folder)), broker=chain.broker.address)
        self.first = chain.engine

    def join(self) -> None:
        bundle = self.folder / "bundle"
        bundle.mkdir()
        for step in STEPS:
            (bundle / f"{step}.sql").write_text((ROOT / "sql" / f"{step}.sql").read_text())
        (bundle / "05_decoded_events.sql").write_text(DECODED_EVENTS.format(port=self.first.tcp_port))
        self.apply(bundle)
