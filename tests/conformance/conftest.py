"""Prints the table of the conformance suite below the tests."""

import pytest

TABLE = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[TABLE] = []


@pytest.fixture
def conformance(request):
    """Call with a build, a form and how many cases of each kind were decided as they must be."""

    def add(build, form, counts):
        request.config.stash[TABLE].append((build, form, counts))

    return add


def pytest_terminal_summary(terminalreporter, config):
    for build, form, counts in config.stash[TABLE]:
        terminalreporter.write_line(
            f"JSONTestSuite, {build:8} as {form}: {counts['y_']} of 95 accepted, {counts['n_']} of 188 refused, "
            f"{counts['i_']} of 35 decided as documented"
        )
