"""Random tables and what happens to their rows: inserts before and after the connector starts, updates, deletes."""
import json
import random
import uuid
from dataclasses import dataclass, field

from . import families as f
from . import mariadb, postgres
from .settings import Setting
from .texts import FLAVOURS, identifiers

SEQUENCE = "zz_seq"
DIALECTS = {"postgres": postgres, "mariadb": mariadb}
# What a row without an envelope cannot have: Debezium's own marks; beside a column `op`, names that make a flattened message of it; and the
# names of kcat's own objects, all at once.
NOT_IN_ROWS = ("__x", "after.x", "offset")
# An object by such a name beside a column `op` is an envelope's.
OF_ENVELOPES = ("source", "before", "after", "payload")


@dataclass
class Table:
    """`truth` holds the database's texts by the sequence number that each version of a row has: {number: {column: text}}."""
    name: str
    database: str
    setting: Setting
    columns: list
    full: bool
    rng: random.Random
    truth: dict = field(default_factory=dict)
    operations: list = field(default_factory=list)  # (op, sequence number of the row image), behind the snapshot
    snapshot: int = 0
    alive: dict = field(default_factory=dict)  # key literal: sequence number
    sequence: int = 0
    following: bool = False  # the connector runs

    @property
    def dialect(self):
        return DIALECTS[self.database]

    @property
    def key(self):
        return self.columns[0]

    def column(self, name: str):
        return next((column for column in self.columns if column.name == name), None)

    def create(self) -> list:
        q = self.dialect.identifier
        body = [f"{q(c.name)} {c.sql}{'' if c.nullable else ' NOT NULL'}{' NULL' if c.nullable and c.kind == 'timestamp' else ''}"
                for c in self.columns]
        statements = [f"CREATE TABLE {q(self.name)} ({', '.join(body)}, PRIMARY KEY ({q(self.key.name)}))"]
        if self.database == "postgres" and self.full:
            statements.append(f"ALTER TABLE {q(self.name)} REPLICA IDENTITY FULL")
        return statements

    def _literal(self, column, extreme) -> str:
        if column.nullable and self.rng.random() < 0.12:
            value = "NULL"
        elif column is extreme:
            value = column.extreme(self.rng)
        else:
            value = column.value(self.rng)
        return f"({value})::{column.sql}" if self.database == "postgres" else value

    def _values(self) -> dict:
        """A row; one in twelve has one value that ClickHouse's own types do not hold."""
        # A NaN in a numeric that must not be NULL stops the connector.
        able = [column for column in self.columns if column.extreme and (column.nullable or not isinstance(column.family, f.Numeric))
                and (self.following or column.kind != "year")]  # a snapshot of YEAR 0000 stops it, too
        extreme = self.rng.choice(able) if able and self.rng.random() < 1 / 12 else None
        return {column.name: self._literal(column, extreme) for column in self.columns[2:]}

    def insert(self, count: int) -> tuple:
        """A statement for `count` rows, and their sequence numbers."""
        rows, numbers = [], []
        for _ in range(count):
            self.sequence += 1
            key = self.key.value(self.sequence)
            self.alive[key] = self.sequence
            numbers.append(self.sequence)
            rows.append(f"({', '.join([key, str(self.sequence), *self._values().values()])})")
        names = ", ".join(self.dialect.identifier(column.name) for column in self.columns)
        return f"INSERT INTO {self.dialect.identifier(self.name)} ({names}) VALUES {', '.join(rows)}", numbers

    def update(self) -> tuple:
        key = self.rng.choice(sorted(self.alive))
        self.sequence += 1
        self.alive[key] = self.sequence
        q = self.dialect.identifier
        values = self._values()
        changed = [name for name in values if not self.column(name).big and self.rng.random() < 0.5]
        sets = ", ".join([f"{q(SEQUENCE)} = {self.sequence}", *(f"{q(name)} = {values[name]}" for name in changed)])
        return f"UPDATE {q(self.name)} SET {sets} WHERE {q(self.key.name)} = {key}", [self.sequence]

    def delete(self) -> tuple:
        key = self.rng.choice(sorted(self.alive))
        number = self.alive.pop(key)
        return f"DELETE FROM {self.dialect.identifier(self.name)} WHERE {self.dialect.identifier(self.key.name)} = {key}", [number]

    def select(self, numbers: list) -> str:
        texts = ", ".join(column.text for column in self.columns)
        q = self.dialect.identifier
        return f"SELECT {q(SEQUENCE)}, {texts} FROM {q(self.name)} WHERE {q(SEQUENCE)} IN ({', '.join(map(str, numbers))})"

    def remember(self, rows: list) -> None:
        for number, *texts in rows:
            self.truth[number] = {column.name: text.decode() if isinstance(text, bytes) else text
                                  for column, text in zip(self.columns, texts, strict=True)}


def keys(database: str):
    number = "bigint" if database == "postgres" else "bigint"
    quoted = postgres.quote
    return [(number, f.Integer(), lambda n: str(n)), ("varchar(40)", f.Text(), lambda n: quoted(f"{n:06d}")),
            ("varchar(40)", f.Text(), lambda n: quoted(f"K-{n}.é")),
            ("uuid", f.Uuid() if database == "postgres" else f.TrimmedUuid(), lambda n: quoted(str(uuid.UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2 ** 128, version=4))))]


def table(database: str, setting: Setting, number: int, seed: str, kinds: list) -> Table:
    rng = random.Random(f"{seed}/{database}/{setting.name}/{number}")
    dialect = DIALECTS[database]
    names = [name for name in identifiers() if setting.form == "envelope" or name not in NOT_IN_ROWS]
    if database == "postgres":
        names = [name for name in names if "`" not in name]  # what changes in such a column arrives as NULL
    else:
        names = [name for name in names if "🚚" not in name]  # names are of the basic plane there
    rng.shuffle(names)
    # Debezium refuses names that differ by case alone.
    names = list({name.lower(): name for name in names}.values())
    sql, family, value = rng.choice(keys(database))
    key = dialect.Column(rng.choice(["id", "k", "Id", "order.id", "key"]), "key", sql, family, value, nullable=False)
    sequence = dialect.Column(SEQUENCE, "bigint", "bigint", f.Integer(), None, nullable=False)
    names = [name for name in names if name.lower() != key.name.lower()]
    columns = [key, sequence, *(dialect.column(_name_for(kind, names), kind, rng) for kind in kinds)]
    for column in columns:
        if database == "mariadb" and column.kind == "time" and setting.time in ("connect", "isostring"):
            column.nullable = True  # a TIME beyond a day is NULL there, which stops the connector where it must not be
    if database == "postgres" and rng.random() < 0.3:
        columns.append(postgres.Column(names.pop(), "toast", "text", f.Text(),
                                       lambda rng: postgres.quote(rng.randbytes(2500).hex()), big=True))
    return Table(f"t{number}_{setting.name}", database, setting, columns, rng.random() < 0.5, rng)


FIRST = ("padded", "zoned", "moment", "integer", "bigint", "smallint")


def _name_for(kind: str, names: list) -> str:
    """The next name; for a kind whose values are objects, one that no envelope has."""
    at = next(at for at in range(len(names) - 1, -1, -1) if kind not in OBJECTS or names[at] not in OF_ENVELOPES)
    return names.pop(at)


OBJECTS = ("point", "linestring", "polygon", "numeric")


def tables(database: str, settings: list, seed: str, each: int, width: int) -> list:
    """`each` tables for each setting; the kinds are dealt out so that each setting meets as many as it can."""
    made = []
    for setting in settings:
        rng = random.Random(f"{seed}/{database}/{setting.name}")
        # What every fault of spoilt.py has a cell in comes first.
        deck = [kind for kind in (*FIRST, "numeric_ps", "decimal", "timestamptz", "timestamp") if kind in DIALECTS[database].KINDS]
        for number in range(each):
            while len(deck) < width:
                more = list(DIALECTS[database].KINDS)
                rng.shuffle(more)
                deck += more
            if setting.form == "router":
                made.append(router(database, setting, number, seed))
                continue
            hand, deck = deck[:width], deck[width:]
            made.append(table(database, setting, number, seed, hand))
    return made


MEMBERS = {
    "whole": lambda rng: rng.randrange(10 ** 6), "big": lambda rng: rng.getrandbits(63), "ratio": lambda rng: rng.random(),
    "price": lambda rng: rng.randrange(10 ** 6) / 100, "flag": lambda rng: rng.random() < 0.5,
    "moment": lambda rng: f"2026-0{rng.randint(1, 9)}-11T0{rng.randrange(10)}:11:12.{rng.randrange(10 ** 6):06d}Z",
    "list": lambda rng: [rng.randrange(9) for _ in range(rng.randrange(4))], "object": lambda rng: {"x": rng.randrange(9), "y": "z"},
    "sometimes": lambda rng: rng.choice([None, 1]),
}


def router(database: str, setting: Setting, number: int, seed: str) -> Table:
    """An outbox for the event router: the document is all that arrives of it, so its members are the cells."""
    rng = random.Random(f"{seed}/{database}/{setting.name}/{number}")
    dialect = DIALECTS[database]
    name = f"t{number}_{setting.name}"
    members = {f"m{i}_{kind}": MEMBERS[kind] for i, kind in enumerate(rng.sample(sorted(MEMBERS), 6))}
    members |= {f"m{i}_text": FLAVOURS[flavour] for i, flavour in enumerate(rng.sample(sorted(FLAVOURS), 4), 6)}
    made = Table(name, database, setting, [], True, rng)

    def payload(rng):
        return dialect.quote(json.dumps({SEQUENCE: made.sequence} | {name: make(rng) for name, make in members.items()}))

    big = "jsonb" if database == "postgres" else "json"
    fixed = dialect.quote(topic_of_router(made))
    made.columns = [
        dialect.Column("id", "key", "uuid" if database == "postgres" else "varchar(40)", f.Uuid(), keys(database)[3][2], nullable=False),
        dialect.Column(SEQUENCE, "bigint", "bigint", f.Integer(), None, nullable=False),
        dialect.Column("aggregatetype", "varchar", "varchar(80)", f.Text(), lambda rng: fixed, nullable=False),
        dialect.Column("aggregateid", "varchar", "varchar(80)", f.Text(), lambda rng: dialect.quote(str(rng.randrange(99))), nullable=False),
        dialect.Column("type", "varchar", "varchar(80)", f.Text(), lambda rng: "'t'", nullable=False),
        dialect.Column("payload", big, big, f.Document(), payload, nullable=False)]
    return made


def topic_of_router(table: Table) -> str:
    return f"{table.database}_{table.name}"


def topic(table: Table) -> str:
    if table.setting.form == "router":
        return f"outbox.event.{topic_of_router(table)}"
    return f"{prefix(table.database, table.setting)}.{'public' if table.database == 'postgres' else 'shop'}.{table.name}"


def prefix(database: str, setting: Setting) -> str:
    return f"{database}_{setting.name}"
