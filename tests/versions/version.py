"""A version of ClickHouse as the tests see it: started with the files of an installation, asked in SQL."""
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from tests.stack.engine import ROOT, Engine, QueryError
from tests.stack.process import free_port

HERE = Path(__file__).resolve().parent


def listed(when: tuple = ("always", "all")) -> list:
    """The versions of versions.tsv, oldest first."""
    rows = [line.split("\t") for line in (HERE / "versions.tsv").read_text().splitlines() if not line.startswith("#")]
    return [row[0] for row in rows if row[3] in when]


class Version(Engine):
    """As `Engine`, but of any version, and with one statement at a time. It has no ports of its own: see local.py.

    Before 25.x nothing runs between two calls, so what needs time there (a consumer) goes into one call of several statements.
    """

    def __init__(self, version: str, folder: Path, **options):
        super().__init__(folder, **options)
        self.name = f"ClickHouse {version}"
        (self.library,) = (ROOT / "build" / "stack" / "versions" / version).glob("chdb/_chdb.*.so")

    def start(self, seconds: float = 60):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._configure()
        self.spawn([sys.executable, HERE / "local.py", self.library, self.port, self.folder / "config.xml", self.folder / "data"])
        self.wait_until_ready(seconds)
        return self

    def query_bytes(self, sql: str, format: str = "TabSeparated") -> bytes:
        __tracebackhide__ = True
        request = urllib.request.Request(f"{self.url}?{urllib.parse.urlencode({'format': format})}", data=sql.encode())
        try:
            with urllib.request.urlopen(request, timeout=600) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise QueryError(error.read().decode(errors="replace")) from None
