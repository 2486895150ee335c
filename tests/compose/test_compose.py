"""The whole of deploy/compose, in the order of a life: up, data, page, restart, kill, down and up, upgrade. One stack for all."""
import json
import os
import signal
import subprocess
import time
import urllib.request

import pytest

from tests.compose.containers import ROOT, WORK
from tests.compose.stack import EVENTS, ONE_SHOT, SERVERS, release
from tests.support.waiting import wait_until

SCREENSHOT = ROOT / "build" / "screenshots" / "compose.png"
NEXT = "9.9.9"


def note(text: str) -> None:
    print(f"compose: {text}")


def test_up_leads_to_a_stack_that_is_healthy(stack):
    seconds = stack.up("--build")
    note(f"from nothing to healthy in {seconds:.0f} s, the image with the program built on the way")
    print(stack.podman.run("ps", "--all", "--format", "table {{.Names}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}").stdout)
    assert stack.podman.logs("experiments-bundle").splitlines()[-1].startswith("bundle: applied.")
    assert stack.podman.logs("experiments-connector").splitlines()[-1] == "connector: experiments-outbox is running"


def test_ports_are_published_on_this_machine_alone(stack):
    for name in SERVERS:
        bindings = stack.podman.inspect(f"experiments-{name}")["NetworkSettings"]["Ports"]
        assert {binding["HostIp"] for port in bindings.values() for binding in port or []} == {"127.0.0.1"}


def test_a_row_of_postgresql_is_a_row_of_clickhouse(stack):
    note(f"the first row took {stack.row_arrives('first'):.1f} s")
    note(f"the second row took {stack.row_arrives('second'):.1f} s")


def test_names_are_those_of_the_pipeline(stack):
    assert stack.query("SELECT hostName()") == "experiments-clickhouse"
    assert stack.query("SELECT distinct topic FROM experiments_analytics.events") == "experiments_events"
    groups = stack.podman.run("exec", "experiments-kafka", "/opt/kafka/bin/kafka-consumer-groups.sh", "--bootstrap-server", "kafka:9092",
                              "--describe", "--group", "ch_consumer").stdout
    assert "experiments_events" in groups


def test_no_password_is_in_a_configuration_that_others_read(stack):
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.ports['CONNECT_PORT']}/connectors/experiments-outbox") as answer:
        connector = json.load(answer)["config"]
    assert connector["database.password"] == "${env:POSTGRES_PASSWORD}"


def test_test_data_arrives_whole(stack):
    done = stack.compose("run", "--rm", "testdata", "1500")
    assert "testdata: the outbox holds" in done.stdout, done.stderr
    events, letters = stack.all_arrived()
    note(f"{events} events and {letters} dead letters")
    assert events > 3000 and letters == 2
    assert stack.query("SELECT count() FROM experiments_analytics.dead_letters_open WHERE reason LIKE 'after.payload.%'") == "2"


@pytest.mark.parametrize("word", ["none", "-1", "12345678"])
def test_a_wrong_number_of_visitors(stack, word):
    before = stack.psql("SELECT count(*) FROM outbox")
    done = stack.compose("run", "--rm", "--no-deps", "testdata", word, check=False)
    assert f"testdata: {word} is not a number of visitors" in done.stdout + done.stderr
    assert stack.psql("SELECT count(*) FROM outbox") == before


def test_the_page_in_a_browser(stack, chromium):
    """As it is reached from this machine: through the published port."""
    wait_until(lambda: stack.query("SELECT count() FROM experiments_analytics.experiment_results WHERE experiment_id = 1") != "0", 60,
               "there are results", 0.5)
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(stack.page + "#1")
    page.wait_for_selector("html[data-round]", timeout=90_000)
    page.wait_for_selector("[aria-label=Conversion] td[data-title=Exposed]", timeout=30_000)
    exposed = page.evaluate("""() => [...document.querySelectorAll('[aria-label=Conversion] td[data-title=Exposed]')]
        .reduce((sum, cell) => sum + Number(cell.textContent.replaceAll(',', '')), 0)""")
    SCREENSHOT.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOT, full_page=True)
    page.close()
    assert exposed == 1500 and not problems


def test_a_second_up_changes_nothing(stack):
    table = "SELECT uuid FROM system.tables WHERE database = 'experiments_analytics' AND name = 'events_processed'"
    before = stack.query(table), stack.query(EVENTS)
    note(f"a second up took {stack.up():.0f} s")
    assert (stack.query(table), stack.query(EVENTS)) == before
    stack.row_arrives("second_up")


def test_restart(stack):
    stack.compose("restart", "--timeout", "10", *SERVERS)
    wait_until(stack.complete, 120, lambda: f"the stack is up again\n{stack.told()}", 0.5)
    note(f"after a restart of all servers a row took {stack.row_arrives('restart'):.1f} s")


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_that_is_killed_comes_back(stack, name):
    """As by the kernel for want of memory: Compose is not asked."""
    container = f"experiments-{name}"
    if name not in ("postgres",):
        stack.write_event(f"before_kill_{name}")
    os.kill(stack.podman.inspect(container)["State"]["Pid"], signal.SIGKILL)
    start = time.monotonic()
    if name != "postgres":
        stack.write_event(f"during_kill_{name}")
    wait_until(stack.complete, 120, lambda: f"{name} is back\n{stack.told()}", 0.5)
    note(f"{name} was killed and healthy again after {time.monotonic() - start:.0f} s; a row then took "
         f"{stack.row_arrives(f'after_kill_{name}'):.1f} s")
    stack.all_arrived()


def test_down_and_up_keep_the_data(stack):
    stack.row_arrives("before_down")
    events, letters = stack.all_arrived()
    stack.compose("down", "--timeout", "10")
    assert stack.podman.run("ps", "--all", "--quiet").stdout == ""
    seconds = stack.up()
    assert stack.all_arrived() == (events, letters)
    note(f"after down, up took {seconds:.0f} s, {events} events are there, and a row took {stack.row_arrives('after_down'):.1f} s")
    assert stack.query(EVENTS) == str(events + 1)


def test_an_upgrade_of_the_program(stack):
    """The next release: another program, another page."""
    folder = WORK / "next"
    subprocess.run(["make", "--no-print-directory", f"BUILD={folder}", f"OBJECTS={folder}/obj", f"VERSION={NEXT}", f"{folder}/debezium-udf"],
                   cwd=ROOT, check=True, stdin=subprocess.DEVNULL, env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")})
    unpacked = release(WORK / "next_release", folder / "debezium-udf")
    page = unpacked / "files" / "var/lib/clickhouse/user_files/experiments.html"
    page.write_text(page.read_text() + "<!-- the next release -->\n")
    stack.row_arrives("before_upgrade")
    events, letters = stack.all_arrived()
    assert NEXT not in stack.podman.run("exec", "experiments-clickhouse", "debezium-udf", "--version").stdout

    stack.write(DEBEZIUM_UDF=unpacked)
    note(f"the upgrade took {stack.up('--build'):.0f} s")
    assert NEXT in stack.podman.run("exec", "experiments-clickhouse", "debezium-udf", "--version").stdout
    with urllib.request.urlopen(stack.page) as answer:
        assert b"the next release" in answer.read()
    assert stack.all_arrived() == (events, letters)
    stack.row_arrives("after_upgrade")


def test_prometheus_reads_what_is_there(stack):
    stack.compose("--profile", "observability", "up", "-d", "--no-deps", "prometheus")

    def targets() -> list:
        with urllib.request.urlopen(f"http://127.0.0.1:{stack.ports['PROMETHEUS_PORT']}/api/v1/targets", timeout=5) as answer:
            return json.load(answer)["data"]["activeTargets"]

    def known() -> bool:
        try:
            return bool(targets())
        except OSError:
            return False

    wait_until(known, 60, lambda: stack.podman.logs("experiments-prometheus")[-2000:], 0.5)
    assert sorted(target["scrapeUrl"] for target in targets()) == ["http://clickhouse:8123/pipelines/metrics", "http://clickhouse:9363/metrics"]

    def pipelines() -> str:
        return next(target["health"] for target in targets() if target["labels"]["job"] == "pipelines")

    wait_until(lambda: pipelines() == "up", 60, lambda: f"{targets()}", 0.5)


def test_the_one_shot_services_ended_well_every_time(stack):
    for name in ONE_SHOT:
        assert stack.podman.state(f"experiments-{name}") == "exited 0"
