"""The programs under test, and the layout that is shipped with them."""
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Another build, such as one with sanitizers, is named by BUILD.
BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAMS = {"simdjson": BUILD / "debezium-udf", "cjson": BUILD / "cjson" / "debezium-udf"}
PROGRAM = PROGRAMS["simdjson"]
LAYOUT = ROOT / "udf" / "experiment_event.json"


def as_file(data: bytes):
    """A file of these bytes, for a program's standard input: it never pauses, as a pipe may on a busy machine. Where the input pauses a
    program answers what it has, and a block of Native ends."""
    file = tempfile.TemporaryFile()
    file.write(data)
    file.seek(0)
    return file
