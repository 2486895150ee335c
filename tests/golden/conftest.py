"""Counts the messages held against the tables by hand and prints the sum: a table that shrinks is seen."""

import pytest

ASSERTED = pytest.StashKey[int]()


def pytest_configure(config):
    config.stash[ASSERTED] = 0


@pytest.fixture
def asserted(request):
    """Call with the number of messages whose whole row was compared."""

    def add(count):
        request.config.stash[ASSERTED] += count

    return add


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.write_line(f"golden: {config.stash[ASSERTED]} messages compared with the tables")
