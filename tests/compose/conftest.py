import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS
from tests.compose.containers import WORK, Podman, stand_ins
from tests.compose.stack import Stack, release


@pytest.fixture(scope="session")
def podman():
    with Podman() as podman:
        yield podman


@pytest.fixture(scope="session")
def images(podman):
    return stand_ins(podman)


@pytest.fixture(scope="session")
def unpacked(images):
    """A release as its tarball has it, of the program that was built here."""
    return release(WORK / "release")


@pytest.fixture(scope="module")
def stack(podman, images, unpacked):
    stack = Stack(podman, unpacked / "deploy" / "compose", images)
    yield stack
    stack.compose("--profile", "*", "down", "--volumes", "--timeout", "5", check=False)


@pytest.fixture(scope="session")
def chromium():
    program = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
