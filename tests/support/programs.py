"""The programs under test, and the layout that is shipped with them."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Another build, such as one with sanitizers, is named by BUILD.
BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAMS = {"simdjson": BUILD / "debezium-udf", "cjson": BUILD / "cjson" / "debezium-udf"}
PROGRAM = PROGRAMS["simdjson"]
LAYOUT = ROOT / "udf" / "experiment_event.json"
