"""A server with the page."""
import shutil

from tests.analytics.analytics import Analytics
from tests.stack.engine import ROOT


class Site(Analytics):
    def start(self, seconds: float = 60):
        super().start(seconds)
        # A server's user_files; this engine's is the folder in which it runs.
        shutil.copy(ROOT / "sql" / "experiments" / "page" / "experiments.html", self.folder)
        self.page = self.url + "experiments"
        return self
