"""A server as a child process: started on a free port, waited for with a deadline, and never left behind."""
import os
import random
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.support.waiting import wait_until


class StackError(RuntimeError):
    """A server did not start, or died."""


GIVEN: set = set()


def free_port() -> int:
    """A port that nobody listens on, below those that the kernel gives to clients: so none of theirs is on it when a server starts, or
    starts again. Test runs side by side draw at random, whatever seeds the tests set."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    below = first if first > 12_000 else 30_000
    while True:
        port = random.SystemRandom().randrange(10_000, below)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            if port not in GIVEN:
                GIVEN.add(port)
                return port


def exit_on_signals() -> None:
    """Let SIGTERM and SIGHUP unwind the stack as SIGINT does, so that `finally` and `with` stop what was started."""
    def leave(number, _frame):
        sys.exit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


class Server:
    """One child process, its folder and its log. A context manager: leaving the block stops it.

    The kernel kills the child when this process dies, however that happens; `keep` leaves it running instead.
    """
    name = "server"

    def __init__(self, folder: Path, keep: bool = False):
        self.folder = Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "log"
        self.keep = keep
        self.process: subprocess.Popen | None = None

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.kill()
            raise

    def __exit__(self, kind, _value, _trace):
        if not (self.keep and kind is None):
            self.stop()

    def spawn(self, command: list, environment: dict | None = None) -> None:
        guard = [] if self.keep else ["setpriv", "--pdeathsig", "KILL"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*guard, *map(str, command)], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(environment or {})}, start_new_session=True)

    def wait_until_ready(self, seconds: float) -> None:
        def ready() -> bool:
            if self.ready():
                return True
            if self.process.poll() is not None:
                raise StackError(f"{self.name} ended with status {self.process.returncode}\n{self.tail()}")
            return False

        wait_until(ready, seconds, lambda: f"{self.name} is ready\n{self.tail()}", pause=0.05, error=StackError)

    def tail(self, lines: int = 30) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join([f"the end of {self.log}:", *text.splitlines()[-lines:]])

    def stop(self, seconds: float = 10) -> None:
        """Ask it to end, and insist when it does not."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """End it as a power failure would."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process = None

    def start(self):
        raise NotImplementedError

    def ready(self) -> bool:
        raise NotImplementedError
