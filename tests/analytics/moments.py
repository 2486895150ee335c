"""A server that is given moments, where a test needs no events; and how samples become moments."""
import json

import numpy

from tests.analytics.analytics import DATABASE, Analytics

# Column -> the two samples whose covariance it is.
PAIRS = {"cov_xy": "xy", "cov_xp": "xp", "cov_xq": "xq", "cov_yp": "yp", "cov_yq": "yq", "cov_pq": "pq"}
# A bucket of a quantile's values is 1 % wide.
WIDTH = 1.01


# What the statistics read, as tables that a test fills.
GIVEN = {
    "experiment_moments": """experiment_id UInt32, metric String, kind String, variant_id UInt32, version UInt64,
        segment_type LowCardinality(String) DEFAULT 'all', segment String, users UInt64, users_counted UInt64, events_refused UInt64,
        mean_x Float64, var_x Float64 DEFAULT nan, mean_y Float64 DEFAULT 1, var_y Float64 DEFAULT nan, cov_xy Float64 DEFAULT nan,
        mean_p Float64, var_p Float64 DEFAULT nan, cov_xp Float64 DEFAULT nan, mean_q Float64 DEFAULT 1, var_q Float64 DEFAULT nan,
        cov_xq Float64 DEFAULT nan, cov_yp Float64 DEFAULT nan, cov_yq Float64 DEFAULT nan, cov_pq Float64 DEFAULT nan,
        buckets Array(Tuple(Float64, UInt64))""",
    "experiment_metrics_defined": """metric String, experiment_ids Array(UInt32),
        kind Enum8('conversion' = 1, 'count' = 2, 'sum' = 3, 'mean' = 4, 'max' = 5, 'ratio' = 6, 'quantile' = 7),
        role Enum8('goal' = 1, 'guardrail' = 2, 'secondary' = 3) DEFAULT 'goal', direction Enum8('up' = 1, 'down' = -1) DEFAULT 'up',
        margin Float64, quantile Float64 DEFAULT 0.5, cuped Bool""",
    "users_by_day": "experiment_id UInt32, variant_id UInt32, day Date32, users_exposed UInt64",
}


class Statistics(Analytics):
    """Moments and metrics are given here; results are asked of experiment_results_now, and computed when that is asked."""

    def start(self, seconds: float = 60):
        super().start(seconds)
        self.query("SYSTEM STOP VIEWS")
        for table, columns in GIVEN.items():
            self.query(f"DROP TABLE {DATABASE}.{table} SYNC")
            self.query(f"CREATE TABLE {DATABASE}.{table} ({columns}) ENGINE = MergeTree ORDER BY tuple()")
        return self

    def give(self, rows: list) -> None:
        """Rows of moments()."""
        data = "\n".join(json.dumps(row) for row in rows).replace("NaN", "null").replace("Infinity", "1e999").encode()
        self.query_bytes(f"INSERT INTO {DATABASE}.experiment_moments FORMAT JSONEachRow", data=data,
                         settings={"input_format_null_as_default": 1})

    def give_many(self, rows: str) -> None:
        """What many() makes."""
        self.query_bytes(f"INSERT INTO {DATABASE}.experiment_moments ({', '.join(COLUMNS)}) FORMAT TabSeparated", data=rows.encode())

    def experiments(self, ids, variants: int = 2, **settings) -> None:
        """Experiments that are known by their settings alone; variant 0 is the control."""
        settings = {"control_variant_id": 0, "expected_split": {number: 1 for number in range(variants)}} | settings
        self.insert([{"experiment_id": number, **settings} for number in ids], "experiment_settings")

    def metric(self, name: str, kind: str, ids, **more) -> None:
        self.insert([{"metric": name, "kind": kind, "experiment_ids": list(ids), **more}], "experiment_metrics_defined")

    def now(self, where: str = "1", columns: str = "*", of: str = "experiment_results_now") -> list:
        return self.rows(f"SELECT {columns} FROM {DATABASE}.{of} WHERE {where}")

    def one(self, experiment: int, metric: str, variant: int = 1) -> dict:
        (row,) = self.now(f"experiment_id = {experiment} AND metric = '{metric}' AND variant_id = {variant}")
        return row


@numpy.errstate(over="ignore", invalid="ignore")
def moments(experiment: int, metric: str, variant: int, x, *, y=None, p=None, q=None, segment: tuple = ("all", ""), **more) -> dict:
    """A row of a metric that is x, or x / y; p and q are the same before exposure."""
    x = numpy.asarray(x, float)
    ones, zeros = numpy.ones(len(x)), numpy.zeros(len(x))
    samples = {"x": x, "y": ones if y is None else y, "p": zeros if p is None else p, "q": ones if q is None else q}
    row = {"experiment_id": experiment, "metric": metric, "variant_id": variant, "segment_type": segment[0], "segment": segment[1],
           "users": len(x), "users_counted": int(numpy.count_nonzero(x))}
    for name, sample in samples.items():
        row |= {f"mean_{name}": float(numpy.mean(sample)), f"var_{name}": variance(sample)}
    for name, (one, other) in PAIRS.items():
        row[name] = covariance(samples[one], samples[other])
    return row | more


def variance(sample) -> float | None:
    return float(numpy.var(sample, ddof=1)) if len(sample) > 1 else None


def covariance(one, other) -> float | None:
    return float(numpy.cov(one, other)[0, 1]) if len(one) > 1 else None


def buckets(sample) -> list:
    """(value, users), as experiment_moments has them of a quantile."""
    sample = numpy.asarray(sample, float)
    number = numpy.where(sample == 0, 0, numpy.round(numpy.log(numpy.abs(numpy.where(sample == 0, 1, sample))) / numpy.log(WIDTH)))
    values, users = numpy.unique(numpy.sign(sample) * WIDTH ** number, return_counts=True)
    return [[float(value), int(count)] for value, count in zip(values, users)]


def many(first: int, metric: str, variant: int, x, *, y=None, p=None, q=None, segment: tuple = ("all", ""), counted=None) -> str:
    """The rows of experiments `first` and on, one for each row of x, as TabSeparated under COLUMNS; without buckets."""
    def mean(a):
        return numpy.full(len(x), 1.) if a is None else a.mean(axis=1)

    def shared(a, b):
        if a is None or b is None:
            return numpy.zeros(len(x))
        return ((a - a.mean(axis=1, keepdims=True)) * (b - b.mean(axis=1, keepdims=True))).sum(axis=1) / (x.shape[1] - 1)

    samples = {"x": x, "y": y, "p": p, "q": q}
    means = {name: mean(sample) for name, sample in samples.items()}
    if p is None:
        means["p"] = numpy.zeros(len(x))
    columns = [means[name] for name in samples] + [shared(sample, sample) for sample in samples.values()] + [
        shared(samples[one], samples[other]) for one, other in PAIRS.values()]
    key = f"{metric}\t{variant}\t{segment[0]}\t{segment[1]}\t{x.shape[1]}"
    users = numpy.count_nonzero(x, axis=1) if counted is None else counted
    lines = zip(range(first, first + len(x)), users.tolist(), *(column.tolist() for column in columns))
    return "".join(f"{number}\t{key}\t" + "\t".join(map(repr, values)) + "\n" for number, *values in lines)


COLUMNS = ["experiment_id", "metric", "variant_id", "segment_type", "segment", "users", "users_counted",
           *(f"{figure}_{name}" for figure in ("mean", "var") for name in "xypq"), *PAIRS]
