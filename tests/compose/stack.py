"""deploy/compose as a person runs it: Compose in the folder of an unpacked release, with an .env beside compose.yaml."""
import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.compose.containers import ROOT, STACK, Podman
from tests.stack.process import free_port
from tests.support.waiting import wait_until

COMPOSE = STACK / "docker-compose" if (STACK / "docker-compose").exists() else Path("/usr/bin/docker-compose")
PORTS = ("POSTGRES_PORT", "KAFKA_PORT", "CONNECT_PORT", "CLICKHOUSE_HTTP_PORT", "CLICKHOUSE_TCP_PORT", "PROMETHEUS_PORT")
SERVERS = ("postgres", "kafka", "connect", "clickhouse")
ONE_SHOT = ("check-postgres", "check-kafka", "check-clickhouse", "topic", "bundle", "connector")
EVENTS = "SELECT count() FROM experiments_analytics.events"
LETTERS = "SELECT count() FROM experiments_analytics.dead_letters_open"


def release(folder: Path, program: Path = ROOT / "build" / "debezium-udf") -> Path:
    """What the tarball of a release holds."""
    subprocess.run([ROOT / "package" / "stage.sh", folder, program, ROOT / "build" / "debezium-udf", "udf/experiment_event.json"], cwd=ROOT,
                   check=True)
    shutil.copytree(folder / "files/usr/share/debezium-udf/deploy", folder / "deploy")
    shutil.copy(ROOT / ".dockerignore", folder)
    return folder


class Stack:
    """`variables` go into .env. `folder` is the one with the compose files, `files` those that are taken."""

    def __init__(self, podman: Podman, folder: Path, variables: dict, files: tuple = (), project: str = "experiments"):
        self.podman, self.folder, self.files, self.project = podman, folder, files, project
        self.ports = {name: free_port() for name in PORTS}
        self.variables = {"COMPOSE_PROJECT_NAME": project, "POSTGRES_PASSWORD": "p'os tgres$1", "CLICKHOUSE_PASSWORD": "click$house",
                          "WAIT_SECONDS": 120, **self.ports, **variables}
        self.write()

    def write(self, **changes) -> None:
        """.env, with changes that last; None takes a variable away."""
        self.variables = {name: value for name, value in (self.variables | changes).items() if value is not None}
        # In quotes nothing is expanded.
        lines = [f"{name}=\"{value}\"" if "'" in str(value) else f"{name}='{value}'" for name, value in self.variables.items()]
        (self.folder / ".env").write_text("\n".join(lines).replace("$1", "\\$1") + "\n")

    def compose(self, *words, check: bool = True, timeout: float = 180) -> subprocess.CompletedProcess:
        environment = {**os.environ, "DOCKER_HOST": f"unix://{self.podman.socket}", "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0"}
        files = [part for name in self.files for part in ("-f", name)]
        done = subprocess.run([COMPOSE, *files, *map(str, words)], cwd=self.folder, env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, errors="replace")
        assert not check or done.returncode == 0, f"compose {' '.join(map(str, words))}: {done.stdout}{done.stderr}\n{self.told()}"
        return done

    def up(self, *words) -> float:
        """Seconds until every server is healthy and every one-shot service has ended well."""
        start = time.monotonic()
        self.compose("up", "-d", *words)
        wait_until(self.complete, 180, lambda: f"the stack is up\n{self.told()}", 0.5)
        return time.monotonic() - start

    def states(self) -> dict:
        return {name: self.podman.state(f"experiments-{name}") for name in (*SERVERS, *ONE_SHOT)}

    def complete(self) -> bool:
        states = self.states()
        return all(states[name] == "healthy" for name in SERVERS) and all(states[name] == "exited 0" for name in ONE_SHOT)

    def told(self) -> str:
        """The end of what each container said, for a test that failed."""
        return "\n".join(f"== {name}: {state}\n{self.podman.logs(f'experiments-{name}')[-1500:]}" for name, state in self.states().items())

    # ---- Its servers --------------------------------------------------------------------------------------------------------------

    def query(self, sql: str) -> str:
        """As `docker exec experiments-clickhouse clickhouse-client` answers."""
        return self.podman.run("exec", "-i", "experiments-clickhouse", "clickhouse-client", data=sql, timeout=60).stdout.removesuffix("\n")

    def psql(self, sql: str) -> str:
        return self.podman.run("exec", "-i", "experiments-postgres", "psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", data=sql,
                               timeout=60).stdout.removesuffix("\n")

    def write_event(self, name: str) -> None:
        self.psql("INSERT INTO outbox (aggregate_id, aggregate_type, payload) VALUES "
                  f"('{name}', 'event', '{{\"experiment_id\": 7, \"variant_id\": 1, \"user_id\": \"{name}\", \"event_type\": \"exposure\", "
                  "\"timestamp\": \"2026-01-02T03:04:05.123456Z\"}')")

    def row_arrives(self, name: str, seconds: float = 90) -> float:
        """Writes a row into PostgreSQL; the seconds until it is in ClickHouse."""
        self.write_event(name)
        start = time.monotonic()
        wanted = f"SELECT toString(timestamp) FROM experiments_analytics.events WHERE id = '{name}'"

        def arrived() -> bool:
            done = self.podman.run("exec", "-i", "experiments-clickhouse", "clickhouse-client", data=wanted, check=False, timeout=60)
            return done.stdout == "2026-01-02 03:04:05.123456\n"

        wait_until(arrived, seconds, lambda: f"{name} is in ClickHouse\n{self.told()}", 0.2)
        return time.monotonic() - start

    def all_arrived(self, seconds: float = 60) -> tuple:
        """Waits until ClickHouse has every row of the outbox; (events, dead letters)."""
        outbox = int(self.psql("SELECT count(*) FROM outbox"))

        def equal() -> bool:
            return int(self.query(EVENTS)) + int(self.query(LETTERS)) == outbox

        wait_until(equal, seconds, lambda: f"{outbox} rows are in ClickHouse: {self.query(EVENTS)} events, {self.query(LETTERS)} dead letters", 0.5)
        return int(self.query(EVENTS)), int(self.query(LETTERS))

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.ports['CLICKHOUSE_HTTP_PORT']}/experiments"
