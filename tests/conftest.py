"""The servers, started once for all tests, and the rule that a test which did not run has failed."""
import re
import subprocess

import pytest

from tests.stack.engine import BINARY, LAYOUT, VALUES, Engine
from tests.stack.kafka import Kafka
from tests.stack.process import exit_on_signals


def pytest_configure():
    exit_on_signals()


def pytest_addoption(parser):
    parser.addoption("--part", default="1/1", metavar="N/M", help="every M-th test from the N-th on, so that M runs have all between them")


def pytest_collection_modifyitems(config, items):
    number, of = map(int, config.getoption("--part").split("/"))
    assert 1 <= number <= of
    chosen = items[number - 1::of]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed: {report.longrepr}"
    return report


def registrations() -> dict:
    """The functions as `debezium-udf config` registers them, and again in the other formats under longer names."""
    files = {}
    for format_name, suffix in (("RowBinary", ""), ("Native", "Native"), ("LineAsString", "Line")):
        text = subprocess.check_output([BINARY, "config", LAYOUT, VALUES, "--format", format_name], text=True)
        files[f"{format_name.lower()}_function.xml"] = re.sub(r"<name>(experiment|debezium|values)(\w+)</name>",
                                                             rf"<name>\1\2{suffix}</name>", text)
    # A line has no second argument: the path goes on the command line.
    unnest = files["lineasstring_function.xml"].replace("unnest", "extract after.payload.user_id")
    files["extract_function.xml"] = unnest.replace("<name>debeziumUnnestLine", "<name>debeziumExtractLine")
    for name in ("experimentEventLine", "debeziumTimestampLine", "valuesRowLine"):
        files["extract_function.xml"] = files["extract_function.xml"].replace(f"<name>{name}<", f"<name>{name}Spare<")
    return files


def scripts() -> list:
    """What they need beside the server."""
    return [BINARY, LAYOUT, VALUES]


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    with Kafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


@pytest.fixture(scope="session")
def engine(tmp_path_factory, broker):
    """A server with the functions and a broker, and nothing else yet."""
    with Engine(tmp_path_factory.mktemp("clickhouse"), broker=broker.address, functions=registrations(), scripts=scripts()) as server:
        yield server
