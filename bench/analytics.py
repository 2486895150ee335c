#!/usr/bin/env python3
"""The cost of the experiment analytics as events grow: refreshes of all but users, each query of the page, and the ways not taken.

    build/venv/bin/python bench/analytics.py [MILLIONS...]      1 and 10 by default; a page in bench/results

Events are made in the engine from fixed hashes: 200 experiments over 90 days, two variants, 10 events a user, one user in ten
converts; 2 % of the rows come twice, in parts of their own, so that every read has to merge: the worst case. Up to 10 million
also when all parts are merged. 100 million need 8 GB of disk and a quarter of an hour.
"""
import re
import shutil
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.measure import ROOT, Page, Samples, cpu, cpu_between, machine, peak_memory, table  # noqa: E402
from tests.analytics.analytics import DATABASE, REFRESHED, STEPS, WAITING, Analytics, step  # noqa: E402
from tests.support.bundle import page_queries  # noqa: E402

EXPERIMENTS, EVENTS_A_USER, CHUNK, ROUNDS = 200, 10, 2_000_000, 7
TARGET = 0.2  # seconds for a query of the page

GENERATE = f"""
INSERT INTO {{target}}
    (id, experiment_id, variant_id, user_id, variant_key, event_type, session_id, request_id, timestamp, assignment_at,
     properties, value, page, device, browser, created_at, outbox_id, lsn)
WITH
    intDiv(number, {EVENTS_A_USER}) AS user, number % {EVENTS_A_USER} AS step,
    cityHash64(user, 1) AS one, cityHash64(user, 2) AS two,
    toDateTime64('2026-01-01 00:00:00', 6, 'UTC') + toIntervalMicrosecond(two % (90 * 86400000000)) AS assigned,
    assigned + toIntervalMicrosecond(step * step * 180000000 + cityHash64(number, 3) % 60000000) AS moment,
    multiIf(step = {EVENTS_A_USER - 1} AND cityHash64(user, 4) % 10 = 0, 'conversion', step % 3 = 2, 'click', 'exposure') AS kind
SELECT
    concat('event-', toString(number)), one % {EXPERIMENTS} + 1, intDiv(one, 1000) % 2 AS variant, concat('user-', toString(user)),
    if(variant = 0, 'control', 'treatment'), kind, concat('session-', toString(user)), concat('request-', toString(number)),
    moment, assigned,
    concat('{{"value":', toString(if(kind = 'conversion', cityHash64(user, 5) % 10000 / 100, 0)), ',"campaign":"', hex(two), '","step":',
           toString(step), '}}'),
    if(kind = 'conversion', cityHash64(user, 5) % 10000 / 100, 0), concat('/page/', toString(number % 20)),
    ['mobile', 'desktop', 'tablet'][two % 3 + 1], ['chrome', 'firefox', 'safari', 'edge'][one % 4 + 1],
    moment + toIntervalSecond(1), toString(number), number
FROM numbers({{first:UInt64}}, {{count:UInt64}})
WHERE {{one_in:UInt64}} = 1 OR cityHash64(number, 6) % {{one_in:UInt64}} = 0
"""

# The way not taken: states that grow with every insert, and are the same however often a row comes.
STATES = [
    f"""CREATE TABLE {DATABASE}.user_states
    (
        experiment_id UInt32, user_id String,
        variants AggregateFunction(groupUniqArray, UInt32),
        assigned_at SimpleAggregateFunction(min, Nullable(DateTime64(6, 'UTC'))),
        first_exposure SimpleAggregateFunction(min, Nullable(DateTime64(6, 'UTC'))),
        last_click SimpleAggregateFunction(max, Nullable(DateTime64(6, 'UTC'))),
        conversions AggregateFunction(groupUniqArray, Tuple(DateTime64(6, 'UTC'), Float64, UInt64))
    ) ENGINE = AggregatingMergeTree ORDER BY (experiment_id, user_id)""",
    f"""CREATE MATERIALIZED VIEW {DATABASE}.user_states_mv TO {DATABASE}.user_states AS
    SELECT experiment_id, user_id, groupUniqArrayState(variant_id) AS variants, min(assignment_at) AS assigned_at,
        minOrNullIf(timestamp, is_exposure AND is_valid) AS first_exposure,
        maxOrNullIf(timestamp, is_click AND is_valid) AS last_click,
        groupUniqArrayStateIf((timestamp, value, cityHash64(event_key)), is_conversion AND is_valid) AS conversions
    FROM {DATABASE}.events_copy GROUP BY experiment_id, user_id""",
]
FROM_STATES = f"""
SELECT experiment_id, variants[1] AS variant_id, count() AS users, countIf(notEmpty(own)) AS converted,
    sum(arraySum(conversion -> conversion.2, own)) AS value
FROM
(
    SELECT experiment_id, user_id, groupUniqArrayMerge(variants) AS variants, min(first_exposure) AS exposed,
        arrayFilter(conversion -> conversion.1 >= exposed, groupUniqArrayMerge(conversions)) AS own
    FROM {DATABASE}.user_states GROUP BY experiment_id, user_id
)
WHERE length(variants) = 1 AND isNotNull(exposed)
GROUP BY experiment_id, variant_id"""
FROM_EVENTS = f"""
SELECT experiment_id, variant_id, users_exposed AS users, users_converted AS converted, value
FROM {DATABASE}.experiment_summary WHERE segment_type = 'all'"""


def ask(server: Analytics, address: str) -> float:
    """Seconds until the whole answer is here."""
    started = time.perf_counter()
    with urllib.request.urlopen(server.url.rstrip("/") + address, timeout=600) as reply:
        reply.read()
    return time.perf_counter() - started


def generate(server: Analytics, target: str, first: int, count: int, one_in: int = 1) -> float:
    started = time.perf_counter()
    for start in range(first, first + count, CHUNK):
        server.query(GENERATE.replace("{target}", f"{DATABASE}.{target}"),
                     params={"first": start, "count": min(CHUNK, first + count - start), "one_in": one_in})
    return time.perf_counter() - started


def merge_pending(server: Analytics) -> None:
    """Wait until the server has no merges left that it began by itself."""
    quiet = 0
    while quiet < 5:
        quiet = 0 if server.value("SELECT count() FROM system.merges") else quiet + 1
        time.sleep(1)


def batches(server: Analytics) -> None:
    """All users for the first time; bench/incremental.py measures that."""
    while server.value(WAITING):
        for name in STEPS:
            step(server, name)


def refresh_times(server: Analytics) -> dict:
    """View -> (seconds, CPU seconds, rows)"""
    times = {}
    for name in REFRESHED:
        view = f"{DATABASE}.{name}_mv"
        server.query(f"SYSTEM CANCEL VIEW {view}")
        before = cpu(server.process.pid)
        server.query(f"SYSTEM REFRESH VIEW {view}")
        server.query(f"SYSTEM WAIT VIEW {view}")
        (row,) = server.rows(f"SELECT last_success_duration_ms / 1000 AS seconds, written_rows FROM system.view_refreshes "
                             f"WHERE view = '{name}_mv'")
        times[name] = row["seconds"], cpu_between(before, cpu(server.process.pid)), row["written_rows"]
    return times


def check(server: Analytics, events: int, exactly: bool = False) -> None:
    """The summary must be what the generator made: every user exposed, every tenth converted."""
    users = events // EVENTS_A_USER
    (found,) = server.rows(f"SELECT sum(users_exposed) AS users, sum(users_converted) AS converted, sum(value) AS value "
                           f"FROM {DATABASE}.experiment_summary WHERE segment_type = 'all'")
    (made,) = server.rows(f"SELECT count() AS users, countIf(cityHash64(number, 4) % 10 = 0) AS converted, "
                          f"sumIf(cityHash64(number, 5) % 10000 / 100, cityHash64(number, 4) % 10 = 0) AS value FROM numbers({users})")
    assert (found["users"], found["converted"]) == (made["users"], made["converted"]), (found, made)
    assert abs(found["value"] / made["value"] - 1) < 1e-9, (found, made)
    rows = server.value(f"SELECT count() FROM {DATABASE}.events_processed")
    assert rows == events if exactly else rows > events
    assert events == server.value(f"SELECT count() FROM {DATABASE}.events")


def measure(page: Page, millions: int) -> dict:
    events = millions * 1_000_000
    folder = Path(tempfile.mkdtemp(prefix="analytics", dir=ROOT / "build"))
    try:
        with Analytics(folder) as server:
            shutil.copy(ROOT / "sql" / "experiments" / "page" / "experiments.html", folder)
            seconds = generate(server, "events_processed", 0, events)
            generate(server, "events_processed", 0, events, one_in=50)
            merge_pending(server)
            page.add(f"\n## {millions} million events\n\nMade and inserted at {events / seconds:,.0f} rows a second; with the 2 % that "
                     f"came twice {server.value(f'SELECT count() FROM {DATABASE}.events_processed'):,} rows, "
                     + server.value(f"SELECT formatReadableSize(sum(bytes_on_disk)) FROM system.parts "
                                    f"WHERE active AND table = 'events_processed'") + " on disk.\n")
            found = {"refresh": measure_refreshes(server, page, events), "queries": measure_queries(server, page)}
            if millions <= 10:
                measure_merged(server, page, events)
                other_ways(server, page, events)
    finally:
        shutil.rmtree(folder)
    return found


def measure_refreshes(server: Analytics, page: Page, events: int) -> float:
    batches(server)
    times = refresh_times(server)
    check(server, events)
    seconds = sum(seconds for seconds, _, _ in times.values())
    page.add(table(["refreshed", "rows", "seconds", "CPU seconds"], [
        *((name, f"{rows:,}", f"{wall:.2f}", f"{busy:.2f}") for name, (wall, busy, rows) in times.items()),
        ("all", "", f"{seconds:.2f}", f"{sum(busy for _, busy, _ in times.values()):.2f}")]))
    page.add(f"Most memory of the server: {peak_memory(server.process.pid) / 2**30:.1f} GiB.\n")
    return seconds


def measure_merged(server: Analytics, page: Page, events: int) -> None:
    """What a refresh costs where nothing is left to collapse."""
    server.query(f"OPTIMIZE TABLE {DATABASE}.events_processed FINAL")
    times = refresh_times(server)
    check(server, events, exactly=True)
    page.add(f"All refreshes once all parts are merged: {sum(seconds for seconds, _, _ in times.values()):.2f} s, "
             f"{sum(busy for _, busy, _ in times.values()):.2f} CPU seconds.\n")


def measure_queries(server: Analytics, page: Page) -> dict:
    """Query -> its median in seconds."""
    given = {"experiment": 77, "metric": "conversion"}
    queries = {address + "?" + urllib.parse.urlencode({name: value for name, value in given.items() if f"{{{name}:" in query}): address
               for address, query in page_queries().items()}
    minutes = (f"SELECT minute, event_type, sum(counted) FROM {DATABASE}.events_by_minute WHERE experiment_id = 77 AND "
               "minute >= '2026-02-01' AND minute < '2026-02-02' GROUP BY ALL FORMAT Null")
    others = {"minutes of a day, one experiment": minutes,
              "experiment_users_now, one experiment": f"SELECT * FROM {DATABASE}.experiment_users_now WHERE experiment_id = 77 FORMAT Null",
              "SELECT * FROM experiment_results": f"SELECT * FROM {DATABASE}.experiment_results FORMAT Null",
              "SELECT * FROM experiment_results_now": f"SELECT * FROM {DATABASE}.experiment_results_now FORMAT Null",
              **{f"dashboard: {title}": query for title, query in server_queries(server)}}
    queries |= {f"/?query={urllib.parse.quote(query)}": title for title, query in others.items()}
    samples = Samples()
    for _ in range(ROUNDS):
        for address, name in queries.items():
            samples.add(name, ask(server, address))
    page.add(table(["query", "least ms", "median ms"], [
        (name, f"{1000 * samples.least(name):.0f}", f"{1000 * samples.median(name):.0f}") for name in queries.values()]))
    return {name: samples.median(name) for name in queries.values()}


def server_queries(server: Analytics) -> list:
    values = {"experiment": "77", "rounding": "60", "seconds": "86400"}
    return [(row["title"].replace("{experiment}", "77"),
             re.sub(r"\{(\w+):UInt32\}", lambda match: values[match[1]], row["query"]) + " FORMAT Null")
            for row in server.rows(f"SELECT title, query FROM {DATABASE}.dashboard_queries FINAL ORDER BY position")]


def other_ways(server: Analytics, page: Page, events: int) -> None:
    """States that grow with each insert, and a projection; the same answers, or none."""
    server.query(f"CREATE TABLE {DATABASE}.events_copy AS {DATABASE}.events_processed")
    alone = generate(server, "events_copy", 0, events)
    server.query(f"TRUNCATE TABLE {DATABASE}.events_copy")
    for statement in STATES:
        server.query(statement)
    together = generate(server, "events_copy", 0, events)
    generate(server, "events_copy", 0, events, one_in=50)
    merge_pending(server)
    difference = server.value(f"SELECT count() FROM (SELECT experiment_id, variant_id, users, converted, round(value, 3) FROM ({FROM_STATES}) "
                              f"EXCEPT SELECT experiment_id, variant_id, users, converted, round(value, 3) FROM ({FROM_EVENTS}))")
    assert difference == 0, difference
    samples = Samples()
    for _ in range(3):
        for name, query in (("states", FROM_STATES),
                            ("events", f"SELECT experiment_id, variant_id, count(), countIf(conversions > 0), sum(value) "
                                       f"FROM {DATABASE}.experiment_users_now WHERE state = 'exposed' GROUP BY ALL")):
            samples.add(name, ask(server, f"/?query={urllib.parse.quote(query + ' FORMAT Null')}"))
    size = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = '{}'"
    share = server.value(size.format("user_states")) / server.value(size.format("events_copy"))
    server.query(f"ALTER TABLE {DATABASE}.events_copy MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild'")
    server.query(f"ALTER TABLE {DATABASE}.events_copy ADD PROJECTION by_type (SELECT experiment_id, event_type, count() "
                 "GROUP BY experiment_id, event_type)")
    server.query(f"ALTER TABLE {DATABASE}.events_copy MATERIALIZE PROJECTION by_type SETTINGS mutations_sync = 2")
    plan = server.query(f"EXPLAIN SELECT experiment_id, event_type, count() FROM {DATABASE}.events_copy FINAL GROUP BY ALL")
    without = server.query(f"EXPLAIN SELECT experiment_id, event_type, count() FROM {DATABASE}.events_copy GROUP BY ALL")
    page.add("The ways not taken:\n\n" + table(["way", "cost"], [
        ("idempotent states per user, kept at each insert", f"inserting takes {together / alone:.2f} times as long, {share:.0%} more disk; "
         f"reading the users of all experiments from them {samples.median('states'):.2f} s"),
        ("the same from the view `events`", f"{samples.median('events'):.2f} s"),
        ("a projection by type", "used without FINAL: " + ("yes" if "by_type" in without else "no") + ", with FINAL: "
         + ("yes" if "by_type" in plan else "no"))]))


def main() -> None:
    millions = [int(text) for text in sys.argv[1:]] or [1, 10]
    page = Page("analytics", "Experiment analytics: refreshes and queries as events grow")
    page.add(table(["what", "where"], machine()))
    page.add("Refreshes run one at a time here, each alone. A query's time is that of its whole answer over HTTP, the median of "
             f"{ROUNDS}; the page's queries may take {1000 * TARGET:.0f} ms.\n")
    found = {number: measure(page, number) for number in millions}
    page.add("\n## As events grow\n\n" + table(
        ["million events", "all refreshes, s", "slowest query of the page, ms", "which"],
        [(number, f"{each['refresh']:.2f}", f"{1000 * slowest[0]:.0f}", slowest[1])
         for number, each in found.items()
         for slowest in [max((seconds, name) for name, seconds in each["queries"].items() if name.startswith("/exp"))]]))
    page.write()


if __name__ == "__main__":
    main()
