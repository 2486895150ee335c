"""The built packages, a Debian root to install them in, and the engine on an installed root."""
import os
import subprocess

import pytest

from tests.stack.engine import ROOT, SERVE, USERS, Engine

PACKAGES = ROOT / "build" / "package"
VERSION = (ROOT / "VERSION").read_text().strip()
# Unpacking a root and entering it takes root's rights.
SUDO = [] if os.geteuid() == 0 else ["sudo", "-n"]

CONFIG = """\
<clickhouse>
    <path>{folder}/data/</path>
    <tmp_path>{folder}/tmp/</tmp_path>
    <user_files_path>{root}/var/lib/clickhouse/user_files/</user_files_path>
    <user_scripts_path>{scripts}/</user_scripts_path>
    <user_defined_executable_functions_config>*_function.*ml</user_defined_executable_functions_config>
    <user_directories><users_xml><path>{config}/users.xml</path></users_xml></user_directories>
    <logger><level>information</level><log>{folder}/clickhouse.log</log></logger>
</clickhouse>
"""


class Installed(Engine):
    """The engine as the server of an installed root: every setting, script and layout is the one that was installed."""

    def __init__(self, folder, root, scripts="var/lib/clickhouse/user_scripts"):
        super().__init__(folder)
        self.root, self.scripts = root, root / scripts

    def _configure(self):
        config = self.root / "etc" / "clickhouse-server"
        (config / "config.xml").write_text(
            CONFIG.format(folder=self.folder, root=self.root, scripts=self.scripts, config=config))
        (config / "users.xml").write_text(USERS)
        (self.folder / "serve.sql").write_text(SERVE)
        # A server serves the page from its user_files; this engine, from the folder in which it runs.
        (self.folder / "experiments.html").symlink_to(self.root / "var/lib/clickhouse/user_files/experiments.html")

    def spawn(self, command, **options):
        """With the root's own config.xml, beside which the server looks for everything else."""
        installed = self.root / "etc" / "clickhouse-server" / "config.xml"
        super().spawn([installed if word == self.folder / "config.xml" else word for word in command], **options)


def make(*words, cwd=ROOT, **environment):
    """As at a shell, whatever make runs these tests."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "--no-print-directory", *words], cwd=cwd, text=True, capture_output=True, env=own | environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def inside(root, *words, status=0, **options):
    """Runs a program in the root, as its only system."""
    done = subprocess.run([*SUDO, "chroot", root, *map(str, words)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                                                         "DEBIAN_FRONTEND": "noninteractive"}, **options)
    assert done.returncode == status, done.stdout
    return done.stdout


def architecture(root):
    return inside(root, "dpkg", "--print-architecture").strip()


@pytest.fixture(scope="session")
def packages():
    make("package")
    return PACKAGES


@pytest.fixture
def debian(tmp_path):
    """A fresh Debian root of its own."""
    root = tmp_path / "debian"
    root.mkdir()
    subprocess.run([*SUDO, "tar", "-C", root, "-xf", ROOT / "build" / "stack" / "debian" / "root.tar"], check=True)
    yield root
    subprocess.run([*SUDO, "rm", "-rf", "--one-file-system", root], check=True)


@pytest.fixture
def tell(capsys):
    """Prints, in spite of pytest."""

    def say(*lines):
        with capsys.disabled():
            print("", *lines, sep="\n")

    return say
