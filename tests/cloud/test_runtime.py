"""The programs as Cloud starts them: no arguments, no environment, in `/`, with less of everything."""
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.programs import LAYOUT, PROGRAM, ROOT, as_file

from .built import ARCHITECTURES, FORMATS, QEMU, WHOLE, whole

CONFINE = Path(__file__).with_name("confine.py")
MESSAGES = (ROOT / "tests" / "fixtures" / "debezium" / "bare.public.outbox.ndjson").read_bytes().splitlines()
GIB = 1 << 30

# function -> the call that it is, and the rows that it is asked
CALLS = {
    "experimentEvent": (["decode", LAYOUT], [(message,) for message in MESSAGES]),
    "debeziumExtract": (["extract"], [(message, path) for message in MESSAGES for path in (b"after.payload.user_id", b"op")]),
    "debeziumUnnest": (["unnest"], [(message,) for message in MESSAGES]),
    "debeziumTimestamp": (["timestamp"], [(b"1502713067720000",), (b"2017-08-14T12:17:47.72Z",), (b"never",)]),
}
FUNCTIONS = [(format, function) for format in (FORMATS if WHOLE else FORMATS[:1]) for function in CALLS
             if (format, function) != ("LineAsString", "debeziumExtract")]


def expected(format, function):
    """What the program answers to a call with arguments."""
    words, rows = CALLS[function]
    data = wire.ENCODE[format](rows)
    with as_file(data) as messages:
        return data, subprocess.check_output([PROGRAM, *words, "--format", format], stdin=messages)


def confined(program, data, *options, runs=()):
    with as_file(data) as messages:
        return subprocess.run([sys.executable, CONFINE, *map(str, options), "--", *runs, program], stdin=messages, capture_output=True, timeout=120)


def as_root(folder, root):
    """A root with nothing in it but /scripts, which is this folder."""
    (root / "scripts").mkdir(parents=True)
    for file in folder.iterdir():
        os.link(file, root / "scripts" / file.name)
    return root


RESTRICTIONS = {
    "no network": [], "4 GiB": ["--memory", 4 * GIB], "1 GiB": ["--memory", GIB], "16 MiB": ["--memory", GIB >> 6],
    "as a container": ["--profile", "docker", "--user", 65534], "as under gVisor": ["--profile", "gvisor", "--user", 65534],
    "stderr closed": ["--closed", "2"],
}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("format, function", FUNCTIONS)
def test_without_arguments_and_environment(deployed, architecture, format, function):
    data, answer = expected(format, function)
    runs = [QEMU] if architecture == "arm64" else []
    program = deployed[format, function] / architecture / "main"
    for closed in ([], ["--closed", "2"]):
        done = confined(program, data, *closed, runs=runs)
        assert (done.returncode, done.stdout, done.stderr) == (0, answer, b"")


@pytest.mark.parametrize("restriction", RESTRICTIONS)
@pytest.mark.parametrize("format, function", FUNCTIONS)
def test_with_less_of_everything(deployed, restriction, format, function):
    data, answer = expected(format, function)
    folder = deployed[format, function] / "amd64"
    done = confined(folder / "main", data, *RESTRICTIONS[restriction])
    assert (done.returncode, done.stdout, done.stderr) == (0, answer, b"")


@pytest.mark.parametrize("profile", ["docker", "gvisor"])
@pytest.mark.parametrize("format, function", FUNCTIONS)
def test_where_there_is_nothing_but_its_folder(deployed, tmp_path, profile, format, function):
    """No /proc to find itself by, no /dev/null for what is closed, all of it together."""
    data, answer = expected(format, function)
    root = as_root(deployed[format, function] / "amd64", tmp_path / "root")
    done = confined("/scripts/main", data, "--root", root, "--profile", profile, "--user", 65534, "--memory", GIB, "--closed", "2")
    assert (done.returncode, done.stdout, done.stderr) == (0, answer, b"")


def test_a_missing_layout_is_told_in_one_line(deployed, tmp_path):
    root = as_root(deployed["RowBinary", "experimentEvent"] / "amd64", tmp_path / "root")
    (root / "scripts" / "experiment_event.json").unlink()
    done = confined("/scripts/main", b"", "--root", root)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"debezium-udf: layout /scripts/experiment_event.json: No such file or directory (a layout elsewhere needs a path with a slash)\n"


def test_blocks_come_and_go_without_a_row_count_ahead(deployed):
    """A pool's process answers each block while its input stays open (send_chunk_header is off), and ends with it."""
    words, rows = CALLS["experimentEvent"]
    with subprocess.Popen([deployed["RowBinary", "experimentEvent"] / "amd64" / "main"], cwd="/", env={}, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        for size in (1, 2, 5):
            data = wire.row_binary(rows[:size])
            with as_file(data) as messages:
                answer = subprocess.check_output([PROGRAM, *words, "--format", "RowBinary"], stdin=messages)
            process.stdin.write(data)
            got = b""
            until = time.monotonic() + 20
            while len(got) < len(answer) and time.monotonic() < until:
                got += process.stdout.read(len(answer) - len(got))
            assert got == answer
        process.stdin.close()
        assert (process.stdout.read(), process.stderr.read(), process.wait(20)) == (b"", b"", 0)


@whole
@pytest.mark.parametrize("megabytes", [200, 300])
def test_a_message_too_large_for_the_memory_is_an_error_row(deployed, megabytes):
    """Within 1 GiB of address space; 256 MiB is --max-message."""
    huge = b'{"op":"c","source":{},"after":{"payload":"' + b"x" * (megabytes << 20) + b'"}}'
    rows = [(MESSAGES[0],), (huge,), (MESSAGES[0],)]
    done = confined(deployed["RowBinary", "experimentEvent"] / "amd64" / "main", wire.row_binary(rows), "--memory", GIB)
    assert (done.returncode, done.stderr) == (0, b"")
    with as_file(wire.row_binary(rows[:1])) as messages:
        one = subprocess.check_output([PROGRAM, "decode", LAYOUT, "--format", "RowBinary"], stdin=messages)
    assert done.stdout.startswith(one) and done.stdout.endswith(one)
    middle = done.stdout[len(one):-len(one)]
    assert middle[0] == 2, "an error"
