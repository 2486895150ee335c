"""A second ClickHouse in the consumer group of a chain's engine: it reads and decodes, and that engine stores."""
import tempfile
from pathlib import Path

from tests.support import bundle

from .engine import Engine
from .live import Chain

# In place of decoded_events and what is behind it: the first engine's. An INSERT into `remote` returns when it is stored.
DECODED_EVENTS = """\
CREATE TABLE IF NOT EXISTS experiments_analytics.decoded_events
AS remote('127.0.0.1:{port}', experiments_analytics.decoded_events)"""
MADE = ("bundle_migrations", "raw_events_kafka", "decoded_events_mv")


class Member(Engine):
    """A context manager; it consumes from `join` on."""

    def __init__(self, chain: Chain):
        super().__init__(Path(tempfile.mkdtemp(prefix="member.", dir=chain.folder)), broker=chain.broker.address)
        self.first = chain.engine

    def join(self) -> None:
        self.query("CREATE DATABASE experiments_analytics")
        self.query(DECODED_EVENTS.format(port=self.first.tcp_port))
        for statement in bundle.split(bundle.printed()):
            if bundle.made(statement) in MADE:
                self.query(statement)
