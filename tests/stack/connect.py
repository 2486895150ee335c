"""A Kafka Connect worker that runs Debezium with the connector files of sql/connectors."""
import json
import urllib.error
import urllib.request
from pathlib import Path

from .kafka import JAVA, Kafka
from .process import Server, StackError, free_port

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "build" / "stack"
CONNECTORS = ROOT / "sql" / "connectors"

WORKER = """\
bootstrap.servers={broker}
listeners=http://127.0.0.1:{port}
plugin.path={plugins}
plugin.discovery=service_load
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
offset.storage.file.filename={folder}/offsets
offset.flush.interval.ms=1000
config.providers=env
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
"""


class Connect(Server):
    """Runs `connectors`, a list of files' names, or of pairs of a name and the settings to change in it (None takes one away).

    `database` is the server that they follow, postgres.py's or mariadb.py's, or several that share the worker.
    """
    name = "Kafka Connect"

    def __init__(self, folder: Path, broker: Kafka, database, connectors: list, keep: bool = False):
        super().__init__(folder, keep)
        self.broker = broker
        self.databases = database if isinstance(database, list) else [database]
        self.connectors = [connector if isinstance(connector, tuple) else (connector, {}) for connector in connectors]
        self.names: list = []

    def start(self, seconds: float = 120):
        self.port = free_port()
        worker = self.folder / "worker.properties"
        plugins = ",".join(str(PLUGINS / name) for database in self.databases for name in database.plugins)
        worker.write_text(WORKER.format(broker=self.broker.address, port=self.port, plugins=plugins, folder=self.folder))
        files, self.names = [], []
        for number, (name, changes) in enumerate(self.connectors):
            connector = json.loads((CONNECTORS / name).read_text())
            changed = connector["config"] | changes
            connector["config"] = {setting: value for setting, value in changed.items() if value is not None}
            connector["name"] = changes.get("name", changed.get("slot.name", connector["name"]))
            self.names.append(connector["name"])
            files.append(self.folder / f"connector_{number}.json")
            files[-1].write_text(json.dumps(connector))
        self.spawn([*JAVA, "org.apache.kafka.connect.cli.ConnectStandalone", worker, *files],
                   {"KAFKA_BROKERS": self.broker.address,
                    **{name: value for database in self.databases for name, value in database.environment().items()}})
        self.wait_until_ready(seconds)
        return self

    def ready(self) -> bool:
        """Whether every connector streams."""
        states = [self.state(name) for name in self.names]
        if "FAILED" in states:
            name = self.names[states.index("FAILED")]
            raise StackError(f"connector {name} failed: {self._task(name).get('trace', '')}\n{self.tail()}")
        if states != ["RUNNING"] * len(states):
            return False
        return sum(database.followers() for database in self.databases) >= len(self.names)

    def state(self, name: str) -> str:
        """The state of a connector's task, or "" where it has none yet."""
        return self._task(name).get("state", "")

    def _task(self, name: str) -> dict:
        try:
            url = f"http://127.0.0.1:{self.port}/connectors/{name}/status"
            with urllib.request.urlopen(url, timeout=10) as response:
                tasks = json.load(response)["tasks"]
        except (OSError, urllib.error.HTTPError):
            return {}
        return tasks[0] if tasks else {}

    def restart_failed(self) -> None:
        """What an operator does with a task that gave up: start it again."""
        for name in self.names:
            if self.state(name) == "FAILED":
                url = f"http://127.0.0.1:{self.port}/connectors/{name}/restart?includeTasks=true&onlyFailed=true"
                urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=30).close()
