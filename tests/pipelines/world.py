"""Tables with columns of every type, what happens to their rows, and what the database has held against what the pipeline shows."""
import json
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from tests.property import families as f
from tests.property import postgres, settings, sources, tables
from tests.property.compare import bare, place, same_member, walk
from tests.property.families import Cell, Wrong, parse
from tests.property.tables import SEQUENCE, Table, topic

SERVERS = sources.Sources.servers
BIG = [("wide_text", "text", f.Text(), lambda rng: postgres.quote(rng.randbytes(rng.choice([3, 1500, 2500])).hex())),
       ("wide_document", "jsonb", f.Document(), lambda rng: postgres.quote(json.dumps(
           {"city": rng.choice(["Zürich", None, "東京"]), "n": rng.randrange(99), "log": rng.randbytes(rng.choice([0, 3000])).hex()}))),
       ("wide_list", "text[]", f.Array(f.Text()), lambda rng: "ARRAY[" + ",".join(f"'{rng.randbytes(64).hex()}'" for _ in range(rng.choice([1, 50]))) + "]")]


@dataclass
class World:
    """The tables of one database, and its session. `moved` has the keys that rows were given."""
    database: str
    tables: list
    session: object = None
    done: Counter = field(default_factory=Counter)
    moved: dict = field(default_factory=dict)

    def begin(self, server, rows: int) -> None:
        self.session = SERVERS[self.database][1](server)
        for table in self.tables:
            for statement in table.create():
                self.session.run(statement)
            self.moved[table.name] = set()
            self.insert(table, rows)

    def insert(self, table: Table, count: int) -> None:
        statement, _ = table.insert(count)
        self.session.run(statement)
        self.done["insert"] += count

    def work(self, changes: int) -> None:
        """`changes` of each kind that there is, over all tables, some of them several in a transaction."""
        left = changes
        while left > 0:
            table = self.tables[0].rng.choice(self.tables)
            size = min(left, table.rng.choice([1, 1, 5, 20]))
            self.session.run("BEGIN")
            for _ in range(size):
                self._change(table)
            self.session.run("COMMIT")
            left -= size

    def _change(self, table: Table) -> None:
        kind = table.rng.random()
        if kind < 0.2 or len(table.alive) < 5:
            self.insert(table, 1)
        elif kind < 0.75:
            self._update(table)
        elif kind < 0.87:
            self.move(table)
        else:
            statement, _ = table.delete()
            self.session.run(statement)
            self.done["delete"] += 1

    def _update(self, table: Table) -> None:
        """Of some columns; of the long ones seldom, so that PostgreSQL leaves them out."""
        rng, q = table.rng, table.dialect.identifier
        key = rng.choice(sorted(table.alive))
        table.sequence += 1
        table.alive[key] = table.sequence
        values = table._values()
        changed = [name for name in values if rng.random() < (0.1 if table.column(name).big else 0.4)]
        sets = ", ".join([f"{q(SEQUENCE)} = {table.sequence}", *(f"{q(name)} = {values[name]}" for name in changed)])
        self.session.run(f"UPDATE {q(table.name)} SET {sets} WHERE {q(table.key.name)} = {key}")
        self.done["update"] += 1

    def move(self, table: Table) -> None:
        """Another key for a row."""
        rng, q = table.rng, table.dialect.identifier
        key = rng.choice(sorted(table.alive))
        del table.alive[key]
        table.sequence += 1
        fresh = table.key.value(table.sequence)
        table.alive[fresh] = table.sequence
        self.session.run(f"UPDATE {q(table.name)} SET {q(SEQUENCE)} = {table.sequence}, {q(table.key.name)} = {fresh} WHERE {q(table.key.name)} = {key}")
        self.moved[table.name].add(fresh)
        self.done["key"] += 1

    def truth(self, table: Table) -> dict:
        """{sequence number: {column: text}} of all rows that there are."""
        q = table.dialect.identifier
        found = {}
        for number, *texts in self.session.rows(f"SELECT {q(SEQUENCE)}, {', '.join(c.text for c in table.columns)} FROM {q(table.name)}"):
            found[number] = {c.name: t.decode() if isinstance(t, bytes) else t for c, t in zip(table.columns, texts, strict=True)}
        return found


def make(database: str, chosen: list, seed: str, each: int, width: int) -> list:
    """Of PostgreSQL's tables every other one has REPLICA IDENTITY FULL."""
    known = settings.POSTGRES if database == "postgres" else settings.MARIADB
    made = tables.tables(database, [setting for setting in known if setting.name in chosen], seed, each, width)
    for number, table in enumerate(made):
        # A value that ClickHouse's types do not hold is a dead letter: tests/property has those.
        for column in table.columns:
            column.extreme = None
        if database == "postgres":
            table.full = number % 2 == 1
            table.columns = [c for c in table.columns if not c.big]
            table.columns += [postgres.Column(name, "big", sql, family, value, nullable=True, big=True) for name, sql, family, value in BIG]
    return made


@contextmanager
def session(world: World):
    with closing(world.session):
        yield world


# ---- What is shown, held against what there is ------------------------------------------------------------------------------

@dataclass
class Verdict:
    """`cells` and `rows` by outcome; `wrong` are examples."""
    cells: Counter = field(default_factory=Counter)
    rows: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)
    kinds: set = field(default_factory=set)

    @property
    def good(self) -> bool:
        return not self.wrong


def shown(engine, table_name: str) -> list:
    text = engine.query_bytes(f"SELECT * FROM {table_name} FORMAT JSONEachRow", settings={
        "output_format_json_quote_denormals": 1, "output_format_json_quote_64bit_integers": 0, "output_format_json_quote_decimals": 0,
        "output_format_json_escape_forward_slashes": 0})
    return [parse(line) for line in text.decode(errors="replace").splitlines()]


def compare(table: Table, truth: dict, layout: dict, rows: list, moved: set = frozenset(), dead: set = frozenset()) -> Verdict:
    """`dead` has sequence numbers of versions of rows that are dead letters."""
    verdict = Verdict()
    placed = [(column, *at) for column in layout["columns"]
              if column["name"] != "version" and (at := place(table, column["path"])) is not None]
    number_of = next(column["name"] for column, of, _ in placed if of.name == SEQUENCE)
    found = {int(row[number_of]): row for row in rows}
    if len(found) != len(rows):
        verdict.wrong.append(("rows twice", len(rows) - len(found)))
    for number in truth.keys() - found.keys():
        verdict.rows["missing"] += 1
        if number not in dead:
            verdict.wrong.append(("missing", number))
    for number in found.keys() - truth.keys():
        verdict.rows["not there"] += 1
        if not dead:
            verdict.wrong.append(("not there", number))
    for number in truth.keys() & found.keys():
        verdict.rows["found"] += 1
        _row(verdict, table, truth[number], found[number], placed, moved)
    return verdict


def _row(verdict: Verdict, table: Table, said: dict, row: dict, placed: list, moved: set) -> None:
    whole = row.get("complete", True)
    if not whole:
        verdict.rows["incomplete"] += 1
        literals = {table.dialect.quote(said[table.key.name]), said[table.key.name]} if table.database == "postgres" else set()
        if not literals & moved:
            verdict.wrong.append(("incomplete, and its key was never changed", said[table.key.name]))
    for layout_column, column, into in placed:
        verdict.kinds.add(column.kind)
        outcome = judge(table, said[column.name], row[layout_column["name"]], layout_column, column, into)
        if outcome not in ("equal", "changed by the connector", "a part") and not whole and column.big and row[layout_column["name"]] in (None, "", []):
            outcome = "said to be left out"
        verdict.cells[outcome] += 1
        if outcome == "different":
            verdict.wrong.append((table.name, column.kind, layout_column["name"], layout_column["type"], str(said[column.name])[:100],
                                  str(row[layout_column["name"]])[:100], whole))


def judge(table: Table, said, value, layout_column: dict, column, into: list) -> str:
    kind, _ = bare(layout_column["type"])
    if into:
        if not isinstance(column.family, (f.Document, f.Text)):
            return "a part"
        return "equal" if same_member(None if said is None else walk(said, into), value, kind, layout_column) else "different"
    if (said is None) != (value is None):
        why = None if said is None else column.family.null_for(said, table.setting, "u")
        return "changed by the connector" if why else "different"
    if said is None:
        return "equal"
    truth = column.family.truth(said)
    try:
        got = column.family.read(Cell(value, kind, layout_column), table.setting)
    except (Wrong, ValueError, TypeError, KeyError, AttributeError):
        return "different"
    if column.family.same(truth, got):
        return "equal"
    return "changed by the connector" if column.family.changed(truth, got, table.setting) else "different"


__all__ = ["World", "compare", "make", "session", "shown", "topic"]
