"""What ClickHouse Cloud would be given, built once, and what of it can be tried here.

`make test` has the amd64 programs alone; `make cloud-test` (CLOUD=whole) both architectures, and what takes longer."""
import tempfile
from pathlib import Path

import pytest

from tests.support.programs import LAYOUT, PROGRAM

from .built import BUILT, FORMATS, WHOLE, bundle, unpack

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config, items):
    """What is for `make cloud-test` alone is no test of `make test`; a skipped one would count as failed."""
    longer = [] if WHOLE else [item for item in items if item.get_closest_marker("skipif") and item.path.parent == HERE]
    config.hook.pytest_deselected(items=longer)
    items[:] = [item for item in items if item not in longer]


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Architecture -> program. Where arm64's is not built, amd64's bytes with that machine's number stand for it: they are packed, and
    not run."""
    if WHOLE:
        return BUILT
    other = tmp_path_factory.mktemp("arm64") / "debezium-udf"
    data = bytearray(PROGRAM.read_bytes())
    data[18:20] = (183).to_bytes(2, "little")
    other.write_bytes(data)
    return {"amd64": PROGRAM, "arm64": other}


@pytest.fixture(scope="session")
def bundles(programs, tmp_path_factory):
    """Format -> the folder that bundle.py wrote."""
    folders = {}
    for format in FORMATS if WHOLE else FORMATS[:1]:
        folders[format] = tmp_path_factory.mktemp(format)
        done = bundle("--amd64", programs["amd64"], "--arm64", programs["arm64"], "--out", folders[format], "--format", format, LAYOUT)
        assert done.returncode == 0, done.stderr
    return folders


@pytest.fixture(scope="session")
def deployed(bundles):
    """(format, function) -> the folder of its unpacked zip, read-only, as Cloud has it in /scripts. Any user may enter it, which pytest's
    own folders forbid."""
    folders = {}
    with tempfile.TemporaryDirectory(prefix="debezium-udf-cloud.") as base:
        Path(base).chmod(0o755)
        for format, out in bundles.items():
            for path in out.glob("*.zip"):
                folder = Path(base) / format / path.stem
                unpack(path, folder)
                folders[format, path.stem] = folder
        for folder in [path for path in Path(base).rglob("*") if path.is_dir()]:
            folder.chmod(0o755)
        yield folders
