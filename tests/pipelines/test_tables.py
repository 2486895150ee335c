"""Tables of every type from both databases, by three commands each: every cell is the database's own, whatever process dies on the way.

PIPELINE_CHANGES=N makes N changes (10,000: some minutes), PIPELINE_EACH=N so many tables for each setting, PIPELINE_SEED another world.
"""
import json
import os
import signal
import subprocess
import time
from contextlib import ExitStack

import pytest

from tests.property import sources
from tests.property.compare import image_of
from tests.property.tables import SEQUENCE
from tests.stack.connect import Connect
from tests.stack.kafka import Kafka
from tests.support.waiting import wait_until

from .site import Site, server
from .world import SERVERS, World, compare, make, shown, topic

CHANGES = int(os.environ.get("PIPELINE_CHANGES", "600"))
EACH = int(os.environ.get("PIPELINE_EACH", "1"))
SEED = os.environ.get("PIPELINE_SEED", "1")
SAMPLE = 40


class Chain:
    def __init__(self, folder, stack: ExitStack):
        self.kafka = stack.enter_context(Kafka(folder / "kafka"))
        self.worlds, servers, files = {}, [], []
        for database in ("postgres", "mariadb"):
            servers.append(stack.enter_context(SERVERS[database][0](folder / database)))
            world = self.worlds[database] = World(database, make(database, ["defaults", "noschemas"], SEED, EACH, 33))
            world.begin(servers[-1], SAMPLE)
            stack.callback(world.session.close)
            files += sources.connectors(database, world.tables)
        self.connect = stack.enter_context(Connect(folder / "connect", self.kafka, servers, files))
        self.engine = stack.enter_context(server(folder / "engine", self.kafka))
        self.site = Site(folder / "work", self.kafka, self.engine)
        self.layouts: dict = {}

    def tables(self):
        return [(world, table) for world in self.worlds.values() for table in world.tables]

    def name(self, table) -> str:
        return f"{table.database}_{table.name}"


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    with ExitStack() as stack:
        yield Chain(tmp_path_factory.mktemp("pipelines"), stack)


def verdict_of(chain, world, table):
    return compare(table, world.truth(table), chain.layouts[chain.name(table)], shown(chain.engine, chain.name(table)), world.moved[table.name],
                   dead(chain, table))


def dead(chain, table) -> set:
    """The versions of rows that are dead letters: a longer run meets numbers that Java writes with more digits than they have, and text that
    was always JSON before."""
    found = set()
    for (message,) in (row.values() for row in chain.engine.rows("SELECT message FROM dead_letters FINAL WHERE pipeline = {n:String}",
                                                                 params={"n": chain.name(table)})):
        image, _ = image_of(message.encode(), table)
        found.add(int(image[SEQUENCE]))
    return found


def differences(chain) -> dict:
    found = {}
    for world, table in chain.tables():
        verdict = verdict_of(chain, world, table)
        if not verdict.good:
            found[chain.name(table)] = verdict.wrong
    return found


def settle(chain, seconds: float = 90) -> None:
    found: dict = {}

    def equal() -> bool:
        found.clear()
        found.update(differences(chain))
        return not found

    wait_until(equal, seconds, lambda: f"{ {name: len(wrong) for name, wrong in found.items()} } remain, such as "
               f"{str({name: wrong[:4] for name, wrong in found.items()}):.3000}\n{letters(chain)}", pause=0.5)


def letters(chain) -> list:
    return chain.engine.rows("SELECT pipeline, reason, count() AS n FROM dead_letters GROUP BY ALL ORDER BY n DESC LIMIT 20")


def test_three_commands_make_a_table(chain, tell):
    for world in chain.worlds.values():
        world.work(SAMPLE)
    start, before = time.monotonic(), chain.site.commands
    for world, table in chain.tables():
        wait_until(lambda: chain.kafka.count(topic(table)) >= SAMPLE, 60, lambda: f"{topic(table)} has its sample")
        path, _ = chain.site.infer(topic(table), chain.name(table), "--key", table.key.name, "--function", chain.name(table))
        chain.site.register(path)
        chain.site.pipeline(path, "--topic", topic(table))
        chain.layouts[chain.name(table)] = json.loads(path.read_text())
    count = len(chain.tables())
    tell(f"{count} tables: {(chain.site.commands - before) / count:.0f} commands and {(time.monotonic() - start) / count:.1f} s each")
    settle(chain)


def test_every_cell_is_the_databases_whatever_dies(chain, tell):
    start = time.monotonic()
    for victim in (kill_function, kill_engine, kill_connect, lambda chain: None):
        for world in chain.worlds.values():
            world.work(CHANGES // 16)
        victim(chain)
        for world in chain.worlds.values():
            world.work(CHANGES // 16)
    settle(chain, 60 + CHANGES / 20)
    done = sum((world.done for world in chain.worlds.values()), start=type(chain.worlds["postgres"].done)())
    tell(f"{dict(done)} in {time.monotonic() - start:.0f} s")


def kill_function(chain) -> None:
    found = subprocess.run(["pgrep", "-P", str(engine_pid(chain)), "-f", "debezium-udf"], capture_output=True, text=True).stdout.split()
    assert found, "the server has processes of the function"
    for pid in found:
        os.kill(int(pid), signal.SIGKILL)


def engine_pid(chain) -> int:
    """`setpriv` becomes the server."""
    return chain.engine.process.pid


def kill_engine(chain) -> None:
    chain.engine.kill()
    chain.engine.start()


def kill_connect(chain) -> None:
    chain.connect.kill()
    chain.connect.start()


def test_incomplete_rows_are_those_whose_key_was_changed(chain, tell):
    for world, table in chain.tables():
        verdict = verdict_of(chain, world, table)
        assert verdict.good
        assert sum(verdict.cells.values()) > 1000
        if world.database == "postgres" and not table.full:
            assert verdict.rows["incomplete"] > 0
        else:
            assert verdict.rows["incomplete"] == 0
        tell(f"{chain.name(table)}: {dict(verdict.rows)}, cells {dict(verdict.cells)}")
    reasons = letters(chain)
    assert all("does not fit Nullable(Float64)" in row["reason"] or " at byte " in row["reason"] for row in reasons), reasons
    assert CHANGES > 1000 or reasons == []
