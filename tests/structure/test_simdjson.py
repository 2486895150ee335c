"""The one simdjson that is built in."""
import os
import re
import subprocess
from pathlib import Path

from tests.stack.engine import ROOT


def would_do(**environment) -> list:
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    return subprocess.check_output(["make", "-n", "-B", "--no-print-directory", "all"], cwd=ROOT, text=True,
                                   env=own | environment).splitlines()


def test_a_systems_own_is_not_taken(tmp_path):
    (tmp_path / "libsimdjson.a").touch()
    pkg_config = tmp_path / "pkg-config"
    pkg_config.write_text(f"#!/bin/sh\ncase $1 in --variable=libdir) echo {tmp_path} ;; --libs) echo -lsimdjson ;; esac\n")
    pkg_config.chmod(0o755)
    assert would_do(PATH=f"{tmp_path}:{os.environ['PATH']}") == would_do()


def test_another_version_is_refused(tmp_path):
    """Its internals may be others: the compiler says so before a test would."""
    (line,) = (line for line in would_do() if line.endswith("udf/json/json_simdjson.cpp"))
    header = re.search(r"-isystem (\S+)", line)[1]
    text = Path(header, "simdjson.h").read_text(encoding="utf-8")
    assert text.count("SIMDJSON_VERSION_MINOR = 9") == 1
    (tmp_path / "simdjson.h").write_text(text.replace("SIMDJSON_VERSION_MINOR = 9", "SIMDJSON_VERSION_MINOR = 10"))
    done = subprocess.run(["c++", "-std=c++17", "-fno-exceptions", "-DSIMDJSON_EXCEPTIONS=0", "-Iudf", "-isystem", tmp_path,
                           "-fsyntax-only", "udf/json/json_simdjson.cpp"], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 1 and "this program is for simdjson 3.9.4" in done.stderr, done.stderr
