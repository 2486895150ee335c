"""What experiment_users must say, counted again from the outbox rows in plain Python. Shares nothing with the SQL."""
import math
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from fractions import Fraction

AHEAD = timedelta(minutes=5)


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=timezone.utc)


def place(row: dict, known_variants: dict, now: datetime) -> str:
    """Where one event belongs; `known_variants` is experiment -> variants, for experiments with an expected split."""
    timestamp, assigned = moment(row["timestamp"]), moment(row["assignment_at"])
    written = moment(row["created_at"]) or now
    if timestamp > written + AHEAD:
        return "clock ahead"
    if row["variant_id"] not in known_variants.get(row["experiment_id"], [row["variant_id"]]):
        return "unknown variant"
    if assigned is None and row["event_type"] != "assignment":
        return "no assignment"
    if assigned is not None and timestamp < assigned:
        return "before assignment"
    return "counted"


def recount(outbox: list, known_variants: dict, now: datetime) -> dict:
    """(experiment, user) -> what experiment_users has of them. `outbox` holds each row once."""
    by_user = defaultdict(list)
    for row in outbox:
        by_user[row["experiment_id"], row["user_id"]].append(row | {"place": place(row, known_variants, now)})
    return {key: user(rows) for key, rows in by_user.items()}


def user(rows: list) -> dict:
    def times(*, kind: str | None = None, places: tuple = ("counted",)) -> list:
        return sorted(moment(row["timestamp"]) for row in rows
                      if row["place"] in places and (kind is None or row["event_type"] == kind))

    def number(name: str) -> int:
        return sum(row["place"] == name for row in rows)

    variants = sorted({row["variant_id"] for row in rows if row["place"] not in ("clock ahead", "unknown variant")})
    assigned = [moment(row["assignment_at"] or row["timestamp"]) for row in rows
                if row["place"] in ("counted", "before assignment")]
    exposure = min(times(kind="exposure"), default=None)
    conversions = sorted((moment(row["timestamp"]), row["value"]) for row in rows
                         if row["place"] == "counted" and row["event_type"] == "conversion")
    own = [pair for pair in conversions if exposure is not None and pair[0] >= exposure]
    first = min((row for row in rows if row["place"] == "counted" and row["event_type"] == "exposure"),
                key=lambda row: row["timestamp"], default={})
    assigned_to = {row["variant_id"] for row in rows
                   if row["event_type"] == "assignment" and row["place"] in ("counted", "before assignment")}
    if len(variants) > 1:
        state = "reassigned" if len(assigned_to) > 1 else "two variants"
    elif not assigned:
        state = "never assigned"
    else:
        state = "assigned" if exposure is None else "exposed"
    return {
        "variants": sorted({*variants[:1], *variants[-1:]}), "variant_id": variants[0] if variants else 0, "state": state,
        "assigned_at": min(assigned, default=None), "first_exposure": exposure,
        "first_conversion": own[0][0] if own else None, "conversions": len(own),
        "value": round(sum(value for _, value in own), 6),
        "clicked": any(exposure is not None and click >= exposure for click in times(kind="click")),
        "device": first.get("device", ""), "browser": first.get("browser", ""), "page": first.get("page", ""),
        "events": len(rows), "before_assignment": number("before assignment"), "no_assignment": number("no assignment"),
        "unknown_variant": number("unknown variant"), "clock_ahead": number("clock ahead"),
        "before_exposure": len(conversions) - len(own), "without_value": sum(value == 0 for _, value in own),
    }


def measured(metric: dict, outbox: list, known_variants: dict) -> dict:
    """(experiment, variant) -> what experiment_moments has of a metric for segment `all`. `outbox` holds each row once, as inserted; numbers
    are counted in whole billionths."""
    by_user = defaultdict(list)
    for row in outbox:
        known = {key: value for key, value in known_variants.items() if value is not None}
        by_user[row["experiment_id"], row["user_id"]].append(row | {"place": place(row, known, datetime.now(timezone.utc))})
    samples = defaultdict(list)
    for (experiment, _), rows in by_user.items():
        if metric.get("experiment_ids") and experiment not in metric["experiment_ids"]:
            continue
        person = user(rows)
        if person["state"] == "exposed":
            samples[experiment, person["variant_id"]].append(contribution(metric, rows, max(person["first_exposure"], person["assigned_at"]),
                                                                          person["first_exposure"]))
    if "cap_quantile" in metric:
        for experiment in {key[0] for key in samples}:
            cap = bucket_cap([one["x"] for key, values in samples.items() if key[0] == experiment for one in values], metric["cap_quantile"])
            for key, values in samples.items():
                if key[0] == experiment:
                    samples[key] = [one | {"x": min(one["x"], cap) if bucket(one["x"]) > bucket(cap - 1) else one["x"]} for one in values]
    return {key: moments(metric, values) for key, values in samples.items()}


UNIT = 10 ** 9


def contribution(metric: dict, rows: list, counts_from: datetime, exposed: datetime) -> dict:
    def numbers(types: list, of: str, before: bool) -> tuple:
        found, refused = [], 0
        for row in rows:
            at = moment(row["timestamp"])
            if row["event_type"] not in types or row["device"] not in metric.get("devices", [row["device"]]):
                continue
            if before:
                taken = row["place"] in ("counted", "before assignment", "no assignment") and at < exposed and at >= exposed - timedelta(days=14)
            else:
                taken = row["place"] == "counted" and at >= counts_from and (
                    "window_hours" not in metric or at < counts_from + timedelta(hours=metric["window_hours"]))
            if not taken:
                continue
            number = 1 if not of else row[of] if of in ("value", "score") else priced(row["properties"])
            if number is None or abs(number) > 1e15:
                refused += not before
            else:
                found.append(round(number * 1e9))
        return found, refused

    def one(found: list) -> int:
        kind = metric["kind"]
        if kind == "conversion":
            return UNIT * bool(found)
        if kind == "mean":
            return round(sum(found) / len(found)) if found else 0
        if kind == "max":
            return max(found, default=0)
        return min(sum(found), metric.get("cap", 10 ** 15) * UNIT)

    of = metric.get("number", "")
    found, refused = numbers(metric["event_types"], of, False)
    below, more = numbers(metric.get("denominator_event_types", []), metric.get("denominator_number", ""), False)
    before, _ = numbers(metric["event_types"], of, True) if metric.get("cuped") else ([], 0)
    return {"x": one(found), "y": sum(below), "p": one(before), "counted": bool(found), "refused": refused + more}


def priced(properties: str) -> float | None:
    """The price of these tests' properties, by the rule for numbers."""
    text = properties.removeprefix('{"price":').removesuffix("}").strip('"')
    try:
        number = float(text)
    except ValueError:
        return None
    return None if number != number or number in (float("inf"), float("-inf")) else number


def bucket(x: int) -> int:
    return 0 if x == 0 else (1 if x > 0 else -1) * (1 + int(math.floor(math.log(abs(x)) / math.log(1.01))))


def bucket_cap(values: list, share: float) -> int:
    """The upper end of the bucket that the quantile lies in."""
    ordered = sorted(bucket(x) for x in values)
    return next(round(math.exp(highest * math.log(1.01))) if highest > 0 else 0
                for place, highest in enumerate(ordered, 1)
                if sum(other <= highest for other in ordered) >= share * len(ordered) and place)


def moments(metric: dict, values: list) -> dict:
    if metric["kind"] in ("mean", "max"):
        values = [one for one in values if one["counted"]]
    n = len(values)

    def mean(name: str) -> Fraction:
        return Fraction(sum(one[name] for one in values), n * UNIT)

    def covariance(one: str, other: str):
        if n < 2:
            return None
        return float(sum((Fraction(row[one], UNIT) - mean(one)) * (Fraction(row[other], UNIT) - mean(other)) for row in values) / (n - 1))

    found = {"users": n, "users_counted": sum(one["counted"] for one in values)}
    if n:
        found |= {"mean_x": float(mean("x")), "var_x": covariance("x", "x")}
        if metric["kind"] == "ratio":
            found |= {"mean_y": float(mean("y")), "var_y": covariance("y", "y"), "cov_xy": covariance("x", "y")}
        if metric.get("cuped"):
            found |= {"mean_p": float(mean("p")), "var_p": covariance("p", "p"), "cov_xp": covariance("x", "p")}
    return found
