"""The .deb in a fresh Debian root: installed, asked, upgraded, removed, purged."""
import hashlib
import json
import os
import shutil
import subprocess
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from tests.package.conftest import SUDO, VERSION, Installed, architecture, inside
from tests.stack.engine import ROOT
from tests.support import programs

FIXTURE = ROOT / "tests" / "fixtures" / "debezium" / "bare.public.outbox.ndjson"
ETC = "etc/clickhouse-server"
KAFKA = f"{ETC}/config.d/experiments_kafka.xml"
LAYOUT = "etc/debezium-udf/experiment_event.json"
LINK = "var/lib/clickhouse/user_scripts/experiment_event.json"


def dpkg(root, *words, tell=None, **options):
    said = inside(root, "dpkg", *words, **options)
    if tell:
        tell(f"# dpkg {' '.join(map(str, words))}", said.rstrip())
    return said


def put(root, package):
    shutil.copy(package, root / "tmp" / "package.deb")
    return "/tmp/package.deb"


@pytest.fixture
def package(packages, debian):
    return packages / f"debezium-udf_{VERSION}_{architecture(debian)}.deb"


def files(root):
    """What lies in the root, without dpkg's own books and what any run writes."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in folders + names:
            path = f"{folder}/{name}".removeprefix(f"{root}/")
            if not path.startswith(("var/lib/dpkg/", "var/log/", "tmp/", "var/cache/", "dev/", "proc/")):
                full = f"{folder}/{name}"
                if os.path.islink(full):
                    found[path] = os.readlink(full)
                elif os.path.isfile(full):
                    found[path] = hashlib.sha256(Path(full).read_bytes()).hexdigest()
                else:
                    found[path] = None
    return found


def test_lintian_has_nothing_to_say(packages):
    for package in packages.glob(f"debezium-udf_{VERSION}_*.deb"):
        done = subprocess.run(["lintian", "--tag-display-limit", "0", "--fail-on", "error,warning", package], text=True,
                              capture_output=True)
        assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_install_query_purge(package, debian, tmp_path, tell):
    before = files(debian)
    said = dpkg(debian, "-i", put(debian, package), tell=tell)
    for line in ("SYSTEM RELOAD CONFIG", "SYSTEM RELOAD FUNCTIONS", "debezium-udf check", "apply.sh"):
        assert line in said
    assert inside(debian, "debezium-udf", "--version").startswith(f"debezium-udf {VERSION} ")
    assert (debian / LINK).is_symlink() and (debian / LINK).resolve() == debian / LAYOUT
    assert inside(debian, "dpkg", "--verify", "debezium-udf") == ""
    assert inside(debian, "dpkg-query", "-W", "-f", "${Conffiles}", "debezium-udf") == ""
    for name in (LAYOUT, KAFKA, f"{ETC}/debezium_udf_function.xml"):
        assert (debian / name).exists()

    with Installed(tmp_path / "server", debian) as engine:
        lines = FIXTURE.read_bytes()
        engine.query("CREATE TABLE messages (message String) ENGINE = Memory")
        engine.query("INSERT INTO messages FORMAT LineAsString", data=lines)
        query = "SELECT experimentEvent(message).outcome AS outcome, count() AS messages FROM messages GROUP BY ALL ORDER BY ALL"
        answer = engine.query(query, format="PrettyCompactMonoBlock")
        tell(f"# {query}", answer.rstrip())
        here = subprocess.run([programs.PROGRAM, "decode", programs.LAYOUT], input=lines,
                              capture_output=True, check=True).stdout
        outcomes = Counter(json.loads(line)["outcome"] for line in here.splitlines())
        assert outcomes["event"] and {row["outcome"]: row["messages"] for row in engine.rows(query)} == outcomes
        # The bundle as it was installed, by its own script.
        engine.apply(debian / "usr/share/debezium-udf/sql")
        engine.query("""INSERT INTO experiments_analytics.decoded_events (event, message)
                        SELECT experimentEvent(message), message FROM messages""")
        assert engine.value("SELECT count() FROM experiments_analytics.events_processed") > 0
        with urllib.request.urlopen(f"{engine.url}experiments") as page:
            assert page.read() == (ROOT / "sql" / "experiments" / "page" / "experiments.html").read_bytes()
    for name in ("config.xml", "users.xml"):
        (debian / ETC / name).unlink()

    said = dpkg(debian, "-P", "debezium-udf", tell=tell)
    assert "SYSTEM RELOAD" in said and "not empty" not in said
    assert files(debian) == before


def test_removed_and_installed_again(package, debian):
    dpkg(debian, "-i", put(debian, package))
    mine = {name: (debian / name).read_text().replace("kafka:9092", "broker:9092").replace('"browser",  ', '"browzer",  ')
            for name in (LAYOUT, KAFKA)}
    for name, text in mine.items():
        assert (debian / name).read_text() != text
        (debian / name).write_text(text)
    (debian / f"{ETC}/config.d/mine.xml").write_text("<clickhouse/>")
    dpkg(debian, "-r", "debezium-udf")
    assert not (debian / LINK).is_symlink() and not (debian / "usr/bin/debezium-udf").is_symlink()
    for name, text in mine.items():
        assert (debian / name).read_text() == text
    dpkg(debian, "-i", put(debian, package))
    for name, text in mine.items():
        assert (debian / name).read_text() == text
    assert (debian / LINK).resolve() == debian / LAYOUT
    dpkg(debian, "-P", "debezium-udf")
    assert not (debian / KAFKA).exists() and not (debian / LAYOUT).exists()
    assert (debian / f"{ETC}/config.d/mine.xml").exists()


def test_what_lay_in_user_scripts_before_stays(package, debian):
    """A layout that somebody put there by hand, or by `make install`, is never replaced by the package's."""
    scripts = debian / "var/lib/clickhouse/user_scripts"
    scripts.mkdir(parents=True)
    (scripts / "experiment_event.json").write_text("{}")
    (scripts / "other.py").write_text("")
    said = dpkg(debian, "-i", put(debian, package))
    assert f"/{LINK} was there before, and stays; the package's is /{LAYOUT}" in said
    assert (debian / LINK).read_text() == "{}"
    dpkg(debian, "-P", "debezium-udf")
    assert (debian / LINK).read_text() == "{}" and (scripts / "other.py").exists()


def test_the_servers_folders_keep_their_owner(package, debian):
    """/var/lib/clickhouse belongs to the server, and it has its own things there."""
    data = debian / "var/lib/clickhouse"
    folders = [data, data / "user_scripts", data / "user_files"]
    (data / "store").mkdir(parents=True)
    for folder in folders:
        folder.mkdir(exist_ok=True)
        subprocess.run([*SUDO, "chown", "101:101", folder], check=True)
        subprocess.run([*SUDO, "chmod", "700", folder], check=True)

    def owners():
        return [(status.st_uid, status.st_gid, status.st_mode & 0o777) for status in (folder.stat() for folder in folders)]

    dpkg(debian, "-i", put(debian, package))
    assert owners() == [(101, 101, 0o700)] * 3
    dpkg(debian, "-P", "debezium-udf")
    assert owners() == [(101, 101, 0o700)] * 3
