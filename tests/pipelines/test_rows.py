"""What rows are, whatever comes in which order and how often, and whatever was left out; and that nothing stops a topic."""
import json
import random

import pytest

from tests.stack.engine import ROOT, QueryError
from tests.support.waiting import wait_until

from .messages import LEFT_OUT, change, layout

CAPTURE = ROOT / "tests" / "orders" / "messages.ndjson"
COLUMNS = {"id": "Int64", "note": "Nullable(String)", "body": "String", "tags": ("Array(String)", "after.tags"), "n": "Nullable(Int64)",
           "doc": ("Nullable(String)", "after.doc"), "city": ("Nullable(String)", "after.doc.city"), "weight": ("Nullable(Float64)", "after.doc.weight")}


# ---- A history, what PostgreSQL sends of it, and what must be shown ------------------------------------------------------------

class History:
    """A table under REPLICA IDENTITY DEFAULT. A long value that an update leaves alone is left out; so is one behind a changed key."""

    def __init__(self, seed: int):
        self.random, self.rows, self.sent, self.time = random.Random(seed), {}, [], 0
        self.unknown: dict = {}

    def value(self, name: str):
        rng = self.random
        long = "".join(rng.choice("abcdefgh ") for _ in range(60))
        if name == "note":
            return rng.choice([None, "", "short", long, f"v {rng.randrange(9)}"])
        if name == "body":
            return rng.choice(["", "x", long])
        if name == "tags":
            return rng.choice([[], ["a"], [long, "é"]])
        if name == "n":
            return rng.choice([None, 0, rng.getrandbits(60)])
        return rng.choice([None, json.dumps({"city": rng.choice([None, "Bern", long]), "weight": rng.choice([None, 0.5]), "log": rng.choice(["", long])})])

    def may_be_left_out(self, name: str, value) -> bool:
        return name != "n" and value is not None and len(json.dumps(value)) > 30

    def send(self, op: str, **row) -> None:
        self.time += self.random.choice([1, 1000, 10 ** 9])
        self.sent.append(change(op, self.time, **row))

    def step(self) -> None:
        kind = self.random.random()
        if kind < 0.25 or not self.rows:
            key = self.random.randrange(12)
            if key not in self.rows:
                self.rows[key] = {name: self.value(name) for name in ("note", "body", "tags", "n", "doc")}
                self.unknown[key] = set()
                self.send("c", id=key, **self.rows[key])
            return
        key = self.random.choice(sorted(self.rows))
        if kind < 0.4:
            del self.rows[key], self.unknown[key]
            self.send("d", id=key, note=None, body="", tags=[], n=None, doc=None)
        elif kind < 0.5 and (fresh := self.random.randrange(12)) not in self.rows:
            row = self.rows[fresh] = self.rows.pop(key)
            left = {name for name in row if self.may_be_left_out(name, row[name])}
            del self.unknown[key]
            self.unknown[fresh] = left
            self.send("d", id=key, note=None, body="", tags=[], n=None, doc=None)
            self._send_row("c", fresh, left)
        else:
            row = self.rows[key]
            changed = {name for name in row if self.random.random() < 0.3}
            row.update({name: self.value(name) for name in changed})
            left = {name for name in row if name not in changed and self.may_be_left_out(name, row[name])}
            self.unknown[key] = self.unknown[key] & left
            self._send_row("u", key, left)

    def _send_row(self, op: str, key: int, left: set) -> None:
        self.send(op, id=key, **{name: ([LEFT_OUT] if name == "tags" else LEFT_OUT) if name in left else value for name, value in self.rows[key].items()})

    def shown(self) -> list:
        found = []
        for key, row in sorted(self.rows.items()):
            known = {name: None if name in self.unknown[key] else value for name, value in row.items()}
            document = json.loads(known["doc"] or "{}")
            found.append({"id": key, "note": known["note"], "body": known["body"] or "", "tags": known["tags"] or [], "n": known["n"],
                          "doc": known["doc"], "city": document.get("city"), "weight": document.get("weight"), "complete": not self.unknown[key]})
        return found


def view(site, name: str) -> list:
    return site.engine.rows(f"SELECT * EXCEPT version FROM {name} ORDER BY id")


def shows(site, name: str, wanted: list) -> None:
    """The rows become visible behind the count of the messages: each view by itself."""
    found: list = []

    def same() -> bool:
        found[:] = view(site, name)
        return found == wanted

    wait_until(same, 20, lambda: f"{[pair for pair in zip(found, wanted) if pair[0] != pair[1]][:3]} of {len(found)} and {len(wanted)}")


@pytest.mark.parametrize("seed", range(3))
def test_a_history_in_any_order_and_twice(site, seed):
    history = History(seed)
    for _ in range(600):
        history.step()
    name = f"history{seed}"
    path = site.make(name, layout(f"{name}Row", COLUMNS))
    rng = random.Random(seed)
    if seed == 0:
        site.send(name, history.sent)
        site.wait(name, len(history.sent))
        shows(site, name, history.shown())
    shuffled = [*history.sent, *history.sent]
    rng.shuffle(shuffled)
    # In several blocks, so that parts are merged in between or not.
    for start in range(0, len(shuffled), 300):
        site.send(name, shuffled[start:start + 300])
    site.wait(name, len(shuffled) + (len(history.sent) if seed == 0 else 0))
    shows(site, name, history.shown())
    site.engine.query(f"OPTIMIZE TABLE {name}_rows FINAL")
    shows(site, name, history.shown())
    assert site.engine.value("SELECT count() FROM dead_letters WHERE pipeline = {name:String}", params={"name": name}) == 0
    site.run(site.sql(path, "--topic", name, "--remove"))


def test_deletes_before_inserts(site):
    history = History(9)
    for _ in range(200):
        history.step()
    site.make("backwards", layout("backwardsRow", COLUMNS))
    site.send("backwards", history.sent[::-1])
    site.wait("backwards", len(history.sent))
    shows(site, "backwards", history.shown())


def test_a_real_capture_in_any_order(site):
    """Orders with long values, changed keys and deletes, as Debezium sent them."""
    messages = CAPTURE.read_bytes().splitlines()
    random.Random(3).shuffle(shuffled := [*messages, *messages])
    for name, sent in (("orders_as_sent", messages), ("orders_shuffled", shuffled)):
        site.send(name, sent)
        path, _ = site.infer(name, name, "--key", "id", "--function", name)
        site.register(path)
        site.pipeline(path, "--topic", name)
        site.wait(name, len(sent))
    site.engine.wait_for("SELECT count() > 5 FROM orders_as_sent", 1)
    shows(site, "orders_shuffled", view(site, "orders_as_sent"))


def test_a_change_that_was_open_while_the_snapshot_was_taken_wins(site):
    """It has an earlier position in the log than the snapshot's rows, and comes later."""
    def message(op, time, position, text):
        return json.dumps({"before": None, "after": {"id": 1, "text": text}, "op": op, "ts_ns": time,
                           "source": {"connector": "postgresql", "schema": "public", "table": "t", "lsn": position}}).encode()
    site.send("open", [message("r", 1000, 900, "as the snapshot saw it"), message("u", 2000, 500, "committed behind it")])
    path, _ = site.infer("open", "open", "--key", "id", "--function", "openRow")
    site.register(path)
    site.pipeline(path, "--topic", "open")
    site.wait("open", 2)
    site.engine.wait_for("SELECT any(text) FROM open", "committed behind it")


# ---- Values left out ---------------------------------------------------------------------------------------------------------

def test_a_value_that_never_came_is_said_to_be_missing(site):
    long = "long " * 20
    site.make("left", layout("leftRow", COLUMNS))
    plain = {"note": None, "body": "", "tags": [], "n": 1, "doc": None}
    site.send("left", [
        # Stored before the pipeline began.
        change("u", 10, id=1, **plain | {"note": LEFT_OUT}),
        # Two are left out, and one of them comes.
        change("u", 10, id=2, **plain | {"note": LEFT_OUT, "doc": LEFT_OUT}), change("u", 11, id=2, **plain | {"note": "now", "doc": LEFT_OUT}),
        # The other comes, too.
        change("u", 10, id=3, **plain | {"note": LEFT_OUT, "doc": LEFT_OUT}), change("u", 11, id=3, **plain | {"note": long, "doc": LEFT_OUT}),
        change("u", 12, id=3, **plain | {"note": LEFT_OUT, "doc": '{"city": "Bern", "weight": 1.5}'}),
        # Deleted and inserted again by a changed key: the earlier life's value is not its own.
        change("c", 10, id=4, **plain | {"note": long}), change("d", 11, id=4, **plain), change("c", 12, id=4, **plain | {"note": LEFT_OUT}),
        # A short value after a long one, and NULL after one.
        change("c", 10, id=5, **plain | {"note": long}), change("u", 11, id=5, **plain | {"note": "x"}), change("u", 12, id=5, **plain | {"note": "x", "n": 2}),
        change("c", 10, id=6, **plain | {"note": long}), change("u", 11, id=6, **plain | {"note": None}), change("u", 12, id=6, **plain | {"n": 2}),
    ])
    site.wait("left", 15)
    wait_until(lambda: [(row["id"], row["note"], row["city"], row["weight"], row["complete"]) for row in view(site, "left")] == [
        (1, None, None, None, False), (2, "now", None, None, False), (3, long, "Bern", 1.5, True), (4, None, None, None, False),
        (5, "x", None, None, True), (6, None, None, None, True)], 20, lambda: view(site, "left"))
    assert site.engine.value("SELECT count() FROM left WHERE NOT complete") == 3


def test_a_key_that_was_left_out_is_no_key(site):
    """A row by the key '' would be somebody else's."""
    site.make("keyless", layout("keylessRow", {"id": "String", "n": "Nullable(Int64)"}))
    site.send("keyless", [change("c", 1, id="a", n=1), change("u", 2, id=LEFT_OUT, n=2)])
    site.wait("keyless", 2)
    site.engine.wait_for("SELECT reason FROM dead_letters WHERE pipeline = 'keyless'", f"after[\"id\"]: {LEFT_OUT}")
    site.engine.wait_for("SELECT groupArray((id, n)) FROM keyless", [["a", 1]])


# ---- Nothing stops a topic ---------------------------------------------------------------------------------------------------

def test_null_stops_nothing(site):
    site.make("nulls", layout("nullsRow", {"id": "Int64", "must": "String", "may": "Nullable(String)"}))
    site.send("nulls", [change("c", 1, id=1, must="a", may=None), change("c", 2, id=2, must=None, may=None), change("c", 3, id=None, must="a", may="b"),
                        b"null", b"", b"[]", b"{", change("c", 4, id=4, must="d", may="d"),
                        change("c", 5, must="a", may="no key"), change("c", 6, id=5, may="a column is gone"), change("x", 7, id=6, must="a", may="b")])
    # An empty one makes no row.
    site.wait("nulls", 10)
    site.engine.wait_for("SELECT groupArray((id, must, may)) FROM (SELECT * FROM nulls ORDER BY id)", [[1, "a", None], [4, "d", "d"]])
    site.engine.wait_for("SELECT count() FROM dead_letters WHERE pipeline = 'nulls'", 7)


@pytest.mark.parametrize("kind", ["rows", "events"])
def test_every_type_that_the_program_answers_is_stored(site, kind):
    """The columns of the table are of the function's own types: an insert has nothing to convert, and nothing to refuse."""
    made = json.loads((ROOT / "tests" / "golden" / "values.json").read_text())
    lines = [line.split("\t") for line in (ROOT / "tests" / "golden" / "values.tsv").read_text().splitlines()[1:]]
    columns = {column["name"]: column for column in made["columns"]}
    name = f"values_{kind}"
    made |= {"function": name, "key": ["number"], "accept": {"op": ["c", "r", "u", "d"]}, "columns": [
        {"name": "number", "type": "UInt64", "path": "source.number", "required": True}, {"name": "op", "type": "String", "path": "op"}, *made["columns"]]}
    messages = []
    for number, (column, value, *_) in enumerate(lines):
        member = columns[column]["path"].split(".", 1)[1]
        messages.append(f'{{"op": "c", "source": {{"number": {number}}}, "after": {{"{member}": {value}}}}}'.encode())
    path = site.write(name, made)
    site.send(name, messages)
    site.register(path)
    site.pipeline(path, "--topic", name, "--kind", kind)
    site.wait(name, len(messages))
    site.engine.wait_for(f"SELECT (SELECT count() FROM {name}) + (SELECT count() FROM dead_letters FINAL WHERE pipeline = '{name}')", len(messages))
    assert site.engine.value(f"SELECT count() FROM {name}") > 90


@pytest.mark.parametrize("kind", ["rows", "events"])
def test_words_of_sql_are_names(site, kind):
    words = sorted({word for (line,) in (row.values() for row in site.engine.rows("SELECT lower(keyword) AS k FROM system.keywords")) for word in line.split()}
                   | {"event", "name", "value", "rows", "true", "nan", "id", "identity", "live", "_x", "_e", "_row", "_version", "_left",
                      "_topic", "_key", "_table", "_part", "_row_exists", "_block_number"})
    name = f"words_{kind}"
    text = {word: f"the row's {word}" if number % 12 == 0 else number for number, word in enumerate(words) if word != "id"}
    first = change("c", 1, id=1, **text)
    second = change("u", 2, id=1, **{word: LEFT_OUT if value == f"the row's {word}" else value for word, value in text.items()})
    site.send(name, [first, second])
    path, _ = site.infer(name, name, "--key", "id", "--function", name)
    site.register(path)
    site.pipeline(path, "--topic", name, "--kind", kind)
    site.wait(name, 2)
    columns = {column["path"].removeprefix("after."): column["name"] for column in json.loads(path.read_text())["columns"]}
    site.engine.wait_for(f"SELECT count() FROM {name}", 1 if kind == "rows" else 2)
    (row,) = site.engine.rows(f"SELECT * FROM {name}" + (" WHERE op = 'c'" if kind == "events" else ""))
    assert {word: row[columns[word]] for word in text} == text
    assert site.engine.value(f"SELECT count() FROM dead_letters WHERE pipeline = '{name}'") == 0

    def attached(table: str) -> bool:
        """Not while a query of before it was detached still reads it."""
        try:
            site.engine.query(f"ATTACH TABLE {table}")
        except QueryError as error:
            if "Retry later" not in str(error):
                raise
            return False
        return True

    # As it is read again when the server starts.
    for table in (f"{name}_{kind}", name):
        site.engine.query(f"DETACH TABLE {table}")
        wait_until(lambda: attached(table), 60, f"{table} is attached again", pause=0.2)
    assert site.engine.rows(f"SELECT * FROM {name}" + (" WHERE op = 'c'" if kind == "events" else "")) == [row]
