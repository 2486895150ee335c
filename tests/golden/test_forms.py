"""Every form of a message, and what the view's paths mean in it (forms.tsv, by hand; its layouts are in forms/).

Each message is decoded alone, and again and again in one stream, so that the fast path has learned it.
"""
import json

import pytest

import tables
from test_golden import ask

LAYOUTS = tables.HERE / "forms"
AGAIN = 4
DEFAULTS = {"op": "", "lsn": None, "db": None, "id": None, "was": None, "ts": None, "user": None, "unmapped": [], "left_out": []}
PATHS = {"op": "op", "source.lsn": "lsn", "source.db_name": "db", "after.id": "id", "before.id": "was", "ts_ms": "ts",
         "after.payload.user": "user"}
CASES = [(form, layout, message.encode().replace(b"\\u0000", b"\0").replace(b"\\u0001", b"\1"), outcome, reason,
          DEFAULTS | json.loads(values))
         for form, layout, message, outcome, reason, values in tables.lines_of("forms.tsv", "form\tlayout\tmessage\toutcome\treason\tvalues")]


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_form(build, case):
    _, layout, message, outcome, reason, values = case
    rows = ask(build, ["decode", LAYOUTS / f"{layout}.json"], (message + b"\n") * AGAIN).decode().splitlines()
    assert [json.loads(row) for row in rows] == [{"outcome": outcome, "reason": reason, **values}] * AGAIN


@pytest.mark.parametrize("build", tables.BINARIES)
def test_all_forms_in_one_stream(build):
    """What was learned from one form must not be taken for another."""
    for layout in sorted({case[1] for case in CASES}):
        cases = [case for case in CASES if case[1] == layout] * AGAIN
        rows = ask(build, ["decode", LAYOUTS / f"{layout}.json"], b"".join(case[2] + b"\n" for case in cases)).decode().splitlines()
        assert [json.loads(row) for row in rows] == [{"outcome": case[3], "reason": case[4], **case[5]} for case in cases]


@pytest.mark.parametrize("build", tables.BINARIES)
@pytest.mark.parametrize("path", PATHS)
def test_extract_means_the_same(build, path):
    """extract knows no layout, and so neither router values nor bare rows."""
    cases = [case for case in CASES if case[1] == "auto" and case[3] == "event" and "router" not in case[0]]
    assert len(cases) > 15
    answers = ask(build, ["extract", path], b"".join(case[2] + b"\n" for case in cases)).decode().splitlines()
    for case, answer in zip(cases, answers, strict=True):
        value = case[5][PATHS[path]]
        if path == "after.payload.user" and "left out" in case[0]:
            value = None
        assert answer == ("\\N" if value is None else str(value)), case[0]


@pytest.mark.parametrize("build", tables.BINARIES)
def test_options_of_extract_and_unnest(build):
    row = b'{"op":"c","source":{},"after":{"payload":"eyJhIjoxfQ==","note":"%"}}\n'
    assert ask(build, ["extract", "--base64-document", "payload", "after.payload.a"], row) == b"1\n"
    assert ask(build, ["extract", "--base64-document", "note", "after.note"], row) == b"\\N\n"
    assert ask(build, ["unnest", "--base64-document", "payload"], row) == row.replace(b'"eyJhIjoxfQ=="', b'{"a":1}')
    assert ask(build, ["unnest"], row) == row
    assert ask(build, ["extract", "--metadata-prefix", "meta_", "op"], b'{"id":1,"meta_op":"u"}\n') == b"u\n"
    mongo = b'{"op":"c","source":{},"after":"{\\"_id\\":{\\"$oid\\":\\"65f0\\"},\\"n\\":1}"}\n'
    assert ask(build, ["extract", "after._id"], mongo) == b"65f0\n"
    assert ask(build, ["unnest"], mongo) == b'{"op":"c","source":{},"after":{"_id":{"$oid":"65f0"},"n":1}}\n'


@pytest.mark.parametrize("build", tables.BINARIES)
def test_an_operation_that_is_an_object(build):
    """Its text is in the reason, and so another one is another reason, whatever was seen before."""
    messages = [b'{"op":{"a":%d},"source":{},"after":{"id":1}}' % number for number in (1, 1, 1, 2, 3)]
    rows = ask(build, ["decode", LAYOUTS / "lax.json"], b"".join(message + b"\n" for message in messages)).decode().splitlines()
    assert [json.loads(row)["reason"] for row in rows] == [f'op {{"a":{number}}}' for number in (1, 1, 1, 2, 3)]
