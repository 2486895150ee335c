"""examples/README.md, followed: every command in it is run, in order, by somebody who has what it asks for."""
import os
import re
import subprocess

import pytest

from tests.pipelines.site import server
from tests.stack.connect import Connect
from tests.stack.engine import ROOT
from tests.stack.kafka import Kafka
from tests.stack.postgres import Postgres

GUIDE = ROOT / "examples" / "README.md"
STEPS = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.M | re.S)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """run(step): a shell in an empty folder, with the names that the guide asks for; and the servers."""
    folder = tmp_path_factory.mktemp("guide")
    with Kafka(folder / "kafka") as kafka, Postgres(folder / "postgres") as postgres:
        with Connect(folder / "connect", kafka, postgres, []) as connect, server(folder / "engine", kafka) as engine:
            (folder / "work").mkdir()
            names = {**os.environ, "DEBEZIUM_UDF": str(ROOT), "CONNECT": f"http://127.0.0.1:{connect.port}",
                     "PSQL": f"psql -h 127.0.0.1 -p {postgres.port} -U postgres -v ON_ERROR_STOP=1 -q", "KAFKA": kafka.address,
                     "CLICKHOUSE": f"curl -sS --fail-with-body {engine.url} --data-binary @-",
                     "SCRIPTS": str(engine.folder / "user_scripts"), "CONFIG": str(engine.folder)}

            def run(step):
                done = subprocess.run(["sh", "-eu", "-c", step], cwd=folder / "work", env=names, capture_output=True, text=True,
                                      timeout=120)
                assert done.returncode == 0, f"{step}\n{done.stdout}{done.stderr}\n{engine.tail(5)}"
                return done.stdout

            wait_for(names["CONNECT"])
            run.engine, run.postgres = engine, postgres
            yield run


def wait_for(url):
    subprocess.run(["curl", "-sS", "--fail", "--retry", "60", "--retry-delay", "1", "--retry-all-errors", f"{url}/connectors"],
                   check=True, capture_output=True)


def test_the_guide_leads_to_the_table(reader):
    assert len(STEPS) == 6
    said = [reader(step) for step in STEPS]
    assert said[-2].count("Row ") == 2
    assert reader.engine.rows("SELECT * EXCEPT version FROM tickets ORDER BY id") == [
        {"id": 1, "subject": "printer on fire", "price": 12.34, "open": False, "opened_at": "2026-01-02 03:04:05.123456", "due_on": "2026-02-01",
         "customer": '{"name": "Zoë", "address": {"city": "Zürich"}}', "name": "Zoë", "address": '{"city": "Zürich"}', "vip": None, "city": "Zürich",
         "complete": True},
        {"id": 2, "subject": "mouse escaped", "price": None, "open": True, "opened_at": "2026-01-03 00:00:00.000000", "due_on": None,
         "customer": '{"vip": true, "name": "Max", "address": {"city": "Köln"}}', "name": "Max", "address": '{"city": "Köln"}', "vip": "true",
         "city": "Köln", "complete": True}]
    assert "tickets" in said[-1] and "helpdesk.public.tickets" in said[-1]


def test_changes_go_on_arriving(reader):
    with reader.postgres.connect() as connection:
        connection.execute("UPDATE tickets SET price = 99.5 WHERE id = 2")
        connection.execute("DELETE FROM tickets WHERE id = 1")
    reader.engine.wait_for("SELECT groupArray((id, toString(price))) FROM tickets", [[2, "99.5"]])
    with reader.postgres.connect() as connection:
        connection.execute("TRUNCATE tickets")
    reader.engine.wait_for("SELECT groupArray(reason) FROM dead_letters_open", ["op t"])
