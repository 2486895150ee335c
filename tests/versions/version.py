"""A version of ClickHouse as the tests see it: started with the files of an installation, asked in SQL."""
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from tests.stack.engine import ROOT, Engine, QueryError
from tests.stack.process import free_port
from tests.versions.local import has_connections

HERE = Path(__file__).resolve().parent

# What a version asks for before it makes a refreshable view, or gives a view another query; later ones ask for nothing.
EXPERIMENTAL = {
    "23.10": "allow_experimental_alter_materialized_view_structure",
    "24.8": "allow_experimental_refreshable_materialized_view",
}
PROFILE = "<clickhouse><profiles><default><{setting}>1</{setting}></default></profiles></clickhouse>\n"

# A topic of their own, since other tests write to the same broker; each version reads it from its beginning.
TOPIC = "versions"
STREAM = """\
<clickhouse><named_collections><experiments_kafka>
    <kafka_topic_list>{topic}</kafka_topic_list><kafka_group_name>versions_{version}</kafka_group_name>
</experiments_kafka></named_collections></clickhouse>
"""


def listed(when: tuple = ("always", "all")) -> list:
    """The versions of versions.tsv, oldest first."""
    rows = [line.split("\t") for line in (HERE / "versions.tsv").read_text().splitlines() if not line.startswith("#")]
    return [row[0] for row in rows if row[3] in when]


class Version(Engine):
    """As `Engine`, but of any version, and with one statement at a time. It has no ports of its own: see local.py.

    Only where it `lives` does anything run between two calls; older libraries start and end the engine in each.
    """

    def __init__(self, version: str, folder: Path, **options):
        super().__init__(folder, **options)
        self.version = version
        self.name = f"ClickHouse {version}"
        (self.library,) = (ROOT / "build" / "stack" / "versions" / version).glob("chdb/_chdb.*.so")
        self.lives = has_connections(self.library)

    def _configure(self) -> None:
        super()._configure()
        users = self.folder / "users.d"
        if self.version == "23.10":
            # It has no GRANT SYSTEM VIEWS, and with a grant that it cannot read it would not start.
            (users / "experiments_roles.xml").unlink()
        if self.version in EXPERIMENTAL:
            (users / "zz_experimental.xml").write_text(PROFILE.format(setting=EXPERIMENTAL[self.version]))
        (self.folder / "config.d" / "zz_stream.xml").write_text(STREAM.format(topic=TOPIC, version=self.version))

    def start(self, seconds: float = 60):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._configure()
        self.spawn([sys.executable, HERE / "local.py", self.library, self.port, self.folder / "config.xml", self.folder / "data"])
        self.wait_until_ready(seconds)
        return self

    def run(self, statements: str) -> list:
        """Run the statements of the bundle; returns the first lines of those that are left out for this version."""
        done = subprocess.run([ROOT / "sql" / "run.sh", self.client()], input=statements, capture_output=True, text=True)
        if done.returncode != 0:
            raise QueryError(done.stdout + done.stderr)
        return re.findall(r"^run: left out, .*?: (.*)$", done.stderr, re.M)

    def query_bytes(self, sql: str, format: str = "TabSeparated") -> bytes:
        __tracebackhide__ = True
        request = urllib.request.Request(f"{self.url}?{urllib.parse.urlencode({'format': format})}", data=sql.encode())
        try:
            with urllib.request.urlopen(request, timeout=600) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise QueryError(error.read().decode(errors="replace")) from None
