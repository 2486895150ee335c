"""A real server that runs the programs as Cloud's would: each from a folder of its own, without an argument."""
import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from tests.stack.engine import Engine
from tests.support.programs import LAYOUT, PROGRAM, ROOT

from .built import whole

MESSAGES = (ROOT / "tests" / "fixtures" / "debezium" / "bare.public.outbox.ndjson").read_text().splitlines()


def statements(*words) -> list:
    """What `debezium-udf pipeline` prints, a statement each."""
    text = subprocess.check_output([PROGRAM, "pipeline", LAYOUT, *words], text=True)
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [statement for statement in "\n".join(lines).split(";\n") if statement.strip()]


def registration(out) -> str:
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
    with Engine(folder, functions={"cloud_function.xml": registration(bundles["RowBinary"])}, scripts=[]) as server:
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


# ---- ClickPipes inserts, and the views do the rest ------------------------------------------------------------------------------

def insert(cloud, messages, first=0, partition=0, at="2026-11-28 12:00:00.123", table="shop.events_kafka"):
    """A batch as ClickPipes would insert it: every column by its name."""
    rows = [{"message": message, "_key": "k", "_header_keys": ["id"], "_header_values": [str(first + number)], "_topic": "shop.public.outbox",
             "_partition": partition, "_offset": first + number, "_timestamp": at} for number, message in enumerate(messages)]
    cloud.query(f"INSERT INTO {table} FORMAT JSONEachRow", data="\n".join(map(json.dumps, rows)).encode())


def test_what_is_inserted_is_decoded_once_and_has_its_place(cloud):
    sql = statements("--landing", "--database", "shop", "--name", "events")
    assert not [statement for statement in sql if statement.lstrip().startswith("SYSTEM ") or "Kafka(" in statement]
    for _ in range(2):
        for statement in sql:
            cloud.query(statement)
    assert cloud.value("SELECT engine FROM system.tables WHERE database = 'shop' AND name = 'events_kafka'") == "MergeTree"
    status = "SELECT topic, partition, code, diagnosis FROM shop.pipeline_status"
    assert cloud.rows(status) == [{"topic": "", "partition": None, "code": "nothing_read",
                                   "diagnosis": "nothing was inserted into events_kafka yet; does the program that fills it run?"}]
    broken = [*MESSAGES, "{", ""]
    insert(cloud, broken)
    done = subprocess.run([PROGRAM, "decode", LAYOUT], input="\n".join(broken).encode() + b"\n", capture_output=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    place = "topic, partition, offset, kafka_time"
    events = [{"topic": "shop.public.outbox", "partition": 0, "offset": offset, "kafka_time": "2026-11-28 12:00:00.123", "id": answer["id"]}
              for offset, answer in enumerate(answers) if answer["outcome"] == "event"]
    letters = [{"topic": "shop.public.outbox", "partition": 0, "offset": offset, "reason": answer["reason"], "message": broken[offset],
                "key": "k", "names": ["id"], "values": [str(offset)]}
               for offset, answer in enumerate(answers) if answer["outcome"] == "error"]
    assert len(events) > 5 and len(letters) >= 1
    stored = f"SELECT {place}, id FROM shop.events ORDER BY topic, partition, offset"
    dead = "SELECT topic, partition, offset, reason, message, key, headers.name AS names, headers.value AS values FROM shop.dead_letters_open " \
           "ORDER BY offset"
    settings = {"output_format_json_quote_64bit_integers": 0}
    assert cloud.rows(stored, settings=settings) == events
    assert cloud.rows(dead, settings=settings) == letters
    row, = cloud.rows(status)
    assert row["topic"] == "shop.public.outbox" and row["code"] == "consuming_with_errors" and "see dead_letters_open" in row["diagnosis"]
    assert cloud.value("SELECT groupArray(alert) FROM shop.pipeline_alerts WHERE alert = 'not consuming'") == []
    # Delivery is at least once: the batch comes again, cut otherwise.
    insert(cloud, broken[3:], first=3)
    insert(cloud, broken[:4])
    assert cloud.rows(stored, settings=settings) == events
    assert cloud.rows(dead, settings=settings) == letters
    # And the same offsets of another partition are other messages.
    insert(cloud, MESSAGES[:2], partition=1)
    assert cloud.value("SELECT count() FROM shop.events WHERE partition = 1") == sum(answer["outcome"] == "event" for answer in answers[:2])
    for statement in statements("--landing", "--database", "shop", "--name", "events", "--remove"):
        cloud.query(statement)
    assert cloud.value("SELECT count() FROM shop.events_kafka") > 0, "stored messages stay"


@whole
def test_the_experiments_bundle_takes_what_is_inserted(cloud):
    command = f"curl -sS --fail-with-body {cloud.url} --data-binary @-"
    for _ in range(2):
        subprocess.run([ROOT / "sql" / "apply.sh", command], check=True, env={**os.environ, "LANDING": "yes", "DEBEZIUM_UDF": PROGRAM})
    assert cloud.value("SELECT engine FROM system.tables WHERE database = 'experiments_analytics' AND name = 'raw_events_kafka'") == "MergeTree"
    insert(cloud, MESSAGES, table="experiments_analytics.raw_events_kafka")
    done = subprocess.run([PROGRAM, "decode", LAYOUT], input="\n".join(MESSAGES).encode() + b"\n", capture_output=True, check=True)
    ids = sorted({row["id"] for row in map(json.loads, done.stdout.splitlines()) if row["outcome"] == "event"})
    assert cloud.value("SELECT arraySort(groupUniqArray(id)) FROM experiments_analytics.events") == ids


@pytest.mark.parametrize("words", [["--topic", "t"], ["--group", "g"], ["--collection", "c"], ["--every", "5 MINUTE"], ["--cluster", "c"]])
def test_nothing_is_asked_of_a_broker(words):
    done = subprocess.run([PROGRAM, "pipeline", LAYOUT, "--landing", *words], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"debezium-udf: pipeline: --landing: another program inserts the messages, on one server: leave out {words[0]}\n"
