"""What a change builds anew, and with which flags."""
import os
import shutil
import subprocess

import pytest

from tests.stack.engine import ROOT

# `make test` installs all, `make check` takes what is there.
COMPILERS = [name for name in ("cc", "clang", "aarch64-linux-gnu-gcc") if shutil.which(name)]


def would_do(*words: str) -> list:
    """The commands that make would run."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    return subprocess.check_output(["make", "-n", "--no-print-directory", *words], cwd=ROOT, text=True, env=own).splitlines()


def compiled(*words: str) -> list:
    return [line for line in would_do(*words) if " -c -o " in line]


def test_another_version_compiles_one_file():
    assert compiled("all") == [], "the program is built"
    (line,) = compiled("-W", "VERSION", "all")
    assert line.endswith("udf/base/version.c")
    assert len(compiled("-W", "Makefile", "all")) > 20


def test_both_back_ends_share_what_is_the_same_in_both():
    assert len(compiled("-B", "JSON=cjson", "all", "unit-tests")) > 30
    simdjson, cjson = (set(compiled("-B", f"JSON={json}", "all", "unit-tests")) for json in ("simdjson", "cjson"))
    (own,) = cjson - simdjson
    assert own.endswith("udf/json/json_cjson.c")


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("flag", ["-fstack-clash-protection", "-fcf-protection", "-mbranch-protection=standard", "-D_FORTIFY_SOURCE=3"])
def test_what_the_compiler_has_against_attacks_is_used(compiler, flag):
    """_FORTIFY_SOURCE is a warning in the headers of a C library that does not know the level."""
    source = "#include <stdio.h>\nint main(void) { return 0; }\n"
    done = subprocess.run([compiler, "-O2", "-Werror", flag, "-x", "c", "-c", "-o", os.devnull, "-"], input=source, text=True,
                          stderr=subprocess.DEVNULL)
    lines = compiled("-B", f"CC={compiler}", "all")
    assert lines
    for line in lines:
        assert (f" {flag} " in line) == (done.returncode == 0), line
