"""What cannot work is refused with one line that says what and what to do, before anything is created."""
import re

import pytest

from .messages import layout, without
from .site import Refused

ID = {"id": "Int64", "name": "Nullable(String)"}


def refusal(site, made: dict, *words: str, name: str = "refused") -> str:
    """The program's one line."""
    path = site.write(name, made)
    with pytest.raises(Refused) as refused:
        site.sql(path, "--topic", "refused", *words)
    said = str(refused.value)
    assert said.count("\n") == 1 and said.startswith("debezium-udf: ")
    return said


@pytest.mark.parametrize("made, words, says", [
    (layout("f", ID, key=()), (), ["no `key`", '"key": ["id"]', "--kind events"]),
    (layout("f", ID, key=()), ("--kind", "rows"), ["no `key`", '"key": ["id"]']),
    (layout("f", {"id": "Nullable(Int64)"}), (), ["\"id\" is Nullable", "never NULL"]),
    (without(layout("f", ID), "op"), (), ["no column reads `op`", "--no-deletes"]),
    (layout("f", ID, accept={"op": ["c", "u"]}), (), ["excludes deletes", "--no-deletes"]),
    (without(layout("f", ID, message="row"), "op"), (), ["tombstones", "delete.tombstone.handling.mode=rewrite", "--no-deletes"]),
    (layout("f", {"id": "Int64", "row": "String"}), (), ["column row", "row_"]),
    (layout("f", {"id": "Int64", "True": "Bool"}), (), ["column True", "True_"]),
    (layout("f", {"id": "Int64", "null": "Bool"}), (), ["column null", "null_"]),
    (layout("f", {"id": "Int64", "_left": "String"}), (), ["column _left", "_left_"]),
    (layout("f", {"id": "Int64", "_row_exists": "Bool"}), (), ["column _row_exists", "ClickHouse keeps", "_row_exists_"]),
    (without(layout("f", ID | {"version": ("String", "after.version")}), "x"), (), ["version"]),
    (without(layout("f", ID), "version"), ("--topic", "a,b"), ["offsets of several topics", "ts_ns"]),
    (layout("f", ID), ("--name", "dead_letters"), ["`dead_letters`", "--name"]),
    (layout("f", ID), ("--name", "pipelines"), ["`pipelines`", "--name"]),
    (layout("f", ID), ("--name", "a b"), ["`a b`", "letters, digits"]),
    (layout("f", ID), ("--kind", "row"), ["--kind `row`", "rows", "events"]),
    (layout("f", ID), ("--group", "a b"), ["--group"]),
    (layout("f", ID), ("--every", "soon"), ["--every", "'5 MINUTE'"]),
    (layout("f", ID), ("--keep-raw", "0"), ["--keep-raw", "1 to 3650"]),
])
def test_the_program_refuses(site, made, words, says):
    if sum(column["name"] == "version" for column in made["columns"]) > 1:
        made["columns"] = [column for column in made["columns"] if column["path"] != "ts_ns"]
    said = refusal(site, made, *words)
    assert all(word in said for word in says), said


@pytest.fixture(scope="module")
def there(site):
    """A pipeline that is there."""
    path = site.write("there", layout("thereRow", ID))
    site.register(path)
    site.pipeline(path, "--topic", "there")
    return path


def answer(site, path, *words: str) -> str:
    """The server's one line, and nothing is made."""
    before = site.engine.rows("SELECT database, name, create_table_query FROM system.tables WHERE database NOT LIKE 'system' ORDER BY ALL")
    with pytest.raises(Refused) as refused:
        site.pipeline(path, *words)
    assert site.engine.rows("SELECT database, name, create_table_query FROM system.tables WHERE database NOT LIKE 'system' ORDER BY ALL") == before
    said = re.search(r"DB::Exception: (debezium-udf pipeline: .*?): while executing", str(refused.value))
    assert said, refused.value
    return said[1]


def test_a_function_that_is_not_registered(site, tell):
    said = answer(site, site.write("unknown", layout("unknownRow", ID)), "--topic", "unknown")
    tell(said)
    assert "unknownRow is not registered" in said and "debezium-udf register unknown.json" in said


def test_a_function_of_another_layout(site, there, tell):
    said = answer(site, site.write("other", layout("thereRow", ID | {"more": "String"})), "--topic", "other")
    tell(said)
    assert "other columns than other.json" in said and "debezium-udf register other.json" in said


def test_a_collection_that_is_not_there(site, there, tell):
    said = answer(site, there, "--topic", "there", "--collection", "nowhere", "--name", "nowhere")
    tell(said)
    assert "named collection nowhere does not exist" in said and "debezium_kafka.xml" in said


@pytest.mark.parametrize("words", [("--topic", "elsewhere"), ("--topic", "there", "--group", "elsewhere")])
def test_another_topic_or_group(site, there, words):
    said = answer(site, there, *words)
    assert "another topic or in another group" in said and "--remove" in said


def test_a_group_that_another_table_reads_in(site, there):
    said = answer(site, there, "--topic", "there", "--name", "second", "--group", "clickhouse_default_there")
    assert "group clickhouse_default_there" in said and "another --group" in said


def test_another_kind(site, there):
    said = answer(site, there, "--topic", "there", "--kind", "events")
    assert "was of another kind" in said and "--remove" in said


def test_other_columns(site, there):
    changed = site.write("changed", layout("changedRow", ID | {"more": "String"}))
    site.register(changed)
    said = answer(site, changed, "--topic", "there", "--name", "there")
    assert "default.there_rows has other columns than changed.json" in said and "--diff" in said


def test_another_sorting_key(site, there):
    changed = site.write("sorted", layout("sortedRow", ID | {"name": "String"}, key=("id", "name")))
    site.register(changed)
    site.engine.query("CREATE TABLE sorted_rows (id Int64, name String, version UInt64, deleted UInt8, row LowCardinality(String), "
                      "left_out Array(LowCardinality(String)), topic LowCardinality(String), partition UInt64, offset UInt64, "
                      "kafka_time DateTime64(3, 'UTC')) ENGINE = ReplacingMergeTree(version, deleted) ORDER BY id")
    assert "another sorting key than sorted.json" in answer(site, changed, "--topic", "sorted")


@pytest.mark.parametrize("made", [
    "CREATE TABLE {} (a UInt8) ENGINE = MergeTree ORDER BY a", "CREATE VIEW {} AS SELECT 1 AS a", "CREATE TABLE {}_kafka (a UInt8) ENGINE = Memory",
    "CREATE TABLE {}_rows (a UInt8) ENGINE = Memory", "CREATE TABLE {}_decoded (a UInt8) ENGINE = Memory"])
def test_what_is_somebody_elses_stays(site, there, made):
    """A view in place of a table would take the table's rows with it."""
    name = f"taken{abs(hash(made)) % 10**6}"
    site.engine.query(made.format(name))
    said = answer(site, there, "--topic", "there", "--name", name, "--group", name)
    assert "something else" in said and "another --name" in said


def test_a_server_that_is_too_old(site, there):
    """Its statement is asked here as that server would answer it."""
    sql = site.sql(there, "--topic", "there")
    check = next(part for part in sql.split(";\n") if "older than" in part)
    with pytest.raises(Refused) as refused:
        site.run(check.replace("version()", "'24.3.1.1'") + ";\n")
    assert "older than ClickHouse 24.8" in str(refused.value)
