"""A broker and a server for the tests that make messages themselves."""
import pytest

from tests.stack.kafka import Kafka

from .site import Site, server


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with Kafka(folder / "kafka") as kafka, server(folder / "engine", kafka) as engine:
        yield Site(folder / "work", kafka, engine)


@pytest.fixture
def tell(capsys):
    """Print through pytest's capture: figures belong into every run's output."""
    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n    {text}", end="", flush=True)
    return say
