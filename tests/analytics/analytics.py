"""A server with the part of the bundle that needs no Kafka, and the words that the tests speak to it."""
import json
import time
from datetime import datetime, timedelta, timezone

from tests.stack.engine import Engine
from tests.support import bundle

# The steps of a batch, in their order; and the view of each table that is computed from what they made, dependencies first.
STEPS = ["experiment_batches", "experiment_changes", "experiment_user_rows", "experiment_totals", "experiment_done"]
REFRESHED = ["experiment_hours", "events_by_day", "variants_seen", "experiment_results", "experiment_segment_results",
             "experiment_list"]
SCHEDULED = ["experiment_batches", "experiment_hours"]
# Inserts and experiments that no batch has taken, and the batch that is not done.
WAITING = """
SELECT (SELECT count() FROM experiments_analytics.experiment_touched
        WHERE block NOT IN (SELECT arrayJoin(blocks) FROM experiments_analytics.experiment_batches))
     + (SELECT count() FROM experiments_analytics.experiment_pending) + (SELECT count() FROM experiments_analytics.experiment_batch)"""
DATABASE = "experiments_analytics"
START = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


class Analytics(Engine):
    """An Engine whose tables are computed when the test says so, not every 10 seconds."""

    def start(self, seconds: float = 60):
        super().start(seconds)
        self.make()
        self.hold()
        return self

    def make(self, sql=bundle.SQL) -> None:
        """The bundle without its consumption; `sql` may be a changed copy."""
        self.run(";\n".join([*bundle.without_consumption(bundle.printed(sql=sql)), ""]))

    def hold(self) -> None:
        schedule(self, "AFTER 1 YEAR")

    def refresh(self) -> None:
        compute(self)

    def insert(self, rows: list, table: str = "events_processed") -> None:
        data = "\n".join(json.dumps(row) for row in rows).encode()
        self.query_bytes(f"INSERT INTO {DATABASE}.{table} FORMAT JSONEachRow", data=data,
                         settings={"date_time_input_format": "best_effort"})

    def results(self, experiment: int, metric: str, variant: int | None = None):
        """The rows of experiment_results by variant, or the one of `variant`."""
        rows = {row["variant_id"]: row for row in self.rows(
            f"SELECT * EXCEPT computed_at FROM {DATABASE}.experiment_results WHERE experiment_id = {{e:UInt32}} AND metric = {{m:String}}",
            params={"e": experiment, "m": metric})}
        return rows if variant is None else rows[variant]

    def left_out(self, experiment: int) -> dict:
        """reason -> (users, events)"""
        return {row["reason"]: (row["users"], row["events"]) for row in self.rows(
            f"SELECT * FROM {DATABASE}.experiment_left_out WHERE experiment_id = {{e:UInt32}}",
            params={"e": experiment})}


def schedule(server: Engine, interval: str) -> None:
    """When the tables compute themselves: all others depend on these."""
    for table in SCHEDULED:
        server.query(f"ALTER TABLE {DATABASE}.{table}_mv MODIFY REFRESH {interval} APPEND")


def step(server: Engine, table: str) -> None:
    """One refresh of one view, alone."""
    server.query(f"SYSTEM CANCEL VIEW {DATABASE}.{table}_mv")
    server.query(f"SYSTEM REFRESH VIEW {DATABASE}.{table}_mv")
    server.query(f"SYSTEM WAIT VIEW {DATABASE}.{table}_mv")


def settle(server: Engine) -> None:
    """Batches, until none has anything to do. The steps follow each other by themselves."""
    deadline = time.monotonic() + 120
    while server.value(WAITING):
        assert time.monotonic() < deadline, f"batches come to no end: {problems(server)}"
        step(server, "experiment_batches")
        turn = time.monotonic() + 20
        while server.value(f"SELECT count() FROM {DATABASE}.experiment_batch") and time.monotonic() < turn:
            time.sleep(0.1)


def problems(server: Engine) -> list:
    return server.rows(f"SELECT view, exception FROM system.view_refreshes WHERE database = '{DATABASE}' AND exception != ''")


def compute(server: Engine) -> None:
    """Everything that refreshes itself, from what is there now."""
    settle(server)
    for table in REFRESHED:
        step(server, table)


def event(experiment: int, variant: int, user: str, kind: str, at: float = 0, key: str = "", **more) -> dict:
    """A row of events_processed. `at` is in seconds after START; the user was assigned at START unless `more` says else.

    Two calls with the same arguments make the same event: the identity is made of them, unless `key` gives it.
    """
    when = START + timedelta(seconds=at)
    row = {
        "id": f"{kind}_{user}_{at}", "experiment_id": experiment, "variant_id": variant, "user_id": user,
        "variant_key": "control" if variant == 0 else f"variant {variant}", "event_type": kind,
        "timestamp": text(when), "assignment_at": text(START), "created_at": text(when + timedelta(seconds=1)),
        "outbox_id": key or f"{experiment}/{variant}/{user}/{kind}/{at}", "lsn": 1,
    }
    return row | more


def text(when: datetime) -> str:
    return when.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


def users(experiment: int, variant: int, exposed: int, converted: int = 0, clicked: int = 0, values: list | None = None,
          first: int = 0) -> list:
    """Events of `exposed` users, of whom the first `converted` convert and the first `clicked` click; `values` are theirs."""
    rows = []
    for number in range(first, first + exposed):
        user = f"v{variant}u{number}"
        rows.append(event(experiment, variant, user, "exposure", 60))
        if number - first < clicked:
            rows.append(event(experiment, variant, user, "click", 90))
        if number - first < converted:
            value = 0 if values is None else values[number - first]
            rows.append(event(experiment, variant, user, "conversion", 120, value=value,
                              properties=json.dumps({"value": value})))
    return rows


def configure(server: Analytics, experiment: int, **settings) -> None:
    """Set an experiment's settings; those not named are the defaults."""
    server.insert([{"experiment_id": experiment, **settings}], "experiment_settings")


def decoded(rows) -> list:
    """Outbox rows, as the story has them, as the decoder makes rows of events_processed of them."""
    found = []
    for number, row in enumerate(rows):
        payload, properties = row["payload"], row["payload"]["properties"]
        value = properties.get("value", 0)
        found.append(payload | {
            "id": row["aggregate_id"], "outbox_id": f"{payload['experiment_id']}-{row['aggregate_id']}", "lsn": number,
            "timestamp": text(datetime.fromisoformat(payload["timestamp"])),
            "assignment_at": payload["assignment_at"] and text(datetime.fromisoformat(payload["assignment_at"])),
            "created_at": text(row["created_at"]), "properties": json.dumps(properties),
            "value": value if isinstance(value, (int, float)) else 0, "score": properties.get("score", 0),
            **{name: properties.get(name, "") for name in ("page", "device", "browser")},
        })
    return found
