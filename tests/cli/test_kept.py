"""`make install` over what is there: what somebody has edited stays, in whatever way it came there."""
import shutil

import pytest
from program import ROOT

from tests.support import kept

# As release 1.1 installed them, and noted nothing.
EARLIER = ROOT / "tests" / "fixtures" / "installed-1.1"


@pytest.fixture
def way(tmp_path):
    return kept.Make(tmp_path / "root")


# The others are with the packages.
@pytest.mark.parametrize("scenario", kept.SCENARIOS[:4], ids=lambda scenario: scenario.__name__)
def test_make_install(way, scenario):
    scenario(way)


def earlier(way):
    """The files of release 1.1, where it put them."""
    for file in EARLIER.rglob("*"):
        if file.is_file():
            name = way.layout if file.suffix == ".json" else f"{kept.CONFIG}/{file.relative_to(EARLIER)}"
            (way.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, way.root / name)


def test_a_release_that_noted_nothing_is_replaced(way):
    kept.make("stage-install")
    earlier(way)
    said = way.upgrade()
    assert kept.lines(said) == [] and way.new_files() == []
    assert kept.AFTER in way.read(kept.REGISTRATION)
    assert way.read(kept.ROLES) == (ROOT / "sql/config/users.d/experiments_roles.xml").read_text()
    assert way.read(way.layout) == (ROOT / "udf/experiment_event.json").read_text() + "\n"


def test_what_was_edited_of_a_release_that_noted_nothing_stays(way):
    earlier(way)
    mine = way.edit(way.layout, '"browser",  ', '"browzer",  ')
    kafka = way.edit(kept.KAFKA, "kafka:9092", "broker:9092")
    registration = way.edit(kept.REGISTRATION, "<pool_size>16<", "<pool_size>3<")
    said = way.install()
    assert (way.read(way.layout), way.read(kept.KAFKA), way.read(kept.REGISTRATION)) == (mine, kafka, registration)
    assert len(kept.lines(said)) == 3 == len(way.new_files())
