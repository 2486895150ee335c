"""A server and a broker, and what a person does there: infer, register, pipeline."""
import json
import shlex
import subprocess
from pathlib import Path

from tests.stack.engine import ROOT, Engine, QueryError
from tests.stack.kafka import Kafka
from tests.support.programs import PROGRAM

HERE = """\
<clickhouse>
    <named_collections>
        <debezium_kafka><kafka_broker_list>{broker}</kafka_broker_list></debezium_kafka>
        {more}
    </named_collections>
</clickhouse>
"""


class Refused(Exception):
    """What the program, or the server, said instead."""


class Site:
    """`commands` counts what was called."""

    def __init__(self, folder: Path, kafka: Kafka, engine: Engine):
        self.folder, self.kafka, self.engine = folder, kafka, engine
        self.commands = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def scripts(self) -> Path:
        return self.engine.folder / "user_scripts"

    def infer(self, topic: str, name: str, *words: str) -> tuple:
        """The layout's file, and what was said."""
        path = self.folder / f"{name}.json"
        listen = f"kcat -q -C -b {self.kafka.address} -t {shlex.quote(topic)} -e -o beginning"
        done = subprocess.run(["bash", "-o", "pipefail", "-c", f"{listen} | {PROGRAM} infer {shlex.join(words)} > {path}"], capture_output=True, text=True)
        self.commands += 1
        if done.returncode != 0:
            raise Refused(done.stderr)
        return path, done.stderr

    def write(self, name: str, layout: dict) -> Path:
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(layout, ensure_ascii=False))
        return path

    def register(self, path: Path, *words: str) -> str:
        done = subprocess.run([PROGRAM, "register", path.name, "--config-dir", self.engine.folder, "--scripts-dir", self.scripts, *words],
                              cwd=path.parent, capture_output=True, text=True)
        self.commands += 1
        if done.returncode != 0:
            raise Refused(done.stderr)
        return done.stdout

    def sql(self, path: Path, *words: str) -> str:
        done = subprocess.run([PROGRAM, "pipeline", path.name, *words], cwd=path.parent, capture_output=True, text=True)
        if done.returncode != 0:
            raise Refused(done.stderr)
        return done.stdout

    def run(self, sql: str, settings: str = "") -> str:
        done = subprocess.run([ROOT / "sql" / "run.sh", f"curl -sS --fail-with-body '{self.engine.url}?{settings}' --data-binary @-"], input=sql,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Refused(done.stdout + done.stderr)
        return done.stdout

    def pipeline(self, path: Path, *words: str) -> str:
        self.commands += 1
        return self.run(self.sql(path, *words))


    def make(self, name: str, layout: dict, *words: str) -> Path:
        """A pipeline by a layout's name, from the topic of that name."""
        path = self.write(name, layout)
        self.register(path)
        self.pipeline(path, "--topic", name, *words)
        return path

    def send(self, topic: str, messages: list) -> None:
        self.kafka.produce(topic, messages)

    def wait(self, name: str, count: int, seconds: float = 25) -> None:
        """Until so many messages have come through the pipeline."""
        self.engine.wait_for("SELECT sum(rows) FROM pipeline_minutes WHERE pipeline = {name:String}", count, seconds, params={"name": name})


def server(folder: Path, kafka: Kafka, more: str = "", **options) -> Engine:
    """A server with the program, without functions."""
    (folder / "config.d").mkdir(parents=True, exist_ok=True)
    (folder / "config.d" / "zz_here.xml").write_text(HERE.format(broker=kafka.address, more=more))
    return Engine(folder, functions={}, scripts=[PROGRAM], **options)


__all__ = ["QueryError", "Refused", "Site", "server"]
