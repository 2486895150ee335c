"""A real server that runs the programs as Cloud's would: each from a folder of its own, without an argument."""
import json
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from tests.stack.engine import Engine
from tests.support.programs import LAYOUT, PROGRAM, ROOT

MESSAGES = (ROOT / "tests" / "fixtures" / "debezium" / "bare.public.outbox.ndjson").read_text().splitlines()


def registration(folder, out) -> str:
    """A server's own registration, filled in from the request bodies alone."""
    root = ElementTree.Element("functions")
    for path in sorted(out.glob("*.create.json")):
        body = json.loads(path.read_text())
        function = ElementTree.SubElement(root, "function")
        for tag, value in {
            "name": body["functionName"], "type": body["type"], "pool_size": body["poolSize"], "return_type": body["returnType"],
            "return_name": body["returnName"], "format": body["format"], "command": f"{body['functionName']}/amd64/main", "execute_direct": 1,
            "send_chunk_header": int(body["sendChunkHeader"]), "deterministic": int(body["deterministic"]),
            "command_read_timeout": body["commandReadTimeout"], "command_write_timeout": body["commandWriteTimeout"],
            "max_command_execution_time": body["maxCommandExecutionTime"], "stderr_reaction": "throw", "check_exit_code": 1,
        }.items():
            ElementTree.SubElement(function, tag).text = str(value)
        for argument in body["arguments"]:
            element = ElementTree.SubElement(function, "argument")
            for tag, value in argument.items():
                ElementTree.SubElement(element, tag).text = value
    return ElementTree.tostring(root, encoding="unicode")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory, deployed, bundles):
    folder = tmp_path_factory.mktemp("server")
    for (format, function), unpacked in deployed.items():
        if format == "RowBinary":
            shutil.copytree(unpacked, folder / "user_scripts" / function)
    with Engine(folder, functions={"cloud_function.xml": registration(folder, bundles["RowBinary"])}, scripts=[]) as server:
        yield server


def test_a_server_runs_them_without_an_argument(cloud):
    done = subprocess.run([PROGRAM, "decode", LAYOUT], input="\n".join(MESSAGES).encode() + b"\n", capture_output=True, check=True)
    expected = [json.loads(line) for line in done.stdout.splitlines()]
    cloud.query("CREATE TABLE messages (message String) ENGINE = Memory")
    cloud.query("INSERT INTO messages FORMAT LineAsString", data="\n".join(MESSAGES).encode())
    rows = cloud.rows("SELECT experimentEvent(message) AS event FROM messages")
    assert [(row["event"]["outcome"], row["event"]["id"]) for row in rows] == [(row["outcome"], row["id"]) for row in expected]
    assert cloud.value("SELECT debeziumExtract('{\"after\":{\"a\":7}}', 'after.a')") == "7"
    assert cloud.value("SELECT debeziumUnnest('7')") == "7"
    assert cloud.value("SELECT debeziumTimestamp('never')") is None
