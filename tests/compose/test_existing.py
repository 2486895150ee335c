"""existing.yaml beside somebody's own file: the stack that ran before has the pipeline and the page behind it."""
import json
import shutil
import subprocess
import urllib.request
from contextlib import suppress

from tests.compose.containers import HERE, ROOT
from tests.compose.stack import EVENTS, LETTERS, Stack
from tests.support.programs import LAYOUT, PROGRAM
from tests.support.waiting import wait_until

FIXTURE = ROOT / "tests" / "fixtures" / "debezium" / "bare.public.outbox.ndjson"


def test_an_existing_stack_is_finished(podman, images, unpacked, tmp_path):
    """As README.md says it, step by step."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    shutil.copy(HERE / "existing" / "docker-compose.yml", folder)
    theirs = Stack(podman, folder, {**images, "CLICKHOUSE_USER": "app"}, project="theirs")
    try:
        theirs.compose("up", "-d")
        broker = f"localhost:{theirs.ports['KAFKA_PORT']}"
        wait_until(lambda: subprocess.run(["kcat", "-q", "-b", broker, "-L", "-m", "2"], capture_output=True).returncode == 0, 60, "Kafka answers")
        with open(FIXTURE) as messages:
            subprocess.run(["kcat", "-q", "-b", broker, "-P", "-t", "experiments_events"], stdin=messages, check=True)

        def answers() -> bool:
            with suppress(AssertionError):
                return theirs.query("CREATE TABLE IF NOT EXISTS mine (n UInt8) ENGINE = MergeTree ORDER BY n") == ""
            return False

        wait_until(answers, 60, "ClickHouse answers")
        theirs.query("INSERT INTO mine VALUES (42)")

        (folder / "debezium-udf").mkdir()
        subprocess.run([unpacked / "install.sh", folder / "debezium-udf"], check=True, capture_output=True)
        for path in [unpacked / "deploy" / "compose" / "existing.yaml", *(unpacked / "deploy" / "compose").glob("*.xml")]:
            shutil.copy(path, folder)
        account = folder / "account.xml"
        # The user's name; `default` is the profile's, too.
        before, users = account.read_text().split("<users>")
        account.write_text(before + "<users>" + users.replace("default>", "app>"))
        theirs.files = ("docker-compose.yml", "existing.yaml")
        theirs.compose("up", "-d")
        name = "theirs-bundle-1" if podman.state("theirs-bundle-1") else "theirs_bundle_1"
        wait_until(lambda: podman.state(name).startswith("exited"), 60, lambda: podman.logs(name) + podman.logs("experiments-clickhouse")[-3000:], 0.5)
        assert podman.logs(name).splitlines()[-1].startswith("bundle: applied."), podman.logs(name)

        with open(FIXTURE) as messages:
            decoded = subprocess.run([PROGRAM, "decode", LAYOUT], stdin=messages, capture_output=True, text=True, check=True).stdout
        outcomes = [json.loads(line)["outcome"] for line in decoded.removesuffix("\n").split("\n")]
        wait_until(lambda: theirs.query(EVENTS) == str(outcomes.count("event")), 60, lambda: podman.logs("experiments-clickhouse")[-3000:], 0.5)
        assert theirs.query(LETTERS) == str(outcomes.count("error"))
        assert theirs.query("SELECT n FROM mine") == "42"
        for address, expected in ((theirs.page, b"<html"), (theirs.page + "/list", b'"data"')):
            with urllib.request.urlopen(address) as answer:
                assert expected in answer.read()
    finally:
        theirs.compose("down", "--volumes", "--timeout", "5", check=False)
