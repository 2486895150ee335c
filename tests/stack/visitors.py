#!/usr/bin/env python3
"""The people of tests/analytics/story.py, as an experimentation service writes them into its outbox in PostgreSQL.

    tests/stack/visitors.py ADDRESS     new visitors, live, until it is ended
"""
import heapq
import itertools
import json
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.analytics.story import EXPERIMENTS, visit  # noqa: E402
from tests.stack.process import Server  # noqa: E402

PAUSE = 0.5  # seconds between two visitors of an experiment
INSERT = "INSERT INTO outbox (aggregate_id, aggregate_type, payload, created_at, updated_at) VALUES (%s, %s, %s, %s, %s)"


def write(connection: psycopg.Connection, rows: list) -> None:
    """Rows of the story into the outbox, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(INSERT, [(row["aggregate_id"], row["aggregate_type"], json.dumps(row["payload"]),
                                     row["created_at"], row["created_at"]) for row in rows])


def live(connection: psycopg.Connection) -> None:
    """A visitor to each experiment, again and again. What one does within the hour is done here within seconds, and each row
    is written when its time has come."""
    coming: list = []
    # Numbers that no visitor of the past had.
    for number in itertools.count(int(time.time())):
        now = datetime.now(timezone.utc)
        for experiment in EXPERIMENTS:
            for row in visit(experiment, number, now):
                heapq.heappush(coming, (row["created_at"], row["aggregate_id"], row))
        due = []
        while coming and coming[0][0] <= now:
            due.append(heapq.heappop(coming)[2])
        write(connection, due)
        time.sleep(PAUSE)


class Visitors(Server):
    """This program as a process."""
    name = "Visitors"

    def __init__(self, folder: Path, address: str, keep: bool = False):
        super().__init__(folder, keep)
        self.address = address

    def start(self):
        self.spawn([sys.executable, Path(__file__), self.address])
        return self

    def ready(self) -> bool:
        return self.process.poll() is None


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with psycopg.connect(sys.argv[1], autocommit=True) as session:
        live(session)
