"""An experimentation service: it assigns users to variants, counts what they do, and tells the world through an outbox.

Every change of a business row and the outbox row that tells of it are one transaction.
"""
import json
import random
import time
import uuid
from datetime import datetime, timedelta, timezone

import psycopg

SCHEMA = """
CREATE TABLE IF NOT EXISTS assignments (
    experiment_id integer NOT NULL, user_id text NOT NULL, variant_id integer NOT NULL,
    assigned_at timestamptz NOT NULL, PRIMARY KEY (experiment_id, user_id));
CREATE TABLE IF NOT EXISTS events (
    event_id uuid PRIMARY KEY, experiment_id integer NOT NULL, user_id text NOT NULL, event_type text NOT NULL,
    occurred_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, aggregate_id text NOT NULL, aggregate_type text NOT NULL,
    payload jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
"""
OUTBOX = "INSERT INTO outbox (aggregate_id, aggregate_type, payload) VALUES (%s, %s, %s)"
VARIANTS = ("control", "treatment", "holdout")
PAGES = ("/", "/cart", "/checkout", "/ünïcode", '/with "quotes"', "/back\\slash")
DEVICES = ("mobile", "desktop", "tablet")


class Service:
    """Closes its connection when its block is left. `seed` makes its users and their behaviour the same in each run; times and ids are of the day."""

    def __init__(self, connection: psycopg.Connection, seed: int = 1):
        self.connection = connection
        self.random = random.Random(seed)
        with connection.transaction():
            connection.execute(SCHEMA)
            rows = connection.execute("SELECT experiment_id, user_id, variant_id, assigned_at FROM assignments").fetchall()
        self.assignments = {(experiment, user): (variant, since) for experiment, user, variant, since in rows}

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.connection.close()

    def assign(self, experiment: int, user: str) -> None:
        """A user meets an experiment."""
        variant, now = self.random.randrange(len(VARIANTS)), _now()
        with self.connection.transaction():
            self.connection.execute("INSERT INTO assignments VALUES (%s, %s, %s, %s)", (experiment, user, variant, now))
            self.connection.execute(OUTBOX, self._assignment("assignment_created", experiment, user, variant, now))
        self.assignments[experiment, user] = (variant, now)

    def reassign(self, experiment: int, user: str) -> None:
        """The user is moved to another variant."""
        variant, now = self.random.randrange(len(VARIANTS)), _now()
        with self.connection.transaction():
            self.connection.execute(
                "UPDATE assignments SET variant_id = %s, assigned_at = %s WHERE experiment_id = %s AND user_id = %s",
                (variant, now, experiment, user))
            self.connection.execute(OUTBOX, self._assignment("assignment_updated", experiment, user, variant, now))
        self.assignments[experiment, user] = (variant, now)

    def forget(self, experiment: int, user: str) -> None:
        """The user leaves the experiment."""
        variant, now = self.assignments.pop((experiment, user))
        with self.connection.transaction():
            self.connection.execute("DELETE FROM assignments WHERE experiment_id = %s AND user_id = %s", (experiment, user))
            self.connection.execute(OUTBOX, self._assignment("assignment_deleted", experiment, user, variant, now))

    def act(self, kind: str, experiment: int, user: str) -> None:
        """An exposure, a click or a conversion."""
        self.act_many([(kind, experiment, user)])

    def act_many(self, actions: list) -> None:
        """Several in one transaction, as a service does that collects for a moment."""
        events, outbox = [], []
        for kind, experiment, user in actions:
            variant, since = self.assignments.get((experiment, user), (0, None))
            event, now = str(uuid.uuid4()), _now()
            events.append((event, experiment, user, kind, now))
            outbox.append((event, "event", self._payload(kind, experiment, user, variant, since, now)))
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany("INSERT INTO events VALUES (%s, %s, %s, %s, %s)", events)
            cursor.executemany(OUTBOX, outbox)

    def tell(self, aggregate_type: str, payload) -> int:
        """Write an outbox row as it stands, which may be one that nobody can read. Its id."""
        with self.connection.transaction():
            return self.connection.execute(
                f"{OUTBOX} RETURNING id", (str(uuid.uuid4()), aggregate_type, json.dumps(payload))).fetchone()[0]

    def day(self, count: int, users: int = 50) -> None:
        """About `count` outbox rows of everything a service does, one transaction each."""
        for number in range(count):
            experiment, user = 1 + number % 3, f"user_{self.random.randrange(users)}"
            if (experiment, user) not in self.assignments:
                self.assign(experiment, user)
            elif number % 41 == 0:
                self.reassign(experiment, user)
            elif number % 97 == 0:
                self.forget(experiment, user)
            else:
                self.act(self.random.choice(("exposure", "exposure", "click", "conversion")), experiment, user)

    def steady(self, rate: int, seconds: float) -> list:
        """`rate` events a second for so long. For each, in order, when it was committed (`time.monotonic`)."""
        committed, batch = [], max(1, rate // 100)
        start = time.monotonic()
        while (elapsed := time.monotonic() - start) < seconds:
            due = min(int(elapsed * rate) - len(committed), 5 * batch)
            if due < batch:
                time.sleep((batch - due) / rate)
                continue
            self.act_many([("exposure", 1 + n % 3, f"user_{self.random.randrange(1000)}") for n in range(due)])
            committed += [time.monotonic()] * due
        return committed

    def bulk(self, count: int) -> None:
        """Many exposures at once, made inside PostgreSQL: for tests that need masses."""
        with self.connection.transaction():
            self.connection.execute(BULK, {"count": count})

    def _assignment(self, kind: str, experiment: int, user: str, variant: int, now: datetime) -> tuple:
        return f"{experiment}/{user}", "assignment", self._payload(kind, experiment, user, variant, now, now)

    def _payload(self, kind: str, experiment: int, user: str, variant: int, since: datetime | None, now: datetime) -> str:
        properties = {"page": self.random.choice(PAGES), "device": self.random.choice(DEVICES), "browser": "firefox",
                      "score": self.random.randrange(1000) / 8}
        if kind == "conversion":
            properties["value"] = self.random.randrange(1, 10000) / 100
        # A third of the clients send what they send as a string.
        document = json.dumps(properties) if self.random.randrange(3) == 0 else properties
        return json.dumps({
            "experiment_id": experiment, "variant_id": variant, "variant_key": VARIANTS[variant], "user_id": user,
            "event_type": kind, "session_id": f"s{self.random.getrandbits(32):08x}",
            "request_id": f"r{self.random.getrandbits(32):08x}", "timestamp": _text(now),
            "assignment_at": _text(since) if since else None, "properties": document})


BULK = """
INSERT INTO outbox (aggregate_id, aggregate_type, payload)
SELECT gen_random_uuid()::text, 'event', jsonb_build_object(
    'experiment_id', 1 + n %% 7, 'variant_id', n %% 3, 'variant_key', (ARRAY['control', 'treatment', 'holdout'])[1 + n %% 3],
    'user_id', 'user_' || n %% 5000, 'event_type', (ARRAY['exposure', 'click', 'conversion'])[1 + n %% 3],
    'session_id', 's' || n, 'request_id', 'r' || n,
    'timestamp', to_char(timestamp '2026-01-01' + n * interval '1.000001 second', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'assignment_at', '2026-01-01T00:00:00Z',
    'properties', jsonb_build_object('page', '/p' || n %% 100, 'device', 'mobile', 'browser', 'firefox',
                                     'value', (n %% 10000) / 8.0, 'score', n %% 100))
FROM generate_series(1, %(count)s) AS n
"""


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _text(moment: datetime) -> str:
    """As services write times: UTC or the user's own zone."""
    if moment.microsecond % 2:
        moment = moment.astimezone(timezone(timedelta(hours=2)))
    return moment.isoformat()
