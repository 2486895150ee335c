"""A shop that writes orders as a real one does, and its table held against ClickHouse's view, column by column."""
import hashlib
import json
import random
import subprocess
import uuid
from collections import Counter
from decimal import Decimal

from tests.stack.engine import ROOT, Engine
from tests.stack.postgres import Postgres
from tests.support.programs import PROGRAM as BINARY
from tests.support.waiting import wait_until

EXAMPLE = ROOT / "examples" / "orders"



def pipeline(*words: str) -> str:
    """What `debezium-udf pipeline` prints for the example."""
    return subprocess.check_output([BINARY, "pipeline", "orders.json", "--topic", "shop.public.orders", "--database", "shop", *words],
                                   cwd=EXAMPLE, text=True)


INSERT = """
INSERT INTO orders (id, customer_id, status, total, exchange_rate, items, gift, coupon, ordered_on, due_on, created_at, updated_at,
                    instructions, details)
VALUES (%(id)s, %(customer_id)s, %(status)s, %(total)s, %(exchange_rate)s, %(items)s, %(gift)s, %(coupon)s, %(ordered_on)s,
        %(due_on)s, %(created_at)s, %(updated_at)s, %(instructions)s, %(details)s)"""


def long_text(random_: random.Random, lines: int) -> str:
    """Text that does not compress, so that TOAST stores it out of line."""
    return "\n".join(hashlib.sha256(str(random_.random()).encode()).hexdigest() for _ in range(lines))


class Shop:
    """`work(n)` makes n changes; `done` counts them by kind. A context manager."""

    def __init__(self, connection, seed: int = 7):
        self.connection, self.random = connection, random.Random(seed)
        self.ids: list = []
        self.done: Counter = Counter()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.connection.close()

    def work(self, changes: int) -> None:
        kinds = [self.order, self.order, self.pay, self.pay, self.instruct, self.describe, self.forget_coupon, self.delete]
        for _ in range(changes):
            kind = self.random.choice(kinds if len(self.ids) > 5 else [self.order])
            kind()
            self.done[kind.__name__] += 1

    def _run(self, sql: str, **values) -> None:
        self.connection.execute(sql, values)

    def _some(self) -> str:
        return self.random.choice(self.ids)

    def details(self) -> str:
        pick = self.random.choice
        paid = pick([None, "2026-01-02T03:04:05.678Z", "2026-01-02 03:04:05+02:00"])
        return json.dumps({
            "shipping": {"city": pick(["Zürich", "München", 'a "b" \\ c', "東京"]), "method": pick([None, "post", "courier"]),
                         "price": pick([None, "4.90", "0.01"])},
            "payment": {"fee": pick([None, 0.35, 0.0625]), "paid_at": paid},
            **({} if self.random.random() < 0.3 else {"discount": pick(["0.1", "0.0825"])}),
            "lines": [{"sku": f"sku-{self.random.randrange(99)}", "quantity": 1}],
            "note": long_text(self.random, pick([0, 0, 100]))})

    def instructions(self):
        return self.random.choice([None, "ring\ntwice", "", long_text(self.random, 100)])

    def order(self, key: str | None = None) -> None:
        """A new order; or one that was deleted, entered again under its key."""
        pick, number = self.random.choice, self.random.randrange
        self.ids.append(key or str(uuid.UUID(int=self.random.getrandbits(128))))
        self._run(INSERT, id=self.ids[-1], customer_id=pick([number(10**6), -1, 2**63 - 1]), status="new",
                  total=Decimal(number(-10**6, 10**10)) / 100, exchange_rate=pick([None, Decimal("1.0825"), Decimal("-12345.6789012345")]),
                  items=number(100), gift=pick([None, True, False]), coupon=pick([None, uuid.uuid4()]),
                  ordered_on=pick(["2026-01-02", "1969-07-20"]), due_on=pick([None, "2026-12-31"]),
                  created_at="2026-01-02T03:04:05.123456+02:00", updated_at="2026-01-02T03:04:05.000001",
                  instructions=self.instructions(), details=self.details())

    def pay(self) -> None:
        """Leaves the long values as they are: TOAST leaves them out."""
        self._run("UPDATE orders SET status = 'paid', total = total + 0.01, updated_at = clock_timestamp() WHERE id = %(id)s",
                  id=self._some())

    def instruct(self) -> None:
        self._run("UPDATE orders SET instructions = %(text)s WHERE id = %(id)s", id=self._some(), text=self.instructions())

    def describe(self) -> None:
        self._run("UPDATE orders SET details = %(text)s WHERE id = %(id)s", id=self._some(), text=self.details())

    def forget_coupon(self) -> None:
        self._run("UPDATE orders SET coupon = NULL, gift = NULL, due_on = NULL, exchange_rate = NULL WHERE id = %(id)s", id=self._some())

    def delete(self) -> None:
        gone = self.ids.pop(self.random.randrange(len(self.ids)))
        self._run("DELETE FROM orders WHERE id = %(id)s", id=gone)
        if self.random.random() < 0.3:
            self.order(gone)

    def change_key(self, key: str | None = None) -> str:
        """Another key for some order; returns the one that it had."""
        old = self.ids.pop(self.random.randrange(len(self.ids)))
        self.ids.append(key or str(uuid.UUID(int=self.random.getrandbits(128))))
        self._run("UPDATE orders SET id = %(new)s WHERE id = %(old)s", new=self.ids[-1], old=old)
        return old

    def write_long_values(self) -> None:
        """As they are, so that nothing is left out: the remedy for `complete = false`."""
        self._run("UPDATE orders SET details = (details || '{}')::text::jsonb, instructions = instructions || ''")


def _time(expression: str, digits: str = "US") -> str:
    return f"to_char(({expression}) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.{digits}')"


# column -> (its text in PostgreSQL, its text in ClickHouse)
COLUMNS = {
    "customer_id": ("customer_id::text", "toString(customer_id)"),
    "status": ("status", "status"),
    "total": ("trim_scale(total)::text", "toString(total)"),
    "exchange_rate": ("trim_scale(exchange_rate)::text", "toString(exchange_rate)"),
    "items": ("items::text", "toString(items)"),
    "gift": ("gift::text", "toString(gift)"),
    "coupon": ("coupon::text", "toString(coupon)"),
    "ordered_on": ("ordered_on::text", "toString(ordered_on)"),
    "due_on": ("due_on::text", "toString(due_on)"),
    "created_at": (_time("created_at"), "toString(created_at)"),
    "updated_at": (_time("updated_at AT TIME ZONE 'UTC'"), "toString(updated_at)"),
    "instructions": ("instructions", "instructions"),
    "details": ("details::text", "details"),
    "city": ("coalesce(details #>> '{shipping,city}', '')", "city"),
    "shipping": ("details #>> '{shipping,method}'", "shipping"),
    "shipping_price": ("trim_scale((details #>> '{shipping,price}')::numeric)::text", "toString(shipping_price)"),
    "discount": ("trim_scale(coalesce((details ->> 'discount')::numeric, 0))::text", "toString(discount)"),
    "fee": ("((details #>> '{payment,fee}')::float8)::text", "toString(fee)"),
    "paid_at": (_time("(details #>> '{payment,paid_at}')::timestamptz", "MS"), "toString(paid_at)"),
    "first_sku": ("details #>> '{lines,0,sku}'", "first_sku"),
}


# What an order shows until the value comes that its changed key left out.
LEFT_OUT = {name: "0" if name == "discount" else "" if name in ("details", "city", "first_sku") else None for name in (
    "instructions", "details", "city", "shipping", "shipping_price", "discount", "fee", "paid_at", "first_sku")}


def of_postgres(postgres: Postgres) -> dict:
    """id -> the texts of COLUMNS."""
    texts = ", ".join(text for text, _ in COLUMNS.values())
    return {str(row[0]): row[1:] for row in postgres.rows(f"SELECT id, {texts} FROM orders")}


def of_clickhouse(engine: Engine) -> dict:
    texts = ", ".join(f"{text} AS c{number}" for number, (_, text) in enumerate(COLUMNS.values()))
    rows = engine.rows(f"SELECT id, {texts} FROM shop.orders")
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: tuple(row.values())[1:] for row in rows}


def differences(postgres: Postgres, engine: Engine) -> list:
    """What is not equal, as (id, column, PostgreSQL's, ClickHouse's); None for a whole row that is not there."""
    source, target = of_postgres(postgres), of_clickhouse(engine)
    found = []
    for key in source.keys() | target.keys():
        if key not in source or key not in target:
            found.append((key, None, source.get(key), target.get(key)))
            continue
        found += [(key, name, left, right) for name, left, right in zip(COLUMNS, source[key], target[key]) if left != right]
    return found


def differences_but_left_out(postgres: Postgres, engine: Engine) -> list:
    """`differences`, but for long values that are not there and are said not to be."""
    found = differences(postgres, engine)
    told = {row["id"] for row in engine.rows("SELECT id FROM shop.orders WHERE NOT complete")}
    return [(key, name, left, right) for key, name, left, right in found
            if not (key in told and name in LEFT_OUT and right == LEFT_OUT[name])]


def settle(postgres: Postgres, engine: Engine, seconds: float = 60, differences=differences) -> None:
    """Wait until both sides are equal."""
    found: list = []

    def equal() -> bool:
        found[:] = differences(postgres, engine)
        return not found

    wait_until(equal, seconds, lambda: f"{len(found)} differences remain, such as {str(found[:5]):.2000}\n{engine.tail()}", pause=0.3)
