"""A layout and its registration that are out of step, in the server: a query fails with one line, and no row is wrong."""
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.stack.engine import BINARY, LAYOUT, QueryError
from tests.stack.faults import children
from tests.support.waiting import wait_until

FORMATS = ("RowBinary", "Native", "LineAsString")
MESSAGE = '{"op":"c","source":{},"after":{"user":"u","session":"s"}}'


def layout(*names: str) -> str:
    """Two columns of one type, each at the path of its name."""
    columns = [{"name": name, "type": "String", "path": f"after.{path}"} for name, path in zip(("user", "session"), names)]
    return json.dumps({"function": "pairRow", "accept": {"op": ["c"]}, "columns": columns})


class Pair:
    """The function pairRow in a server: its layout and its registration."""

    def __init__(self, engine):
        self.engine = engine
        self.layout = engine.folder / "user_scripts" / "pair.json"
        self.file = engine.folder / "pair_function.xml"

    def write_layout(self, *names: str) -> None:
        part = self.layout.with_suffix(".part")
        part.write_text(layout(*names))
        part.rename(self.layout)

    def register(self, format: str) -> str:
        text = subprocess.check_output([BINARY, "config", self.layout, "--format", format], text=True)
        (function,) = re.findall(r"    <function>\s*<name>pairRow<.*?</function>\n", text, re.S)
        self.write_registration(function)
        return function

    def write_registration(self, function: str) -> None:
        seconds = int(self.file.stat().st_mtime) + 1 if self.file.exists() else int(time.time()) - 100
        self.file.write_text(f"<functions>\n{function}</functions>\n")
        os.utime(self.file, (seconds, seconds))  # the server reads a file again whose time in whole seconds is another
        self.reload()

    def reload(self) -> None:
        self.engine.query("SYSTEM RELOAD FUNCTIONS")

    def answers(self, format: str, rows: int = 1) -> list:
        call = "pairRow(materialize({message:String}))"
        columns = f"concat({call}.user, ',', {call}.session)"
        if format == "LineAsString":
            columns = f"concat(JSONExtractString({call}, 'user'), ',', JSONExtractString({call}, 'session'))"
        text = self.engine.query(f"SELECT DISTINCT {columns} FROM numbers({rows})", params={"message": MESSAGE})
        return text.splitlines()

    def refusal(self, format: str, rows: int) -> str:
        """What the query fails with, at once."""
        began = time.monotonic()
        with pytest.raises(QueryError) as error:
            self.answers(format, rows)
        assert time.monotonic() - began < 40  # not the minute that a read may wait
        return str(error.value)


@pytest.fixture
def pair(engine):
    pair = Pair(engine)
    yield pair
    for file in (pair.layout, pair.file):
        file.unlink(missing_ok=True)
    pair.reload()


@pytest.mark.parametrize("format", FORMATS)
def test_columns_that_are_exchanged_in_the_layout_alone_are_never_exchanged_in_rows(pair, format):
    pair.write_layout("user", "session")
    pair.register(format)
    assert pair.answers(format) == ["u,s"]
    pair.write_layout("session", "user")
    # The processes that run have read the layout of their registration.
    assert pair.answers(format) == ["u,s"]
    pair.reload()
    line = r"debezium-udf: layout pair\.json is not the one that pairRow is registered with.*: debezium-udf register pair\.json"
    for rows in (1, 100_000):
        assert re.search(line, pair.refusal(format, rows))
    pair.register(format)
    assert pair.answers(format, 100_000) == ["s,u"]


def test_a_registration_without_a_fingerprint_runs(pair):
    """As releases before 2.0 wrote it."""
    pair.write_layout("user", "session")
    function = pair.register("RowBinary")
    pair.write_registration(re.sub(" --fingerprint [0-9a-f]+", "", function))
    assert "--fingerprint" in function and "--fingerprint" not in pair.file.read_text()
    assert pair.answers("RowBinary", 1000) == ["u,s"]
    pair.write_layout("session", "user")
    pair.reload()
    assert pair.answers("RowBinary", 1000) == ["s,u"]


class Stream(threading.Thread):
    """Two hundred messages a second to a topic, numbered from 1, until it is stopped."""

    def __init__(self, address: str, topic: str):
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": address, "linger.ms": 5})
        self.topic, self.count, self.ended = topic, 0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.005):
            self.count += 1
            after = {"user": f"u{self.count}", "session": f"s{self.count}"}
            self.producer.produce(self.topic, json.dumps({"op": "c", "source": {}, "after": after}))
            self.producer.poll(0)
        self.producer.flush(60)


class Flow:
    """A topic that is read into a table through pairRow, and `debezium-udf register` for its layout."""

    def __init__(self, engine, broker, folder):
        self.engine, self.folder = engine, folder
        self.layout = engine.folder / "user_scripts" / "pair.json"
        self.file = engine.folder / "debezium_udf_function.xml"
        self.file.write_text("<functions>\n</functions>\n")
        self.register("user", "session")
        engine.query("SYSTEM RELOAD FUNCTIONS")
        broker.create_topic("pair")
        for statement in (
                "CREATE TABLE pair_rows (user String, session String) ENGINE = MergeTree ORDER BY tuple()",
                f"""CREATE TABLE pair_kafka (message String) ENGINE = Kafka('{broker.address}', 'pair', 'pair', 'LineAsString')
                    SETTINGS kafka_flush_interval_ms = 200, kafka_poll_timeout_ms = 50""",
                """CREATE MATERIALIZED VIEW pair_view TO pair_rows AS
                   SELECT pair.user AS user, pair.session AS session FROM (SELECT pairRow(message) AS pair FROM pair_kafka)"""):
            engine.query(statement)
        self.stream = Stream(broker.address, "pair")
        self.stream.start()

    def write(self, *columns: str) -> Path:
        """The layout with its columns in this order, as somebody has edited it elsewhere."""
        path = self.folder / "pair.json"
        path.write_text(json.dumps({"function": "pairRow", "accept": {"op": ["c"]}, "columns": [
            {"name": name, "type": "String", "path": f"after.{name}"} for name in columns]}))
        return path

    def register(self, *columns: str) -> str:
        return subprocess.check_output([BINARY, "register", self.write(*columns), "--config-dir", self.engine.folder,
                                        "--scripts-dir", self.layout.parent], text=True)

    def rows(self) -> int:
        return self.engine.value("SELECT count() FROM pair_rows")

    def flows(self) -> None:
        """Wait until everything that was sent until now is there, and one more."""
        sent = self.stream.count + 1
        wait_until(lambda: self.rows() >= sent, 30, lambda: f"{self.rows()} of {sent}: {self.consumer()}")

    def consumer(self) -> list:
        return self.engine.rows("SELECT num_messages_read, assignments.topic, exceptions.text FROM system.kafka_consumers WHERE table = 'pair_kafka'")

    def stands(self) -> None:
        """Wait until no row comes any more."""
        def unchanged() -> bool:
            before = self.rows()
            time.sleep(1)
            return self.rows() == before

        wait_until(unchanged, 60, "no more rows")

    def kill_programs(self) -> int:
        killed = 0
        for process in children(self.engine.process.pid, "debezium-udf"):
            # One that ended meanwhile is none.
            with suppress(OSError):
                if b"pair.json" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0"):
                    os.kill(process, signal.SIGKILL)
                    killed += 1
        return killed

    def close(self) -> None:
        self.stream.ended.set()
        self.stream.join()
        for name in ("pair_view", "pair_kafka", "pair_rows"):
            self.engine.query(f"DROP TABLE IF EXISTS {name} SYNC")
        for file in (self.file, self.layout):
            file.unlink(missing_ok=True)
        self.engine.query("SYSTEM RELOAD FUNCTIONS")


@pytest.fixture
def flow(engine, broker, tmp_path):
    flow = Flow(engine, broker, tmp_path)
    try:
        yield flow
    finally:
        flow.close()


def test_a_layout_changes_while_messages_flow(flow):
    """Whatever happens between layout, registration and reload: no message is lost, none comes twice, none is wrong."""
    engine = flow.engine
    flow.flows()

    # As it is meant to be.
    assert "changed" in flow.register("session", "user")
    flow.flows()  # by the processes that run
    engine.query("SYSTEM RELOAD FUNCTIONS")
    flow.flows()

    # The processes die before the server has read the registration: those that are started refuse, and nothing comes.
    flow.register("user", "session")
    assert flow.kill_programs() > 0
    flow.stands()
    with pytest.raises(QueryError, match="is not the one that pairRow is registered with"):
        engine.query("SELECT pairRow(materialize(''))")
    engine.query("SYSTEM RELOAD FUNCTIONS")
    flow.flows()

    # `register` is stopped between the two files, and the server reads what there is.
    path = flow.write("session", "user")
    part = flow.layout.with_suffix(".part")
    part.write_bytes(path.read_bytes())
    part.rename(flow.layout)
    flow.flows()
    engine.query("SYSTEM RELOAD FUNCTIONS")
    flow.stands()
    said = flow.register("session", "user")
    assert "unchanged" in said and "changed\n" in said
    engine.query("SYSTEM RELOAD FUNCTIONS")
    flow.flows()

    flow.stream.ended.set()
    flow.stream.join()
    wait_until(lambda: flow.rows() >= flow.stream.count, 30, lambda: f"{flow.rows()} of {flow.stream.count}: {flow.consumer()}")
    time.sleep(1)  # for a row too many
    (row,) = engine.rows("""
        SELECT count() AS rows, uniqExact(user) AS users, countIf(user != concat('u', substring(session, 2)) OR user NOT LIKE 'u%') AS wrong
        FROM pair_rows""")
    assert row == {"rows": flow.stream.count, "users": flow.stream.count, "wrong": 0}


def commands() -> list:
    """Of all processes; one may end while they are read."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes())
    return found


def test_check_does_not_wait_for_a_program_that_hangs(engine, tmp_path):
    """Of this version by its own word; ten seconds for all functions."""
    scripts, config = tmp_path / "scripts", tmp_path / "config"
    scripts.mkdir()
    config.mkdir()
    (config / "config.xml").write_text(f"<clickhouse><user_scripts_path>{scripts}</user_scripts_path></clickhouse>")
    shutil.copy(LAYOUT, scripts)
    (config / "debezium_udf_function.xml").write_text(subprocess.check_output([BINARY, "config", LAYOUT], text=True))
    version = subprocess.check_output([BINARY, "--version"], text=True).strip()
    (scripts / "debezium-udf").write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo '{version}' || sleep 1234567\n")
    (scripts / "debezium-udf").chmod(0o755)
    began = time.monotonic()
    done = subprocess.run([BINARY, "check", "--config-dir", config], capture_output=True, text=True)
    # Ten seconds for each of the four functions would be forty.
    assert 9 < time.monotonic() - began < 35 and done.returncode == 1
    assert done.stdout.count(": its program does not answer: it was killed") == 1
    assert done.stdout.count(": its program was not run, since another one took all the time") == 3
    # Nor does it leave anything that runs.
    assert not [command for command in commands() if b"1234567" in command]
