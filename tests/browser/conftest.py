"""Screenshots of each state go to build/screenshots, or where SCREENSHOTS says."""
import os
import shutil
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.analytics.analytics import decoded
from tests.analytics.story import SETTINGS, history
from tests.browser.given import GivenSite, fill
from tests.browser.site import Site
from tests.stack.engine import ROOT

SCREENSHOTS = Path(os.environ.get("SCREENSHOTS") or ROOT / "build" / "screenshots").resolve()
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    with Site(tmp_path_factory.mktemp("site")) as server:
        yield server


@pytest.fixture(scope="session")
def story(site):
    """The site with the three experiments of the story."""
    site.insert(SETTINGS, "experiment_settings")
    site.insert(decoded(history(datetime.now(timezone.utc), scale=0.25)))
    site.refresh()
    return site


@pytest.fixture(scope="session")
def empty_site(tmp_path_factory):
    with Site(tmp_path_factory.mktemp("empty")) as server:
        yield server


@pytest.fixture(scope="session")
def given_site(tmp_path_factory):
    """A site whose experiments are given as moments: metrics of every kind and role."""
    with GivenSite(tmp_path_factory.mktemp("given")) as server:
        fill(server)
        yield server


@pytest.fixture(scope="session")
def chromium():
    subprocess.run([ROOT / "tests" / "stack" / "prepare.sh", "browser"], check=True, stdin=subprocess.DEVNULL)
    program = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Opens an address and waits until everything was asked once. What the page logs or throws fails the test."""
    contexts, problems = [], []

    def open_page(address: str, width: int = 1280, height: int = 900, clock: bool = False, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text)
                if message.type == "error" and "Failed to load resource" not in message.text else None)
        page.on("request", lambda request: problems.append(f"asked for {request.url}")
                if not request.url.startswith(("http://127.0.0.1:", "data:")) else None)
        if clock:
            # It stands still but for what a test lets run, however slow the machine is.
            now = time.time()
            page.clock.install(time=now)
            page.clock.pause_at(now + 1)
        page.goto(address)
        page.wait_for_selector("html[data-round]", timeout=30_000)
        return page

    open_page.problems = problems
    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def shoot():
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def take(page, name: str, whole: bool = True) -> Path:
        path = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=whole)
        return path
    return take
