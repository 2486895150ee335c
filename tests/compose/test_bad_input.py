"""What can be wrong before and while the stack starts: who says so, what is to be done, and that nothing is half applied."""
import shutil
import socket
import subprocess

import pytest

from tests.compose.containers import WORK
from tests.compose.stack import ONE_SHOT, SERVERS, Stack
from tests.support.waiting import wait_until

OLD = "localhost/stand-in-clickhouse:old"


@pytest.fixture
def fresh(podman, images, unpacked, tmp_path):
    """A stack of its own, of which nothing is there yet."""
    folder = tmp_path / "compose"
    shutil.copytree(unpacked / "deploy" / "compose", folder)
    stack = Stack(podman, folder, {**images, "DEBEZIUM_UDF": unpacked, "WAIT_SECONDS": 20})
    yield stack
    stack.write(POSTGRES_PASSWORD="x", CLICKHOUSE_PASSWORD="x")
    stack.compose("down", "--volumes", "--timeout", "5", check=False)


def said(stack: Stack, name: str) -> str:
    return stack.podman.logs(f"experiments-{name}")


def exists(stack: Stack) -> list:
    return [name for name in (*SERVERS, *ONE_SHOT) if stack.podman.state(f"experiments-{name}")]


@pytest.mark.parametrize("variable", ["POSTGRES_PASSWORD", "CLICKHOUSE_PASSWORD"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_password(fresh, variable, value):
    fresh.write(**{variable: value})
    done = fresh.compose("up", "-d", check=False)
    assert done.returncode != 0
    assert f"Set {variable} in .env" in done.stderr
    assert not exists(fresh)


def test_a_port_in_use(fresh):
    with socket.create_server(("127.0.0.1", fresh.ports["CLICKHOUSE_HTTP_PORT"])):
        done = fresh.compose("up", "-d", "--build", check=False)
    assert done.returncode != 0
    assert str(fresh.ports["CLICKHOUSE_HTTP_PORT"]) in done.stderr and "in use" in done.stderr
    assert not said(fresh, "bundle"), "the bundle was applied"
    # Free again, and the same command finishes.
    fresh.up()


def test_a_volume_of_an_older_postgresql(fresh):
    fresh.podman.run("volume", "create", "experiments_postgres")
    fresh.podman.run("run", "--rm", "--volume", "experiments_postgres:/v", "--entrypoint", "sh", fresh.variables["POSTGRES_IMAGE"], "-c",
                     "echo 13 > /v/PG_VERSION; chown 999 /v /v/PG_VERSION")
    done = fresh.compose("up", "-d", "--build", check=False)
    assert done.returncode != 0
    assert "postgres: the volume holds data of PostgreSQL 13, and this image is PostgreSQL 15. Nothing was changed. Set POSTGRES_IMAGE" in \
        said(fresh, "check-postgres")
    assert "check-postgres" in done.stderr and not said(fresh, "postgres") and not said(fresh, "connect") and not said(fresh, "connector")
    left = fresh.podman.run("run", "--rm", "--volume", "experiments_postgres:/v", "--entrypoint", "ls", fresh.variables["POSTGRES_IMAGE"], "/v")
    assert left.stdout == "PG_VERSION\n"


def test_no_memory_for_kafka(fresh):
    fresh.write(KAFKA_MEMORY="300m")
    done = fresh.compose("up", "-d", "--build", check=False)
    assert done.returncode != 0
    assert "kafka: a heap of 512 MiB needs 768 MiB of memory, and there are 300. Set KAFKA_MEMORY to 768m or more, or KAFKA_HEAP to less" in \
        said(fresh, "check-kafka")
    assert "check-kafka" in done.stderr
    assert not said(fresh, "kafka") and not said(fresh, "topic") and not said(fresh, "bundle") and not said(fresh, "connector")


def test_an_old_clickhouse(fresh, images):
    """The stand-in says that it is another version: there is no server of that one here."""
    fresh.podman.build(OLD, WORK / "images" / "clickhouse", VERSION="23.8.16.16")
    fresh.write(CLICKHOUSE_IMAGE=OLD, CLICKHOUSE_WITH_UDF="localhost/none-yet:local")
    done = fresh.compose("up", "-d", "--build", check=False)
    assert done.returncode != 0
    assert "CLICKHOUSE_IMAGE is ClickHouse 23.8.16.16, and debezium-udf needs 23.10 or later" in done.stdout + done.stderr
    assert not exists(fresh)


def test_sources_in_place_of_a_release(fresh, tmp_path):
    context = tmp_path / "sources"
    shutil.copytree(fresh.folder, context / "deploy" / "compose")
    fresh.write(DEBEZIUM_UDF=context, CLICKHOUSE_WITH_UDF="localhost/none-yet:local")
    done = fresh.compose("up", "-d", "--build", check=False)
    assert done.returncode != 0
    assert "no install.sh in the build context. DEBEZIUM_UDF must name the root of an unpacked release" in done.stdout + done.stderr


def test_passwords_in_the_build_context(fresh, tmp_path):
    """Without the release's .dockerignore they would be in a layer of the image."""
    context = tmp_path / "release"
    shutil.copytree(fresh.variables["DEBEZIUM_UDF"], context, ignore=shutil.ignore_patterns(".dockerignore"))
    shutil.copy(fresh.folder / ".env", context / "deploy" / "compose")
    fresh.write(DEBEZIUM_UDF=context, CLICKHOUSE_WITH_UDF="localhost/none-yet:local")
    done = fresh.compose("up", "-d", "--build", check=False)
    assert done.returncode != 0
    assert "the build context holds deploy/compose/.env, whose passwords would be in the image" in done.stdout + done.stderr


def test_a_password_that_xml_does_not_hold(fresh):
    fresh.write(CLICKHOUSE_PASSWORD="a<b")
    done = fresh.compose("up", "-d", "--build", check=False)
    assert done.returncode != 0
    assert "clickhouse: CLICKHOUSE_PASSWORD must not contain < or &: set another in .env" in said(fresh, "check-clickhouse")
    assert not said(fresh, "clickhouse") and not said(fresh, "bundle")


def test_passwords_that_changed_behind_the_volumes(fresh):
    """PostgreSQL keeps the password of its first start. The connector tells; the bundle, which does not need PostgreSQL, is applied."""
    fresh.up("--build")
    fresh.row_arrives("before")
    fresh.write(POSTGRES_PASSWORD="another")
    done = fresh.compose("up", "-d", check=False)
    wait_until(lambda: fresh.podman.state("experiments-connector").startswith("exited"), 120, lambda: f"{done}\n{fresh.told()}", 1)
    assert fresh.podman.state("experiments-connector") == "exited 1"
    assert "password authentication failed" in said(fresh, "connector")
    assert "See docker logs experiments-connect" in said(fresh, "connector")
    # As it says: fixed, and started again.
    fresh.write(POSTGRES_PASSWORD="p'os tgres$1")
    fresh.up()
    fresh.row_arrives("after")


def test_a_bundle_that_is_refused(fresh):
    """Another password than the server's, and a server that does not know the function: nothing is applied."""
    fresh.compose("up", "-d", "--build", "clickhouse")
    wait_until(lambda: fresh.podman.state("experiments-clickhouse") == "healthy", 60, fresh.told, 0.5)
    image, network = "experiments-clickhouse:local", "experiments_default"
    script = "/usr/share/debezium-udf/deploy/compose/bundle.sh"

    def bundle(**environment) -> subprocess.CompletedProcess:
        options = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
        return fresh.podman.run("run", "--rm", "--network", network, "--entrypoint", "sh", *options, image, script, check=False)

    account = {"CLICKHOUSE_USER": "experiments", "CLICKHOUSE_PASSWORD": fresh.variables["CLICKHOUSE_PASSWORD"], "WAIT_SECONDS": 3}
    done = bundle(**account | {"CLICKHOUSE_PASSWORD": "wrong"})
    assert done.returncode == 1 and "refuses user experiments: CLICKHOUSE_PASSWORD is not the server's. Nothing was applied" in done.stderr
    done = bundle(**account | {"CLICKHOUSE": "nowhere"})
    assert done.returncode == 1 and "ClickHouse (nowhere) does not answer after 3 seconds. See docker logs experiments-clickhouse" in done.stderr
    fresh.podman.run("exec", "experiments-clickhouse", "mv", "/etc/clickhouse-server/debezium_udf_function.xml", "/tmp")
    done = bundle(**account)
    assert done.returncode == 1 and "cannot run experimentEvent" in done.stderr and "Nothing was applied" in done.stderr
    assert fresh.query("SELECT count() FROM system.databases WHERE name = 'experiments_analytics'") == "0"
    fresh.podman.run("exec", "experiments-clickhouse", "mv", "/tmp/debezium_udf_function.xml", "/etc/clickhouse-server/")
    done = bundle(**account)
    assert done.returncode == 0 and done.stdout.endswith("bundle: applied. The page is /experiments on the server's HTTP port\n"), done.stderr


def test_passwords_in_files(fresh):
    """secrets.yaml: the environment of no container holds one."""
    for name in ("postgres", "clickhouse"):
        path = fresh.folder / f".{name}_password"
        path.write_text(f"of-{name}\n")
        path.chmod(0o644)
    fresh.files = ("compose.yaml", "secrets.yaml")
    fresh.write(POSTGRES_PASSWORD="file", CLICKHOUSE_PASSWORD="file")
    fresh.up("--build")
    for name in (*SERVERS, *ONE_SHOT):
        environment = fresh.podman.inspect(f"experiments-{name}")["Config"]["Env"]
        assert not [entry for entry in environment if "of-postgres" in entry or "of-clickhouse" in entry]
    fresh.compose("run", "--rm", "--no-deps", "testdata", "10")
    wait_until(lambda: fresh.podman.run("exec", "-i", "-e", "CLICKHOUSE_PASSWORD=of-clickhouse", "experiments-clickhouse", "clickhouse-client",
                                        data="SELECT count() > 20 FROM experiments_analytics.events").stdout == "1\n", 60, fresh.told, 0.5)
