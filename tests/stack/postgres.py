"""A PostgreSQL server with logical replication, in a folder and on a port of its own."""
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from .process import Server, StackError, free_port

CONFIG = """\
wal_level = logical
max_wal_senders = 20
max_replication_slots = 20
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
"""


class Postgres(Server):
    """`start` on a folder that has been used starts the same server again, on the same port."""
    name = "PostgreSQL"
    user = "postgres"

    def __init__(self, folder: Path, keep: bool = False):
        super().__init__(folder, keep)
        self.account: list = []
        self.data: Path | None = None

    def start(self, seconds: float = 60):
        if self.data is None:
            self._create()
        # Credentials that change take the guard of `spawn` away, so it is given again behind them.
        guard = [*self.account, *(["--pdeathsig", "KILL"] if self.account and not self.keep else [])]
        self.spawn([*guard, _program("postgres"), "-D", self.data])
        self.wait_until_ready(seconds)
        return self

    def _create(self) -> None:
        # It refuses to run as root, and no other user may be able to enter the folder: so one of its own.
        self.data = Path(tempfile.mkdtemp(prefix="debezium-udf-postgres."))
        if os.getuid() == 0:
            account = pwd.getpwnam(self.user)
            os.chown(self.data, account.pw_uid, account.pw_gid)
            self.account = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        done = subprocess.run(
            [*self.account, _program("initdb"), "-D", self.data, "-U", self.user, "-A", "trust", "-E", "UTF8", "--locale=C"],
            cwd="/", capture_output=True, text=True)
        if done.returncode != 0:
            raise StackError(f"initdb: {done.stderr}")
        self.port = free_port()
        with open(self.data / "postgresql.conf", "a") as config:
            config.write(CONFIG.format(port=self.port, folder=self.data))

    @property
    def address(self) -> str:
        return f"host=127.0.0.1 port={self.port} user={self.user} dbname={self.user}"

    def connect(self, **options) -> psycopg.Connection:
        return psycopg.connect(self.address, **options)

    def rows(self, sql: str, *params) -> list:
        with self.connect() as connection:
            return connection.execute(sql, params or None).fetchall()

    def value(self, sql: str, *params):
        ((value,),) = self.rows(sql, *params)
        return value

    def ready(self) -> bool:
        try:
            return self.value("SELECT 1") == 1
        except psycopg.Error:
            return False

    # What a Connect worker needs to follow this server (connect.py).
    plugins = ("debezium",)

    def environment(self) -> dict:
        return {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(self.port), "POSTGRES_USER": self.user,
                "POSTGRES_PASSWORD": "none", "POSTGRES_DB": "postgres"}

    def followers(self) -> int:
        """How many connectors stream now: their replication slots are in use."""
        return self.value("SELECT count(*) FROM pg_replication_slots WHERE active")

    def stop(self, seconds: float = 20) -> None:
        """End it at once and in order, sessions or not, and remove its data."""
        self.halt(seconds)
        if self.data is not None and not self.keep:
            shutil.rmtree(self.data, ignore_errors=True)
            self.data = None

    def halt(self, seconds: float = 20) -> None:
        """End it as `pg_ctl stop -m fast` does; its data stay."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None


def _program(name: str) -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1]
    path = shutil.which(name)
    if path is None:
        raise StackError(f"no {name} here: tests/stack/prepare.sh debezium installs it")
    return Path(path)
