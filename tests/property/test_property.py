"""The property, small: a few random tables of both databases under some of the settings. run.py is the large one.

The seed is printed and the same each time, so that a failure is one that can be had again; PROPERTY_SEED=N takes another.
"""
import os
import random

import pytest

from . import run, settings
from .compare import again
from .spoilt import FAULTS

ALWAYS = ["defaults", "string"]
EACH, WIDTH, ROWS = 1, 16, 45
SEED = os.environ.get("PROPERTY_SEED", "1")


def names(known: list, count: int) -> list:
    """ALWAYS, and some others."""
    return [*ALWAYS, *random.Random(SEED).sample([setting.name for setting in known if setting.name not in ALWAYS], count)]


@pytest.fixture(scope="module")
def captured(capsys_disabled):
    capsys_disabled(f"property seed {SEED}")
    chosen = {"postgres": names(settings.POSTGRES, 4), "mariadb": names(settings.MARIADB, 3)}
    return run.capture(SEED, EACH, WIDTH, ROWS, chosen)


@pytest.fixture(scope="module")
def verdicts(captured):
    made, messages = captured
    return run.judge(made, messages)


@pytest.fixture(scope="module")
def capsys_disabled(request):
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n    {text}", end="", flush=True)
    return say


@pytest.mark.parametrize("database", ["postgres", "mariadb"])
def test_enough_is_compared(verdicts, database, capsys_disabled):
    mine = [verdict for verdict in verdicts if verdict.table.database == database]
    cells = run.total(mine, "cells")
    capsys_disabled(f"{database}: {sum(cells.values())} cells, {cells['equal'] + cells['equal, in the sample']} equal")
    assert sum(cells.values()) > 1000


def test_nothing_is_silently_different(verdicts):
    wrong = [(verdict.table.database, verdict.table.name, what) for verdict in verdicts if run.silent(verdict)
             for what in verdict.findings.items()]
    assert wrong == []


def test_at_most_one_row_in_a_hundred_is_a_dead_letter_for_no_listed_reason(verdicts):
    rows = run.total(verdicts, "rows")
    assert 100 * run.dead(verdicts) <= rows["decoded"] + rows["in the sample"], run.total(verdicts, "reasons")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_a_row_is_found(captured, verdicts, name):
    """One spoilt cell of a table is one more cell that is not equal."""
    _, messages = captured
    spoilt = missed = 0
    for verdict in verdicts:
        done = []
        after = again(verdict, messages, run.program(), lambda comparison: done.append(FAULTS[name](comparison)))
        spoilt += done == [True]
        missed += done == [True] and run.silent(after) <= run.silent(verdict)
    assert spoilt, f"no table of seed {SEED} has a cell for this fault"
    assert not missed
