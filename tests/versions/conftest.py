"""A server of each version, with the installed files as they are; and what they all are asked about."""
import os
import re
import struct

import pytest

from tests.conftest import registrations, scripts
from tests.engine.test_functions import TEXT, lines, on_the_command_line, row_binary, value_lines
from tests.stack.engine import ROOT, VALUES
from tests.versions.version import TOPIC, Version, listed

OUTBOX = ROOT / "tests" / "fixtures" / "debezium" / "bare.public.outbox.ndjson"
VERSIONS = listed(("always", "all") if os.environ.get("CLICKHOUSE_VERSIONS") == "all" else ("always",))


@pytest.fixture(scope="session")
def answers(tmp_path_factory):
    """A file in RowBinary: every real message, and what the program answers on the command line."""
    texts = lines()
    columns = [on_the_command_line(arguments, texts) for arguments, _, _ in TEXT.values()]
    path = tmp_path_factory.mktemp("answers") / "answers.bin"
    path.write_bytes(b"".join(struct.pack("<I", n) + row_binary(*row) for n, row in enumerate(zip(texts, *columns))))
    return path


@pytest.fixture(scope="session")
def values(tmp_path_factory):
    """The same of every type and value, by the layout that has them: message and answer."""
    texts = value_lines() * 20
    path = tmp_path_factory.mktemp("values") / "values.bin"
    path.write_bytes(b"".join(map(row_binary, texts, on_the_command_line(["decode", VALUES], texts))))
    return path


@pytest.fixture(scope="session")
def outbox(broker):
    """The topic, with the messages of an outbox table in it."""
    broker.produce_file(TOPIC, OUTBOX)
    return broker


def refused() -> str:
    """A registration whose layout is another one by now."""
    text = registrations()["rowbinary_function.xml"]
    (function,) = re.findall(r"<function>\s*<name>experimentEvent<.*?</function>", text, re.S)
    function = function.replace("<name>experimentEvent<", "<name>refusedEvent<")
    return f"<functions>{re.sub('--fingerprint [0-9a-f]+', '--fingerprint 0123456789abcdef', function)}</functions>"


@pytest.fixture(scope="module", params=VERSIONS)
def server(request, tmp_path_factory, outbox):
    folder = tmp_path_factory.mktemp(f"clickhouse_{request.param}")
    functions = registrations() | {"refused_function.xml": refused()}
    with Version(request.param, folder, broker=outbox.address, functions=functions, scripts=scripts(), level="warning") as server:
        yield server
