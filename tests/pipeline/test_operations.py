"""The other ways in: batches, backfills, replays, and rows by hand."""
import json
import shutil
import time

import pytest

from tests.pipeline.conftest import COLUMNS, DATABASE, FIXTURES, TOPIC, decode, envelope, fixture_lines, statements
from tests.stack.engine import Engine
from tests.stack.kafka import Kafka
from tests.support.waiting import wait_until

# Properties that people write, and how a decoder must read them.
PROPERTIES = [
    "{}", '{"value": 99.99}', '{"value": "99.99", "score": "7"}', '{"value": -1.5e3, "score": 0}', '{"value": true}',
    '{"value": null, "page": null}', '{"value": ""}', '{"value": "1e400"}', '{"value": "inf", "score": "nan"}',
    '{"value": " 5", "score": "+1"}', '{"value": "0x10", "score": ".5"}', '{"value": "1.", "score": "01"}',
    '{"value": {"a": 1}, "score": [1]}', '{"value": 18446744073709551615}', '{"score": 0.1, "score": 2}',
    '{"value": 0.30000000000000004, "score": "123456789.123456789"}', '{"value": 5e-324, "score": "2.2250738585072014e-308"}',
    '{"value": "100000000000000000000000"}',
    '{"page": "/a", "device": "phone", "browser": "x"}', '{"page": "\\u00e9\\n\\"\\ud83d\\ude00"}', '{"page": 5}',
    '{"page": true, "device": false}', '{"page": {"a":[1,"b"]}, "device": []}', '{"page": ""}', "plain", "", "null", "[1]", "7",
]


def test_a_row_by_hand(pipeline):
    insert, select = statements("manual_row")
    pipeline.engine.query(insert)
    assert pipeline.engine.query(select) == "manual_test_1\tconversion\t99.99\t0\ttrue\n"


@pytest.mark.parametrize("properties", PROPERTIES)
def test_a_row_by_hand_reads_its_properties_as_the_decoder_does(engine, pipeline, properties):
    columns = "value, score, page, device, browser"
    id = f"by hand {PROPERTIES.index(properties)}"
    engine.query(f"INSERT INTO {DATABASE}.events_processed (id, properties) VALUES ({{id:String}}, {{properties:String}})",
                 params={"id": id, "properties": properties})
    message = json.dumps({"op": "c", "source": {}, "after": {
        "aggregate_id": "a", "aggregate_type": "event",
        "payload": '{"experiment_id":1,"variant_id":1,"user_id":"u","timestamp":0,"properties":'
                   + (properties if _is_json(properties) else json.dumps(properties)) + "}"}})
    decoded = engine.rows(f"SELECT {columns} FROM (SELECT experimentEvent({{message:String}}) AS event, "
                          + ", ".join(f"event.{name} AS {name}" for name in columns.split(", ")) + ")",
                          params={"message": message})
    by_hand = engine.rows(f"SELECT {columns} FROM {DATABASE}.events_processed WHERE id = '{id}'")
    assert by_hand == decoded


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
        return True
    except ValueError:
        return False


def test_what_follows_from_a_row(engine, pipeline):
    rows = [  # event_type, timestamp, assignment_at -> is_conversion, is_exposure, is_click, is_valid
        ("conversion", "2026-01-02 00:00:00", "2026-01-01 00:00:00", [True, False, False, True]),
        ("exposure", "2026-01-02 00:00:00", "2026-01-02 00:00:00", [False, True, False, True]),
        ("click", "2026-01-02 00:00:00", "2026-01-02 00:00:00.000001", [False, False, True, False]),
        ("Click", "2026-01-02 00:00:00", None, [False, False, False, False]),
    ]
    for n, (event_type, timestamp, assignment_at, _) in enumerate(rows):
        engine.query(f"INSERT INTO {DATABASE}.events_processed (id, event_type, timestamp, assignment_at) FORMAT JSONEachRow",
                     data=json.dumps({"id": f"follows_{n}", "event_type": event_type, "timestamp": timestamp,
                                      "assignment_at": assignment_at}).encode())
    answers = engine.rows(f"""SELECT [is_conversion, is_exposure, is_click, is_valid] AS answer
                              FROM {DATABASE}.events WHERE startsWith(id, 'follows_') ORDER BY id""")
    assert [row["answer"] for row in answers] == [wanted for *_, wanted in rows]


def test_a_batch_on_demand(engine, pipeline):
    """The batch group reads the topic from its beginning; what the live group has decoded collapses with it."""
    first = pipeline.send([envelope("batch_1", 9201), b"batch bad", envelope("batch_2")])
    before = pipeline.events(first, table="events")
    letters = pipeline.letters(first)
    assert len(before) == 2 and len(letters) == 1
    engine.query(f"TRUNCATE TABLE {DATABASE}.events_processed")
    engine.query(f"TRUNCATE TABLE {DATABASE}.dead_letters")
    assert pipeline.events(first) == []
    pipeline.run("batch")
    wait_until(lambda: pipeline.events(first, table="events") == before and pipeline.letters(first) == letters, 60,
               "the batch has read the topic", pause=0.2)
    pipeline.run("batch_end")


def test_reading_again_works_every_time(tmp_path):
    """200,000 messages by batches and by audits, a kill -9 in the middle of each; the next time reads what came since and no more."""
    with Kafka(tmp_path / "kafka") as broker, Engine(tmp_path / "engine", broker=broker.address) as server:
        server.apply()
        server.query(f"DROP VIEW {DATABASE}.decoded_events_mv SYNC")
        broker.create_topic(TOPIC)
        body, sent = b"".join(b"%b\n" % envelope(str(n), n + 1) for n in range(200_000)), 200_000
        broker._kcat("-P", "-t", TOPIC, "-p", "0", "-X", "queue.buffering.max.messages=1000000", data=body)
        counts = {
            "batch": f"SELECT count() FROM {DATABASE}.events",
            "audit": f"SELECT sum(bitmapCardinality(o)) FROM (SELECT groupBitmapMergeState(offsets) AS o "
                     f"FROM {DATABASE}.pipeline_offsets_audited GROUP BY bucket)"}

        def run(name: str) -> None:
            for statement in statements(name):
                server.query(statement)

        for name, count in counts.items():
            begin = time.monotonic()
            run(name)
            wait_until(lambda: server.value(count) > 0, 60, f"{name}: some have been read", pause=0.01)
            seen = server.value(count)
            server.kill()
            server.start()
            server.wait_for(count, sent, 120)
            run(f"{name}_end")
            print(f"{name}: killed after {seen} of {sent} messages, all there after {time.monotonic() - begin:.0f} s")
        for more in (1, 500):
            broker.produce(TOPIC, [envelope(str(sent + n), sent + n + 1) for n in range(more)])
            sent += more
            for name, count in counts.items():
                delivered = server.value(f"SELECT sum(rows) FROM {DATABASE}.pipeline_minutes")
                run(name)
                server.wait_for(count, sent, 60)
                run(f"{name}_end")
                read = server.value(f"SELECT sum(rows) FROM {DATABASE}.pipeline_minutes") - delivered
                assert read == (more if name == "batch" else 0)


def test_a_backfill_from_a_file(engine, pipeline):
    name = "bare.public.outbox_text"
    file = engine.folder / "user_files" / "backfill.ndjson"
    shutil.copy(FIXTURES / f"{name}.ndjson", file)
    decoded = decode(fixture_lines(name))
    # Twice: the second run changes nothing.
    for _ in range(2):
        pipeline.run("backfill", file=file)
        events = engine.rows(f"SELECT {', '.join(COLUMNS)} FROM {DATABASE}.events WHERE topic = '{file}' ORDER BY offset")
        assert events == [{name: row[name] for name in COLUMNS} for row in decoded if row["outcome"] == "event"]
        letters = engine.rows(f"SELECT partition, offset, row, reason FROM {DATABASE}.dead_letters FINAL "
                              f"WHERE topic = '{file}' ORDER BY offset")
        assert letters == [{"partition": 0, "offset": n, "row": 0, "reason": row["reason"]}
                           for n, row in enumerate(decoded) if row["outcome"] == "error"]


def test_a_large_backfill_numbers_its_rows(engine, pipeline):
    file = engine.folder / "user_files" / "large.ndjson"
    file.write_bytes(b"".join(b"bad %d %b\n" % (n, b"x" * 500) for n in range(60_000)))
    pipeline.run("backfill", file=file)
    (result,) = engine.rows(f"""
        SELECT count() AS letters, countIf(message LIKE concat('bad ', toString(offset), ' %')) AS right
        FROM {DATABASE}.dead_letters WHERE topic = '{file}'""")
    assert result == {"letters": 60_000, "right": 60_000}


def test_a_replay_happens_once(engine, pipeline):
    """One letter that yesterday's layout refused, one that nobody wants any more, one that is as bad as ever."""
    messages = [envelope("fixed", 9301), envelope("x").replace(b'"op": "c"', b'"op": "d"'), b"still bad"]
    place = "topic = 'yesterday' AND partition = 3"
    engine.query(f"""
        INSERT INTO {DATABASE}.dead_letters (topic, partition, offset, row, reason, message, key, `headers.name`,
                                             `headers.value`, kafka_time) FORMAT JSONEachRow""",
                 data="\n".join(json.dumps({
                     "topic": "yesterday", "partition": 3, "offset": n, "row": n, "reason": "does not fit",
                     "message": message.decode(), "key": "k", "headers.name": ["h"], "headers.value": ["v"],
                     "kafka_time": "2026-01-01 00:00:00.000"}) for n, message in enumerate(messages)).encode())
    for attempt in (1, 2):
        pipeline.run("replay")
        assert engine.query(f"SELECT id, event_key, offset FROM {DATABASE}.events WHERE {place}") == "fixed\t9301\t0\n"
        assert engine.value(f"SELECT count() FROM {DATABASE}.events_processed WHERE {place}") == 1
        assert engine.query(f"""
            SELECT offset, row, attempt, resolved, reason, key, headers.name, headers.value, kafka_time
            FROM {DATABASE}.dead_letters FINAL WHERE {place} ORDER BY offset""") == (
            "0\t0\t1\ttrue\t\tk\t['h']\t['v']\t2026-01-01 00:00:00.000\n"
            "1\t1\t1\ttrue\top d\tk\t['h']\t['v']\t2026-01-01 00:00:00.000\n"
            f"2\t2\t{attempt}\tfalse\tnot JSON: expected a value at byte 0\tk\t['h']\t['v']\t2026-01-01 00:00:00.000\n")
    assert engine.query(f"SELECT message FROM {DATABASE}.dead_letters_open WHERE {place}") == "still bad\n"


def test_a_late_second_delivery_does_not_open_a_letter_again(engine, pipeline):
    letter = f"""INSERT INTO {DATABASE}.decoded_events (event, message, topic, offset, row, attempt)
                 SELECT experimentEvent(message), '{{"late":1}}' AS message, 'late', 1, 0, {{attempt:UInt32}}"""
    engine.query(letter, params={"attempt": 0})
    is_open = f"SELECT count() FROM {DATABASE}.dead_letters_open WHERE topic = 'late'"
    assert engine.value(is_open) == 1
    good = letter.replace('\'{"late":1}\'', "{message:String}")
    engine.query(good, params={"attempt": 1, "message": envelope("late", 9401).decode()})
    assert engine.value(is_open) == 0
    engine.query(letter, params={"attempt": 0})
    assert engine.value(is_open) == 0


def test_keys_that_stand_twice_are_listed(engine, pipeline):
    for timestamp in ("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z"):
        pipeline.send([envelope("conflict", 9501, timestamp=timestamp), envelope("no_conflict", 9502)])
    (query,) = statements("event_keys_twice")
    found = {row["event_key"]: row["sorting_keys"] for row in engine.rows(query)}
    assert found["9501"] == [[1, 1, "2026-01-02 03:04:05.000000"], [1, 1, "2026-01-02 03:04:06.000000"]] \
        or found["9501"] == [[1, 1, "2026-01-02 03:04:06.000000"], [1, 1, "2026-01-02 03:04:05.000000"]]
    assert "9502" not in found


def test_reasons_are_grouped_without_their_values(engine, pipeline):
    pipeline.send([envelope("x", experiment_id=2**32 + n) for n in range(3)])
    (query,) = statements("why_dead")
    counted = {row["reason"]: row["letters"] for row in engine.rows(query)}
    assert counted["after.payload.experiment_id: … does not fit UInt32"] >= 3


def test_a_user_is_erased_everywhere(tmp_path):
    """From events, letters that can be read and letters that cannot, attempts, reasons and aggregates; nobody else is."""
    user, other = "erase me.1", "erase me.10"
    with Engine(tmp_path, level="fatal") as server:
        server.apply()
        for n, name in enumerate((user, other)):
            payload = {"user_id": name, "event_type": "exposure", "assignment_at": "2026-01-01T00:00:00Z"}
            for row, message in enumerate((
                    envelope("a", 10 * n + 1, **payload), envelope("b", 10 * n + 2, **payload | {"variant_id": name}),
                    envelope("c", 10 * n + 3, **payload)[:-9], b"[%s]" % name.encode())):
                server.query(f"""
                    INSERT INTO {DATABASE}.decoded_events (event, message, topic, partition, offset, row, kafka_time, live)
                    SELECT experimentEvent(m), m, 't', {n}, {row}, 0, now64(3), true FROM (SELECT {{message:String}} AS m)""",
                             params={"message": message.decode()})
        # A second attempt of each letter.
        for statement in statements("replay"):
            server.query(statement)
        server.wait_for(f"SELECT count() FROM {DATABASE}.experiment_users WHERE user_id IN ({{one:String}}, {{two:String}})", 2, 60,
                        params={"one": user, "two": other})

        def held(n: int, name: str) -> list:
            return [server.value(sql, params={"user": name}) for sql in (
                f"SELECT count() FROM {DATABASE}.events_processed WHERE user_id = {{user:String}}",
                f"SELECT count() FROM {DATABASE}.experiment_users WHERE user_id = {{user:String}}",
                f"SELECT uniqExact(offset) FROM {DATABASE}.dead_letters WHERE partition = {n}",
                f"SELECT countIf(error_reason != '') > 0 FROM {DATABASE}.pipeline_minutes WHERE partition = {n}")]

        server.query(f"INSERT INTO {DATABASE}.pipeline_minutes (topic, minute, error_reason) VALUES ('t', now(), 'x: {user} does')")
        assert held(0, user) == held(1, other) == [1, 1, 3, 1]
        *erase, left = statements("erase_user")
        def erased(name: str) -> bool:
            """Again where a batch was on its way, as the operation says."""
            for statement in erase:
                server.query(statement, params={"user": name})
            return server.value(left, params={"user": name}) == 0

        assert erased(user) or erased(user) or erased(user)
        assert held(0, user)[:3] == [0, 0, 0]
        assert server.value(f"SELECT count() FROM {DATABASE}.pipeline_minutes WHERE error_reason LIKE '%{user} %'") == 0
        assert held(1, other)[:3] == [1, 1, 3]
        assert erased(other) or erased(other) or erased(other)
        # A user whom nobody knows is no reason to touch anything.
        for statement in erase:
            server.query(statement, params={"user": "nobody"})


def test_retention(tmp_path):
    """Old events go; of the letters those that were resolved long ago, with the attempts that a merge has not met."""
    with Engine(tmp_path, level="fatal") as server:
        server.apply()
        server.query(f"""INSERT INTO {DATABASE}.events_processed (id, timestamp) VALUES
                         ('old', '1950-01-01 00:00:00'), ('past', now() - INTERVAL 3 YEAR), ('now', now()), ('later', '2299-01-01 00:00:00')""")
        letter = f"INSERT INTO {DATABASE}.dead_letters (offset, attempt, resolved, failed_at) VALUES "
        for row in ("(1, 0, false, now() - INTERVAL 200 DAY)", "(1, 1, true, now() - INTERVAL 100 DAY)",
                    "(2, 0, false, now() - INTERVAL 200 DAY)", "(3, 0, false, now() - INTERVAL 200 DAY)", "(3, 1, true, now())"):
            server.query(letter + row)
        for _ in range(2):
            for statement in statements("events_retention") + statements("retention"):
                server.query(statement)
        server.wait_for(f"SELECT arrayStringConcat(arraySort(groupArray(id))) FROM {DATABASE}.events", "laternow", 120)
        assert server.query(f"SELECT offset, attempt FROM {DATABASE}.dead_letters FINAL ORDER BY offset") == "2\t0\n3\t1\n"
        assert server.query(f"SELECT offset FROM {DATABASE}.dead_letters_open") == "2\n"
        definition = server.value("SELECT create_table_query FROM system.tables WHERE name = 'events_processed'")
        assert "TTL event_date + toIntervalMonth(25)" in definition
        server.apply()
        assert server.value("SELECT create_table_query FROM system.tables WHERE name = 'events_processed'") == definition
