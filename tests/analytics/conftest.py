import pytest

from tests.analytics import figures
from tests.analytics.analytics import Analytics
from tests.analytics.moments import Statistics


@pytest.fixture(scope="session")
def analytics(tmp_path_factory):
    """Shared: each test uses experiments of its own."""
    with Analytics(tmp_path_factory.mktemp("analytics")) as server:
        yield server


@pytest.fixture(scope="session")
def statistics(tmp_path_factory):
    """The same, given moments instead of events."""
    with Statistics(tmp_path_factory.mktemp("statistics")) as server:
        yield server


def pytest_terminal_summary(terminalreporter):
    """What the tests compared and counted, for a person to read."""
    if figures.LINES:
        terminalreporter.section("experiment results: figures")
        for line in figures.LINES:
            terminalreporter.line(line)
