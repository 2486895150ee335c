"""Containers without a Docker engine: podman with a store of its own, its socket as Docker's, stand-ins for the official images, and
Compose."""
import json
import os
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.stack.process import Server

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
WORK = ROOT / "build" / "compose"
STACK = ROOT / "build" / "stack"
BASE = "localhost/experiments-base:local"

# crun refuses a machine with both kinds of control groups; netavark's names resolve. No limit above the machine's own.
CONF = """\
[containers]
default_ulimits=["nofile=20000:20000","nproc=4096:4096"]
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
[network]
network_backend="netavark"
"""


class Podman(Server):
    """Answers on `socket` as a Docker engine does. Nothing ticks health checks here (that is systemd's work), so `tick` does."""
    name = "podman"

    def __init__(self, folder: Path = WORK):
        super().__init__(folder)
        (self.folder / "containers.conf").write_text(CONF)
        self.socket = self.folder / "podman.sock"
        self.environment = {**os.environ, "CONTAINERS_CONF": str(self.folder / "containers.conf")}
        self.command = ["podman", "--root", self.folder / "storage", "--runroot", self.folder / "run"]
        self.ended = threading.Event()
        self.ticker = threading.Thread(target=self.tick, daemon=True)

    def start(self):
        self.socket.unlink(missing_ok=True)
        self.remove_containers()
        self.spawn([*self.command, "system", "service", "--time", 0, f"unix://{self.socket}"], self.environment)
        self.wait_until_ready(30)
        self.ticker.start()
        return self

    def ready(self) -> bool:
        return self.socket.exists() and subprocess.run(
            ["curl", "-fsS", "--max-time", "5", "--unix-socket", self.socket, "http://d/_ping"], capture_output=True).returncode == 0

    def stop(self, seconds: float = 10) -> None:
        self.ended.set()
        self.ticker.join()
        self.remove_containers()
        # Builds that failed, or that a later one took the name from: a gigabyte each.
        nameless = self.run("images", "--quiet", "--filter", "dangling=true", check=False).stdout.split()
        if nameless:
            self.run("rmi", "--force", *nameless, check=False)
        super().stop(seconds)

    def remove_containers(self) -> None:
        self.run("rm", "--all", "--force", "--time", "0", "--volumes", check=False)
        self.run("volume", "prune", "--force", check=False)
        self.run("network", "prune", "--force", check=False)

    def tick(self) -> None:
        while not self.ended.wait(1):
            done = self.run("ps", "--format", "{{.Names}}", check=False)
            for name in done.stdout.split():
                with suppress(subprocess.TimeoutExpired):
                    self.run("healthcheck", "run", name, check=False, timeout=20)

    def run(self, *arguments, check: bool = True, timeout: float = 300, data: str | None = None) -> subprocess.CompletedProcess:
        done = subprocess.run([*self.command, *map(str, arguments)], env=self.environment, capture_output=True, text=True, timeout=timeout,
                              errors="replace", **({"stdin": subprocess.DEVNULL} if data is None else {"input": data}))
        assert not check or done.returncode == 0, f"podman {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}"
        return done

    def inspect(self, name: str) -> dict:
        return json.loads(self.run("inspect", name).stdout)[0]

    def state(self, name: str) -> str:
        """`running`, `healthy`, `exited 0`, …; `` where there is no such container."""
        done = self.run("inspect", name, check=False)
        if done.returncode != 0:
            return ""
        state = json.loads(done.stdout)[0]["State"]
        if state["Status"] != "running":
            return f"{state['Status']} {state['ExitCode']}"
        return (state.get("Health") or state.get("Healthcheck") or {}).get("Status") or "running"

    def logs(self, name: str) -> str:
        done = self.run("logs", name, check=False)
        return done.stdout + done.stderr

    # ---- Images -----------------------------------------------------------------------------------------------------------------

    def has_image(self, name: str) -> bool:
        return self.run("image", "exists", name, check=False).returncode == 0

    def build(self, name: str, context: Path, **arguments) -> None:
        options = [part for key, value in arguments.items() for part in ("--build-arg", f"{key}={value}")]
        self.run("build", "--quiet", "--tag", name, *options, context, timeout=600)


def link(source: Path, target: Path) -> None:
    """A hard link where the two are on one file system, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copy(source.resolve(), target)


def stand_ins(podman: Podman) -> dict:
    """Builds the images; the variables that make compose.yaml take them."""
    if not podman.has_image(BASE):
        with open(STACK / "compose-base" / "root.tar", "rb") as root:
            subprocess.run([*podman.command, "import", "--quiet", "-", BASE], env=podman.environment, stdin=root, check=True, capture_output=True)
    contexts = WORK / "images"
    shutil.rmtree(contexts, ignore_errors=True)
    shutil.copytree(HERE / "images", contexts)
    for image in ("kafka", "connect"):
        for jar in (STACK / "kafka").glob("*.jar"):
            link(jar, contexts / image / "libs" / jar.name)
    for jar in (STACK / "debezium" / "postgres").glob("*.jar"):
        link(jar, contexts / "connect" / "plugins" / "debezium-connector-postgres" / jar.name)
    library = Path(subprocess.check_output(["ldd", STACK / "clickhouse"], text=True).split("libchdb.so => ")[1].split()[0])
    link(library, contexts / "clickhouse" / "libchdb.so")
    shutil.copy(STACK / "clickhouse", contexts / "clickhouse" / "clickhouse")
    images = {}
    for path in sorted(contexts.iterdir()):
        images[path.name] = f"localhost/stand-in-{path.name}:local"
        podman.build(images[path.name], path)
    return {f"{name.upper()}_IMAGE": image for name, image in images.items()}
