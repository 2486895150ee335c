"""Debian's ZooKeeper, for replicated tables."""
import socket

from tests.stack.process import Server, free_port

CONFIG = """\
tickTime=500
dataDir={folder}/data
clientPortAddress=127.0.0.1
clientPort={port}
admin.enableServer=false
4lw.commands.whitelist=ruok
"""


class ZooKeeper(Server):
    name = "ZooKeeper"

    def start(self, seconds: float = 60):
        self.port = free_port()
        (self.folder / "zoo.cfg").write_text(CONFIG.format(folder=self.folder, port=self.port))
        self.spawn(["java", "-Xmx256m", "-cp", "/usr/share/java/*", "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                    self.folder / "zoo.cfg"])
        self.wait_until_ready(seconds)
        return self

    def ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"ruok")
                return connection.recv(4) == b"imok"
        except OSError:
            return False
