"""The built programs and how to call them."""

import re
import subprocess

from tests.support import programs
from tests.support.programs import LAYOUT, ROOT  # noqa: F401

PROGRAMS = list(programs.PROGRAMS.values())
FIXTURE = ROOT / "tests" / "fixtures" / "debezium" / "bare.public.outbox.ndjson"


def call(*words, data=b"", program=PROGRAMS[0], **options):
    """Runs the program to its end; `data` is its standard input, in a file (test_pipes.py has pipes)."""
    with programs.as_file(data) as messages:
        return subprocess.run([program, *map(str, words)], stdin=messages, capture_output=True, timeout=60, **options)


def refusal(done, status):
    """The one line on standard error of a call that must answer nothing."""
    assert (done.returncode, done.stdout) == (status, b""), done
    text = done.stderr.decode()
    assert text.startswith("debezium-udf: ") and text.endswith("\n") and text.count("\n") == 1, text
    return text


def names(line):
    """The names that the program lists in its one line: `use a, b or c`."""
    return re.split(r", | or ", re.search(r"use (.*?)(?: \(see.*)?\n", line)[1])


FORMATS = names(refusal(call("unnest", "--format", "?"), 2))
COMMANDS = names(refusal(call(), 2))
