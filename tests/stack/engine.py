"""A ClickHouse server: the engine of libchdb, configured as a stock clickhouse-server is."""
import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from tests.support.programs import LAYOUT, ROOT
from tests.support.programs import PROGRAM as BINARY
from tests.support.waiting import wait_until

from .process import Server, free_port

PROGRAM = ROOT / "build" / "stack" / "clickhouse"
VALUES = ROOT / "tests" / "golden" / "values.json"

CONFIG = """\
<clickhouse>
    <path>{folder}/data/</path>
    <tmp_path>{folder}/tmp/</tmp_path>
    <user_files_path>{folder}/user_files/</user_files_path>
    <user_scripts_path>{folder}/user_scripts/</user_scripts_path>
    <user_defined_executable_functions_config>*_function.*ml</user_defined_executable_functions_config>
    <user_directories><users_xml><path>{folder}/users.xml</path></users_xml></user_directories>
    <logger><level>{level}</level><log>{folder}/clickhouse.log</log></logger>
</clickhouse>
"""

USERS = """\
<clickhouse>
    <profiles><default/></profiles>
    <users>
        <default>
            <password/>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <access_management>1</access_management>
            <named_collection_control>1</named_collection_control>
        </default>
    </users>
    <quotas><default/></quotas>
</clickhouse>
"""

BROKER = """\
<clickhouse>
    <named_collections>
        <experiments_kafka><kafka_broker_list>{address}</kafka_broker_list></experiments_kafka>
    </named_collections>
</clickhouse>
"""

# The ports are opened by statements; the last one keeps the process alive.
SERVE = """\
SYSTEM START LISTEN HTTP;
SYSTEM START LISTEN TCP;
SELECT sleepEachRow(1) FROM numbers(1000000000)
SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1 FORMAT Null;
"""


class QueryError(RuntimeError):
    """What the server answered instead of a result."""


class Engine(Server):
    """`functions`: registration XML by file name; without it, what the built binary writes for the default layout."""
    name = "ClickHouse"

    def __init__(self, folder: Path, broker: str | None = None, functions: dict | None = None,
                 scripts: list | None = None, level: str = "information", keep: bool = False,
                 ports: tuple | None = None):
        super().__init__(folder, keep)
        self.broker = broker
        self.functions = functions
        self.scripts = [BINARY, *LAYOUT.parent.glob("*.json")] if scripts is None else scripts
        self.level = level
        # HTTP and TCP, where others must find it again after a restart.
        self.ports = ports
        self.database = "experiments_analytics"

    def start(self, seconds: float = 60):
        self.port, self.tcp_port = self.ports or (free_port(), free_port())
        self.url = f"http://127.0.0.1:{self.port}/"
        self._configure()
        self.spawn([PROGRAM, "-C", self.folder / "config.xml", "--path", self.folder / "data",
                    "--http_port", self.port, "--tcp_port", self.tcp_port, "--listen_host", "127.0.0.1",
                    "--queries-file", self.folder / "serve.sql"])
        self.wait_until_ready(seconds)
        return self

    def _configure(self) -> None:
        for name in ("data", "tmp", "user_files", "user_scripts"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "config.xml").write_text(CONFIG.format(folder=self.folder, level=self.level))
        (self.folder / "users.xml").write_text(USERS)
        (self.folder / "serve.sql").write_text(SERVE)
        for name in ("config.d", "users.d"):
            shutil.copytree(ROOT / "sql" / "config" / name, self.folder / name, dirs_exist_ok=True)
        if self.broker:
            (self.folder / "config.d" / "zz_broker.xml").write_text(BROKER.format(address=self.broker))
        for path in self.scripts:
            # A program that still runs cannot be written over.
            (self.folder / "user_scripts" / Path(path).name).unlink(missing_ok=True)
            shutil.copy(path, self.folder / "user_scripts")
        functions = self.functions
        if functions is None:
            functions = {"debezium_udf_function.xml": subprocess.check_output([BINARY, "config", LAYOUT], text=True)}
        for name, text in functions.items():
            (self.folder / name).write_text(text)

    def ready(self) -> bool:
        try:
            return self.query("SELECT 1") == "1\n"
        except (OSError, QueryError):
            return False

    def register(self, layout: Path, *options) -> str:
        """As an administrator does, while it runs."""
        words = [BINARY, "register", layout, "--config-dir", self.folder, "--scripts-dir", self.folder / "user_scripts", *options]
        said = subprocess.check_output(words, text=True)
        self.query("SYSTEM RELOAD FUNCTIONS")
        return said

    def tail(self, lines: int = 30) -> str:
        log = self.folder / "clickhouse.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join([super().tail(lines), f"the end of {log}:", *text.splitlines()[-lines:]])

    def query_bytes(self, sql: str, params: dict | None = None, settings: dict | None = None,
                    data: bytes | None = None, format: str | None = None) -> bytes:
        """Run one statement. `data` is what an INSERT … FORMAT reads; `params` fill {name:Type} places."""
        __tracebackhide__ = True
        arguments = {"wait_end_of_query": 1, **(settings or {})}
        arguments |= {f"param_{name}": _escaped(value) for name, value in (params or {}).items()}
        if format:
            arguments["default_format"] = format
        body = sql.encode()
        if data is not None:
            arguments["query"] = sql
            body = data
        request = urllib.request.Request(f"{self.url}?{urllib.parse.urlencode(arguments)}", data=body)
        try:
            with urllib.request.urlopen(request, timeout=600) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise QueryError(error.read().decode(errors="replace")) from None

    def query(self, sql: str, **options) -> str:
        return self.query_bytes(sql, **options).decode()

    def rows(self, sql: str, **options) -> list:
        """The result as a list of dicts, 64-bit integers as numbers."""
        text = self.query(sql, format="JSONEachRow", **options)
        return [json.loads(line) for line in text.splitlines()]

    def value(self, sql: str, **options):
        """The one value of a result of one row and one column."""
        (row,) = self.rows(sql, **options)
        (value,) = row.values()
        return value

    def wait_for(self, sql: str, expected, seconds: float = 30, **options):
        """Ask until the answer is `expected`."""
        answer = None

        def as_expected() -> bool:
            nonlocal answer
            answer = self.value(sql, **options)
            return answer == expected

        wait_until(as_expected, seconds, lambda: f"{answer!r} is {expected!r}: {sql}\n{self.tail()}")
        return answer

    def client(self, settings: str = "") -> str:
        """A command that runs the statement on its input here."""
        return f"curl -sS --fail-with-body '{self.url}?{settings}' --data-binary @-"

    def apply(self, sql: Path = ROOT / "sql") -> None:
        """Apply the bundle of the experiments with its own script; `sql` may be a changed copy."""
        self._call([sql / "apply.sh", self.client()])

    def run(self, statements: str) -> None:
        """Run what `debezium-udf pipeline` prints."""
        self._call([ROOT / "sql" / "run.sh", self.client()], statements)

    def _call(self, words: list, text: str | None = None) -> None:
        __tracebackhide__ = True
        done = subprocess.run(words, input=text, capture_output=True, text=True,
                              env={"PATH": "/usr/local/bin:/usr/bin:/bin", "DEBEZIUM_UDF": str(BINARY)})
        if done.returncode != 0:
            raise QueryError(done.stdout + done.stderr)


def _escaped(value) -> str:
    """A parameter's text, as ClickHouse reads it: escaped as in TabSeparated."""
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
