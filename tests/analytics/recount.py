"""What experiment_users must say, counted again from the outbox rows in plain Python. Shares nothing with the SQL."""
from collections import defaultdict
from datetime import datetime, timedelta, timezone

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
    if len(variants) > 1:
        state = "two variants"
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
