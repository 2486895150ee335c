"""Ten faults put into decoded rows, to see that the comparison finds each of them.

A fault looks for a row and column that it can spoil, spoils one, and returns whether it did.
"""
import random
import re

from .compare import Comparison, bare
from .families import Number


def cells(comparison: Comparison) -> list:
    """(row, layout column, table column) of every value of the row image that was decoded, in random order."""
    found = []
    for message in comparison.messages:
        row = comparison.answers.rows[message.index]
        if row["outcome"] != "event" or message.op == "d" and not comparison.table.full:
            continue
        for layout_column, column, into in comparison.columns():
            if not into and comparison.judge(message, row, layout_column, column, into) == "equal":
                found.append((row, layout_column, column, message))
    random.Random(comparison.table.name).shuffle(found)
    return found


def spoil(change):
    """A fault made of `change(value, kind, column)`, which returns another value, or None where it finds nothing to spoil."""
    def fault(comparison: Comparison) -> bool:
        for row, layout_column, column, _ in cells(comparison):
            value = row[layout_column["name"]]
            spoilt = change(value, bare(layout_column["type"])[0], column)
            if spoilt is not None:
                row[layout_column["name"]] = spoilt
                return True
        return False
    return fault


def digit_cut(value, kind, column):
    return Number(value[:-1]) if kind.startswith(("Int", "UInt")) and re.fullmatch(r"-?\d{2,}", str(value)) else None


def sign_lost(value, kind, column):
    return Number(value[1:]) if isinstance(value, Number) and re.match(r"-0*\.?0*[1-9]", value) else None


def null_as_default(value, kind, column):
    return {"String": ""}.get(kind, Number("0")) if value is None else None


def unit_wrong(value, kind, column):
    timed = column.kind.startswith(("time", "date", "moment")) and "array" not in column.kind
    if not timed or not isinstance(value, str):
        return None
    if kind.startswith("Int") and value != "0":
        return Number(value + "000")
    return value.replace("20", "19", 1) if kind.startswith("DateTime") and value.startswith("20") else None


def zone_ignored(value, kind, column):
    if not column.kind.startswith("timestamptz") and column.kind != "timestamp" or "array" in column.kind or not isinstance(value, str):
        return None
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d[ T])(\d\d)(:.*)", value)
    return found and f"{found[1]}{(int(found[2]) + 2) % 24:02d}{found[3]}"


def scale_off(value, kind, column):
    if kind.startswith("Float") and column.kind.startswith(("numeric", "decimal")) and value is not None and float(value):
        return Number(repr(float(value) * 10))
    if not kind.startswith("Decimal") or not isinstance(value, Number):
        return None
    return Number(f"{value}0") if re.fullmatch(r"-?[1-9]\d*", value) else Number(value.replace(".", "", 1)) if "." in value else None


def text_as_number(value, kind, column):
    return value.lstrip("0") if kind == "String" and re.fullmatch(r"0+[1-9]\d*", str(value)) else None


def columns_swapped(comparison: Comparison) -> bool:
    """One row's two columns of one type, in each other's place."""
    seen: dict = {}
    for row, layout_column, column, message in cells(comparison):
        value = row[layout_column["name"]]
        other = seen.setdefault((message.index, column.kind if column.kind != "key" else "bigint"), layout_column["name"])
        if other != layout_column["name"] and row[other] != value:
            row[other], row[layout_column["name"]] = value, row[other]
            return True
    return False


def update_skipped(comparison: Comparison) -> bool:
    for row, _, _, message in cells(comparison):
        if message.op == "u":
            row |= {"outcome": "skipped", "reason": "op u"}
            return True
    return False


def earlier_row(comparison: Comparison) -> bool:
    """A value of the row before."""
    last: dict = {}
    for message in comparison.messages:
        row = comparison.answers.rows[message.index]
        if row["outcome"] != "event" or message.op == "d" and not comparison.table.full:
            continue
        for layout_column, column, into in comparison.columns():
            name = layout_column["name"]
            if into or comparison.judge(message, row, layout_column, column, into) != "equal":
                continue
            said = comparison.table.truth[message.number][column.name]
            if name in last and last[name][1] != said and last[name][0] != row[name]:
                row[name] = last[name][0]
                return True
            last[name] = (row[name], said)
    return False


FAULTS = {"a digit cut": spoil(digit_cut), "a sign lost": spoil(sign_lost), "NULL as a default": spoil(null_as_default),
          "a unit wrong": spoil(unit_wrong), "a zone ignored": spoil(zone_ignored), "a scale off": spoil(scale_off),
          "text taken for a number": spoil(text_as_number), "columns swapped": columns_swapped, "an update skipped": update_skipped,
          "a value of an earlier row": earlier_row}
