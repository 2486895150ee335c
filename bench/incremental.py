#!/usr/bin/env python3
"""What a refresh of the experiments' results costs as the history grows: a batch of touched users, an idle one, and all users from nothing.

    build/venv/bin/python bench/incremental.py [MILLIONS...]      1 and 10 by default; a page in bench/results

The history is made in the engine, as bench/analytics.py makes it. Then batches of 10,000 events of 5,000 users come, ten seconds of a
thousand events a second, and each step's CPU time and memory is what the server's query log says, so that other work on the machine
does not count. At the end all totals are computed from all events at once, and must be equal to the digit.
"""
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.analytics import GENERATE, generate  # noqa: E402
from bench.measure import ROOT, Page, machine, peak_memory, table  # noqa: E402
from tests.analytics.analytics import DATABASE, STEPS, WAITING, Analytics, step  # noqa: E402
from tests.support import bundle  # noqa: E402

BATCHES, USERS, EVENTS_A_USER = 5, 5000, 2
LOG = """<clickhouse><query_log><database>system</database><table>query_log</table>
<flush_interval_milliseconds>1000</flush_interval_milliseconds></query_log></clickhouse>
"""
METRICS = """
INSERT INTO experiment_metrics (metric, kind, event_types, number, window_hours, cap, denominator_event_types) VALUES
('value in a week', 'sum', ['conversion'], 'value', 168, 50, []), ('value a click', 'ratio', ['conversion'], 'value', NULL, NULL, ['click'])"""
# A few more events of users who are drawn from all, in their experiments and variants.
NEWS = GENERATE.replace("intDiv(number, 10) AS user, number % 10 AS step", "cityHash64(intDiv(number, {each:UInt64}), 7) % {users:UInt64} AS user, "
                        "10 + number % 7 AS step").replace("step = 9 AND", "step % 3 = 0 AND")
COST = """
SELECT extract(query, 'INSERT INTO [a-z_]+[.]([a-z_]+)') AS written, max(query_duration_ms) / 1000 AS seconds,
    sum(ProfileEvents['OSCPUVirtualTimeMicroseconds']) / 1e6 AS cpu, max(memory_usage) AS memory, sum(read_rows) AS rows
FROM system.query_log
WHERE type = 'QueryFinish' AND log_comment LIKE '%refresh%' AND event_time_microseconds >= {since:String}
GROUP BY written"""


class Logged(Analytics):
    """Keeps a log of its queries; its steps run when they are asked for."""

    def _configure(self) -> None:
        super()._configure()
        (self.folder / "config.d" / "zz_log.xml").write_text(LOG)

    def hold(self) -> None:
        for name in (*STEPS, "experiment_hours", "experiment_totals_differing", "experiment_compared"):
            self.query(f"ALTER TABLE {DATABASE}.{name}_mv MODIFY REFRESH AFTER 1 YEAR APPEND")

    def cycle(self) -> tuple:
        """One turn of all steps: CPU seconds, seconds, most memory of a step, by the log; and of each step the CPU seconds."""
        found = []
        for name in STEPS:
            since = self.value("SELECT now64(6)")
            step(self, name)
            self.query("SYSTEM FLUSH LOGS")
            written = "experiment_batches" if name == "experiment_done" else name
            found += [row for row in self.rows(COST, params={"since": since}) if row["written"] == written]
        return (sum(row["cpu"] for row in found), sum(row["seconds"] for row in found), max(row["memory"] for row in found),
                [row["cpu"] for row in found])

    def settle(self) -> float:
        """All there is to do; the CPU seconds that it took."""
        used = 0.0
        while self.value(WAITING):
            used += self.cycle()[0]
        return used


def news(server: Logged, users: int, number: int) -> None:
    server.query(NEWS.replace("{target}", f"{DATABASE}.events_processed"), params={
        "first": 10 ** 12 + number * 10 ** 8, "count": USERS * EVENTS_A_USER, "one_in": 1, "each": EVENTS_A_USER, "users": users})
    server.wait_for(f"SELECT max(at) < now64(3) - INTERVAL 1 SECOND FROM {DATABASE}.experiment_touched", 1)


def anew(server: Logged) -> None:
    """A view of the totals as all events give them."""
    (made,) = [part for part in bundle.split(bundle.printed()) if bundle.made(part) == "experiment_totals_computed"]
    server.query(made.replace("experiment_totals_computed", "totals_anew").replace("{source:String}", "'users'").replace(
        "* EXCEPT batch FROM experiments_analytics.experiment_user_rows FINAL",
        "* FROM experiments_analytics.experiment_user_rows_computed(everything = true)"))


def compared(server: Logged) -> tuple:
    """Rows, rows that differ, CPU seconds and memory of the totals from nothing."""
    limits = {"max_bytes_before_external_group_by": 1 << 30, "max_threads": 2, "log_comment": "from nothing"}
    server.query(f"CREATE TABLE {DATABASE}.kept ENGINE = Memory AS SELECT * FROM {DATABASE}.totals_anew", settings=limits)
    server.query("SYSTEM FLUSH LOGS")
    (cost,) = server.rows("SELECT ProfileEvents['OSCPUVirtualTimeMicroseconds'] / 1e6 AS cpu, memory_usage AS memory FROM system.query_log "
                          "WHERE type = 'QueryFinish' AND log_comment = 'from nothing'")
    both = [f"SELECT * FROM {DATABASE}.kept", f"SELECT * EXCEPT batch FROM {DATABASE}.experiment_totals FINAL "
            "WHERE (counted, refused, x, y, p, q, xx, yy, pp, qq) != (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"]
    differ = sum(server.value(f"SELECT count() FROM ({one} EXCEPT {other})") for one, other in (both, both[::-1]))
    return server.value(f"SELECT count() FROM {DATABASE}.kept"), differ, cost["cpu"], cost["memory"]


def measure(page: Page, millions: int) -> dict:
    folder = Path(tempfile.mkdtemp(prefix="incremental", dir=ROOT / "build"))
    try:
        with Logged(folder) as server:
            server.query(METRICS.replace("INTO ", f"INTO {DATABASE}."))
            anew(server)
            generate(server, "events_processed", 0, millions * 1_000_000)
            first = server.settle()
            batches = []
            for number in range(BATCHES):
                news(server, millions * 100_000, number)
                batches.append(server.cycle())
                server.settle()
            batches.sort()
            idle = sorted(server.cycle()[0] for _ in range(BATCHES))[BATCHES // 2]
            rows, differ, full, memory = compared(server)
            assert rows > 0 and differ == 0, (rows, differ)
            cpu, seconds, step_memory, steps = batches[BATCHES // 2]
            page.add(f"\n## {millions} million events\n\n" + table(["what", "CPU seconds"], [
                *((f"a batch: {name}", f"{used:.2f}") for name, used in zip(STEPS, steps)), ("a batch, all steps", f"{cpu:.2f}"),
                ("a turn without anything new", f"{idle:.2f}"), ("all users for the first time, in slices", f"{first:.1f}"),
                ("all totals from nothing, in one statement", f"{full:.1f}")])
                + f"\n{rows:,} totals, equal to the digit. Most memory of a step {step_memory / 2**20:.0f} MiB, of the computation from nothing "
                  f"{memory / 2**30:.1f} GiB, of the server {peak_memory(server.process.pid) / 2**30:.1f} GiB. On disk: "
                + ", ".join(f"{row['table']} {row['size']}" for row in server.rows(
                    "SELECT table, formatReadableSize(sum(bytes_on_disk)) AS size FROM system.parts WHERE active AND table IN "
                    "('events_processed', 'events_by_user', 'experiment_user_rows') GROUP BY table ORDER BY table")) + ".\n")
            return {"batch": cpu, "seconds": seconds, "idle": idle, "full": full}
    finally:
        shutil.rmtree(folder)


def main() -> None:
    millions = [int(text) for text in sys.argv[1:]] or [1, 10]
    page = Page("incremental", "Experiment results: the cost of a refresh as the history grows")
    page.add(table(["what", "where"], machine()))
    page.add(f"A batch is {USERS * EVENTS_A_USER:,} events of {USERS:,} users, the median of {BATCHES}. CPU time is the server's own count for each "
             "statement, so it is comparable also where other work runs beside it; seconds are not.\n")
    started = time.monotonic()
    found = {number: measure(page, number) for number in millions}
    least = found[millions[0]]
    page.add("\n## As the history grows\n\n" + table(
        ["million events", "a batch, CPU s", "times", "idle, CPU s", "from nothing, CPU s", "times"],
        [(number, f"{each['batch']:.2f}", f"{each['batch'] / least['batch']:.2f}", f"{each['idle']:.2f}", f"{each['full']:.1f}",
          f"{each['full'] / least['full']:.2f}") for number, each in found.items()]) + f"\nMade in {time.monotonic() - started:.0f} s.\n")
    page.write()


if __name__ == "__main__":
    main()
