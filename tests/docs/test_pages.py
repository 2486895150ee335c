"""The pages: what stands in a console block is run as it stands and must answer what stands below it; links lead somewhere; every page is
reached from the README in one step; and no page is too long to read.

In a console block a line that begins with `$ ` is a command, and what follows is its output; `…` stands for any text. `$ cat NAME`
of a file that is not there yet shows the file, and makes it."""
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.programs import PROGRAM, ROOT

PAGES = sorted(ROOT / name for name in subprocess.check_output(["git", "ls-files", "*.md"], cwd=ROOT, text=True).split()
               if not name.startswith(("bench/results/", "tests/")))
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")
MINUTES, WORDS_A_MINUTE = 10, 250


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set:
    """The names that headings have in a browser: small letters, spaces as hyphens, punctuation left out."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(block: str) -> list:
    """[command, output] of each command of a block."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], ""])
        else:
            found[-1][1] += line + "\n"
    return found


@pytest.mark.parametrize("page", [page for page in PAGES if CONSOLE.search(page.read_text())], ids=name)
def test_commands_answer_what_the_page_says(page, tmp_path):
    for block in CONSOLE.findall(page.read_text()):
        for command, output in commands(block):
            shown = re.fullmatch(r"cat ([\w.]+)", command)
            if shown and not (tmp_path / shown[1]).exists():
                (tmp_path / shown[1]).write_text(output)
                continue
            done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
                                  env={"PATH": f"{PROGRAM.parent}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
            expected = ".*".join(map(re.escape, output.split("…")))
            assert re.fullmatch(expected, done.stdout + done.stderr, re.S), (command, done.stdout + done.stderr)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_page_is_one_step_from_the_readme():
    readme = ROOT / "README.md"
    reached = {(ROOT / link.partition("#")[0]).resolve() for link in LINK.findall(readme.read_text())}
    assert [name(page) for page in PAGES if page.parent == ROOT / "docs" and page not in reached] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent == ROOT / "docs"], ids=name)
def test_a_page_is_read_in_ten_minutes(page):
    assert len(page.read_text().split()) <= MINUTES * WORDS_A_MINUTE
