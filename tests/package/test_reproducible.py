"""The archives' bytes depend on the sources and the compiler alone."""
import os
import platform
import shutil
import subprocess

from tests.package.conftest import make
from tests.stack.engine import ROOT


def test_two_builds_give_the_same_bytes(packages, tmp_path):
    """From another folder, with another umask, in another time zone, at another time."""
    other = tmp_path / "a folder elsewhere"
    # The tree as it stands, so that what is not committed yet is compared, too.
    for name in subprocess.check_output(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, text=True).split("\0"):
        if name and (ROOT / name).is_file():
            (other / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, other / name)
    old = os.umask(0o077)
    try:
        make("package", f"ARCHES={platform.machine()}", cwd=other, TZ="Asia/Kathmandu", LC_ALL="C")
    finally:
        os.umask(old)
    again = (other / "build/package/SHA256SUMS").read_text().splitlines()
    assert len(again) == 3 and set(again) <= set((packages / "SHA256SUMS").read_text().splitlines())


def test_the_checksums_are_those_of_the_files(packages):
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=packages, check=True)
