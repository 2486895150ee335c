"""The outbox and events_processed held against each other, column by column: each side adds up its own hashes."""
from .engine import Engine
from .postgres import Postgres

# The outbox rows that the layout accepts and that can be decoded.
WANTED = """aggregate_type IN ('event', 'assignment') AND jsonb_typeof(payload) = 'object'
            AND payload->>'experiment_id' ~ '^[0-9]{1,9}$'"""


def _text(name: str) -> str:
    return f"coalesce(payload->>'{name}', '')"


def _number(name: str) -> str:
    return f"coalesce((properties->>'{name}')::float8, 0)::text"


def _time(expression: str) -> str:
    return f"coalesce(to_char(({expression})::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '-')"


# column -> (its text in PostgreSQL, its text in ClickHouse)
COLUMNS = {
    "id": ("aggregate_id", "id"),
    **{name: (_text(name), f"toString({name})") for name in (
        "experiment_id", "variant_id", "user_id", "variant_key", "event_type", "session_id", "request_id")},
    "timestamp": (_time("payload->>'timestamp'"), "toString(timestamp)"),
    "assignment_at": (_time("payload->>'assignment_at'"), "ifNull(toString(assignment_at), '-')"),
    "properties": ("coalesce(payload->>'properties', '{}')", "properties"),
    "value": (_number("value"), "toString(value)"),
    "score": (_number("score"), "toString(score)"),
    **{name: (f"coalesce(properties->>'{name}', '')", name) for name in ("page", "device", "browser")},
    "created_at": (_time("created_at"), "ifNull(toString(created_at), '-')"),
    "updated_at": (_time("updated_at"), "ifNull(toString(updated_at), '-')"),
    "outbox_id": ("id::text", "outbox_id"),
    "is_conversion": ("(coalesce(payload->>'event_type', '') = 'conversion')::text", "toString(is_conversion)"),
    "is_valid": ("coalesce((payload->>'timestamp')::timestamptz >= (payload->>'assignment_at')::timestamptz, false)::text",
                 "toString(is_valid)"),
}


def of_postgres(postgres: Postgres) -> dict:
    """Rows, and for each column the sum of the first 60 bits of every value's MD5."""
    sums = ", ".join(f"coalesce(sum(('x' || substr(md5({text}), 1, 15))::bit(60)::bigint), 0)::text"
                     for text, _ in COLUMNS.values())
    ((rows, *values),) = postgres.rows(f"""
        SELECT count(*), {sums} FROM (
            SELECT *, CASE jsonb_typeof(payload->'properties') WHEN 'object' THEN payload->'properties'
                           WHEN 'string' THEN (payload->>'properties')::jsonb END AS properties
            FROM outbox WHERE {WANTED}) AS wanted""")
    return {"rows": rows, **dict(zip(COLUMNS, values))}


def of_clickhouse(engine: Engine) -> dict:
    """The same, of the events as readers see them."""
    sums = ", ".join(
        f"toString(sum(toUInt128(bitShiftRight(reinterpretAsUInt64(reverse(substring(MD5({text}), 1, 8))), 4)))) AS s{number}"
        for number, (_, text) in enumerate(COLUMNS.values()))
    (row,) = engine.rows(f"SELECT count() AS c, {sums} FROM experiments_analytics.events WHERE topic != ''")
    rows, *values = row.values()
    return {"rows": rows, **dict(zip(COLUMNS, values))}


def differences(postgres: Postgres, engine: Engine) -> dict:
    """What is not equal, as column -> (PostgreSQL's, ClickHouse's); empty where all is."""
    source, target = of_postgres(postgres), of_clickhouse(engine)
    return {name: (source[name], target[name]) for name in source if source[name] != target[name]}
