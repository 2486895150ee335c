"""Messages by hand, as Debezium writes them, and layouts for them."""
import json

LEFT_OUT = "__debezium_unavailable_value"


def change(op: str, time: int, /, **row) -> bytes:
    """An envelope; for op d the row is the one before."""
    image = {"before": row, "after": None} if op == "d" else {"before": None, "after": row}
    source = {"connector": "postgresql", "schema": "public", "table": "t", "lsn": time}
    return json.dumps({**image, "source": source, "op": op, "ts_ns": time}, ensure_ascii=False).encode()


def layout(function: str, columns: dict, key: tuple = ("id",), **more) -> dict:
    """`columns` {name: type}, or (type, path)."""
    made = []
    for name, kind in columns.items():
        kind, path = kind if isinstance(kind, tuple) else (kind, f"after[{json.dumps(name, ensure_ascii=False)}]")
        made.append({"name": name, "type": kind, "path": path})
    made += [{"name": "op", "type": "String", "path": "op"}, {"name": "version", "type": "UInt64", "path": "ts_ns", "required": True},
             {"name": "unmapped", "type": "Array(String)", "path": "unmapped"}, {"name": "left_out", "type": "Array(String)", "path": "left_out"}]
    return {"function": function, "exact": True, "accept": {"op": ["c", "r", "u", "d"]}, "accept_missing": "error", "columns": made,
            **({"key": list(key)} if key else {})} | more


def without(made: dict, *names: str) -> dict:
    return made | {"columns": [column for column in made["columns"] if column["name"] not in names]}
