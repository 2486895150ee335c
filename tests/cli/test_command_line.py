"""The command line: what is answered, where files are looked for, and what a wrong call is told."""

import os
import re
import shutil
import subprocess

import pytest
from program import COMMANDS, FIXTURE, FORMATS, LAYOUT, PROGRAMS, ROOT, call, refusal

from tests.support import wire


@pytest.fixture(params=PROGRAMS, ids=["simdjson", "cjson"])
def program(request):
    return request.param


def test_version(program):
    version = (ROOT / "VERSION").read_text().strip()
    done = call("--version", program=program)
    assert done.returncode == 0 and done.stderr == b""
    assert re.fullmatch(rf"debezium-udf {re.escape(version)} \((simdjson|cJSON) [\d.]+\)\n", done.stdout.decode())


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["decode", "--help"], ["config", LAYOUT, "-h"]])
def test_help(words):
    done = call(*words)
    assert (done.returncode, done.stderr) == (0, b"")
    listed = re.findall(r"^    debezium-udf ([a-z]+)", done.stdout.decode(), re.M)
    assert listed == COMMANDS and {"decode", "config", "check"} <= set(listed)
    for format in FORMATS:
        assert format in done.stdout.decode()


def test_man_page_names_every_command_option_and_format():
    page = (ROOT / "udf" / "debezium-udf.1").read_text().replace("\\-", "-")
    for option in set(re.findall(r"--[a-z0-9-]+", call("--help").stdout.decode())):
        assert option in page, option
    for command in COMMANDS:
        assert f"debezium-udf {command}" in page and re.search(rf'^\.B[IR]? "?{command}\b', page, re.M), command
    for format in FORMATS:
        assert format in page, format


def test_the_page_has_every_function_that_is_registered():
    xml = call("config", LAYOUT).stdout.decode()
    page = (ROOT / "docs" / "functions.md").read_text()
    functions = re.findall(r"<name>(debezium\w+)</name>\s*<return_type>(.*?)</return_type>.*?<command>", xml, re.S)
    assert len(functions) >= 3
    for name, type_ in functions:
        block = xml[xml.index(f"<name>{name}<"):]
        arguments = re.findall(r"<argument><name>(\w+)<", block[:block.index("<command>")])
        assert f"### `{name}({', '.join(arguments)})`" in page and type_ in page, name


@pytest.mark.parametrize("command", COMMANDS)
def test_usage_names_the_options_that_a_command_takes(command):
    usage = refusal(call(command, "--frobnicate"), 2)
    assert f"unknown option `--frobnicate`: debezium-udf {command}" in usage
    for option in re.findall(r"\[(--[a-z0-9-]+) [A-Z]+\]", usage):
        assert f"{option} needs a value" in refusal(call(command, option), 2)


WRONG_CALLS = [
    ([], "a command is missing"),
    (["dekode", LAYOUT], "did you mean `decode`?"),
    (["frobnicate"], "unknown command `frobnicate`: use decode, extract"),
    ([""], "unknown command"),
    (["decode"], "LAYOUT is missing: debezium-udf decode LAYOUT"),
    (["config"], "LAYOUT is missing: debezium-udf config LAYOUT..."),
    (["decode", LAYOUT, "more"], "unexpected argument `more`: debezium-udf decode LAYOUT"),
    (["unnest", "more"], "unexpected argument `more`"),
    (["decode", LAYOUT, "--formt", "Native"], "unknown option `--formt`: debezium-udf decode LAYOUT [--format FORMAT]"),
    (["unnest", "--pool-size", "3"], "unknown option `--pool-size`"),
    (["decode", LAYOUT, "--format"], "--format needs a value"),
    (["decode", LAYOUT, "--format", "JSON"], "unknown format `JSON`: use LineAsString, RowBinary or Native"),
    (["decode", LAYOUT, "--max-message", "64X"], "--max-message `64X`: give a number of bytes"),
    (["decode", LAYOUT, "--max-message", "0"], "--max-message `0`: give a number of bytes from 1"),
    (["decode", LAYOUT, "--max-message", "99999999999999999999"], "give a number of bytes"),
    (["decode", LAYOUT, "--max-message", "16G"], "give a number of bytes from 1 to 4294967040"),
    (["decode", LAYOUT, "--fingerprint", "12345"], "--fingerprint `12345`: give the 16 digits"),
    (["decode", LAYOUT, "--fingerprint", "0000000000000000"], "give the 16 digits"),
    (["decode", LAYOUT, "--fingerprint", "0123456789abcdeF"], "give the 16 digits"),
    (["config", LAYOUT, "--fingerprint", "0123456789abcdef"], "unknown option `--fingerprint`"),
    (["config", LAYOUT, "--pool-size", "0"], "give a number from 1 to 1024"),
    (["extract"], "extract needs a PATH in LineAsString"),
    (["extract", "a..b"], "`a..b` is not a path"),
    (["extract", ""], "`` is not a path"),
    (["decode", LAYOUT, "--metadata-prefix", "x"], "unknown option `--metadata-prefix`"),
    (["unnest", "--base64-document", "a..b"], "--base64-document: `a..b` is not a path"),
]


@pytest.mark.parametrize("words, line", WRONG_CALLS, ids=[" ".join(map(str, words)) or "-" for words, _ in WRONG_CALLS])
def test_wrong_calls(words, line):
    assert line in refusal(call(*words), 2)


@pytest.mark.parametrize(
    "name, content, line",
    [
        ("none.json", None, "No such file or directory"),
        ("cut.json", "{", "cut.json:1: "),
        ("empty.json", "", "empty.json"),
        ("key.json", '{"function": "f", "colums": []}', "colums"),
        (
            "type.json",
            '{"function": "f", "accept": {"op": ["c"]},\n"columns": [{"name": "a", "type": "Text", "path": "a"}]}',
            'type.json:2: unknown type "Text"',
        ),
        (
            "twice.json",
            '{"function": "f", "accept": {"op": ["c"]}, "columns": [{"name": "a", "type": "String", "path": "a"},\n'
            '{"name": "a", "type": "String", "path": "b"}]}',
            "twice.json:2: ",
        ),
        (
            "default.json",
            '{"function": "f", "accept": {"op": ["c"]}, "columns": [\n'
            '{"name": "a", "type": "UInt8", "path": "a", "default": 256}]}',
            "default.json:2: ",
        ),
    ],
)
@pytest.mark.parametrize("command", ["decode", "config"])
def test_wrong_layouts(tmp_path, command, name, content, line):
    if content is not None:
        (tmp_path / name).write_text(content)
    text = refusal(call(command, tmp_path / name, data=FIXTURE.read_bytes()), 1)
    assert line in text and name in text


def test_a_layout_that_is_no_file(tmp_path):
    assert "Is a directory" in refusal(call("decode", tmp_path), 1)
    os.mkfifo(tmp_path / "pipe.json")
    assert "Invalid argument" in refusal(call("decode", tmp_path / "pipe.json"), 1)


def test_a_layout_without_a_slash_is_beside_the_program(tmp_path):
    scripts, elsewhere = tmp_path / "scripts", tmp_path / "elsewhere"
    scripts.mkdir()
    elsewhere.mkdir()
    program = shutil.copy(PROGRAMS[0], scripts / "debezium-udf")
    shutil.copy(LAYOUT, scripts / "mine.json")
    done = call("decode", "mine.json", data=FIXTURE.read_bytes(), program=program, cwd=elsewhere)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == call("decode", LAYOUT, data=FIXTURE.read_bytes()).stdout
    shutil.copy(LAYOUT, elsewhere / "here.json")
    assert "a layout elsewhere needs a path" in refusal(call("decode", "here.json", program=program, cwd=elsewhere), 1)
    assert call("decode", "./here.json", program=program, cwd=elsewhere).returncode == 0


@pytest.fixture
def bundle(tmp_path):
    """A folder, and the program in its folder `bin`."""
    (tmp_path / "bundle" / "bin").mkdir(parents=True)
    return tmp_path / "bundle", shutil.copy(PROGRAMS[0], tmp_path / "bundle" / "bin" / "debezium-udf")


@pytest.mark.parametrize("folder", [".", "bin"])
def test_without_arguments_those_of_the_file_are_taken(bundle, folder):
    (bundle[0] / folder / "debezium-udf.args").write_text("extract\n\nafter.a b\r\n--format=LineAsString")
    done = call(data=b'{"after":{"a b":7}}', program=bundle[1], cwd="/")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"7\n", b"")
    assert call("unnest", data=b"7", program=bundle[1]).stdout == b"7\n"


def test_the_file_of_arguments_in_the_own_folder_counts_first(bundle):
    (bundle[0] / "debezium-udf.args").write_text("frobnicate\n")
    (bundle[0] / "bin" / "debezium-udf.args").write_text("--version\n")
    assert call(program=bundle[1]).stdout == call("--version").stdout


@pytest.mark.parametrize("content, status, line", [
    ("", 2, "a command is missing"),
    ("\n", 2, "a command is missing"),
    ("frobnicate", 2, "unknown command `frobnicate`"),
    ("unnest\n--format\n", 2, "--format needs a value"),
    ("unnest\n\0", 1, "bin/debezium-udf.args: it has a zero byte"),
    ("x\n" * 40000, 1, "bin/debezium-udf.args: File too large"),
    (None, 1, "bin/debezium-udf.args: Is a directory"),
])
def test_a_wrong_file_of_arguments(bundle, content, status, line):
    file = bundle[0] / "bin" / "debezium-udf.args"
    file.mkdir() if content is None else file.write_text(content)
    assert line in refusal(call(program=bundle[1]), status)


def append(program, lines, *, begin=b"\ndebezium-udf arguments:\n", count=None, end=b"\n"):
    """What deploy/cloud/bundle.py appends, or something near it."""
    count = b"%010d" % len(lines) if count is None else count
    with open(program, "ab") as file:
        file.write(begin + lines + b"debezium-udf arguments end: " + count + end)


def test_without_arguments_those_appended_to_the_program_are_taken(program, tmp_path):
    (tmp_path / "debezium-udf.args").write_text("frobnicate\n")
    copy = shutil.copy(program, tmp_path / "main")
    append(copy, b"extract\n\nafter.a b\n--format=LineAsString\n")
    done = call(data=b'{"after":{"a b":7}}', program=copy, cwd="/", env={})
    assert (done.returncode, done.stdout, done.stderr) == (0, b"7\n", b"")
    assert call("unnest", data=b"7", program=copy).stdout == b"7\n"


def test_the_longest_arguments_that_are_taken(tmp_path):
    for lines, status in ((65536, 0), (65537, 1)):
        copy = shutil.copy(PROGRAMS[0], tmp_path / "main")
        append(copy, b"unnest\n".ljust(lines, b"\n"))
        assert call(data=b"7", program=copy).returncode == status


@pytest.mark.parametrize("damage", [
    {"count": b"0000000006"}, {"count": b"0000000008"}, {"count": b"9999999999"}, {"count": b"         7"}, {"count": b"-000000007"},
    {"begin": b"\ndebezium-udf argument:\n"}, {"begin": b""}, {"lines": b"unnest\0"}, {"lines": b"unnest"}, {"lines": b"un\0est\n"},
], ids=str)
def test_damaged_arguments_are_refused(tmp_path, damage):
    (tmp_path / "debezium-udf.args").write_text("unnest\n")
    copy = shutil.copy(PROGRAMS[0], tmp_path / "main")
    append(copy, **{"lines": b"unnest\n", **damage})
    assert "the arguments appended to the program are damaged" in refusal(call(data=b"7", program=copy), 1)


@pytest.mark.parametrize("cut", [1, 10, 11, 20, 40])
def test_arguments_that_were_cut_off_are_none(tmp_path, cut):
    copy = shutil.copy(PROGRAMS[0], tmp_path / "main")
    append(copy, b"unnest\n")
    os.truncate(copy, os.path.getsize(copy) - cut)
    assert "a command is missing" in refusal(call(data=b"7", program=copy), 2)


def test_query_options_are_taken_several_times():
    words = ["--base64-document", "after.a", "--base64-document=after.b", "--metadata-prefix="]
    assert call("extract", "after.a", *words, data=b'{"after":{"a":1}}').stdout == b"1\n"
    assert call("unnest", *words, data=b"[1]").stdout == b"[1]\n"


def test_ways_to_write_an_option():
    expected = call("unnest", "--format", "RowBinary", data=b"\1a").stdout
    assert expected == b"\1a"
    assert call("unnest", "--format=RowBinary", data=b"\1a").stdout == expected
    assert call("extract", "--", "--format", data=b'{"--format":7}').stdout == b"7\n"


@pytest.mark.parametrize("most", ["1023", "1K", "1M", "4095M"])
def test_limit(most):
    bytes_ = {"1023": 1023, "1K": 1024, "1M": 1 << 20, "4095M": 4095 << 20}[most]
    sizes = [10, 1023, 1024, 1025, (1 << 20) - 1, 1 << 20, (1 << 20) + 1]
    messages = [b'"' + b"x" * (size - 2) + b'"' for size in sizes]
    done = call("decode", LAYOUT, "--max-message", most, data=b"\n".join(messages))
    reasons = [re.search(rb'"reason":"([^"]*)"', line)[1].decode() for line in done.stdout.splitlines()]
    assert reasons == [
        f"message of {size} bytes is over the limit of {bytes_}" if size > bytes_ else "not an object" for size in sizes
    ]


def test_both_programs_answer_the_same_in_every_format(program):
    for format in FORMATS:
        data = wire.ENCODE[format]([(message,) for message in FIXTURE.read_bytes().splitlines()])
        done = call("decode", LAYOUT, "--format", format, data=data, program=program)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout == call("decode", LAYOUT, "--format", format, data=data).stdout


def test_the_binary_is_hardened_and_depends_on_nothing():
    headers = subprocess.check_output(["readelf", "-W", "-l", "-d", "-h", PROGRAMS[0]], text=True)
    assert re.search(r"Type:\s+DYN", headers), "position independent"
    assert "GNU_RELRO" in headers and re.search(r"Flags:.*NOW", headers)
    assert re.search(r"GNU_STACK.* RW ", headers), "the stack is not executable"
    assert "NEEDED" not in headers and "INTERP" not in headers
    assert PROGRAMS[0].stat().st_size < 3_000_000
