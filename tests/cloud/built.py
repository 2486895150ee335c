"""How bundle.py is run, and what there is to run it on."""
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.programs import ROOT

WHOLE = os.environ.get("CLOUD") == "whole"
BUNDLE = ROOT / "deploy" / "cloud" / "bundle.py"
FORMATS = ["RowBinary", "Native", "LineAsString"]
ARCHITECTURES = ["amd64", "arm64"] if WHOLE else ["amd64"]
BUILT = {"amd64": ROOT / "build" / "package" / "x86_64" / "debezium-udf", "arm64": ROOT / "build" / "package" / "aarch64" / "debezium-udf"}
QEMU = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")

whole = pytest.mark.skipif(not WHOLE, reason="make cloud-test has it")


def bundle(*words, **options):
    """Runs bundle.py to its end."""
    return subprocess.run([sys.executable, BUNDLE, *map(str, words)], capture_output=True, text=True, timeout=120, **options)


def unpack(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            archive.extract(entry, folder)
            (folder / entry.filename).chmod(entry.external_attr >> 16 & 0o555)
