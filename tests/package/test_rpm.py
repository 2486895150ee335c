"""The .rpm in a fresh root (`rpm --root`): installed, asked, upgraded over what was edited, removed."""
import os
import platform
import shutil
import subprocess

import pytest

from tests.kubernetes.pods import system
from tests.package.conftest import VERSION, Installed
from tests.stack.engine import ROOT
from tests.support import kept

ARCH = platform.machine()


class Rpm(kept.Way):
    def __init__(self, root, packages):
        super().__init__(root)
        self.packages = packages

    def rpm(self, *words) -> str:
        """The books lie in /tmp, which no scenario looks at; whether a shell is there, the books of another system would say."""
        done = subprocess.run(["rpm", "--root", self.root, "--dbpath", "/tmp/rpm", *map(str, words)], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def install(self):
        return self.rpm("-U", "--replacepkgs", "--oldpackage", "--nodeps", self.packages / f"debezium-udf-{VERSION}-1.{ARCH}.rpm")

    def upgrade(self):
        folder = self.root.parent / "later"
        tree = folder / ARCH / "root"
        shutil.copytree(self.packages / ARCH / "root", tree, symlinks=True)
        kept.later(tree / "usr/share/debezium-udf/install/files", tree / kept.SCRIPTS / "debezium-udf")
        subprocess.run([ROOT / "package" / "rpm.sh", "99.0.0", ARCH, folder], check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1000000000"})
        return self.rpm("-U", "--nodeps", folder / f"debezium-udf-99.0.0-1.{ARCH}.rpm")


@pytest.fixture
def way(packages, tmp_path):
    return Rpm(system(tmp_path / "root"), packages)


@pytest.mark.parametrize("scenario", kept.SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_what_is_kept(way, scenario):
    scenario(way)


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() and not str(path).startswith(f"{root}/tmp/"))


def test_install_query_remove(way, tmp_path, tell):
    before = files(way.root)
    tell("# rpm -U debezium-udf", way.install())
    assert subprocess.check_output(["chroot", way.root, "/usr/bin/debezium-udf", "--version"], text=True).startswith(f"debezium-udf {VERSION} ")
    assert way.rpm("-V", "--nodeps", "debezium-udf") == ""
    with Installed(tmp_path / "server", way.root) as engine:
        assert engine.value("SELECT experimentEvent('').reason") == "tombstone"
    for name in ("config.xml", "users.xml"):
        (way.root / kept.CONFIG / name).unlink()
    way.edit(kept.KAFKA, "kafka:9092", "broker:9092")
    tell("# rpm -e debezium-udf", way.rpm("-e", "debezium-udf"))
    assert files(way.root) == sorted([*before, kept.KAFKA]), "what was edited stays"


def test_both_architectures_hold_the_same_files(packages):
    listed = {arch: subprocess.check_output(["rpm", "-qp", "--qf", "[%{FILENAMES} %{FILEMODES} %{FILEUSERNAME}\n]",
                                             packages / f"debezium-udf-{VERSION}-1.{arch}.rpm"], text=True) for arch in ("x86_64", "aarch64")}
    assert listed["x86_64"] == listed["aarch64"]
    assert all(line.endswith(" root") for line in listed["x86_64"].splitlines())
