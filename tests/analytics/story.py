"""A story for demonstrations and tests: one experiment with a clear winner, one without an effect, one whose users were not
split as they should be, and in each a few events that must not count.

    for row in history(now): sink(row)               two weeks until `now`
    for row in visit(experiment, number, now): …     one more user, now

A row is what the platform writes into its outbox: aggregate_id, aggregate_type, payload (a dict) and created_at (a datetime).
`SETTINGS` are the rows of experiment_settings. The same arguments give the same rows.
"""
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

DEVICES = ["mobile", "mobile", "mobile", "desktop", "desktop", "tablet"]
BROWSERS = ["chrome", "chrome", "safari", "firefox"]
PAGES = ["/", "/cart", "/checkout", "/search"]


@dataclass(frozen=True)
class Experiment:
    id: int
    name: str
    users: int
    variants: tuple  # of (variant_key, share of the users, conversion rate, mean value of a conversion)


EXPERIMENTS = [
    Experiment(101, "Checkout in one step", 4000, (("control", 0.5, 0.10, 42.0), ("one step", 0.5, 0.145, 44.0))),
    Experiment(102, "Green buy button", 3000, (("control", 0.5, 0.12, 30.0), ("green", 0.5, 0.12, 30.0))),
    Experiment(103, "Search with suggestions", 3000, (("control", 0.42, 0.20, 25.0), ("suggestions", 0.58, 0.21, 25.0))),
]

SETTINGS = [{"experiment_id": experiment.id, "name": experiment.name, "control_variant_id": 0,
             "expected_split": {number: 1 for number in range(len(experiment.variants))}} for experiment in EXPERIMENTS]


def history(now: datetime, days: float = 14, scale: float = 1) -> Iterator[dict]:
    """The rows of all experiments in the `days` until `now`, by the time they were written; `scale` multiplies the users."""
    rows = []
    first, last = (now - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0), now - timedelta(hours=1)
    for experiment in EXPERIMENTS:
        users = round(experiment.users * scale)
        for number in range(users):
            # More users by day than by night, and the last of them an hour ago: who would come later today comes before that.
            chance = random.Random(f"{experiment.id} {number} when")
            hour = chance.choices(range(24), weights=[1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 9, 9, 8, 8, 8, 9, 10, 10, 9, 6, 4, 2])[0]
            at = first + timedelta(days=int(number * (last - first).total_seconds() / 86400 / users), hours=hour,
                                   seconds=chance.uniform(0, 3600))
            rows += visit(experiment, number, at if at <= last else last - timedelta(hours=chance.uniform(0, 24)), hurry=1)
    return iter(sorted(rows, key=lambda row: row["created_at"]))


def visit(experiment: Experiment, number: int, at: datetime, hurry: float = 1000) -> list[dict]:
    """What the user `number` does: is assigned at `at`, sees the variant, perhaps clicks and converts within the hour, or
    `hurry` times faster."""
    chance = random.Random(f"{experiment.id} {number}")
    variant = chance.choices(range(len(experiment.variants)), weights=[share for _, share, _, _ in experiment.variants])[0]
    key, _, rate, mean = experiment.variants[variant]
    user = {"experiment_id": experiment.id, "variant_id": variant, "variant_key": key, "user_id": f"user-{experiment.id}-{number}",
            "session_id": f"s{chance.randrange(10 ** 9)}", "assignment_at": iso(at)}
    place = {"device": chance.choice(DEVICES), "browser": chance.choice(BROWSERS), "page": chance.choice(PAGES)}

    def row(kind: str, minutes: float, properties: dict, aggregate: str = "event", **other) -> dict:
        moment = at + timedelta(minutes=minutes / hurry)
        return {"aggregate_id": f"{kind}-{experiment.id}-{number}-{minutes:.3f}", "aggregate_type": aggregate,
                "payload": user | {"event_type": kind, "timestamp": iso(moment), "properties": properties} | other,
                "created_at": moment + timedelta(milliseconds=200)}

    rows = [row("assignment", 0, {}, "assignment"), row("exposure", 0.01, place)]
    if chance.random() < 0.5:
        rows.append(row("click", chance.uniform(1, 10), place))
    if chance.random() < rate:
        value = round(chance.lognormvariate(0, 0.6) * mean, 2)
        rows.append(row("conversion", chance.uniform(10, 50), place | {"value": value, "score": chance.randrange(1, 6)}))
    # One user in a hundred each brings something that must not count.
    odd = chance.randrange(100)
    if odd == 0:
        rows.append(row("conversion", 51, {"value": 10}, assignment_at=None))
    elif odd == 1:
        rows.append(row("exposure", 51, place, variant_id=1 - variant, variant_key=experiment.variants[1 - variant][0]))
    elif odd == 2:
        rows.append(row("conversion", 51, place | {"value": "a lot"}))
    elif odd == 3:
        rows.append(row("conversion", 51, {"value": 10}, timestamp=iso(at + timedelta(days=400))))
    elif odd == 4:
        rows.append(row("conversion", 51, {"value": 10}, variant_id=9, variant_key="retired"))
    return rows


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
