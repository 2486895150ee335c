"""A MariaDB server with a row binlog, in a folder and on a port of its own."""
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pymysql

from .process import Server, StackError, free_port

# What Debezium asks for; everything else is the server's default, but for a small buffer pool.
CONFIG = """\
[mysqld]
datadir = {data}
socket = {data}/socket
pid-file = {data}/pid
bind-address = 127.0.0.1
port = {port}
server-id = 1
log-bin = binlog
binlog-format = ROW
binlog-row-image = FULL
character-set-server = utf8mb4
collation-server = utf8mb4_general_ci
default-time-zone = +00:00
innodb-buffer-pool-size = 32M
"""


class MariaDB(Server):
    """`start` on a folder that has been used starts the same server again, on the same port."""
    name = "MariaDB"
    user = "debezium"
    password = "none"
    database = "shop"

    def __init__(self, folder: Path, keep: bool = False):
        super().__init__(folder, keep)
        self.account: list = []
        self.data: Path | None = None

    def start(self, seconds: float = 60):
        first = self.data is None
        if first:
            self._create()
        guard = [*self.account, *(["--pdeathsig", "KILL"] if self.account and not self.keep else [])]
        users = [f"--init-file={self.data}/users.sql"] if first else []
        self.spawn([*guard, _program("mariadbd"), f"--defaults-file={self.data}/my.cnf", *users])
        self.wait_until_ready(seconds)
        return self

    def _create(self) -> None:
        # It refuses to run as root, and no other user may be able to enter the folder: so one of its own.
        self.data = Path(tempfile.mkdtemp(prefix="debezium-udf-mariadb."))
        self.port = free_port()
        (self.data / "my.cnf").write_text(CONFIG.format(data=self.data, port=self.port))
        (self.data / "users.sql").write_text(
            f"CREATE DATABASE {self.database};\n"
            f"CREATE USER {self.user}@'127.0.0.1' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO {self.user}@'127.0.0.1';\n")
        if os.getuid() == 0:
            account = pwd.getpwnam("mysql")
            for path in (self.data, *self.data.iterdir()):
                os.chown(path, account.pw_uid, account.pw_gid)
            self.account = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        done = subprocess.run(
            [*self.account, _program("mariadb-install-db"), f"--defaults-file={self.data}/my.cnf", "--skip-test-db",
             "--auth-root-authentication-method=normal"], cwd="/", capture_output=True, text=True)
        if done.returncode != 0:
            raise StackError(f"mariadb-install-db: {done.stdout}{done.stderr}")

    def connect(self, **options) -> pymysql.Connection:
        return pymysql.connect(host="127.0.0.1", port=self.port, user=self.user, password=self.password,
                               database=self.database, charset="utf8mb4", **options)

    def rows(self, sql: str, *params) -> list:
        connection = self.connect(autocommit=True)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, params or None)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def value(self, sql: str, *params):
        ((value,),) = self.rows(sql, *params)
        return value

    def ready(self) -> bool:
        try:
            return self.value("SELECT 1") == 1
        except pymysql.Error:
            return False

    # What a Connect worker needs to follow this server (connect.py).
    plugins = ("debezium-mariadb",)

    def environment(self) -> dict:
        return {"MARIADB_HOST": "127.0.0.1", "MARIADB_PORT": str(self.port), "MARIADB_USER": self.user,
                "MARIADB_PASSWORD": self.password, "MARIADB_DB": self.database}

    def followers(self) -> int:
        """How many connectors read the binlog now."""
        return self.value("SELECT count(*) FROM information_schema.processlist WHERE command = 'Binlog Dump'")

    def stop(self, seconds: float = 20) -> None:
        """End it in order and remove its data."""
        super().stop(seconds)
        if self.data is not None and not self.keep:
            shutil.rmtree(self.data, ignore_errors=True)
            self.data = None


def _program(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise StackError(f"no {name} here: tests/stack/prepare.sh mariadb installs it")
    return path
