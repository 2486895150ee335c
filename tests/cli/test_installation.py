"""The XML for ClickHouse, `make install`, and what `check` finds in a server's folders."""

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from program import LAYOUT, PROGRAMS, ROOT, call, refusal

FINGERPRINT = re.compile(r" --fingerprint [0-9a-f]{16}")
SETTINGS = {
    "type": "executable_pool",
    "execute_direct": "1",
    "send_chunk_header": "0",
    "deterministic": "1",
    "stderr_reaction": "throw",
    "check_exit_code": "1",
    "return_name": "result",
    "pool_size": "16",
}


def functions(*words):
    """name -> element of the XML."""
    done = call("config", *words)
    assert (done.returncode, done.stderr) == (0, b"")
    root = ElementTree.fromstring(done.stdout)
    assert root.tag == "functions"
    return {element.findtext("name"): element for element in root}


@pytest.mark.parametrize("format", ["RowBinary", "Native", "LineAsString"])
def test_every_function_is_registered_with_every_setting(format):
    found = functions(LAYOUT, "--format", format)
    expected = {
        "experimentEvent": (f"decode experiment_event.json --format {format}", ["message"]),
        "debeziumExtract": (f"extract --format {format}", ["message", "path"]),
        "debeziumUnnest": (f"unnest --format {format}", ["message"]),
        "debeziumTimestamp": (f"timestamp --format {format}", ["value"]),
    }
    if format == "LineAsString":
        del expected["debeziumExtract"]
    assert list(found) == list(expected)
    for name, element in found.items():
        command, arguments = expected[name]
        assert FINGERPRINT.sub("", element.findtext("command")) == f"debezium-udf {command}"
        assert [argument.findtext("name") for argument in element.iter("argument")] == arguments
        assert {argument.findtext("type") for argument in element.iter("argument")} == {"String"}
        assert element.findtext("format") == format
        for key, value in SETTINGS.items():
            assert element.findtext(key) == value, key
        for key in ("command_read_timeout", "command_write_timeout", "max_command_execution_time",
                    "command_termination_timeout"):
            assert int(element.findtext(key)) > 0
    types = {name: element.findtext("return_type") for name, element in found.items()}
    if format == "LineAsString":
        assert set(types.values()) == {"String"}
    else:
        assert types["debeziumExtract"] == "Nullable(String)"
        assert types["debeziumUnnest"] == "String"
        assert types["debeziumTimestamp"] == "Nullable(DateTime64(6, 'UTC'))"
        assert types["experimentEvent"].startswith(
            "Tuple(outcome Enum8('event' = 0, 'skipped' = 1, 'error' = 2), reason String, id String, ")
        assert types["experimentEvent"].endswith(", outbox_id String, lsn UInt64)")


def test_rows_are_registered_in_native_unless_told_otherwise():
    formats = {name: element.findtext("format") for name, element in functions(LAYOUT).items()}
    assert formats == {"experimentEvent": "Native", "debeziumExtract": "RowBinary", "debeziumUnnest": "RowBinary",
                       "debeziumTimestamp": "RowBinary"}
    for form in ("RowBinary", "Native"):
        assert {element.findtext("format") for element in functions(LAYOUT, "--format", form).values()} == {form}


def test_several_layouts_and_options(tmp_path):
    other = tmp_path / "other-team.json"
    other.write_text(LAYOUT.read_text().replace("experimentEvent", "otherEvent"))
    found = functions(LAYOUT, other, "--pool-size", "3", "--max-message", "1M")
    assert list(found) == ["experimentEvent", "otherEvent", "debeziumExtract", "debeziumUnnest", "debeziumTimestamp"]
    assert FINGERPRINT.sub("", found["otherEvent"].findtext("command")) == \
        "debezium-udf decode other-team.json --format Native --max-message 1048576"
    assert {element.findtext("pool_size") for element in found.values()} == {"3"}


def test_query_options_are_those_of_the_query_functions():
    found = functions(LAYOUT, "--metadata-prefix", "", "--base64-document", "after.a", "--base64-document", 'after["b.c"]')
    options = ' --metadata-prefix= --base64-document=after.a --base64-document=after["b.c"]'
    commands = {name: element.findtext("command") for name, element in found.items()}
    assert commands["debeziumExtract"] == f"debezium-udf extract --format RowBinary{options}"
    assert commands["debeziumUnnest"] == f"debezium-udf unnest --format RowBinary{options}"
    assert options not in commands["experimentEvent"] + commands["debeziumTimestamp"]


def fingerprint(*words):
    """That of the one layout which is registered."""
    (found,) = FINGERPRINT.findall(call("config", *words).stdout.decode())
    return found.split()[1]


def test_a_fingerprint_is_of_layout_and_format(tmp_path):
    other = tmp_path / "other.json"
    other.write_text(LAYOUT.read_text() + "\n")
    prints = [fingerprint(LAYOUT), fingerprint(other), fingerprint(LAYOUT, "--format", "RowBinary"),
              fingerprint(LAYOUT, "--format", "LineAsString")]
    assert len(set(prints)) == 4
    # What changes no answer is not in it.
    shutil.copy(LAYOUT, other)
    assert fingerprint(other, "--pool-size", "3", "--max-message", "1M", "--max-memory", "1G") == prints[0]


def test_another_layout_than_the_registered_is_refused_before_the_first_row(tmp_path):
    layout = tmp_path / "mine.json"
    shutil.copy(LAYOUT, layout)
    words = ["decode", layout, "--format", "RowBinary", "--fingerprint", fingerprint(layout, "--format", "RowBinary")]
    message = b"\4null"
    expected = call("decode", layout, "--format", "RowBinary", data=message).stdout
    assert expected and call(*words, data=message).stdout == expected
    for wrong in (["decode", layout, *words[4:], "--format", "Native"], words):
        line = refusal(call(*wrong, data=message), 1)
        assert f"layout {layout} is not the one that experimentEvent is registered with" in line
        assert f": debezium-udf register {layout}, then SYSTEM RELOAD FUNCTIONS" in line
        text = layout.read_text()  # then two columns of one type are exchanged
        layout.write_text(text.replace("after.payload.user_id", "after.payload.session_id?").replace(
            "after.payload.session_id\"", "after.payload.user_id\"").replace("session_id?", "session_id"))
        assert layout.read_text() != text


def test_what_cannot_be_registered(tmp_path):
    for words in (["--metadata-prefix", "a b"], ["--base64-document", "after.é"], ["--metadata-prefix", "{x:String}"]):
        line = refusal(call("config", LAYOUT, *words), 1)
        assert f"{words[0]} `{words[1]}`: ClickHouse could not pass it in a command" in line
    assert "another function is called experimentEvent" in refusal(call("config", LAYOUT, LAYOUT), 1)
    taken = tmp_path / "taken.json"
    taken.write_text(LAYOUT.read_text().replace("experimentEvent", "debeziumUnnest"))
    assert "another function is called debeziumUnnest" in refusal(call("config", taken), 1)
    for name in ("my layout.json", "{x:String}.json", "a--b.json", "-a.json", "ü.json"):
        path = shutil.copy(LAYOUT, tmp_path / name)
        assert "ClickHouse could not name this file" in refusal(call("config", path), 1)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `make install` leaves, with a stock server's config.xml beside it."""
    root = tmp_path_factory.mktemp("installed")
    subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={root}"], check=True, stdin=subprocess.DEVNULL)
    folder = root / "etc" / "clickhouse-server"
    (folder / "config.xml").write_text(
        "<clickhouse>\n<!-- <user_scripts_path>/nowhere</user_scripts_path> -->\n"
        f"<user_scripts_path>{root}/var/lib/clickhouse/user_scripts/</user_scripts_path>\n"
        "<user_defined_executable_functions_config>*_function.*ml</user_defined_executable_functions_config>\n"
        "</clickhouse>\n")
    for path in [*root.parents, *root.rglob("*"), root]:  # as an installed server's: to be entered by its user
        if path.is_dir() and str(path).startswith(str(tmp_path_factory.getbasetemp())):
            path.chmod(0o755)
    return root


@pytest.fixture
def server(installed, tmp_path):
    """A copy to spoil: its folder of settings, and its scripts."""
    root = tmp_path / "server"
    shutil.copytree(installed, root, symlinks=True)
    config = root / "etc" / "clickhouse-server"
    settings = config / "config.xml"
    settings.write_text(settings.read_text().replace(str(installed), str(root)))
    return config, root / "var" / "lib" / "clickhouse" / "user_scripts"


def check(config, status):
    done = call("check", "--config-dir", config)
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (status, b""), text
    assert all(re.match(r"(ok   |note |wrong|ask  ) \S", line) for line in text.splitlines()), text
    return text


def test_install_puts_everything_where_a_server_looks(installed):
    scripts = installed / "var" / "lib" / "clickhouse" / "user_scripts"
    assert (scripts / "debezium-udf").read_bytes() == PROGRAMS[0].read_bytes()
    assert (scripts / "debezium-udf").stat().st_mode & 0o777 == 0o755
    assert (scripts / "experiment_event.json").read_bytes() == LAYOUT.read_bytes()
    config = installed / "etc" / "clickhouse-server"
    assert (config / "debezium_udf_function.xml").read_bytes() == call("config", LAYOUT).stdout
    assert list((config / "users.d").glob("*.xml")) and list((config / "config.d").glob("*.xml"))
    assert (installed / "usr/local/share/man/man1/debezium-udf.1").exists()
    page = installed / "var" / "lib" / "clickhouse" / "user_files" / "experiments.html"
    assert page.read_bytes() == (ROOT / "sql" / "experiments" / "page" / "experiments.html").read_bytes()
    assert (installed / "usr/local/bin/debezium-udf").is_symlink()


@pytest.mark.parametrize("name", ["config.d/experiments_kafka.xml", "users.d/experiments_pipeline.xml"])
def test_a_second_install_keeps_the_operators_settings(installed, name):
    setting = installed / "etc" / "clickhouse-server" / name
    before = setting.read_text()
    setting.write_text(before + "<!-- ours -->\n")
    try:
        subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={installed}"], check=True)
        assert setting.read_text().endswith("<!-- ours -->\n")
    finally:
        setting.write_text(before)


def test_a_sound_installation(server):
    text = check(server[0], 0)
    for line in ("program", "layout", "registration", "throw_on_max_partitions_per_insert_block = 0", "named collection"):
        assert re.search(rf"^ok    .*{line}", text, re.M), text
    assert re.findall("^ask   .*: (SELECT .*)$", text, re.M) == [
        "SELECT name, loading_error_message FROM system.user_defined_functions WHERE loading_error_message != ''"]


def spoil_layout(config, scripts):
    layout = scripts / "experiment_event.json"
    layout.write_text(layout.read_text().replace('"browser",  ', '"browzer",  '))
    assert "browzer" in layout.read_text()


def spoil_profile(config, scripts):
    for path in (config / "users.d").glob("*.xml"):
        path.write_text(path.read_text().replace(">0<", ">100<"))


def spoil_glob(config, scripts):
    (config / "config.xml").write_text(re.sub("<user_defined.*", "", (config / "config.xml").read_text()))


def spoil_registration(old, new):
    def spoil(config, scripts):
        file = config / "debezium_udf_function.xml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    return spoil


def half_a_registration(config, scripts):
    text = (config / "debezium_udf_function.xml").read_text()
    (config / "debezium_udf_function.xml").write_text(text[:len(text) // 2])


def truncated_program(config, scripts):
    data = (scripts / "debezium-udf").read_bytes()
    (scripts / "debezium-udf").write_bytes(data[:len(data) // 2])


def program_that_says(line):
    def spoil(config, scripts):
        (scripts / "debezium-udf").write_text(f"#!/bin/sh\necho '{line}'\n")

    return spoil


def another_program(config, scripts):
    """Of this version by its own word."""
    version = call("--version").stdout.decode().strip()
    (scripts / "debezium-udf").write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo '{version}' || head -c 5\n")


SPOILED = [
    (spoil_registration("debezium-udf unnest", "debezium-udf unest"), "debeziumUnnest: `debezium-udf unest` is not a function"),
    (spoil_registration("unnest --format RowBinary", "unnest --format TSV"),
     "debeziumUnnest: its command says --format TSV, and <format> RowBinary"),
    (spoil_registration("unnest --format RowBinary", "unnest"),
     "debeziumUnnest: its command says --format LineAsString, and <format> RowBinary"),
    (spoil_registration("<format>RowBinary", "<format>Native"), "its command says --format RowBinary, and <format> Native"),
    (spoil_registration("<return_type>Nullable(DateTime64(6", "<return_type>Nullable(DateTime64(3"),
     r"debeziumTimestamp: its <return_type> has `Nullable\(DateTime64\(3.*` where the program answers .*6.*: write that there"),
    (spoil_registration("reason String, id String", "reason String, id Int64"),
     "experimentEvent: its <return_type> has `id Int64` where the program answers `id String`: debezium-udf register"),
    (spoil_registration("experiment_id UInt32, variant_id UInt32", "variant_id UInt32, experiment_id UInt32"),
     "has `variant_id UInt32` where the program answers `experiment_id UInt32`"),
    (spoil_registration("experiment_id UInt32", "experiment_id UInt46"), "has `experiment_id UInt46` where"),
    (spoil_registration("<type>executable_pool", "<type>executble_pool"),
     "experimentEvent: its <type> is executble_pool: write executable_pool; otherwise there is no such function"),
    (spoil_registration("<execute_direct>1", "<execute_direct>0"), "<execute_direct> is 0: write 1; otherwise a shell would run it"),
    (spoil_registration("<send_chunk_header>0", "<send_chunk_header>1"), "<send_chunk_header> is 1: write 0"),
    (spoil_registration("<stderr_reaction>throw", "<stderr_reaction>log_lost"), "<stderr_reaction> is log_lost: write throw"),
    (spoil_registration("<command_read_timeout>60000", "<command_read_timeout>1 h"), "<command_read_timeout> is 1 h: write 60000"),
    (spoil_registration("<pool_size>16", "<pool_size>1\n6"), "its <pool_size> is `1 6`: give a number from 1"),
    (spoil_registration("<pool_size>16", "<pool_size>0"), "its <pool_size> is `0`: give a number from 1"),
    (spoil_registration("<type>String</type></argument>", "<type>Int64</type></argument>"), "argument 1 is of type `Int64`"),
    (spoil_registration("<name>message</name><type>String</type></argument>",
                        "<name>message</name><type>String</type></argument><argument><type>String</type></argument>"),
     "experimentEvent: it has 2 arguments, and the program takes 1"),
    (spoil_registration("<format>RowBinary</format>", ""), "its command says --format RowBinary, and <format> "),
    (spoil_registration("<type>executable_pool</type>", ""), "experimentEvent: it has no <type>"),
    (spoil_registration("<type>executable_pool</type>", "<type>executable_pool</type><type>x</type>"), "it has <type> twice"),
    (spoil_registration("<name>debeziumUnnest", "<name>debeziumExtract"), "debeziumExtract: a function of this name is registered twice"),
    (spoil_registration("decode experiment_event.json", "decode"), "experimentEvent: its command names no layout"),
    (spoil_registration(" --fingerprint ", " --frob "), "experimentEvent: its command has unknown words: --frob"),
    (spoil_registration(" --fingerprint ", " --max-message 0 --fingerprint "),
     "experimentEvent: its program fails with status 2: debezium-udf: --max-message `0`"),
    (spoil_registration("</functions>", ""), "line 4: <functions> is not closed.*: the server does not read it"),
    (spoil_registration("<functions>", "<functions><!-- a --b -->"), "line 4: a comment contains `--`: the server does not read it"),
    (half_a_registration, "the server does not read it; fix it, or move it away and debezium-udf register each layout"),
    (truncated_program, "program .*/debezium-udf .*: restore it with make install or the package"),
    (program_that_says("debezium-udf 1.0.0 (simdjson 3.9.4)"),
     r"program .*/debezium-udf is debezium-udf 1\.0\.0 \(simdjson 3\.9\.4\), and this check is of .*: run .*/debezium-udf check"),
    (another_program, "debeziumUnnest: its program does not answer a sample as this program does"),
    (spoil_registration("decode experiment_event.json", "decode other.json"), "layout .*other.json: No such file"),
    (spoil_layout, "is not the one that it was registered with, so queries fail: debezium-udf register experiment_event.json"),
    (lambda config, scripts: (scripts / "experiment_event.json").write_text("{"), "experiment_event.json:1: "),
    (lambda config, scripts: (scripts / "experiment_event.json").unlink(), "experiment_event.json: No such file"),
    (lambda config, scripts: (scripts / "debezium-udf").unlink(), "program .*No such file .*make install"),
    (lambda config, scripts: (scripts / "debezium-udf").chmod(0o600), "cannot run it: chmod o.rx"),
    (lambda config, scripts: (config / "debezium_udf_function.xml").unlink(), "no .*/..function.xml names a layout"),
    (spoil_profile, "throw_on_max_partitions_per_insert_block is not 0"),
    (lambda config, scripts: [path.unlink() for path in (config / "users.d").iterdir()], "is not 0 in .*users.d"),
    (spoil_glob, "no user_defined_executable_functions_config, so no function is read"),
    (lambda config, scripts: (config / "config.xml").unlink(), "config.xml: No such file .*--config-dir DIR"),
]


@pytest.mark.parametrize("spoil, line", SPOILED, ids=[line for _, line in SPOILED])
def test_what_is_wrong_is_named(server, spoil, line):
    spoil(*server)
    assert re.search(f"^wrong .*{line}", check(server[0], 1), re.M)


@pytest.mark.parametrize("format", ["RowBinary", "Native", "LineAsString"])
def test_every_function_in_every_format_is_sound(server, format):
    text = call("config", LAYOUT, "--format", format, "--max-message", "1M").stdout
    (server[0] / "debezium_udf_function.xml").write_bytes(text.replace(b"--format ", b"--format="))
    found = check(server[0], 0)
    registered = set(functions(LAYOUT, "--format", format))
    assert set(re.findall(r"^ok    registration \S+: (\w+)$", found, re.M)) == registered
    missing = {"experimentEvent", "debeziumExtract", "debeziumUnnest", "debeziumTimestamp"} - registered
    assert set(re.findall(r"^note  registration: no \S+ has (\w+)$", found, re.M)) == missing


def test_a_function_that_is_commented_out_is_none(server):
    spoil_registration("    <function>\n        <name>debeziumUnnest", "<!-- <function><name>debeziumUnnest")(*server)
    file = server[0] / "debezium_udf_function.xml"
    text = file.read_text()
    start = text.index("<!-- <function>")
    end = text.index("</function>", start)
    # Its own comments would end this one, and options are none in a comment.
    inner = re.sub("<!--.*?-->", "", text[start + 4:end], flags=re.S).replace("--", "")
    file.write_text(text[:start] + inner.join(("<!--", "</function>-->"))
                    + text[end + len("</function>"):])
    found = check(server[0], 0)
    assert "has debeziumUnnest" in found and ": debeziumUnnest" not in found and ": debeziumTimestamp" in found


def test_root_does_not_run_what_another_user_may_have_written(server):
    if os.geteuid() != 0:
        pytest.fail("needs root")
    program = server[1] / "debezium-udf"
    program.write_text("#!/bin/sh\necho \"debezium-udf 0 ($(id -u) $(id -g) $(id -G))\"\n")
    os.chown(program, 12345, 12346)
    for folder in server[1].parents:
        if folder.stat().st_uid == 0 and "pytest" in str(folder):
            folder.chmod(0o755)
    users = [line.split(":") for line in Path("/etc/passwd").read_text().splitlines()]
    ids = next((user[2:4] for user in users if user[0] == "clickhouse"), ["12345", "12346"])
    assert f"debezium-udf is debezium-udf 0 ({ids[0]} {ids[1]} {ids[1]}), and this check is of" in check(server[0], 1)


def test_settings_that_are_only_noted(server):
    file = server[0] / "debezium_udf_function.xml"
    text = file.read_text()
    for old, new, line in (
            ("<stderr_reaction>throw", "<stderr_reaction>log_last", "<stderr_reaction> is log_last: write throw"),
            ("<deterministic>1", "<deterministic>0", "<deterministic> is 0: write 1"),
            ("<command_read_timeout>60000", "<command_read_timeout>100", "<command_read_timeout> is 100: write 60000"),
            ("<command_read_timeout>60000</command_read_timeout>", "", "<command_read_timeout> is 10000: write 60000"),
            ("<type>executable_pool", "<type>executable", "<type> is executable: write executable_pool"),
            ("check_exit_code>", "chek_exit_code>", "it has <chek_exit_code>, which this program does not write"),
            ("<name>experimentEvent", "<name>event", "event: its layout has another name for the function")):
        file.write_text(text.replace(old, new))
        assert old in text and re.search(f"^note .*{line}", check(server[0], 0), re.M), line
    for old, new in (("<pool_size>16", "<pool_size>3"), ("<command_read_timeout>60000", "<command_read_timeout>70000"),
                     ("<return_name>result</return_name>", ""), ("</function>", "<lifetime>0</lifetime></function>")):
        file.write_text(text.replace(old, new))
        assert old in text and "\nnote" not in check(server[0], 0)


def test_a_registration_without_a_fingerprint_is_sound(server):
    shutil.copy(ROOT / "tests/fixtures/installed-1.1/debezium_udf_function.xml", server[0])
    shutil.copy(ROOT / "tests/fixtures/installed-1.1/experiment_event.json", server[1])
    text = check(server[0], 0)
    assert re.search("^note .*experimentEvent has no fingerprint, .*: debezium-udf register experiment_event.json$", text, re.M)
    spoil_layout(*server)
    assert re.search("^wrong .*is not the one that it was registered with, so columns may come out wrong", check(server[0], 1), re.M)


def test_another_programs_malformed_registration_is_only_noted(server):
    (server[0] / "other_function.xml").write_text("<functions>")
    assert re.search("^note  registration .*other_function.xml: line 1: ", check(server[0], 0), re.M)


def test_other_programs_functions_are_none_of_its_business(server):
    (server[0] / "other_function.xml").write_text(
        "<functions><function><name>other</name><command>other.py decode x</command></function></functions>")
    assert "other_function.xml" not in check(server[0], 0)


def test_a_missing_collection_is_only_noted(server):
    for path in (server[0] / "config.d").iterdir():
        path.unlink()
    assert re.search("^note  no named collection", check(server[0], 0), re.M)
