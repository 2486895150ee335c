"""The aggregates are right whatever comes, in whatever order, however often: they equal a recount of the outbox rows."""
import random
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from tests.analytics.analytics import DATABASE, START, configure, event, text, users
from tests.analytics.recount import moment, place, recount

EXPERIMENTS = range(2001, 2006)
KNOWN = {2002: [0, 1], 2003: [0, 1, 2]}


@pytest.fixture(scope="module")
def outbox(analytics) -> list:
    """Messy rows of 5 experiments: unassigned, early, late, from two variants or unknown ones, with clocks ahead. In the
    table they came in any order, a third of them twice or three times, in several inserts."""
    chance = random.Random(20)
    for experiment, variants in KNOWN.items():
        configure(analytics, experiment, expected_split={variant: 1 for variant in variants})
    rows = []
    for number in range(6000):
        experiment = chance.choice(EXPERIMENTS)
        person = chance.randrange(300)
        at = chance.choice([chance.uniform(-600, 86400), chance.uniform(0, 40 * 86400), chance.randrange(3)])
        variant = chance.choice([person % 2] * 40 + [0, 1, 2, 9])
        kind = chance.choice(["exposure", "click", "conversion", "assignment", "scroll", ""])
        value = chance.choice([0, 0, round(chance.uniform(-5, 100), 2)]) if kind == "conversion" else 0
        rows.append(event(
            experiment, variant, f"u{person}", kind, at, key=f"messy {number}", value=value,
            assignment_at=chance.choice([text(START + timedelta(seconds=person))] * 9 + [None]),
            # Written down at once, too early by minutes or days, or nobody knows when.
            created_at=chance.choice([text(START + timedelta(seconds=at - chance.choice([0] * 12 + [299, 301, 9e4]))), None]),
            device=chance.choice(["mobile", "desktop", ""]), browser=chance.choice(["firefox", "chrome"]),
            page=chance.choice(["/a", "/b", "/ç"])))
    arrivals = rows + chance.sample(rows, 2000) + [row | {"lsn": 2} for row in chance.sample(rows, 1000)]
    chance.shuffle(arrivals)
    for first in range(0, len(arrivals), 1500):
        analytics.insert(arrivals[first:first + 1500])
    analytics.refresh()
    return rows


def table(analytics, name: str) -> dict:
    """The rows of the 5 experiments, as the recount writes them."""
    found = {}
    for row in analytics.rows(f"SELECT * FROM {DATABASE}.{name} WHERE experiment_id BETWEEN 2001 AND 2005"):
        key = row.pop("experiment_id"), row.pop("user_id")
        assert key not in found
        for column in ("assigned_at", "first_exposure", "first_conversion"):
            row[column] = moment(row[column])
        found[key] = row | {"value": round(row["value"], 6)}
    return found


def test_users_equal_a_recount(analytics, outbox):
    expected = recount(outbox, KNOWN, datetime.now(timezone.utc))
    states = Counter(row["state"] for row in expected.values())
    print(states, sum(row["conversions"] for row in expected.values()), "conversions")
    assert min(states.values()) > 10 and set(states) == {"exposed", "assigned", "never assigned", "two variants", "reassigned"}
    for name in ("experiment_users", "experiment_users_now"):
        found = table(analytics, name)
        assert found.keys() == expected.keys()
        for key, row in expected.items():
            # Where two first exposures are at the same microsecond, either may be the one.
            differences = {column: (found[key][column], value) for column, value in row.items()
                           if found[key][column] != value and column not in ("device", "browser", "page")}
            assert not differences, key
        segments = [all(found[key][column] == row[column] for column in ("device", "browser", "page"))
                    for key, row in expected.items()]
        assert segments.count(False) < 20


def test_summary_equals_a_recount(analytics, outbox):
    expected = Counter()
    for (experiment, _), row in recount(outbox, KNOWN, datetime.now(timezone.utc)).items():
        if row["state"] in ("exposed", "assigned"):
            expected[experiment, row["variant_id"], "assigned"] += 1
            expected[experiment, row["variant_id"], "exposed"] += row["state"] == "exposed"
            expected[experiment, row["variant_id"], "converted"] += row["conversions"] > 0
            expected[experiment, row["variant_id"], "clicked"] += row["clicked"]
    found = Counter()
    for row in analytics.rows(f"SELECT * EXCEPT (value_as_treatment, value_as_control) FROM {DATABASE}.experiment_summary "
                              "WHERE segment_type = 'all' AND experiment_id BETWEEN 2001 AND 2005"):
        for name in ("assigned", "exposed", "converted", "clicked"):
            found[row["experiment_id"], row["variant_id"], name] = row[f"users_{name}"]
    assert found == expected
    # Each exposed user is in one segment of each type.
    for row in analytics.rows(f"""
            SELECT experiment_id, variant_id, segment_type, sum(users_exposed) AS users
            FROM {DATABASE}.experiment_summary WHERE experiment_id BETWEEN 2001 AND 2005 GROUP BY ALL"""):
        assert row["users"] == expected[row["experiment_id"], row["variant_id"], "exposed"], row


@pytest.mark.parametrize("view, column, form", [
    ("events_by_minute", "minute", "%Y-%m-%d %H:%M:00.000"),
    ("events_by_hour", "hour", "%Y-%m-%d %H:00:00.000"),
    ("events_by_day", "day", "%Y-%m-%d"),
])
def test_events_by_time_equal_a_recount(analytics, outbox, view, column, form):
    now = datetime.now(timezone.utc)
    events, counted, value = Counter(), Counter(), Counter()
    for row in outbox:
        key = row["experiment_id"], row["variant_id"], row["event_type"], moment(row["timestamp"]).strftime(form)
        events[key] += 1
        if place(row, KNOWN, now) == "counted":
            counted[key] += 1
            value[key] += row["value"]
    found = {(row["experiment_id"], row["variant_id"], row["event_type"], row[column]): row for row in analytics.rows(
        f"SELECT * FROM {DATABASE}.{view} WHERE experiment_id BETWEEN 2001 AND 2005")}
    assert {key: row["events"] for key, row in found.items()} == events
    assert {key: row["counted"] for key, row in found.items() if row["counted"]} == counted
    assert all(row["value"] == pytest.approx(value[key]) for key, row in found.items())


def test_users_by_day_equal_a_recount(analytics, outbox):
    expected = Counter()
    for (experiment, _), row in recount(outbox, KNOWN, datetime.now(timezone.utc)).items():
        if row["state"] == "exposed":
            day = row["first_exposure"].strftime("%Y-%m-%d")
            expected[experiment, row["variant_id"], day, "users_exposed"] += 1
            expected[experiment, row["variant_id"], day, "newcomers_converted"] += row["conversions"] > 0
            if row["first_conversion"]:
                day = row["first_conversion"].strftime("%Y-%m-%d")
                expected[experiment, row["variant_id"], day, "users_converted"] += 1
    found = Counter()
    for row in analytics.rows(f"SELECT * FROM {DATABASE}.users_by_day WHERE experiment_id BETWEEN 2001 AND 2005"):
        for name in ("users_exposed", "users_converted", "newcomers_converted"):
            found[row["experiment_id"], row["variant_id"], row["day"], name] = row[name]
    assert +found == +expected


def test_the_same_batch_twice_changes_nothing(analytics):
    batch = users(2011, 0, 40, 10, 5) + users(2011, 1, 40, 20, 5)
    analytics.insert(batch)
    analytics.refresh()
    before = analytics.results(2011, "conversion"), table_of(analytics, "events_by_hour", 2011)
    analytics.insert(batch)
    analytics.insert([row | {"lsn": 9} for row in batch])
    analytics.refresh()
    assert (analytics.results(2011, "conversion"), table_of(analytics, "events_by_hour", 2011)) == before
    assert before[0][1]["users_converted"] == 20


def test_events_40_days_late_count_where_they_belong(analytics):
    analytics.insert(users(2012, 0, 10) + users(2012, 1, 10, first=10))
    analytics.refresh()
    assert analytics.results(2012, "conversion", 1)["users_converted"] == 0
    late = text(START + timedelta(days=40))
    # An exposure 40 days late makes a user exposed, and the conversion behind it count.
    analytics.insert([event(2012, 1, "v1u10", "conversion", 120, created_at=late),
                      event(2012, 1, "new", "conversion", 120, created_at=late)])
    analytics.refresh()
    assert analytics.results(2012, "conversion", 1)["users_converted"] == 1
    assert analytics.left_out(2012)["conversion before exposure"] == (1, 1)
    analytics.insert([event(2012, 1, "new", "exposure", 119, created_at=late)])
    analytics.refresh()
    row = analytics.results(2012, "conversion", 1)
    assert (row["users_exposed"], row["users_converted"]) == (11, 2)
    assert "conversion before exposure" not in analytics.left_out(2012)
    assert [row["hour"] for row in table_of(analytics, "events_by_hour", 2012) if row["event_type"] == "conversion"] == [
        "2026-03-02 12:00:00.000"]


def test_a_replayed_dead_letter_counts_once(analytics):
    """A message that did not decode, fixed and replayed: twice, and then delivered again."""
    envelope = ('{"op":"c","before":null,"after":{"id":%d,"aggregate_id":"dead","aggregate_type":"event","payload":"%s",'
                '"created_at":"2026-03-02T12:02:00Z"},"source":{"lsn":7}}')
    payload = (r'{\"experiment_id\":2013,\"variant_id\":%s,\"variant_key\":\"control\",\"user_id\":\"d%d\",'
               r'\"event_type\":\"%s\",\"timestamp\":\"2026-03-02T12:01:00Z\",\"assignment_at\":\"2026-03-02T12:00:00Z\"}')
    decode = f"INSERT INTO {DATABASE}.decoded_events (event, message, topic, partition, offset, attempt) "
    good = [envelope % (number, payload % (0, number, "exposure")) for number in range(5)]
    bad = envelope % (99, payload % ("-1", 4, "conversion"))
    for offset, message in enumerate([*good, bad]):
        analytics.query(decode + "SELECT experimentEvent({m:String}), {m:String}, 'dead', 0, {o:UInt64}, 0",
                        params={"m": message, "o": offset})
    analytics.refresh()
    assert analytics.results(2013, "conversion", 0)["users_converted"] == 0
    letters = f"SELECT count() FROM {DATABASE}.dead_letters_open WHERE topic = 'dead'"
    assert analytics.value(letters) == 1
    fix = decode + (f"SELECT experimentEvent(replaceOne(message, ':-1', ':0')) AS event, message, topic, partition, offset, "
                     f"attempt + 1 FROM {DATABASE}.dead_letters FINAL WHERE topic = 'dead'")
    analytics.query(fix)
    analytics.query(fix)
    analytics.refresh()
    assert analytics.value(letters) == 0
    row = analytics.results(2013, "conversion", 0)
    assert (row["users_exposed"], row["users_converted"]) == (5, 1)
    analytics.query(decode + "SELECT experimentEvent({m:String}), {m:String}, 'dead', 0, 17, 0",
                    params={"m": bad.replace(":-1", ":0")})
    analytics.refresh()
    assert analytics.results(2013, "conversion", 0) == row


def test_left_out_says_how_many_and_why(analytics):
    configure(analytics, 2014, expected_split={0: 1, 1: 1})
    late = {"created_at": text(START + timedelta(hours=1))}
    analytics.insert([
        *users(2014, 0, 10), *users(2014, 1, 10, first=10),
        event(2014, 0, "none", "exposure", 70, assignment_at=None),
        event(2014, 0, "v0u1", "conversion", 80, assignment_at=None, value=5),
        event(2014, 0, "v0u2", "conversion", -10, value=5),
        event(2014, 9, "stranger", "exposure", 60), event(2014, 9, "v0u3", "conversion", 90, value=5),
        event(2014, 0, "v0u4", "conversion", 4000, **late),
        event(2014, 0, "v0u5", "conversion", 3600 + 299, value=5, **late),
        event(2014, 0, "v0u6", "conversion", 30, value=5),
        event(2014, 0, "both", "exposure", 60), event(2014, 1, "both", "conversion", 90, value=5),
        event(2014, 1, "v1u10", "conversion", 90, properties="{}"),
        event(2014, 1, "v1u11", "conversion", 90, properties='{"value":"a lot"}'),
        event(2014, 1, "v1u12", "conversion", 90, properties='{"value":0}'),
        event(2014, 1, "v1u13", "conversion", 90, properties='{"value":"0.0"}'),
        event(2014, 1, "v1u14", "conversion", 90, properties='{"value":{"amount":3}}'),
        event(2014, 1, "v1u15", "conversion", 90, properties='{"value":null}'),
        event(2014, 1, "v1u16", "conversion", 90, value=7.5, properties='{"value":"7.5"}'),
    ])
    analytics.refresh()
    assert analytics.left_out(2014) == {
        "event without assignment": (2, 2),
        "event before its assignment": (1, 1),
        "event of an unknown variant": (2, 2),
        "event with a clock ahead": (1, 1),
        "conversion before exposure": (1, 1),
        "user seen in two variants": (1, 2),
        "conversion without value (counts as 0)": (2, 2),
        "conversion whose value is no number (counts as 0)": (2, 2),
        "conversion of value 0": (2, 2),
    }
    rows = analytics.results(2014, "value")
    assert rows.keys() == {0, 1}
    assert (rows[0]["users_exposed"], rows[0]["users_converted"], rows[0]["rate"]) == (10, 1, 0.5)
    assert (rows[1]["users_exposed"], rows[1]["users_converted"], rows[1]["rate"]) == (10, 7, 0.75)
    assert (rows[0]["users_in_two_variants"], rows[0]["events_left_out"]) == (1, 9)


def test_an_experiment_of_which_nothing_counts_is_shown_all_the_same(analytics):
    analytics.insert([event(2015, 0, "u", "exposure", 1, assignment_at=None)])
    analytics.refresh()
    row = analytics.results(2015, "conversion", 0)
    assert (row["users_assigned"], row["rate"], row["events_left_out"]) == (0, None, 1)


@pytest.mark.parametrize("experiment, day", [(2021, "1900-01-01"), (2022, "1969-12-31"), (2023, "2149-06-07"),
                                             (2024, "2299-12-30")])
def test_times_far_away_keep_their_hour(analytics, experiment, day):
    when = moment(f"{day} 21:34:56.789000")
    analytics.insert([event(experiment, 0, "u", "exposure", timestamp=text(when), assignment_at=text(when),
                            created_at=text(when))])
    analytics.refresh()
    (row,) = table_of(analytics, "events_by_hour", experiment)
    assert (row["hour"], row["counted"]) == (f"{day} 21:00:00.000", 1)
    assert [row["day"] for row in table_of(analytics, "users_by_day", experiment)] == [day]
    assert [row["minute"] for row in table_of(analytics, "events_by_minute", experiment)] == [f"{day} 21:34:00.000"]


def table_of(analytics, name: str, experiment: int) -> list:
    return analytics.rows(f"SELECT * FROM {DATABASE}.{name} WHERE experiment_id = {{e:UInt32}} ORDER BY ALL",
                          params={"e": experiment})
