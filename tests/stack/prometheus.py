"""Debian's Prometheus, with the job and the alerts that are delivered."""
import json
import re
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

from tests.support.programs import ROOT

from .process import Server, free_port

DEPLOYED = ROOT / "deploy" / "prometheus"


class Prometheus(Server):
    """Reads `target` every few seconds. Alerts wait for nobody; `thresholds` are texts of the rules' expressions, and what they become."""
    name = "Prometheus"

    def __init__(self, folder: Path, target: str, thresholds: dict | None = None):
        super().__init__(folder)
        self.target, self.thresholds = target, thresholds or {}

    def start(self, seconds: float = 30):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = yaml.safe_load((DEPLOYED / "scrape.yml").read_text())
        (job,) = config["scrape_configs"]
        job |= {"scrape_interval": "4s", "scrape_timeout": "4s", "static_configs": [{"targets": [self.target]}]}
        config |= {"global": {"evaluation_interval": "1s"}, "rule_files": [str(self.folder / "rules.yml")]}
        rules = re.sub(r"^( *for:) .*$", r"\1 1s", (DEPLOYED / "pipelines.rules.yml").read_text(), flags=re.M)
        for old, new in self.thresholds.items():
            assert rules.count(old) == 1, old
            rules = rules.replace(old, new)
        (self.folder / "rules.yml").write_text(rules)
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.spawn(["prometheus", f"--config.file={self.folder / 'prometheus.yml'}", f"--storage.tsdb.path={self.folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}"])
        self.wait_until_ready(seconds)
        return self

    def ready(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.url}/-/ready", timeout=5).status == 200
        except OSError:
            return False

    def ask(self, path: str, **arguments):
        """What stands in `data` of an answer."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(arguments)}", timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list:
        return self.ask("query", query=expression)["result"]

    def firing(self) -> list:
        return [alert for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"]

    def measured(self) -> dict:
        """How the last scrape went."""
        (target,) = self.ask("targets")["activeTargets"]
        return target
