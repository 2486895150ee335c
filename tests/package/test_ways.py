"""What stays and what is replaced where the tarball or the .deb is installed over it, and the rest of `make install`."""
import os
import platform
import shutil
import subprocess

import pytest

from tests.package.conftest import SUDO, VERSION, architecture, inside
from tests.stack.engine import BINARY, ROOT
from tests.support import kept


class Tarball(kept.Way):
    def __init__(self, root, archive):
        super().__init__(root)
        root.mkdir()
        subprocess.run(["tar", "-C", root.parent, "-xzf", archive], check=True)
        self.folder = root.parent / archive.name.removesuffix(".tar.gz")

    def run(self, folder):
        return subprocess.run([folder / "install.sh", self.root], text=True, capture_output=True, check=True).stdout

    def install(self):
        return self.run(self.folder)

    def upgrade(self):
        later = self.folder.with_name("later")
        shutil.copytree(self.folder, later)
        kept.later(later / "files", later / "files" / kept.SCRIPTS / "debezium-udf")
        return self.run(later)


class Debian(kept.Way):
    layout = "etc/debezium-udf/experiment_event.json"

    def __init__(self, root, package):
        super().__init__(root)
        self.package = package

    def dpkg(self, package):
        """Without anybody to answer questions."""
        shutil.copy(package, self.root / "tmp" / "package.deb")
        return inside(self.root, "dpkg", "-i", "/tmp/package.deb")

    def install(self):
        return self.dpkg(self.package)

    def upgrade(self):
        return self.dpkg(self.repack("99.0.0", lambda tree: kept.later(
            tree / "usr/share/debezium-udf/install/files", tree / kept.SCRIPTS / "debezium-udf")))

    def earlier(self):
        """A package as those until 1.1 were: what may be edited is a conffile."""

        def change(tree):
            staged = tree / "usr/share/debezium-udf/install"
            shutil.move(staged / "files/etc", tree / "etc")
            (tree / "etc/debezium-udf").mkdir()
            shutil.move(staged / "files" / kept.SCRIPTS / "experiment_event.json", tree / self.layout)
            shutil.rmtree(staged)
            shutil.copy(ROOT / "tests/fixtures/installed-1.1/debezium_udf_function.xml", tree / kept.REGISTRATION)
            shutil.copy(ROOT / "tests/fixtures/installed-1.1/experiment_event.json", tree / self.layout)
            names = sorted(f"/{path.relative_to(tree)}" for path in (tree / "etc").rglob("*") if path.is_file())
            (tree / "DEBIAN/conffiles").write_text("".join(f"{name}\n" for name in names))
            (tree / "DEBIAN/postinst").write_text("#!/bin/sh\nset -e\nln -sf ../../../../etc/debezium-udf/experiment_event.json "
                                                  f"/{kept.SCRIPTS}/experiment_event.json\n")
            (tree / "DEBIAN/postrm").unlink()

        return self.dpkg(self.repack("1.0.9", change))

    def repack(self, version, change):
        folder = self.root.parent / version
        tree = folder / "tree"
        folder.mkdir()
        subprocess.run(["dpkg-deb", "-R", self.package, tree], check=True)
        control = tree / "DEBIAN" / "control"
        control.write_text(control.read_text().replace(f"Version: {VERSION}", f"Version: {version}"))
        change(tree)
        package = folder / "package.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, package], check=True, capture_output=True)
        return package


@pytest.fixture
def tarball(packages, tmp_path):
    return Tarball(tmp_path / "server root", packages / f"debezium-udf-{VERSION}-linux-{platform.machine()}.tar.gz")


@pytest.fixture
def deb(packages, debian):
    return Debian(debian, packages / f"debezium-udf_{VERSION}_{architecture(debian)}.deb")


@pytest.fixture
def way(tmp_path):
    return kept.Make(tmp_path / "root")


@pytest.mark.parametrize("scenario", kept.SCENARIOS[4:], ids=lambda scenario: scenario.__name__)
def test_make_install(way, scenario):
    scenario(way)


@pytest.mark.parametrize("scenario", kept.SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_tarball(tarball, scenario):
    scenario(tarball)


@pytest.mark.parametrize("scenario", kept.SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_debian(deb, scenario):
    scenario(deb)


def test_a_package_with_conffiles_moves_over(deb):
    """dpkg asks nothing, whatever was edited; what was not is replaced, and purging leaves nothing."""
    deb.earlier()
    kafka = deb.edit(kept.KAFKA, "kafka:9092", "broker:9092")
    said = deb.upgrade()
    assert deb.read(kept.KAFKA) == kafka and deb.read(deb.layout) == (ROOT / "udf/experiment_event.json").read_text() + "\n"
    assert deb.new_files() == [f"{kept.KAFKA}.new"] and kept.AFTER in deb.read(kept.REGISTRATION)
    assert kept.lines(said) == [f"/{kept.KAFKA} was changed here and was kept; the new one is /{kept.KAFKA}.new"]
    inside(deb.root, "dpkg", "-P", "debezium-udf")
    assert not (deb.root / kept.CONFIG).exists() and not (deb.root / "etc/debezium-udf").exists()


def test_one_way_after_another(tarball):
    """What one way has installed and nobody has changed, another one replaces."""
    kept.Make(tarball.root).install()
    assert kept.lines(tarball.upgrade()) == [] and tarball.new_files() == []
    assert kept.AFTER in tarball.read(kept.REGISTRATION)
    subprocess.run([tarball.folder / "install.sh", "--remove", tarball.root], check=True, capture_output=True)
    assert [path for path in tarball.root.rglob("*") if path.is_file()] == []


def test_a_registration_that_cannot_be_written_stays(way):
    way.install()
    text = way.register("experiment_event.json").replace("experiment_event.json", "gone.json")
    (way.root / kept.REGISTRATION).write_text(text)
    (line,) = kept.lines(way.upgrade())
    assert line.startswith(f"/{kept.REGISTRATION} stays as it is, since it cannot be rewritten: ") and "gone.json" in line
    assert way.read(kept.REGISTRATION) == text


def test_another_layout_is_not_registered_instead(way, tmp_path):
    way.install()
    before = way.read(kept.REGISTRATION)
    other = tmp_path / "other.json"
    other.write_text(way.read(way.layout).replace("experimentEvent", "otherEvent"))
    (line,) = kept.lines(kept.make("install", f"DESTDIR={way.root}", f"LAYOUT={other}"))
    assert line == (f"/{kept.REGISTRATION} does not name other.json; to register it: debezium-udf register /{kept.SCRIPTS}/other.json "
                    f"--config-dir /{kept.CONFIG}")
    assert way.read(kept.REGISTRATION) == before and (way.root / kept.SCRIPTS / "other.json").exists()
    (way.root / kept.REGISTRATION).unlink()
    assert kept.of(kept.REGISTRATION, way.install()) == [f"/{kept.REGISTRATION} was deleted and was not restored (RESTORE=yes restores it)"]


def test_no_link_is_written_through(way, tmp_path):
    way.install()
    victim = tmp_path / "victim"
    victim.write_text("mine")
    program = way.root / kept.SCRIPTS / "debezium-udf"
    program.unlink()
    program.symlink_to(victim)
    for suffix in ("part", "new"):
        (way.root / f"{way.layout}.{suffix}").symlink_to(victim)
    way.edit(way.layout, '"browser",  ', '"browzer",  ')
    way.upgrade()
    assert victim.read_text() == "mine" and not program.is_symlink() and not (way.root / f"{way.layout}.new").is_symlink()


def test_what_was_deleted_comes_back_when_told(way, monkeypatch):
    way.install()
    (way.root / kept.ROLES).unlink()
    assert "was deleted" in way.install()
    monkeypatch.setenv("RESTORE", "yes")
    assert "was deleted" not in way.install() and (way.root / kept.ROLES).exists()
    # With its folder the server's data went: that deletes no single file.
    monkeypatch.delenv("RESTORE")
    shutil.rmtree(way.root / "var/lib/clickhouse")
    assert kept.lines(way.install()) == [] and (way.root / way.layout).exists()


def test_owner_and_mode_stay(way):
    way.install()
    kafka = way.root / kept.KAFKA
    kafka.chmod(0o640)
    os.chown(kafka, 101, 101)
    way.upgrade()
    assert (kafka.stat().st_mode & 0o777, kafka.stat().st_uid, kafka.stat().st_gid) == (0o640, 101, 101)
    assert kafka.read_text().endswith("\n\n")


def test_uninstall_leaves_what_was_edited(way):
    way.install()
    way.edit(way.layout, '"browser",  ', '"browzer",  ')
    assert f"/{way.layout} was changed here and was kept" in kept.make("uninstall", f"DESTDIR={way.root}")
    assert [path for path in way.root.rglob("*") if not path.is_dir()] == [way.root / way.layout]


def test_the_way_back(way):
    """The other folders that make takes, and a folder's name with a space."""
    way.root = way.root.with_name("another root")
    folders = {"PREFIX": "/opt/udf", "SCRIPTS_DIR": "/srv/scripts", "FILES_DIR": "/srv/files", "CONFIG_DIR": "/srv/config"}
    words = [f"DESTDIR={way.root}", *(f"{name}={folder}" for name, folder in folders.items())]
    kept.make("install", *words)
    assert (way.root / "srv/scripts/experiment_event.json").exists() and (way.root / "srv/files/experiments.html").exists()
    written = subprocess.check_output([BINARY, "config", ROOT / "udf/experiment_event.json"])
    assert (way.root / "srv/config/debezium_udf_function.xml").read_bytes() == written
    assert "/srv/scripts/" in (way.root / "srv/config/config.d/debezium_udf_scripts.xml").read_text()
    assert os.readlink(way.root / "opt/udf/bin/debezium-udf") == "/srv/scripts/debezium-udf"
    assert not (way.root / "etc").exists() and not (way.root / "usr").exists()
    kept.make("uninstall", *words)
    assert [path for path in way.root.rglob("*") if not path.is_dir()] == []
