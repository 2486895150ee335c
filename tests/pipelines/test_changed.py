"""A layout that changes while messages flow: what --diff answers is followed to the letter, and every stored row is right afterwards."""
import subprocess
import threading
import time


from .messages import change, layout

BEFORE = {"id": "Int64", "name": "Nullable(String)", "old": "Nullable(String)", "price": "Nullable(String)"}
AFTER = {"id": "Int64", "name": "Nullable(String)", "price": "Nullable(Decimal(10, 2))", "added": "Nullable(Int64)"}


def row(number: int) -> dict:
    return {"id": number, "name": f"n{number}", "old": "o", "price": f"{number}.25", "added": number * 3}


class Sender(threading.Thread):
    """Messages that flow until they are stopped."""

    def __init__(self, site, topic: str):
        super().__init__()
        self.site, self.topic, self.count, self.ends = site, topic, 0, False

    def run(self) -> None:
        while not self.ends:
            self.site.send(self.topic, [change("c", 1000 + number, **row(number)) for number in range(self.count, self.count + 20)])
            self.count += 20
            time.sleep(0.1)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.ends = True
        self.join()


def differences(site, path, *words: str) -> str:
    return site.run(site.sql(path, *words, "--diff"))


def test_a_changed_layout_with_messages_flowing(site, tell):
    words = ("--topic", "moving", "--keep-raw", "3")
    path = site.write("moving", layout("movingRow", BEFORE))
    site.register(path)
    site.pipeline(path, *words)
    with Sender(site, "moving") as sender:
        site.engine.wait_for("SELECT count() > 100 FROM moving", 1)
        # What nobody takes is seen.
        site.engine.wait_for("SELECT any(member) FROM pipeline_unmapped WHERE pipeline = 'moving'", "added")
        assert differences(site, path, *words) == ""
        site.write("moving", layout("movingRow", AFTER))
        site.register(path)
        said = differences(site, path, *words)
        tell(said.replace("\n", "\n    "))
        statements = [line for line in said.splitlines() if line and not line.startswith("--")]
        assert [statement.split()[3:5] for statement in statements] == [["ADD", "COLUMN"], ["MODIFY", "COLUMN"], ["DROP", "COLUMN"]]
        assert "--operation decode_again" in said
        for statement in statements:
            site.run(statement.partition("; --")[0].rstrip(";") + ";\n")
        site.pipeline(path, *words)
        assert differences(site, path, *words) == ""
        time.sleep(1)
    site.run(site.sql(path, *words, "--operation", "decode_again"))
    site.engine.wait_for("SELECT count() FROM moving", sender.count, 40)
    assert site.engine.rows("SELECT count() AS n, countIf(name = concat('n', toString(id))) AS names, countIf(price = toDecimal64(id, 2) + 0.25) AS prices, "
                            "countIf(added = id * 3) AS added FROM moving") == [{"n": sender.count, "names": sender.count, "prices": sender.count, "added": sender.count}]
    assert "old" not in site.engine.rows("SELECT * FROM moving LIMIT 1")[0]
    assert site.engine.value("SELECT count() FROM dead_letters WHERE pipeline = 'moving'") == 0
    _removed_and_made_again(site, path, words, sender.count)


def _removed_and_made_again(site, path, words: tuple, count: int) -> None:
    site.run(site.sql(path, *words, "--remove"))
    assert site.engine.value("SELECT groupArray(name) FROM (SELECT name FROM system.tables WHERE name LIKE 'moving%' ORDER BY name)") == ["moving_raw", "moving_rows"]
    assert site.engine.value("SELECT count() FROM pipelines FINAL WHERE pipeline = 'moving'") == 0
    site.send("moving", [change("c", 10 ** 9, **row(10 ** 6))])
    site.pipeline(path, *words)
    # It goes on where it stood.
    site.engine.wait_for("SELECT count() FROM moving", count + 1, 40)
    assert site.engine.value("SELECT sum(rows) FROM pipeline_minutes WHERE pipeline = 'moving'") == 1


def test_without_kept_messages_the_topic_is_read_again(site):
    path = site.make("bare", layout("bareRow", BEFORE))
    site.send("bare", [change("c", 1000 + number, **row(number)) for number in range(50)])
    site.engine.wait_for("SELECT count() FROM bare", 50)
    site.write("bare", layout("bareRow", AFTER))
    site.register(path)
    for statement in differences(site, path, "--topic", "bare").splitlines():
        if not statement.startswith("--"):
            site.run(statement.partition("; --")[0].rstrip(";") + ";\n")
    site.pipeline(path, "--topic", "bare")
    assert site.engine.value("SELECT count() FROM bare WHERE added IS NULL") == 50
    refused = subprocess.run([site.scripts / "debezium-udf", "pipeline", f"{path}", "--topic", "bare", "--operation", "decode_again"], capture_output=True, text=True)
    assert "--operation batch" in refused.stdout
    site.run(site.sql(path, "--topic", "bare", "--operation", "batch"))
    site.engine.wait_for("SELECT countIf(added = id * 3) FROM bare", 50, 40)
    site.run(site.sql(path, "--topic", "bare", "--operation", "batch_end"))


def test_drift_is_seen_and_nothing_is_lost(site):
    """A member that no column takes, until its column is there and the kept messages are decoded again."""
    narrow = {"id": "Int64"}
    words = ("--topic", "drift", "--keep-raw", "1")
    path = site.write("drift", layout("driftRow", narrow))
    site.register(path)
    site.pipeline(path, *words)
    site.send("drift", [change("c", number, id=number, note=f"x{number}") for number in range(1, 21)])
    site.engine.wait_for("SELECT count() FROM drift", 20)
    site.engine.wait_for("SELECT groupArray((member, n)) FROM (SELECT member, sum(rows) AS n FROM pipeline_unmapped WHERE pipeline = 'drift' GROUP BY member)",
                         [["note", 20]])
    site.write("drift", layout("driftRow", narrow | {"note": "Nullable(String)"}))
    site.register(path)
    for statement in differences(site, path, *words).splitlines():
        if not statement.startswith("--"):
            site.run(statement + "\n")
    site.pipeline(path, *words)
    site.run(site.sql(path, *words, "--operation", "decode_again"))
    assert site.engine.value("SELECT countIf(note = concat('x', toString(id))) FROM drift") == 20


def test_rows_loaded_beside_a_stream_meet_it_by_version(site):
    """The source is a table here, as postgresql() would show it."""
    now = time.time_ns()
    site.engine.query("CREATE TABLE loaded_there (id Int64, name Nullable(String), price Nullable(Decimal(10, 2)), added Nullable(Int64)) "
                      "ENGINE = MergeTree ORDER BY id")
    site.engine.query("CREATE VIEW loaded_source AS SELECT * FROM loaded_there")
    site.engine.query("INSERT INTO loaded_there SELECT number, concat('n', toString(number), repeat(' long', 10)), number + 0.25, if(number % 2, NULL, number) FROM numbers(100000)")
    path = site.make("loaded", layout("loadedRow", AFTER))
    # Shown by the load already; not shown yet; and a delete that comes during the load.
    long = "long " * 30
    site.send("loaded", [change("u", now - 10 ** 12, id=1, name="n1 as it was", price="1.25", added=None), change("u", now + 1, id=2, name="later", price="9.99", added=5),
                         change("d", now + 2, id=3, name=None, price=None, added=None), change("c", now + 3, id=200000, name=long, price="0.01", added=1),
                         change("u", now + 4, id=4, name="__debezium_unavailable_value", price="7.77", added=4)])
    site.wait("loaded", 5)
    site.engine.wait_for("SELECT groupArray((id, complete)) FROM (SELECT * FROM loaded ORDER BY id)", [[1, True], [2, True], [4, False], [200000, True]])
    site.run(site.sql(path, "--topic", "loaded", "--operation", "initial_load"))
    site.run(site.sql(path, "--topic", "loaded", "--operation", "initial_load"))
    shown = site.engine.rows("SELECT id, name, toString(price) AS price, added, complete FROM loaded WHERE id IN (0, 1, 2, 3, 4, 200000) ORDER BY id")
    assert shown == [{"id": 0, "name": "n0" + 10 * " long", "price": "0.25", "added": 0, "complete": True}, {"id": 1, "name": "n1" + 10 * " long", "price": "1.25", "added": None, "complete": True},
                     {"id": 2, "name": "later", "price": "9.99", "added": 5, "complete": True}, {"id": 4, "name": "n4" + 10 * " long", "price": "7.77", "added": 4, "complete": True},
                     {"id": 200000, "name": long, "price": "0.01", "added": 1, "complete": True}]
    assert site.engine.value("SELECT count() FROM loaded") == 100000
    assert site.engine.value("SELECT count() FROM (SELECT id, name, price, added FROM loaded EXCEPT SELECT * FROM loaded_there)") == 3
    assert site.engine.value("SELECT count() FROM dead_letters WHERE pipeline = 'loaded'") == 0


