"""`register`: a layout beside the program and its function in the registration, both or neither, and nothing else touched."""

import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from program import LAYOUT, PROGRAMS, ROOT, call, refusal

EARLIER = ROOT / "tests" / "fixtures" / "installed-1.1" / "debezium_udf_function.xml"
ROOT_USER, NOBODY = 0, 65534


def layout(function, *columns):
    return json.dumps({"function": function, "accept": {"op": ["c"]}, "columns": [
        {"name": name, "type": "String", "path": f"after.{name}"} for name in columns or ("id",)]})


class Server:
    """A server's folders, and a folder with layouts of somebody's."""

    def __init__(self, folder):
        self.config, self.scripts, self.mine = (folder / name for name in ("config", "scripts", "mine"))
        for path in (self.config, self.scripts, self.mine):
            path.mkdir()
        self.xml = self.config / "debezium_udf_function.xml"

    def write(self, name, text):
        (self.mine / name).write_text(text)
        return self.mine / name

    def words(self, path, *words):
        return ["register", path, "--config-dir", self.config, "--scripts-dir", self.scripts, *words]

    def register(self, path, *words):
        done = call(*self.words(path, *words))
        assert (done.returncode, done.stderr) == (0, b""), done
        assert not list(self.config.glob(".*")) + list(self.scripts.glob(".*"))
        return done.stdout.decode()

    def refused(self, path, *words, **options):
        """The line; nothing may have changed."""
        before = self.snapshot()
        line = refusal(call(*self.words(path, *words), **options), 1)
        assert self.snapshot() == before
        return line

    def snapshot(self):
        return {path: (path.lstat().st_ino, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
                for folder in (self.config, self.scripts) for path in sorted(folder.rglob("*"))}


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path)


def config(*words):
    return call("config", *words).stdout.decode()


def test_the_first_layout(server):
    said = server.register(LAYOUT)
    assert server.xml.read_text() == config(LAYOUT)
    assert (server.scripts / LAYOUT.name).read_bytes() == LAYOUT.read_bytes()
    for path in (server.xml, server.scripts / LAYOUT.name):
        assert path.stat().st_mode & 0o7777 == 0o644 and str(path) in said
    assert "debezium-udf pipeline experiment_event.json --topic" in said and "SYSTEM RELOAD FUNCTIONS" in said


def test_the_same_again_changes_nothing(server):
    server.register(LAYOUT)
    before = server.snapshot()
    assert "Nothing to do" in server.register(LAYOUT)
    assert "Nothing to do" in server.register(server.scripts / LAYOUT.name)
    assert server.snapshot() == before


@pytest.mark.parametrize("format", ["RowBinary", "Native", "LineAsString"])
def test_more_layouts_are_written_as_config_writes_them(server, format):
    paths = [LAYOUT, server.write("a.json", layout("aRow")), server.write("b.json", layout("bRow", "x", "y"))]
    options = ["--format", format, "--pool-size", "3", "--max-message", "1M", "--max-memory", "1G",
               "--metadata-prefix=x", "--base64-document", "after.d", "--base64-document", "after.e"]
    for count, path in enumerate(paths, 1):
        server.register(path, *options)
        # In LineAsString the comments between functions are config's for the layout before.
        assert server.xml.read_text() == config(*paths[:count], *options)
    for count in (2, 1):
        server.register(paths[count], "--remove")
        assert server.xml.read_text() == config(*paths[:count], *options)
        assert (server.scripts / paths[count].name).exists()


def test_settings_stay_unless_they_are_given(server):
    server.register(LAYOUT, "--format", "Native", "--pool-size", "3", "--max-message", "1M")
    other = server.write("a.json", layout("aRow"))
    server.register(other)
    text = server.xml.read_text()
    assert text.count("<pool_size>3<") == 4 and text.count("<pool_size>16<") == 1
    other.write_text(layout("aRow", "b"))
    server.register(other, "--pool-size", "5")
    server.register(LAYOUT)
    function = server.xml.read_text().split("<function>")[2]
    assert "<name>aRow<" in function and "<pool_size>5<" in function and "<format>Native<" in function
    assert server.xml.read_text().replace(f"<function>{function}", "").count("<pool_size>3<") == 4
    server.register(LAYOUT, "--format", "RowBinary", "--max-message", "2M")
    first = server.xml.read_text().split("<function>")[1]
    assert "<format>RowBinary<" in first and "--format RowBinary --fingerprint" in first and "--max-message 2097152" in first


@pytest.mark.parametrize("start, then", [("RowBinary", "LineAsString"), ("LineAsString", "Native")])
def test_another_format_is_another_type(server, start, then):
    server.register(LAYOUT, "--format", start)
    server.register(LAYOUT, "--format", then)
    assert server.xml.read_text().split("</function>")[0] == config(LAYOUT, "--format", then).split("</function>")[0]


def test_a_changed_layout_is_registered_anew(server):
    path = server.write("a.json", layout("aRow"))
    server.register(path)
    before, when = server.xml.read_text(), int(server.xml.stat().st_mtime)
    path.write_text(layout("aRow", "id", "name"))
    said = server.register(path)
    assert "replaced" in said and "changed" in said
    assert server.xml.read_text() == config(path) != before
    assert (server.scripts / "a.json").read_bytes() == path.read_bytes()
    # A server reads a file again whose time in whole seconds is another.
    assert int(server.xml.stat().st_mtime) > when


def test_every_change_has_a_time_of_its_own(server):
    path, times = server.write("a.json", ""), []
    for count in range(5):
        path.write_text(layout("aRow", *(f"c{i}" for i in range(count + 1))))
        server.register(path)
        times.append(int(server.xml.stat().st_mtime))
    assert times == sorted(set(times))


BY_HAND = """<?xml version="1.0"?>
<!-- Ask Ann before you raise the pool. -->
<functions>
  <!-- theirs --><function><name>theirs</name><command>theirs.py decode &amp; x</command><format>TSV</format></function>
    <!-- ours, for the shop -->
    <function from="x"><command>debezium-udf decode a.json --frob 1 --format=RowBinary</command>
        <type>executable</type> <!-- a trial -->
        <name>aRow</name><return_type> Tuple(id Int64) </return_type>
        <argument><name>m</name><type>String</type></argument>
        <format>RowBinary</format><command_read_timeout>1234</command_read_timeout><lifetime>5</lifetime></function>
    <!-- the end -->
</functions>
"""


def test_what_an_administrator_wrote_stays(server):
    path = server.write("a.json", layout("aRow"))
    server.xml.write_text(BY_HAND)
    server.register(path)
    own = config(path, "--format", "RowBinary")
    type_ = own.split("<return_type>")[1].split("<")[0]
    print_ = own.split("--fingerprint ")[1].split("<")[0]
    expected = BY_HAND.replace(" Tuple(id Int64) ", type_).replace(
        "a.json --frob 1 --format=RowBinary<", f"a.json --format RowBinary --fingerprint {print_} --frob 1<")
    assert server.xml.read_text() == expected != BY_HAND
    server.register(path, "--pool-size", "7")
    expected = expected.replace("</lifetime>", "</lifetime>    <pool_size>7</pool_size>\n    ")
    assert server.xml.read_text() == expected
    other = server.write("b.json", layout("bRow"))
    server.register(other)
    assert server.xml.read_text().replace("\n    <function>" + config(other).split("<function>")[1].split("</function>")[0]
                                          + "</function>", "").replace("\n\n    <!-- the end", "\n    <!-- the end") == expected
    server.register(other, "--remove")
    assert server.xml.read_text() == expected
    server.register(path, "--remove")
    assert "aRow" not in server.xml.read_text()
    for kept in ("Ask Ann", "<!-- theirs -->", "theirs.py", "<!-- ours, for the shop -->", "<!-- the end -->"):
        assert kept in server.xml.read_text()


def test_a_registration_of_1_1_becomes_one_of_this_release(server):
    shutil.copy(EARLIER, server.xml)
    server.register(LAYOUT)
    # But for what this release sets otherwise, and its comments: what is there stays.
    settings = re.compile(r"<stderr_reaction>.*?<|<!--.*?-->", re.S)
    there, own = (settings.sub("", text.split("<functions>")[1]) for text in (server.xml.read_text(), config(LAYOUT, "--format", "RowBinary")))
    assert there == own
    assert server.xml.read_text().count("<stderr_reaction>log_last<") == 4


def test_query_options_are_set_and_stay(server):
    server.register(LAYOUT)
    server.register(LAYOUT, "--metadata-prefix", "", "--base64-document", "after.a")
    expected = config(LAYOUT, "--metadata-prefix", "", "--base64-document", "after.a")
    assert server.xml.read_text() == expected
    assert "Nothing to do" in server.register(LAYOUT)
    server.register(LAYOUT, "--base64-document", "after.b", "--base64-document", "after.c")
    assert server.xml.read_text() == config(LAYOUT, "--metadata-prefix=", "--base64-document=after.b", "--base64-document=after.c")


# ---- What is refused, with nothing changed --------------------------------------------------------------------------------------


def test_names_that_are_taken(server):
    server.register(server.write("a.json", layout("aRow")))
    line = server.refused(server.write("b.json", layout("aRow")))
    assert "aRow is registered with the layout a.json: change `function` in" in line and "b.json" in line
    (server.mine / "sub").mkdir()
    line = server.refused(server.write("sub/a.json", layout("bRow")))
    assert "a layout a.json is registered with the function aRow: give this file another name" in line
    assert "another function is called debeziumExtract" in server.refused(server.write("c.json", layout("debeziumExtract")))
    (server.config / "other_function.xml").write_text("<f><function><name>dRow</name></function></f>")
    assert "other_function.xml registers dRow, too" in server.refused(server.write("d.json", layout("dRow")))
    (server.scripts / "e.json").write_text("{}")
    assert "scripts/e.json exists and is not a layout of this function" in server.refused(server.write("e.json", layout("eRow")))
    (server.scripts / "f.json").write_text(layout("otherRow"))
    assert "is not a layout of this function" in server.refused(server.write("f.json", layout("fRow")))
    (server.scripts / "g.json").write_text(layout("gRow", "old"))
    server.register(server.write("g.json", layout("gRow")))


@pytest.mark.parametrize("old, new, line", [
    ("</functions>", "", "line 4: <functions> is not closed"),
    ("</function>", "", "<function> should be closed"),
    ("<command>debezium-udf decode a.json", "<command>wrapper.sh decode a.json", "aRow runs `wrapper.sh decode a.json"),
    ("<command>debezium-udf decode a.json", "<command>debezium-udf frob a.json", "aRow runs `debezium-udf frob a.json"),
    ("decode a.json", "decode b.json", "aRow is registered with the layout b.json"),
    ("<command>", "<command>x</command><command>", "aRow has more than one <command>"),
    ("<format>Native</format>", "", "aRow has no <format>"),
    ("<format>Native<", "<format>TSV<", "<format> TSV is unknown: give --format"),
    ("<return_type>", "<return_type><!-- Ann -->", "<return_type> of aRow has a comment in it, which would be lost"),
])
def test_a_registration_that_cannot_be_changed(server, old, new, line):
    path = server.write("a.json", layout("aRow"))
    server.register(path)
    text = server.xml.read_text()
    assert old in text
    server.xml.write_text("\n".join(text.replace(old, new, 1).split("\n")))
    path.write_text(layout("aRow", "id", "name"))
    assert line in server.refused(path)


def test_a_registration_with_a_zero_byte(server):
    """It would end a text of C, and what is behind it would be lost."""
    server.register(LAYOUT)
    server.xml.write_bytes(server.xml.read_bytes().replace(b"    <function>", b"    <!-- \0 --><function>", 1))
    assert "the byte 0x00 is not a character" in server.refused(server.write("a.json", layout("aRow")))


def test_a_cut_registration(server):
    server.register(LAYOUT)
    text = server.xml.read_text()
    server.xml.write_text(text[:len(text) // 2])
    assert "the server does not read it; fix it, or move it away" in server.refused(LAYOUT)


def test_wrong_layouts(server):
    assert "none.json: No such file" in server.refused(server.mine / "none.json")
    assert "cut.json:1: " in server.refused(server.write("cut.json", "{"))
    assert 'unknown type "Text"' in server.refused(server.write("type.json", layout("aRow").replace("String", "Text")))
    assert "ClickHouse could not name this file" in server.refused(server.write("a b.json", layout("aRow")))
    assert "it has no function of the layout none.json" in server.refused("none.json", "--remove")


def test_missing_folders(server, tmp_path):
    words = ["register", LAYOUT, "--config-dir", tmp_path / "none", "--scripts-dir", server.scripts]
    assert "none: No such file or directory: give the server's configuration with --config-dir" in refusal(call(*words), 1)
    assert list(server.scripts.iterdir()) == []
    words = ["register", LAYOUT, "--config-dir", server.config, "--scripts-dir", tmp_path / "none"]
    assert "No such file or directory: give the folder of the server's programs with --scripts-dir" in refusal(call(*words), 1)
    assert list(server.config.iterdir()) == []


@pytest.fixture
def open_server():
    """Where any user may look, with a program of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        server = Server(Path(folder))
        shutil.copy(PROGRAMS[0], server.mine / "debezium-udf")
        shutil.copy(LAYOUT, server.mine / "mine.json")
        yield server


@pytest.mark.parametrize("folder", ["config", "scripts"])
def test_a_folder_that_may_not_be_written(open_server, folder):
    server = open_server
    as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == ROOT_USER else {}
    for path in (server.config, server.scripts):
        if as_nobody:
            os.chown(path, NOBODY, NOBODY)
    locked = getattr(server, folder)
    locked.chmod(0o555)
    try:
        line = server.refused(server.mine / "mine.json", program=server.mine / "debezium-udf", **as_nobody)
    finally:
        locked.chmod(0o755)
    assert f"/{folder}/" in line and "Permission denied: run this as root, or as the folder's owner" in line
    done = call(*server.words(server.mine / "mine.json"), program=server.mine / "debezium-udf", **as_nobody)
    assert done.returncode == 0


@pytest.mark.parametrize("limit", [0, 1000, 4096])
def test_a_full_disk_changes_nothing(server, limit):
    """A file may have no more bytes: less than the layout has, or than the registration has."""
    server.register(LAYOUT)
    path = server.write("a.json", layout("aRow"))

    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    assert "File too large" in server.refused(path, preexec_fn=full, restore_signals=False)
    server.register(path)


def test_owner_and_mode(open_server):
    server = open_server
    if os.geteuid() != ROOT_USER:
        pytest.fail("needs root")
    for path, owner in ((server.config, 1234), (server.scripts, 2345)):
        os.chown(path, owner, owner)
    path = server.write("a.json", layout("aRow"))
    server.register(path)
    assert [(f.stat().st_uid, f.stat().st_gid, f.stat().st_mode & 0o7777) for f in (server.xml, server.scripts / "a.json")] == \
        [(1234, 1234, 0o644), (2345, 2345, 0o644)]
    server.xml.chmod(0o640)
    os.chown(server.xml, 3456, 4567)
    path.write_text(layout("aRow", "b"))
    server.register(path)
    status = server.xml.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (3456, 4567, 0o640)


def test_links_are_followed(server, tmp_path):
    """As the Debian package has its layout, and as somebody keeps settings elsewhere."""
    kept = tmp_path / "kept"
    kept.mkdir()
    server.xml.symlink_to("../kept/registration")
    (server.scripts / "a.json").symlink_to(kept / "a.json")
    (kept / "registration").write_text(config(LAYOUT))
    (kept / "a.json").write_text(layout("aRow", "old"))
    server.register(server.write("a.json", layout("aRow")))
    assert server.xml.is_symlink() and (server.scripts / "a.json").is_symlink()
    assert "aRow" in (kept / "registration").read_text() and (kept / "a.json").read_text() == layout("aRow")
    assert sorted(path.name for path in kept.iterdir()) == ["a.json", "registration"]


# ---- Several at once, and killed ------------------------------------------------------------------------------------------------


def test_several_at_once(server):
    paths = [server.write(f"l{i}.json", layout(f"row{i}")) for i in range(8)]
    running = [subprocess.Popen([PROGRAMS[0], *map(str, server.words(path))], stdout=subprocess.DEVNULL) for path in paths]
    assert [process.wait(60) for process in running] == [0] * 8
    text = server.xml.read_text()
    assert sorted(path.name for path in server.scripts.iterdir()) == [path.name for path in paths]
    assert all(text.count(f"<name>row{i}<") == 1 for i in range(8))


def test_killed_at_any_moment(server):
    """Each file is the old one or the new one, and the same call again fixes what is missing."""
    path = server.write("a.json", layout("aRow"))
    server.register(path)
    chance = random.Random(7)
    between = 0
    for round in range(60):
        old = path.read_text(), server.xml.read_text()
        path.write_text(layout("aRow", *(f"c{i}" for i in range(round + 1))))
        process = subprocess.Popen([PROGRAMS[0], *map(str, server.words(path))], stdout=subprocess.DEVNULL)
        signal.sigtimedwait([], chance.random() * 0.004)
        process.kill()
        process.wait()
        new = path.read_text(), config(path)
        there = (server.scripts / "a.json").read_text(), server.xml.read_text()
        assert there in (old, (new[0], old[1]), new)  # the layout comes first
        between += there not in (old, new)
        server.register(path)
        assert ((server.scripts / "a.json").read_text(), server.xml.read_text()) == new


def test_a_layout_that_is_in_place_without_its_registration_is_registered(server):
    """What a kill between the two leaves."""
    path = server.write("a.json", layout("aRow"))
    server.register(path)
    path.write_text(layout("aRow", "b"))
    shutil.copy(path, server.scripts / "a.json")
    (server.config / ".debezium_udf_function.xml.part").write_text("<functions>")
    said = server.register(path)
    assert "unchanged" in said and "changed\n" in said
    assert server.xml.read_text() == config(path)


# ---- Where things are -----------------------------------------------------------------------------------------------------------


def test_layouts_go_beside_the_program_through_a_link(server, tmp_path):
    program = shutil.copy(PROGRAMS[0], server.scripts / "debezium-udf")
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "debezium-udf"
    link.symlink_to(program)
    (server.config / "config.xml").write_text(f"<clickhouse><user_scripts_path>{server.scripts}/</user_scripts_path></clickhouse>")
    server.write("a.json", layout("aRow"))
    words = ["register", "a.json", "--config-dir", server.config]
    assert call(*words, program=link, cwd=server.mine).returncode == 0
    assert (server.scripts / "a.json").read_text() == layout("aRow") and "aRow" in server.xml.read_text()
    # A name that is not in the working folder is that of a layout beside the program.
    assert b"Nothing to do" in call(*words, program=link, cwd=tmp_path).stdout
    # The server runs other programs.
    (server.config / "config.xml").write_text("<clickhouse><user_scripts_path>/srv/scripts</user_scripts_path></clickhouse>")
    line = refusal(call(*words, program=link, cwd=server.mine), 1)
    assert "runs the programs of /srv/scripts: run /srv/scripts/debezium-udf, or give --scripts-dir" in line
