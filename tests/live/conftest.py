import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.stack.live import Chain  # noqa: E402


@pytest.fixture(scope="session")
def chain(tmp_path_factory):
    """PostgreSQL, Debezium, Kafka and the engine, all connected, for every test that leaves them whole."""
    with Chain(tmp_path_factory.mktemp("chain"), partitions=2) as chain:
        yield chain


@pytest.fixture
def tell(capsys):
    """Print through pytest's capture: figures belong into every run's output."""
    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n    {text}", end="", flush=True)
    return say
