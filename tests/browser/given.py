"""A site whose experiments are given as moments, so that a test has any metric, segment, phase and number of them at once."""
from datetime import datetime, timedelta, timezone

import numpy

from tests.analytics.analytics import DATABASE, text
from tests.analytics.moments import Statistics, buckets, moments
from tests.browser.site import Site
from tests.support import bundle

NOW = datetime.now(timezone.utc)
RICH, THIRTY, DIFFERED, PLANNED, ENDED, HOSTILE = 401, 402, 403, 404, 405, 406
PHASES = {"ramp": NOW - timedelta(days=12), "full": NOW - timedelta(days=9), "holdout": NOW + timedelta(days=3)}

SUMMARY = f"""CREATE TABLE {DATABASE}.experiment_summary
(
    experiment_id UInt32, segment_type LowCardinality(String) DEFAULT 'all', segment String, variant_id UInt32,
    users_assigned UInt64, users_exposed UInt64, users_converted UInt64, users_clicked UInt64, conversions UInt64, value Float64,
    value_variance Float64, value_as_treatment AggregateFunction(welchTTest(0.95), Float64, UInt8),
    value_as_control AggregateFunction(welchTTest(0.95), Float64, UInt8)
)
ENGINE = MergeTree ORDER BY tuple()"""

# What a metric and a setting have besides what the statistics read.
MORE = {
    "experiment_metrics_defined": [
        "event_types Array(String)", "number String", "denominator_event_types Array(String)", "denominator_number String",
        "quantile_of String DEFAULT 'sum'", "devices Array(String)", "browsers Array(String)", "pages Array(String)",
        "window_hours Nullable(Float64)", "cap Nullable(Float64)", "cap_quantile Nullable(Float64)", "cuped_days UInt16 DEFAULT 14"],
    "experiment_settings": [
        "starts_at Nullable(DateTime64(6, 'UTC'))", "ends_at Nullable(DateTime64(6, 'UTC'))", "washout_hours UInt32",
        "phases Map(String, DateTime64(6, 'UTC'))"],
    "users_by_day": ["users_converted UInt64"],
}


class GivenSite(Site, Statistics):
    def start(self, seconds: float = 60):
        super().start(seconds)
        self.query(f"DROP TABLE {DATABASE}.experiment_summary SYNC")
        self.query(SUMMARY)
        for table, columns in MORE.items():
            for column in columns:
                self.query(f"ALTER TABLE {DATABASE}.{table} ADD COLUMN IF NOT EXISTS {column}")
        # Nothing refreshes itself, and nothing was stopped in the middle of it.
        for row in self.rows(f"SELECT view FROM system.view_refreshes WHERE database = '{DATABASE}'"):
            self.query(f"DROP VIEW {DATABASE}.{row['view']} SYNC")
        # They have the columns that there were when they were made.
        for statement in bundle.split(bundle.printed()):
            if bundle.made(statement) in ("page_metrics", "page_settings"):
                self.query(statement)
        return self

    def seen(self, experiment: int, variants: int, users: int, days: int = 14, keys=("control", "one step", "two steps"), first=NOW - timedelta(days=14)) -> None:
        """The variants' users: assigned, exposed, and by the day."""
        hour = first.replace(minute=0, second=0, microsecond=0)
        self.insert([{"experiment_id": experiment, "variant_id": variant, "users_assigned": users + 20, "users_exposed": users}
                     for variant in range(variants)], "experiment_summary")
        self.insert([{"experiment_id": experiment, "variant_id": variant, "variant_key": keys[variant], "is_control": variant == 0,
                      "events": 9 * users, "counted": 9 * users, "first_hour": text(hour)[:19],
                      "last_hour": text(hour + timedelta(days=days))[:19]} for variant in range(variants)], "variants_seen")
        self.insert([{"experiment_id": experiment, "variant_id": variant, "day": str((first + timedelta(days=day)).date()),
                      "users_exposed": users // days, "users_converted": users // days // 9} for variant in range(variants) for day in range(days)], "users_by_day")

    def compute(self) -> None:
        """The tables that the page reads."""
        for table, extra in (("experiment_results", ", now('UTC')"), ("experiment_segment_results", ""), ("experiment_list", "")):
            self.query(f"TRUNCATE TABLE {DATABASE}.{table}")
            self.query(f"INSERT INTO {DATABASE}.{table} SELECT *{extra} FROM {DATABASE}.{table}_now")


def metrics() -> list:
    """Every kind and role: metric, kind, what else its row has."""
    return [
        ("conversion", "conversion", {"role": "goal", "event_types": ["conversion"], "window_hours": 168}),
        ("revenue", "sum", {"role": "goal", "event_types": ["conversion"], "number": "value", "cap": 500, "cuped": True}),
        ("errors", "count", {"role": "guardrail", "direction": "down", "margin": 0.05, "event_types": ["error"]}),
        ("clicks", "count", {"role": "guardrail", "margin": 0.02, "event_types": ["click"]}),
        ("load time", "quantile", {"role": "guardrail", "direction": "down", "margin": 0.1, "quantile": 0.9, "quantile_of": "mean",
                                   "event_types": ["exposure"], "number": "properties.load_ms"}),
        ("basket", "ratio", {"role": "secondary", "event_types": ["conversion"], "number": "value", "denominator_event_types": ["conversion"]}),
        ("score", "mean", {"role": "secondary", "event_types": ["conversion"], "number": "score", "browsers": ["safari"]}),
        ("highest", "max", {"role": "secondary", "direction": "down", "event_types": ["conversion"], "number": "value", "cap_quantile": 0.99}),
    ]


def samples(rng, kind: str, users: int, variant: int) -> dict:
    """What users have of a metric of the kind; a higher variant is a bit better."""
    gain = 1 + 0.12 * variant
    if kind == "conversion":
        return {"x": (rng.random(users) < 0.11 * gain).astype(float)}
    if kind == "count":
        return {"x": rng.poisson(3, users).astype(float)}
    if kind == "sum":
        p = rng.gamma(1.5, 20, users)
        return {"x": p * 0.8 + rng.gamma(1.5, 8 * gain, users), "p": p}
    if kind == "ratio":
        y = 1 + rng.poisson(1, users)
        return {"x": y * rng.gamma(4, 10, users), "y": y.astype(float)}
    return {"x": rng.gamma(4, 100 if kind == "quantile" else 1, users)}


def measure(server: GivenSite, experiment: int, given: list, variants: int, users: int, segments=()) -> None:
    """Metrics of the experiment alone and what its users have of them. segments: (type, name, share of the users)."""
    rng = numpy.random.default_rng(experiment)
    rows = []
    for name, kind, more in given:
        server.metric(name, kind, [experiment], **more)
        for variant in range(variants):
            own = samples(rng, kind, users, variant)
            extra = {"kind": kind}
            rows.append(moments(experiment, name, variant, **own, **extra, **({"buckets": buckets(own["x"])} if kind == "quantile" else {})))
            for segment_type, segment, share in segments:
                part = {key: sample[:int(users * share)] for key, sample in own.items()}
                rows.append(moments(experiment, name, variant, **part, **extra, segment=(segment_type, segment),
                                    **({"buckets": buckets(part["x"])} if kind == "quantile" else {})))
    server.give(rows)


SEGMENTS = [*(("device", name, share) for name, share in (("mobile", 0.6), ("desktop", 0.3), ("tablet", 0.1))),
            *(("page", f"/page/{number}", 0.5 - number / 60) for number in range(24)),
            ("phase", "ramp", 0.2), ("phase", "full", 0.8)]


def fill(server: GivenSite) -> None:
    split = {"control_variant_id": 0, "expected_split": {0: 2, 1: 1, 2: 1}}
    server.insert([
        {"experiment_id": RICH, "name": "Checkout in one step", **split | {"expected_split": {0: 1, 1: 1, 2: 1}}, "starts_at": text(PHASES["ramp"]),
         "ends_at": text(NOW + timedelta(days=4, hours=1)), "phases": {name: text(at) for name, at in PHASES.items()}, "washout_hours": 2},
        {"experiment_id": DIFFERED, "name": "Unlike from the beginning", "control_variant_id": 0},
        {"experiment_id": PLANNED, "name": "Not yet", "control_variant_id": 0, "expected_split": {0: 1, 1: 1},
         "starts_at": text(NOW + timedelta(days=2, hours=1))},
        {"experiment_id": ENDED, "name": "Over", "control_variant_id": 0, "expected_split": {0: 1, 1: 1},
         "starts_at": text(NOW - timedelta(days=30)), "ends_at": text(NOW - timedelta(days=16, hours=1))},
        {"experiment_id": THIRTY, "name": "Thirty metrics", "control_variant_id": 0},
    ], "experiment_settings")
    server.seen(RICH, 3, 4000)
    measure(server, RICH, metrics(), 3, 4000, SEGMENTS)
    server.seen(THIRTY, 2, 3000)
    measure(server, THIRTY, [(f"{kind} {number}", kind, {**more, "role": ("goal", "guardrail", "secondary")[number % 3]})
                             for number in range(30) for name, kind, more in [metrics()[number % 8]] for more in [{**more, "cuped": False}]], 2, 3000)
    server.seen(ENDED, 2, 2000, first=NOW - timedelta(days=30))
    measure(server, ENDED, metrics()[:1], 2, 2000)
    server.seen(DIFFERED, 2, 2000)
    server.metric("revenue", "sum", [DIFFERED], role="goal", cuped=True, event_types=["conversion"], number="value")
    rng = numpy.random.default_rng(1)
    before = [rng.gamma(2, 10 + 3 * variant, 2000) for variant in (0, 1)]
    server.give([moments(DIFFERED, "revenue", variant, before[variant] + rng.normal(0, 5, 2000), p=before[variant], kind="sum") for variant in (0, 1)])
    server.compute()
