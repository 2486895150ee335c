"""A Kafka broker of one node (KRaft), and kcat to talk to it."""
import itertools
import subprocess
import uuid
from pathlib import Path

from .process import Server, StackError, free_port

ROOT = Path(__file__).resolve().parents[2]
JARS = ROOT / "build" / "stack" / "kafka"
# Two cores are shared with everything else: the serial collector and the first compiler start fastest.
JAVA = ["java", "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        "-Dorg.apache.logging.log4j.level=WARN", "-cp", f"{JARS}/*"]

# Ends a key; a key never holds it.
KEY_END = b"\x1d\x1d"

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
num.partitions=1
auto.create.topics.enable=true
offsets.topic.num.partitions=1
log.cleaner.backoff.ms=500
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
message.max.bytes=134217728
replica.fetch.max.bytes=134217728
"""


class Kafka(Server):
    """`address` is what clients connect to. Messages are bytes; None is a tombstone."""
    name = "Kafka"

    def start(self, seconds: float = 60):
        """On a folder that has been used: the same broker again, on the same port, with what it holds."""
        properties = self.folder / "server.properties"
        if not properties.exists():
            self._create(properties)
        self.spawn([*JAVA, "kafka.Kafka", properties])
        self.wait_until_ready(seconds)
        return self

    def _create(self, properties: Path) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        properties.write_text(self._properties(free_port()))
        formatted = subprocess.run(
            [*JAVA, "kafka.tools.StorageTool", "format", "-t", str(uuid.uuid4()), "-c", str(properties)],
            capture_output=True, text=True)
        if formatted.returncode != 0:
            raise StackError(f"Kafka's storage could not be formatted\n{formatted.stdout}{formatted.stderr}")

    def _properties(self, controller: int) -> str:
        return PROPERTIES.format(port=self.port, controller=controller, folder=self.folder)

    def ready(self) -> bool:
        return self._kcat("-L", "-m", "1", check=False).returncode == 0

    def create_topic(self, topic: str, partitions: int = 1, **settings) -> None:
        """Create it now, so that a consumer that subscribes next need not wait for its next look at the topics.

        `settings` are the topic's own, with _ for the dot in their names.
        """
        if partitions == 1 and not settings:
            self._kcat("-L", "-t", topic, "-X", "allow.auto.create.topics=true")
            return
        configs = [part for name, value in settings.items() for part in ("--config", f"{name.replace('_', '.')}={value}")]
        done = subprocess.run([*JAVA, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.address, "--create",
                               "--topic", topic, "--partitions", str(partitions), *configs], capture_output=True, text=True)
        if done.returncode != 0:
            raise StackError(f"topic {topic} could not be created\n{done.stdout}{done.stderr}")

    def produce(self, topic: str, messages: list, key: bytes = b"", headers: dict | None = None) -> None:
        """Send messages of any bytes, in order, into one partition of the topic.

        `key` and `headers` go with every message of the call.
        """
        extra = [option for name, value in (headers or {}).items() for option in ("-H", f"{name}={value}")]
        for null, group in _runs(messages):
            delimiter = _absent(group)
            # kcat drops an empty line unless it has a key, be it an empty one.
            body = b"".join(key + KEY_END + message + delimiter for message in group)
            self._kcat("-P", "-t", topic, "-p", "0", "-K", _spelled(KEY_END), "-D", _spelled(delimiter),
                       *(["-Z"] if null else []), "-X", "message.max.bytes=134217728",
                       "-X", "queue.buffering.max.messages=10000000", *extra, data=body)

    def produce_file(self, topic: str, path: Path) -> None:
        """Send a file, one message a line; an empty line is a tombstone."""
        self.produce(topic, [line or None for line in Path(path).read_bytes().removesuffix(b"\n").split(b"\n")])

    def count(self, topic: str, partition: int = 0) -> int:
        """How many messages a topic's partition has ever held."""
        answer = self._kcat("-Q", "-t", f"{topic}:{partition}:-1").stdout.decode()
        return int(answer.rsplit(None, 1)[-1])

    def _kcat(self, *arguments, data: bytes = b"", check: bool = True):
        done = subprocess.run(["kcat", "-q", "-b", self.address, *arguments], input=data, capture_output=True)
        if check and done.returncode != 0:
            raise StackError(f"kcat {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
        return done


def _runs(messages: list):
    """Split at empty messages: with -Z kcat makes every empty message of a call a tombstone, without it none."""
    for null, run in itertools.groupby(messages, lambda message: message != b""):
        yield null, [message or b"" for message in run]


def _absent(messages: list) -> bytes:
    """A delimiter that is in none of the messages."""
    for byte in (b"\n", b"\x1e", b"\x1c", b"\x01", b"\x02", b"\x03"):
        if not any(byte in message for message in messages):
            return byte
    raise StackError("send these messages in smaller groups: each possible delimiter is in one of them")


def _spelled(delimiter: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in delimiter)
