"""A layout and its registration that are out of step, in the server: a query fails with one line, and no row is wrong."""
import json
import os
import re
import subprocess
import time

import pytest

from tests.stack.engine import BINARY, QueryError

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
        assert time.monotonic() - began < 10
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
