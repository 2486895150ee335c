"""The statements of the experiments' bundle, as `sql/experiments/pipeline.sh` prints them."""
import os
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from .programs import PROGRAM, ROOT

SQL = ROOT / "sql"


def printed(*options, sql: Path = SQL, **environment) -> str:
    """What it prints with these options; `sql` may be a changed copy of the bundle."""
    return subprocess.check_output([sql / "experiments" / "pipeline.sh", *map(str, options)], text=True,
                                   env={"PATH": os.environ["PATH"], "DEBEZIUM_UDF": str(PROGRAM), **environment})


def split(text: str) -> list:
    """Its statements, each with the comments above it."""
    return [part for part in text.split(";\n") if part.strip() and not _is_comment(part)]


def _is_comment(text: str) -> bool:
    return all(not line.strip() or line.startswith("--") for line in text.splitlines())


def operation(name: str) -> list:
    """The statements of an operation: the experiments' own, or one that every pipeline has."""
    path = SQL / "experiments" / "operations" / f"{name}.sql"
    return split(path.read_text() if path.exists() else printed("--operation", name))


def made(statement: str) -> str:
    """The name of the table or view that a statement makes; '' where it makes none."""
    found = re.search(r"^CREATE (?:OR REPLACE )?(?:TABLE|VIEW|MATERIALIZED VIEW) (?:IF NOT EXISTS )?\w+\.(\w+)", statement, re.M)
    return found[1] if found else ""


def without_consumption(text: str) -> list:
    """The statements of a bundle that leaves the topic alone."""
    return [part for part in split(text) if made(part) not in ("raw_events_kafka", "decoded_events_mv")
            and "ALTER TABLE experiments_analytics.decoded_events_mv" not in part]


def page_queries() -> dict:
    """The addresses that the page asks, and what they ask."""
    tree = ElementTree.parse(SQL / "config" / "config.d" / "experiments_page.xml")
    return {rule.findtext("url"): rule.findtext("handler/query") for rule in tree.iter("rule") if rule.findtext("handler/query")}
