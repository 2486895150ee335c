"""One version, wherever it is said."""
import shutil
import subprocess

import pytest

from tests.package.conftest import VERSION
from tests.stack.engine import BINARY, ROOT


def release_check(folder, version=VERSION):
    done = subprocess.run([folder / "package" / "release_check.sh", version], text=True, capture_output=True)
    return done.returncode, done.stderr


@pytest.fixture
def sources(tmp_path):
    for name in ("package/release_check.sh", "CHANGELOG.md", "VERSION"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_program_bundle_and_changelog_agree(sources):
    assert release_check(sources) == (0, "")
    assert subprocess.check_output([BINARY, "--version"], text=True).startswith(f"debezium-udf {VERSION} (")


@pytest.mark.parametrize("name", ["CHANGELOG.md", "VERSION"])
def test_another_version_is_noticed(sources, name):
    file = sources / name
    file.write_text(file.read_text().replace(VERSION, "0.9.9"))
    status, said = release_check(sources)
    assert status == 1 and name in said


def test_no_semantic_version(sources):
    assert release_check(sources, "1.0")[0] == 1


def test_debian_reads_the_changelog(packages):
    """An entry for each release, in Debian's own reading."""
    package = next(packages.glob(f"debezium-udf_{VERSION}_*.deb"))
    tar = subprocess.check_output(["dpkg-deb", "--fsys-tarfile", package])
    text = subprocess.check_output(["tar", "-xO", "./usr/share/doc/debezium-udf/changelog.gz"], input=tar)
    text = subprocess.check_output(["gzip", "-d"], input=text)
    done = subprocess.run(["dpkg-parsechangelog", "-l", "-", "--all", "-S", "Version"], input=text, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    releases = [line.split()[1] for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert done.stdout.decode().split() == releases[:1] and text.decode().count("urgency=") == len(releases)
