"""What every way to install keeps and replaces: each scenario is the same for `make install`, the tarball and the .deb.

A way has the folder it installs into (`root`), where the layout and the registration are below it, `install()` and, of a release
that came later, `upgrade()`; both answer what was printed.
"""
import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.stack.engine import BINARY, ROOT

SCRIPTS = "var/lib/clickhouse/user_scripts"
CONFIG = "etc/clickhouse-server"
KAFKA = f"{CONFIG}/config.d/experiments_kafka.xml"
ROLES = f"{CONFIG}/users.d/experiments_roles.xml"
REGISTRATION = f"{CONFIG}/debezium_udf_function.xml"
# What a later release's program writes otherwise into the registration: a text of the same length, so that it can be put into a
# program that is built.
BEFORE, AFTER = "<command_termination_timeout>5<", "<command_termination_timeout>6<"
OTHER_LINES = re.compile(r"^install: (.*)$", re.M)


class Way:
    layout = f"{SCRIPTS}/experiment_event.json"

    def __init__(self, root: Path):
        self.root = root

    def install(self) -> str:
        raise NotImplementedError

    def upgrade(self) -> str:
        raise NotImplementedError

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def edit(self, name: str, old: str, new: str) -> str:
        text = self.read(name)
        assert old in text
        (self.root / name).write_text(text.replace(old, new))
        return text.replace(old, new)

    def register(self, *layouts: str, options=()) -> str:
        """The registration as an administrator writes it."""
        text = subprocess.check_output([BINARY, "config", *(self.root / SCRIPTS / name for name in layouts), *options], text=True)
        (self.root / REGISTRATION).write_text(text)
        return text

    def new_files(self) -> list:
        """What was put beside files."""
        found = [path for folder in ("etc", SCRIPTS) for path in (self.root / folder).rglob("*.new")]
        return sorted(str(path.relative_to(self.root)) for path in found)

    def snapshot(self) -> dict:
        return {str(path.relative_to(self.root)): (path.stat().st_mode, path.read_bytes())
                for folder in ("etc", "usr", "var/lib") for path in (self.root / folder).rglob("*")
                if path.is_file() and not str(path.relative_to(self.root)).startswith("var/lib/dpkg/")}


def make(*words):
    """As at a shell, whatever make runs these tests."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-s", "-C", ROOT, *words], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=own)
    assert done.returncode == 0, done.stdout
    return done.stdout


def later(files: Path, program: Path) -> None:
    """Makes of a release's files those of a later one: another layout, another setting, another registration."""
    for name in ("experiment_event.json", "experiments_kafka.xml"):
        (path,) = (path for path in files.rglob(name) if "sql" not in path.parts)
        path.write_text(path.read_text() + "\n")
    text = program.read_bytes()
    assert text.count(BEFORE.encode()) == 1
    program.write_bytes(text.replace(BEFORE.encode(), AFTER.encode()))


class Make(Way):
    def install(self):
        return make("install", f"DESTDIR={self.root}")

    def upgrade(self):
        """What `make install` runs, in the sources of a later release."""
        stage = self.root.parent / "later"
        shutil.copytree(ROOT / "build" / "install", stage)
        later(stage / "files", stage / "files" / SCRIPTS / "debezium-udf")
        return subprocess.run([stage / "install.sh", self.root], env={**os.environ, "PREFIX": "/usr/local"}, text=True,
                              capture_output=True, check=True).stdout


def lines(said: str) -> list:
    """What is said of single files."""
    return OTHER_LINES.findall(said)


def of(name: str, said: str) -> list:
    return [line for line in lines(said) if f"/{name} " in line]


def edited_files_stay(way: Way) -> None:
    way.install()
    layout = way.edit(way.layout, '"browser",  ', '"browzer",  ')
    kafka = way.edit(KAFKA, "kafka:9092", "broker:9092")
    registration = way.edit(REGISTRATION, "<pool_size>16<", "<pool_size>3<")
    said = way.upgrade()
    for name, text in ((way.layout, layout), (KAFKA, kafka), (REGISTRATION, registration)):
        assert way.read(name) == text
        assert of(name, said) == [f"/{name} was changed here and was kept; the new one is /{name}.new"]
    assert way.new_files() == sorted(f"{name}.new" for name in (way.layout, KAFKA, REGISTRATION))
    assert way.read(f"{way.layout}.new") == layout.replace('"browzer",  ', '"browser",  ') + "\n"
    assert way.read(f"{KAFKA}.new") == kafka.replace("broker:9092", "kafka:9092") + "\n"
    # Written for the layout that is there, with the options that it has.
    written = way.register("experiment_event.json", options=("--pool-size", "3"))
    assert way.read(f"{REGISTRATION}.new") == written.replace(BEFORE, AFTER) != registration
    # Who takes a new one has an unchanged file again.
    (way.root / f"{KAFKA}.new").rename(way.root / KAFKA)
    assert of(KAFKA, way.install()) == []


def a_registration_of_more_layouts_stays(way: Way) -> None:
    way.install()
    other = way.root / SCRIPTS / "other.json"
    other.write_text(way.read(way.layout).replace("experimentEvent", "otherEvent"))
    text = way.register("experiment_event.json", "other.json", options=("--format", "Native", "--max-message", "1M"))
    assert lines(way.install()) == []
    assert way.read(REGISTRATION) == text and way.new_files() == []
    said = way.upgrade()
    assert way.read(REGISTRATION) == text and way.new_files() == [f"{REGISTRATION}.new"]
    assert of(REGISTRATION, said) == [f"/{REGISTRATION} was changed here and was kept; the new one is /{REGISTRATION}.new"]
    # The layout was nobody's, so it is the new one, and what is beside the registration is for that and for the other.
    written = way.register("experiment_event.json", "other.json", options=("--format", "Native", "--max-message", "1M"))
    assert way.read(f"{REGISTRATION}.new") == written.replace(BEFORE, AFTER) != text


def what_register_wrote_stays(way: Way) -> None:
    way.install()
    tickets = way.root.parent / "tickets.json"
    tickets.write_text(way.read(way.layout).replace("experimentEvent", "ticketsRow"))
    folders = ["--scripts-dir", way.root / SCRIPTS, "--config-dir", way.root / CONFIG]
    subprocess.run([BINARY, "register", tickets, *folders, "--pool-size", "3"], check=True)
    text = way.read(REGISTRATION)
    assert "experiment_event.json" in text and "tickets.json" in text and "<pool_size>3<" in text
    way.install()
    assert way.read(REGISTRATION) == text and way.read(f"{SCRIPTS}/tickets.json") == tickets.read_text()
    way.upgrade()
    assert way.read(REGISTRATION) == text
    # What is put beside it has both, for the layouts that are there, the new one of the release among them.
    written = way.read(f"{REGISTRATION}.new")
    assert written == way.register("experiment_event.json", "tickets.json").replace(BEFORE, AFTER)
    (way.root / REGISTRATION).write_text(text)
    # The layout of the release is another one now: its registration is fixed by the same command.
    subprocess.run([BINARY, "register", way.root / SCRIPTS / "experiment_event.json", *folders], check=True)
    assert way.read(REGISTRATION) != text
    assert way.read(REGISTRATION).replace("<pool_size>3<", "<pool_size>16<") == way.register("experiment_event.json", "tickets.json")


def what_nobody_changed_is_replaced(way: Way) -> None:
    way.install()
    before = {name: way.read(name) for name in (way.layout, KAFKA)}
    said = way.upgrade()
    for name, text in before.items():
        assert way.read(name) == text + "\n"
    registration = way.read(REGISTRATION)
    assert registration == way.register("experiment_event.json").replace(BEFORE, AFTER)
    (way.root / REGISTRATION).write_text(registration)
    assert lines(said) == [] and way.new_files() == []


def the_registration_is_for_the_layout_that_is_there(way: Way) -> None:
    """The layout is somebody's, the registration nobody's: the new one must not be for the layout that did not come."""
    way.install()
    way.edit(way.layout, '"browser",  ', '"browzer",  ')
    way.upgrade()
    registration = way.read(REGISTRATION)
    assert registration == way.register("experiment_event.json").replace(BEFORE, AFTER) and "browzer" in registration


def a_second_time_changes_nothing(way: Way) -> None:
    way.install()
    before = way.snapshot()
    assert lines(way.install()) == []
    assert way.snapshot() == before
    # Nor does it where something was changed and deleted.
    way.edit(way.layout, '"browser",  ', '"browzer",  ')
    (way.root / ROLES).unlink()
    way.install()
    before = way.snapshot()
    said = way.install()
    assert way.snapshot() == before
    assert of(way.layout, said) == [f"/{way.layout} was changed here and was kept"]
    assert of(ROLES, said) == [f"/{ROLES} was deleted and was not restored (RESTORE=yes restores it)"]


def a_link_counts_as_changed(way: Way) -> None:
    way.install()
    kept = way.root / "srv" / "kafka.xml"
    kept.parent.mkdir(exist_ok=True)
    shutil.move(way.root / KAFKA, kept)
    (way.root / KAFKA).symlink_to(os.path.relpath(kept, (way.root / KAFKA).parent))
    way.upgrade()
    assert (way.root / KAFKA).is_symlink() and (way.root / f"{KAFKA}.new").exists()


SCENARIOS = [edited_files_stay, a_registration_of_more_layouts_stays, what_register_wrote_stays, what_nobody_changed_is_replaced,
             the_registration_is_for_the_layout_that_is_there, a_second_time_changes_nothing, a_link_counts_as_changed]
