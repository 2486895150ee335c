#!/usr/bin/env python3
"""`make bench`: every way to decode a message in ClickHouse, side by side in one engine. Answers first, then times.

    build/venv/bin/python bench/run.py [--rows N] [--rounds N] [--quick] [--only engine|core|growth]
"""
import argparse
import contextlib
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench import contenders, growth  # noqa: E402
from bench.contenders import BUILD, BY_NAME, CONTENDERS  # noqa: E402
from bench.measure import Page, Samples, children, cpu, cpu_between, machine, peak_memory, table  # noqa: E402
from tests.stack.engine import Engine  # noqa: E402
from tests.stack.process import exit_on_signals  # noqa: E402

# Rows of each data set for each 100 of --rows, and who is measured on it.
EVERYWHERE = ("udf", "udf_rows", "best_sql", "per_field", "floor", "floor_rows")
# SQL's functions raise on a bad message or take it for an event, and know no wrapped one.
DATA = {
    "uniform": (100, tuple(BY_NAME)),
    "mixed": (50, EVERYWHERE),
    "small": (100, EVERYWHERE),
    "wrapped": (25, ("udf", "udf_rows", "floor", "floor_rows")),
    "large": (2, EVERYWHERE),
    "bad": (50, ("udf", "udf_rows", "floor", "floor_rows")),
}
BLOCK = 8192
SLOW_PART = 8  # who is slow gets an eighth of the messages


class Bench:
    def __init__(self, engine: Engine, page: Page, rows: int, rounds: int):
        self.engine, self.page, self.rows, self.rounds = engine, page, rows, rounds
        self.wall, self.cpu, self.memory = Samples(), Samples(), {}

    def count(self, kind: str) -> int:
        return max(self.rows * DATA[kind][0] // 100, 1)

    def load(self) -> None:
        """Each data set into a table in memory, in blocks of BLOCK rows; of the uniform one a part for who is slow."""
        sizes = []
        for kind in DATA:
            count = self.count(kind)
            path = self.engine.folder / "user_files" / f"{kind}.ndjson"
            with open(path, "wb") as file:
                subprocess.run([BUILD / "generate", kind, str(count)], stdout=file, check=True)
            self.engine.query(f"CREATE TABLE {kind} (message String) ENGINE = Memory")
            self.engine.query(
                f"INSERT INTO {kind} SELECT * FROM file('{path}', LineAsString)",
                settings={"max_block_size": BLOCK, "min_insert_block_size_rows": BLOCK, "min_insert_block_size_bytes": 0,
                          "max_threads": 1, "input_format_parallel_parsing": 0})
            sizes.append((kind, f"{count:,}", f"{path.stat().st_size / count:,.0f}"))
            path.unlink()
        self.engine.query("CREATE TABLE uniform_part ENGINE = Memory AS SELECT * FROM uniform "
                          f"LIMIT {self.rows // SLOW_PART}", settings={"max_block_size": BLOCK, "max_threads": 1})
        self.page.add("## Data\n")
        self.page.add(table(["data", "messages", "bytes each"], sizes))

    def compare(self) -> None:
        """Hashes of all columns of all events; a difference ends the run."""
        self.page.add("## Answers\n\nEvents, and a hash over every column of every event. `properties` is compared as JSON, since SQL's "
                      "functions\nwrite it anew; where a way keeps its bytes, they are hashed too.\n")
        lines, differ = [], []
        for kind, (_, names) in DATA.items():
            expected = None
            for name in names:
                if name.startswith("floor"):
                    continue
                answer = self.hashes(kind, name)
                expected = expected or answer
                same = all(a == b for a, b in zip(answer, expected) if a and b)
                lines.append((kind, BY_NAME[name].title, answer[0], answer[1], answer[2] or "-", "equal" if same else "DIFFERS"))
                if not same:
                    differ.append(f"{kind}: {name} answers {answer}, {names[0]} {expected}")
        self.page.add(table(["data", "how", "events", "all columns", "properties' bytes", ""], lines))
        if differ:
            raise SystemExit("bench: the answers differ, so no times are taken\n" + "\n".join(differ))

    def hashes(self, kind: str, name: str) -> tuple:
        contender = BY_NAME[name]
        columns = ", ".join("JSONExtractRaw(c_properties)" if column == "properties" else f"c_{column}"
                            for column in contenders.COLUMNS)
        (row,) = self.engine.rows(
            f"SELECT toString(count()) AS events, hex(sum(sipHash64(toString(tuple({columns}))))) AS hash, "
            f"hex(sum(sipHash64(c_properties))) AS bytes FROM ({contender.select(kind, where=True)})")
        return row["events"], row["hash"], row["bytes"] if contender.exact else ""

    def times(self) -> None:
        """Rounds: in each, everybody once, so that what the machine does meanwhile meets all."""
        for kind, (_, names) in DATA.items():
            for number in range(self.rounds):
                for name in names:
                    if BY_NAME[name].aside and number >= max(1, self.rounds // 2):
                        continue
                    for threads in (1, 2):
                        if number == 0:
                            self.once(kind, name, threads, warm=True)
                        self.once(kind, name, threads)

    def once(self, kind: str, name: str, threads: int, warm: bool = False) -> None:
        """One query. The first of each is not measured: it starts the programs."""
        contender, server = BY_NAME[name], self.engine.process.pid
        count, source = self.count(kind), kind
        if contender.slow:
            count //= SLOW_PART
            source = f"{kind}_part"
        limit = f" LIMIT {4 * BLOCK}" if warm else ""
        query = f"{contender.select(source)}{limit} FORMAT Null"
        before, start = cpu(server), time.monotonic()
        self.engine.query(query, settings={"max_threads": threads, "wait_end_of_query": 0})
        seconds, after = time.monotonic() - start, cpu(server)
        if warm:
            return
        self.wall.add((kind, name, threads), seconds / count * 1e9)
        self.cpu.add((kind, name, threads), cpu_between(before, after) / count * 1e9)
        if contender.function:
            self.note_memory(contender)

    def note_memory(self, contender) -> None:
        for pid in children(self.engine.process.pid):
            with contextlib.suppress(OSError, TypeError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                if COMMANDS[contender.name] in command.replace(b"\0", b" "):
                    self.memory[contender.name] = max(self.memory.get(contender.name, 0), peak_memory(pid))

    def report(self) -> None:
        self.page.add("## Times\n\nNanoseconds a message of a query over the whole table, the least and the median of the rounds; CPU: what "
                      "the engine\nand its programs used, user and system, the least of the rounds.\n")
        for kind, (_, names) in DATA.items():
            lines = []
            for name in names:
                line = [BY_NAME[name].title]
                for threads in (1, 2):
                    key = (kind, name, threads)
                    line += [f"{clock:,.0f}" for clock in (self.wall.least(key), self.wall.median(key), self.cpu.least(key))]
                line.append(f"{self.memory[name] / 1e6:.1f}" if name in self.memory else "-")
                lines.append(line)
            self.page.add(f"### {kind}, {self.count(kind):,} messages\n")
            self.page.add(table(["how", "1 thread: least", "median", "CPU", "2 threads: least", "median", "CPU",
                                 "peak MB of a program"], lines))

    def ratios(self) -> None:
        """How many times the other's time is ours (the floor: ours is the floor's); of uniform messages where no data is named."""
        def least(name: str, threads: int, kind: str = "uniform") -> float:
            return self.wall.least((kind, name, threads))

        def paired(name: str, other: str, kind: str = "uniform") -> float:
            """The median of the CPU ratios within each round, one thread."""
            return statistics.median(one / two for one, two in zip(self.cpu.values[kind, name, 1], self.cpu.values[kind, other, 1]))

        ratios = {f"{name}_{threads}": least(name, threads) / least("udf", threads)
                  for name in ("best_sql", "per_field") for threads in (1, 2)}
        ratios |= {f"best_sql_{kind}_{threads}": least("best_sql", threads, kind) / least("udf", threads, kind)
                   for kind in ("mixed", "small") for threads in (1, 2)}
        ratios |= {f"floor_{threads}": least("udf", threads) / least("floor", threads) for threads in (1, 2)}
        ratios |= {f"floor_rows_{threads}": least("udf_rows", threads) / least("floor_rows", threads) for threads in (1, 2)}
        ratios["python_1"] = least("python", 1) / least("udf", 1)
        ratios["cpu_best_sql"] = paired("best_sql", "udf")
        ratios |= {f"cpu_best_sql_{kind}": paired("best_sql", "udf", kind) for kind in ("mixed", "small")}
        ratios |= {"cpu_floor": paired("udf", "floor"), "cpu_floor_rows": paired("udf_rows", "floor_rows")}
        self.page.add("## Ratios\n\nThe time of the other way over that of debezium-udf in Native, as it is registered; `floor`: that of "
                      "debezium-udf over\nthe function of constants in the same format. Wall times: the least. `cpu_…`: CPU, the median of the ratios within each round.\n")
        self.page.add("\n".join(f"ratio {name} {value:.2f}" for name, value in ratios.items()) + "\n")


# How a contender's programs are told apart in /proc.
COMMANDS = {"udf": b"debezium-udf decode experiment_event.json --format Native",
            "udf_rows": b"debezium-udf decode experiment_event.json --format RowBinary",
            "udf_line": b"debezium-udf decode experiment_event.json --format LineAsString",
            "udf_cjson": b"debezium-udf-cjson decode", "python": b"udf.py", "floor": b"constant Native", "floor_rows": b"constant RowBinary"}


def core(page: Page, quick: bool) -> None:
    """The decoder alone, as bench/decode prints it."""
    page.add("## The decoder alone\n")
    for program, title in ((BUILD / "decode", "simdjson"), (contenders.ROOT / "build" / "cjson" / "bench" / "decode", "cJSON")):
        page.add(f"### Built on {title}\n")
        done = subprocess.run([program, *(["--quick"] if quick else [])], stdout=subprocess.PIPE, text=True)
        page.add(done.stdout)
        if done.returncode != 0:
            raise SystemExit(f"bench: {program} ended with status {done.returncode}")


def engine(page: Page, rows: int, rounds: int) -> None:
    folder = BUILD / "engine"
    shutil.rmtree(folder, ignore_errors=True)
    made = contenders.registration()
    with Engine(folder, functions=made.functions, scripts=made.scripts) as server:
        page.add(f"ClickHouse {server.value('SELECT version()')}\n")
        bench = Bench(server, page, rows, rounds)
        bench.load()
        bench.compare()
        bench.times()
        bench.report()
        bench.ratios()
    shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400_000, help="messages of the uniform set")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, no page: does it run?")
    parser.add_argument("--only", choices=("engine", "core", "growth"), action="append")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.rounds = min(options.rows, 40_000), min(options.rounds, 2)
    parts = options.only or ["core", "growth", "engine"]
    exit_on_signals()
    page = Page("bench", "debezium-udf benchmark")
    page.add(table(["", ""], machine()))
    start = time.monotonic()
    if "core" in parts:
        core(page, options.quick)
    if "growth" in parts:
        growth.report(page, options.quick)
    if "engine" in parts:
        engine(page, options.rows, options.rounds)
    if not options.quick:
        page.write()
    print(f"took {time.monotonic() - start:.0f} s", file=sys.stderr)
    if "engine" in parts:
        print(page.parts[-1], end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
