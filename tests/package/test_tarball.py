"""The tarball: its program on a system of another C library and of none, and its installer."""
import hashlib
import os
import platform
import shutil
import subprocess

import pytest

from tests.package.conftest import SUDO, VERSION, Installed
from tests.stack.engine import ROOT
from tests.support import programs

FIXTURE = ROOT / "tests" / "fixtures" / "debezium" / "bare.public.outbox.ndjson"
KAFKA = "etc/clickhouse-server/config.d/experiments_kafka.xml"
LAYOUT = "var/lib/clickhouse/user_scripts/experiment_event.json"


@pytest.fixture
def unpacked(packages, tmp_path):
    archive = packages / f"debezium-udf-{VERSION}-linux-{platform.machine()}.tar.gz"
    subprocess.run(["tar", "-C", tmp_path, "-xzf", archive], check=True)
    return tmp_path / archive.name.removesuffix(".tar.gz")


@pytest.fixture
def server(tmp_path):
    root = tmp_path / "server root"
    root.mkdir()
    return root


def install(unpacked, *words, status=0, **environment):
    done = subprocess.run([unpacked / "install.sh", *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={"PATH": os.environ["PATH"], **environment})
    assert done.returncode == status, done.stdout
    return done.stdout


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() or path.is_symlink())


@pytest.mark.parametrize("libc", ["musl", "none"])
def test_it_runs_whatever_the_c_library(unpacked, tmp_path, libc):
    """A root with a shell, and with musl or nothing at all beside it."""
    root = tmp_path / "root"
    for folder in ("bin", "lib", "udf"):
        (root / folder).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin" / "sh")
    if libc == "musl":
        name = f"ld-musl-{platform.machine()}.so.1"
        shutil.copy(f"/lib/{name}", root / "lib" / name)
    for name in ("debezium-udf", "experiment_event.json"):
        shutil.copy(unpacked / "files/var/lib/clickhouse/user_scripts" / name, root / "udf")
    data = FIXTURE.read_bytes()
    done = subprocess.run([*SUDO, "chroot", root, "/bin/sh", "-c", "/udf/debezium-udf decode /udf/experiment_event.json"],
                          input=data, capture_output=True)
    here = subprocess.run([programs.PROGRAM, "decode", programs.LAYOUT], input=data,
                          capture_output=True)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", here.stdout)


def test_install_query_remove(unpacked, server, tmp_path, capsys):
    (server / "etc/clickhouse-server").mkdir(parents=True)
    (server / "etc/clickhouse-server/mine.xml").write_text("<clickhouse/>")
    said = install(unpacked, server)
    with Installed(tmp_path / "engine", server) as engine:
        query = "SELECT debeziumTimestamp('1767323045123') AS time, experimentEvent('').reason AS reason"
        answer = engine.query(query, format="TSV")
        assert answer == "2026-01-02 03:04:05.123000\ttombstone\n"
    with capsys.disabled():
        print(f"\n# ./install.sh ROOT\n{said}# {query}\n{answer}")
    for name in ("config.xml", "users.xml"):
        (server / "etc/clickhouse-server" / name).unlink()
    assert "removed" in install(unpacked, "--remove", server)
    assert files(server) == ["etc/clickhouse-server/mine.xml"]


def test_program_and_layout_elsewhere(unpacked, server, tmp_path):
    """As in an image, whose /var/lib/clickhouse is a volume: the server learns the folder from the installer's file."""
    install(unpacked, server, SCRIPTS_DIR="/usr/lib/clickhouse/user_scripts")
    assert not (server / "var/lib/clickhouse/user_scripts").exists()
    setting = server / "etc/clickhouse-server/config.d/debezium_udf_scripts.xml"
    assert "<user_scripts_path>/usr/lib/clickhouse/user_scripts/</user_scripts_path>" in setting.read_text()
    setting.write_text(setting.read_text().replace("/usr/lib", f"{server}/usr/lib"))  # here the root is no root
    with Installed(tmp_path / "engine", server, scripts="nowhere") as engine:
        assert engine.value("SELECT experimentEvent('').reason") == "tombstone"


def test_a_program_that_runs_is_not_overwritten(unpacked, server):
    install(unpacked, server)
    program = server / "var/lib/clickhouse/user_scripts/debezium-udf"
    with open(program, "rb") as running:  # what runs keeps the file it began with
        install(unpacked, server)
        assert os.fstat(running.fileno()).st_ino != program.stat().st_ino


def test_remove_leaves_what_was_changed(unpacked, server):
    install(unpacked, server)
    (server / KAFKA).write_text((server / KAFKA).read_text().replace("kafka:9092", "broker:9092"))
    said = install(unpacked, "--remove", server)
    assert f"/{KAFKA} was changed here and was kept" in said
    assert files(server) == [KAFKA]


def test_the_record_of_release_1_1_is_known(unpacked, server):
    """Its installer kept it elsewhere."""
    install(unpacked, server)
    record = server / "var/lib/debezium-udf/installed"
    earlier = server / "usr/share/debezium-udf/installed"
    (server / LAYOUT).write_text("an earlier default")
    digest = hashlib.sha256(b"an earlier default").hexdigest()
    lines = record.read_text().splitlines(keepends=True)
    earlier.write_text("".join(f"{digest}  /{LAYOUT}\n" if line.endswith(f" /{LAYOUT}\n") else line for line in lines))
    record.unlink()
    install(unpacked, server)
    assert (server / LAYOUT).read_bytes() == (unpacked / "files" / LAYOUT).read_bytes()
    assert record.exists() and not earlier.exists() and not (server / f"{LAYOUT}.new").exists()


def test_a_file_that_was_there_before_stays(unpacked, server):
    (server / LAYOUT).parent.mkdir(parents=True)
    (server / LAYOUT).write_text("{}")
    install(unpacked, server)
    assert (server / LAYOUT).read_text() == "{}" and (server / f"{LAYOUT}.new").exists()


def test_wrong_calls(unpacked, tmp_path):
    assert "usage" in install(unpacked, status=2)
    assert "usage" in install(unpacked, "--force", status=2)
    assert "usage" in install(unpacked, "", status=2)
    assert "no such folder" in install(unpacked, tmp_path / "nowhere", status=1)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "nothing was installed" in install(unpacked, "--remove", empty, status=1)
    assert files(empty) == []
