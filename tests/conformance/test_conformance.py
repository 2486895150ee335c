"""JSONTestSuite: every case as the whole message and as the JSON that a payload holds, through both builds."""

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

import pytest

from suite import HERE, ROOT, cases, escaped

sys.path.insert(0, str(ROOT / "tests" / "golden"))
import tables
from tests.support import wire

CASES = cases()
FORMS = ("message", "payload")

# A document that is itself a string is read again as a document, so these are tried as an array's element.
STRINGS = {"y_structure_lonely_string", "y_structure_string_empty", "y_string_space"}
# Nothing at all is no JSON, but it is not a fault either: as a message a tombstone, as a payload absent.
NOTHING = "n_structure_no_data"

KINDS = {"y_": "accepted", "n_": "refused"}
SIZES = {"y_": 95, "n_": 188, "i_": 35}


def decisions():
    """What is decided where the suite leaves it open: {name: accepted or refused}."""
    lines = (HERE / "decisions.tsv").read_text("utf-8").splitlines()
    assert lines[0] == "case\tdecision\twhy"
    return {name: decision for name, decision, why in (line.split("\t") for line in lines[1:]) if why}


def expected(name):
    return KINDS.get(name[:2]) or decisions()[name]


@dataclass(frozen=True)
class Answer:
    outcome: int
    reason: str


def message(form, name, document):
    if form == "message":
        return document
    if name in STRINGS:
        document = b"[" + document + b"]"
    return b'{"op":"c","source":{},"after":{"payload":"' + escaped(document) + b'"}}'


def ask(build, form):
    rows = [(message(form, name, document),) for name, document in CASES.items()]
    run = subprocess.run(
        [tables.BINARIES[build], "decode", HERE / "probe.json", "--format", "RowBinary"],
        input=wire.row_binary(rows),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    reader = wire.Reader(run.stdout)
    answers = {}
    for name in CASES:
        (outcome,) = reader.take(1)
        answers[name] = Answer(outcome, reader.string().decode("utf-8"))
        assert reader.string() == b""
    reader.end()
    return answers


ANSWERS = {(build, form): ask(build, form) for build in tables.BINARIES for form in FORMS}


def decided(form, name, answer):
    """A message that is JSON has some other reason, since hardly one has a shape; a payload's row is an event."""
    if name == NOTHING:
        assert answer == {"message": Answer(1, "tombstone"), "payload": Answer(0, "")}[form]
        return "refused"
    if form == "message":
        return "refused" if answer.reason.startswith("not JSON: ") else "accepted"
    assert answer.outcome == 0 or answer.reason.startswith(("after.payload: ", "not JSON: ")), answer
    return "accepted" if answer.outcome == 0 else "refused"


def test_the_suite_is_whole():
    assert Counter(name[:2] for name in CASES) == SIZES
    assert decisions().keys() == {name for name in CASES if name.startswith("i_")}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("build", tables.BINARIES)
def test_decided(build, form, conformance):
    answers = ANSWERS[build, form]
    wrong = {
        name: answer for name, answer in answers.items() if decided(form, name, answer) != expected(name)
    }
    conformance(build, form, Counter(name[:2] for name in answers if name not in wrong))
    assert not wrong


@pytest.mark.parametrize("form", FORMS)
def test_both_builds_give_the_same_reasons(form):
    assert ANSWERS["simdjson", form] == ANSWERS["cjson", form]


def test_nothing_has_no_value():
    """What is left of `refused` for no bytes at all: no value can be taken from it."""
    for build in tables.BINARIES.values():
        run = subprocess.run(
            [build, "extract", "member", "--format", "RowBinary"],
            input=wire.row_binary([(b"",)]),
            capture_output=True,
            timeout=60,
            check=True,
        )
        assert run.stdout == b"\x01"
