"""Every query of docs/recipes.md runs, and answers what a count in Python does."""
import csv
import json
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

import numpy
import pytest
from scipy import stats

from tests.analytics.analytics import DATABASE, decoded, text
from tests.analytics.recount import moment, recount
from tests.analytics.story import SETTINGS, history
from tests.stack.engine import ROOT

NOW = datetime.now(timezone.utc)
KNOWN = {101: [0, 1]}


def recipes() -> dict:
    """Heading -> the queries below it."""
    found = defaultdict(list)
    page = (ROOT / "docs" / "recipes.md").read_text()
    for heading, body in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", page, re.M | re.S):
        found[heading] += re.findall(r"```sql\n(.*?)```", body, re.S)
    return found


RECIPES = recipes()
TESTED = set()


@pytest.fixture(scope="module")
def outbox(analytics) -> list:
    """The rows of experiment 101 of the story, as in the table; and three dead letters."""
    rows = [row for row in decoded(history(NOW, scale=0.5)) if row["experiment_id"] == 101]
    # A user who is back the next day.
    back = next(row for row in rows if row["event_type"] == "exposure")
    rows.append(back | {"outbox_id": "back"} | {name: text(moment(back[name]) + timedelta(days=1)) for name in ("timestamp", "created_at")})
    analytics.insert(SETTINGS, "experiment_settings")
    analytics.insert(rows)
    analytics.insert([{"topic": "recipes", "offset": number, "reason": "broken", "message": json.dumps({"op": "c", "source": {}, "after": {
        "payload": json.dumps({"user_id": f"u{number}", "timestamp": "2026-01-02T03:04:05Z",
                               "properties": json.dumps({"cart": {"items": number % 2}})})}})} for number in range(3)],
                     "dead_letters")
    analytics.refresh()
    return rows


@pytest.fixture(scope="module")
def people(outbox) -> list:
    """The exposed users, counted again."""
    return [row | {"user_id": user} for (_, user), row in recount(outbox, KNOWN, NOW).items() if row["state"] == "exposed"]


def run(analytics, heading: str, number: int = 0) -> list:
    TESTED.add((heading, number))
    return analytics.rows(RECIPES[heading][number])


def test_decision(analytics, people):
    rows = run(analytics, "A decision")
    assert [(row["variant_key"], row["metric"]) for row in rows] == [
        (variant, metric) for metric in ("click", "conversion", "value") for variant in ("control", "one step")]
    for row in rows[2:4]:
        own = [person for person in people if person["variant_id"] == (row["variant_key"] == "one step")]
        assert row["users_exposed"] == len(own) and row["rate"] == sum(person["conversions"] > 0 for person in own) / len(own)


def test_segments(analytics, people):
    rows = analytics.rows(f"SELECT * FROM {DATABASE}.experiment_segment_results WHERE experiment_id = 101 AND NOT is_control")
    assert {row["segment_type"] for row in rows} == {"device", "browser", "page"} and all(row["finding"] for row in rows)
    found = [row for row in rows if row["finding"].startswith(("Better", "Worse"))]
    assert [(row["metric"], row["segment"], row["finding"]) for row in run(analytics, "A decision", 1)] == [
        (row["metric"], row["segment"], row["finding"]) for row in sorted(found, key=lambda row: (row["metric"], row["p_value_corrected"]))]


def test_plan(analytics, people):
    rows = run(analytics, "How many users are needed", 1)
    control = {row["metric"]: row for row in analytics.rows(
        f"SELECT * FROM {DATABASE}.experiment_results WHERE experiment_id = 101 AND is_control")}
    assert {row["metric"] for row in rows} == {"conversion", "click", "value"}
    for row in rows:
        assert row["effect"] == pytest.approx(row["effect_share"] * control[row["metric"]]["rate"]) and row["users_needed"] > 0
        assert row["days_needed"] == pytest.approx(row["users_needed"] / row["users_per_day"])


def test_csv_and_parquet(analytics, people):
    TESTED.add(("Into other tools", 0))
    query, expected = RECIPES["Into other tools"][0], f"{DATABASE}.experiment_results"
    files = analytics.folder / "user_files"
    for form in ("CSVWithNames", "Parquet"):
        (files / form).write_bytes(analytics.query_bytes(query.replace("CSVWithNames", form)))
    with open(files / "CSVWithNames", newline="") as file:
        lines = list(csv.DictReader(file))
    theirs = analytics.rows(f"SELECT * FROM {expected} ORDER BY experiment_id, metric, variant_id")
    assert len(lines) == len(theirs) > 0
    for line, row in zip(lines, theirs):
        assert list(line) == list(row) and line["verdict"] == row["verdict"]
        assert line["difference"] == "\\N" if row["difference"] is None else float(line["difference"]) == row["difference"]
    assert (files / "Parquet").read_bytes()[:4] == b"PAR1"
    # Read again, it has the same rows.
    columns = "* EXCEPT computed_at"
    hashes = [analytics.value(f"SELECT sum(cityHash64(toString(tuple({columns})))) FROM {place}")
              for place in (expected, f"file('{files / 'Parquet'}', 'Parquet', '{structure(analytics)}')")]
    assert hashes[0] == hashes[1] != 0


def structure(analytics) -> str:
    columns = analytics.rows(f"SELECT name, type FROM system.columns WHERE database = '{DATABASE}' AND table = 'experiment_results' ORDER BY position")
    return ", ".join(f"{column['name']} {column['type']}" for column in columns).replace("'", "\\'")


def test_growthbook(analytics, outbox):
    """Its assignments and facts, joined as it joins them (first exposure; facts from then on; users in two variations left out), are the
    same experiment."""
    day = {"{{startDate}}": "2020-01-01 00:00:00", "{{endDate}}": "2100-01-01 00:00:00"}
    assignments, facts = (re.sub(r"\{\{\w+\}\}", lambda found: day[found[0]], query) for query in RECIPES["Into other tools"][1:])
    TESTED.update({("Into other tools", 1), ("Into other tools", 2)})
    rows = {row["variation"]: row for row in analytics.rows(f"""
        WITH
            exposures AS
            (
                SELECT user_id, any(variation_id) AS variation, uniqExact(variation_id) AS variations, min(timestamp) AS first
                FROM ({assignments}) WHERE experiment_id = '101' GROUP BY user_id
            ),
            users AS
            (
                SELECT
                    exposures.user_id AS user_id,
                    any(exposures.variation) AS variation,
                    countIf(facts.event_type = 'conversion' AND facts.timestamp >= exposures.first) > 0 AS converted,
                    countIf(facts.event_type = 'click' AND facts.timestamp >= exposures.first) > 0 AS clicked,
                    sumIf(facts.value, facts.event_type = 'conversion' AND facts.timestamp >= exposures.first) AS value
                FROM exposures LEFT JOIN ({facts}) AS facts ON facts.user_id = exposures.user_id AND facts.experiment_id = '101'
                WHERE exposures.variations = 1
                GROUP BY user_id
            )
        SELECT variation, count() AS users, avg(converted) AS conversion, avg(clicked) AS click, avg(users.value) AS value
        FROM users GROUP BY variation""")}
    assert set(rows) == {"0", "1"}
    for row in analytics.rows(f"SELECT variant_id, metric, rate, users_exposed FROM {DATABASE}.experiment_results WHERE experiment_id = 101"):
        theirs = rows[str(row["variant_id"])]
        assert theirs["users"] == row["users_exposed"] and theirs[row["metric"]] == pytest.approx(row["rate"])


def test_how_many_users(analytics):
    (row,) = run(analytics, "How many users are needed")
    # Each sample's variance with its own rate.
    variance = 0.12 * 0.88 + 0.14 * 0.86
    assert row["users_per_variant"] == pytest.approx(
        (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2 * variance / 0.02 ** 2, rel=0.01)


def test_settings(analytics):
    TESTED.add(("Settings", 0))
    analytics.query(RECIPES["Settings"][0])
    assert analytics.value(f"SELECT name FROM {DATABASE}.experiment_settings FINAL WHERE experiment_id = 101") == SETTINGS[0]["name"]


def test_funnel(analytics, outbox, people):
    exposed = {person["user_id"]: person for person in people}
    expected = {name: Counter() for name in ("control", "one step")}
    for user, person in exposed.items():
        name = "one step" if person["variant_id"] else "control"
        own = sorted((row["timestamp"], row["event_type"]) for row in outbox if row["user_id"] == user and row["assignment_at"]
                     and row["variant_id"] < 2 and row["timestamp"] < row["created_at"])
        expected[name]["exposed"] += 1
        click = next((time for time, kind in own if kind == "click"), None)
        if click:
            expected[name]["clicked"] += 1
            expected[name]["converted"] += any(kind == "conversion" and time >= click for time, kind in own)
    assert {row.pop("variant"): row for row in run(analytics, "Funnel")} == expected


def test_retention(analytics, people):
    before = datetime.now(timezone.utc)
    rows = run(analytics, "Retention by variant")
    after = datetime.now(timezone.utc)
    assert [row["variant"] for row in rows] == ["control", "one step"]
    # The query's now() is in between, and has whole milliseconds.
    old, older = ([person for person in people if person["first_exposure"] < moment - timedelta(days=1)]
                  for moment in (after, before - timedelta(milliseconds=1)))
    for variant, row in enumerate(rows):
        least, most = (sum(person["variant_id"] == variant for person in group) for group in (older, old))
        assert least <= row["users"] <= most
    back = sum(round(row["next_day"] * row["users"]) for row in rows)
    # The one who came back; and who was exposed within the hour before midnight and went on after it.
    assert 1 <= back <= 0.1 * len(old)


def test_time_to_convert(analytics, people):
    for row in run(analytics, "Time to convert"):
        seconds = sorted(int(person["first_conversion"].timestamp()) - int(person["first_exposure"].timestamp())
                         for person in people if person["first_conversion"] and person["variant_id"] == row["variant_id"])
        assert row["conversions"] == len(seconds) > 50
        assert row["seconds"] == [seconds[int(level * len(seconds))] for level in (0.1, 0.5, 0.9)]


def test_novelty(analytics, people):
    rows = run(analytics, "Novelty")
    assert [row["day"] for row in rows] == sorted({person["first_exposure"].strftime("%Y-%m-%d") for person in people}
                                                  | {person["first_conversion"].strftime("%Y-%m-%d") for person in people
                                                     if person["first_conversion"]})
    for row in rows:
        for name, variant in (("control", 0), ("treatment", 1)):
            own = [person for person in people
                   if person["variant_id"] == variant and person["first_exposure"].strftime("%Y-%m-%d") == row["day"]]
            assert row[name] == (sum(person["conversions"] > 0 for person in own) / len(own) if own else None)


def test_outliers(analytics, people):
    (row,) = run(analytics, "With and without outliers")
    values = {variant: numpy.array([person["value"] for person in people if person["variant_id"] == variant]) for variant in (0, 1)}
    some = sorted(value for own in values.values() for value in own if value > 0)
    limit = some[int(0.99 * len(some))]
    cut = {variant: numpy.minimum(own, limit) for variant, own in values.items()}
    assert row["difference"] == pytest.approx(values[1].mean() - values[0].mean())
    assert row["p_value"] == pytest.approx(stats.ttest_ind(values[1], values[0], equal_var=False).pvalue)
    assert row["difference_cut"] == pytest.approx(cut[1].mean() - cut[0].mean())
    assert row["p_value_cut"] == pytest.approx(stats.ttest_ind(cut[1], cut[0], equal_var=False).pvalue)
    assert row["users_cut"] == sum((own > limit).sum() for own in values.values()) > 0


def test_one_users_way(analytics, outbox):
    rows = run(analytics, "One user's events")
    assert [(row["timestamp"], row["event_type"]) for row in rows] == sorted(
        (row["timestamp"], row["event_type"]) for row in outbox if row["user_id"] == "user-101-7") and len(rows) >= 2


def test_minute_by_minute(analytics, outbox):
    rows = run(analytics, "The last hours, minute by minute")
    since = text(NOW - timedelta(hours=3))
    expected = sum(since < row["timestamp"] < text(NOW) for row in outbox)
    assert sum(row["events"] for row in rows) == pytest.approx(expected, abs=0.1 * expected + 3)


def test_raw_messages(analytics, outbox):
    assert run(analytics, "Raw messages", 0) == [
        {"reason": "broken", "user_id": f"u{number}", "happened": "2026-01-02 03:04:05.000000"} for number in range(3)]
    assert run(analytics, "Raw messages", 1) == [{"items": 0, "messages": 2}, {"items": 1, "messages": 1}]
    expected = Counter(field for row in outbox for field in json.loads(row["properties"]))
    assert {row["field"]: row["events"] for row in run(analytics, "Raw messages", 2)} == expected


def test_every_recipe_is_tested():
    assert {(heading, number) for heading, queries in RECIPES.items() for number in range(len(queries))} == TESTED
