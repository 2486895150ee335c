"""The init containers of the manifests, run by their own commands: into empty volumes, again in the same pod, and in a new one."""
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from tests.stack.engine import Engine
from tests.support.programs import LAYOUT, PROGRAM

from .pods import IMAGES, PODS, Pod, kind

SECRETS = {"debezium-udf": {"clickhouse-password": "a b'c"}}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    return {name: make(folder / name.replace("/", "_")) for name, make in IMAGES.items()}


def pod(name, folder, images):
    maps = {"clickhouse-site": kind("statefulset/clickhouse.yaml", "ConfigMap")["data"]}
    made = Pod(PODS[name](), folder, images, config_maps=maps, secrets=SECRETS)
    if name == "statefulset":
        made.claim("data")
    return made


# Manifest -> where the server of that pod finds scripts and registration, below which volume.
PLACES = {
    "altinity": ("debezium-udf", "user_scripts", "debezium-udf", "config"),
    "operator": ("debezium-udf", "user_scripts", "debezium-udf", "config"),
    "statefulset": ("debezium-udf", "opt/debezium-udf/user_scripts", "config", ""),
}


@pytest.mark.parametrize("name", PLACES)
def test_an_empty_volume_a_restart_and_a_new_pod(name, images, tmp_path):
    first = pod(name, tmp_path, images)
    first.start()
    scripts, below, config, beside = PLACES[name]
    files = {volume["name"]: first.files(volume["name"]) for volume in first.spec["volumes"]}
    assert files[scripts][f"{below}/debezium-udf"] == (0o755, PROGRAM.read_bytes())
    assert files[scripts][f"{below}/experiment_event.json"] == (0o644, LAYOUT.read_bytes())
    registration = files[config][f"{beside}/debezium_udf_function.xml".lstrip("/")][1]
    assert registration == subprocess.check_output([PROGRAM, "config", LAYOUT])

    # The node was restarted, say: the same pod and the same volumes, and nothing is asked, doubled or lost.
    said = first.start()
    assert {volume: first.files(volume) for volume in files} == files
    assert ".new" not in said and "deleted" not in said, said

    # A new pod has empty volumes; what is persistent stays.
    if name == "statefulset":
        (first.volume("data") / "store").write_text("rows")
    again = pod(name, tmp_path, images)
    assert again.files(scripts) == {}
    again.start()
    assert {volume: again.files(volume) for volume in files} == files
    if name == "statefulset":
        assert (again.volume("data") / "store").read_text() == "rows"
        assert "user_files/experiments.html" in again.files("data")


def test_the_plain_server_has_the_images_settings_the_releases_and_the_sites(images, tmp_path):
    made = pod("statefulset", tmp_path, images)
    made.start()
    config = {name: text for name, (_, text) in made.files("config").items()}
    assert "config.d/docker_related_config.xml" in config and "config.xml" in config, "the image's own"
    assert b"/opt/debezium-udf/user_scripts" in config["config.d/debezium_udf_scripts.xml"]
    assert max(name for name in config if name.startswith("config.d/")) == "config.d/zz_site.xml"
    assert b"experiments-kafka-bootstrap:9092" in config["config.d/zz_site.xml"]
    assert b"named_collection_control" in config["users.d/zz_site.xml"]
    for name, text in config.items():
        ElementTree.fromstring(text)


@pytest.mark.parametrize("name", PLACES)
def test_a_volume_that_cannot_be_written_stops_the_pod(name, images, tmp_path):
    made = pod(name, tmp_path, images)
    made.volume("debezium-udf").chmod(0o555)
    container = next(container for container in made.spec["initContainers"] if container["image"] == "debezium-udf")
    done = made.run(container)
    assert done.returncode != 0 and re.search("[Pp]ermission denied", done.stdout), done.stdout


# ---- The server of such a pod, and the Job -------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def server(images, broker, tmp_path_factory):
    """An engine that reads program, layout and registration from the volumes of the plain StatefulSet's pod."""
    made = pod("statefulset", tmp_path_factory.mktemp("pod"), images)
    made.start()
    scripts, below, config, beside = PLACES["statefulset"]
    functions = {"debezium_udf_function.xml": made.files(config)["debezium_udf_function.xml"][1].decode()}
    volume = made.volume(scripts) / below
    with Engine(tmp_path_factory.mktemp("engine"), broker=broker.address, functions=functions,
                scripts=sorted(volume.iterdir())) as engine:
        yield engine


def test_the_server_answers_by_the_program_on_the_volume(server):
    assert server.value("SELECT experimentEvent('').reason") == "tombstone"


def test_the_job_applies_the_bundle_and_changes_nothing_the_second_time(server, images, tmp_path):
    made = pod("bundle", tmp_path, images)
    made.start()
    container, = made.spec["containers"]
    account = {"CLICKHOUSE_HOST": f"127.0.0.1:{server.port}", "CLICKHOUSE_USER": "default", "CLICKHOUSE_PASSWORD": ""}
    done = made.run(container, **account)
    assert done.returncode == 0, done.stdout
    # Refreshes make tables of their own, for a moment.
    tables = "SELECT groupArray((name, create_table_query)) FROM (SELECT name, create_table_query FROM system.tables" \
             " WHERE database = 'experiments_analytics' AND name NOT LIKE '.%' ORDER BY name)"
    first = server.value(tables)
    assert len(first) > 20
    done = made.run(container, **account)
    assert done.returncode == 0, done.stdout
    assert server.value(tables) == first


def test_the_job_says_that_a_server_does_not_answer(images, tmp_path):
    made = pod("bundle", tmp_path, images)
    made.start()
    container, = made.spec["containers"]
    assert "-ge 60" in container["command"][2] and "sleep 5" in container["command"][2], "five minutes"
    hasty = {**container, "command": [*container["command"][:2], container["command"][2].replace("-ge 60", "-ge 2").replace("sleep 5", "sleep 0")]}
    done = made.run(hasty, CLICKHOUSE_HOST="127.0.0.1:1", CLICKHOUSE_USER="default", CLICKHOUSE_PASSWORD="")
    assert done.returncode == 1 and "bundle: 127.0.0.1:1 does not answer as it should; nothing was applied" in done.stdout
