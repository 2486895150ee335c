"""From the topic into the tables: real messages, bad ones, and what is hard about either."""
import json
import random

import pytest

from tests.pipeline.conftest import COLUMNS, DATABASE, TOPIC, decode, envelope, fixture_lines


def consumer_exceptions(engine) -> list:
    return engine.rows("SELECT arrayJoin(exceptions.text) AS text FROM system.kafka_consumers "
                       f"WHERE database = '{DATABASE}'")


@pytest.mark.parametrize("name", [
    "bare.public.outbox", "bare.public.outbox_text", "schema.public.outbox", "unwrap.public.outbox",
    "flat.public.outbox", "router.event", "router.assignment", "bare.public.types", "bare.transaction",
    "__debezium-heartbeat.bare"])
def test_real_messages_become_what_the_command_line_says(pipeline, name):
    messages = fixture_lines(name)
    decoded = decode(messages)
    first = pipeline.send([message or None for message in messages])
    assert pipeline.events(first) == [
        {name: row[name] for name in COLUMNS} for row in decoded if row["outcome"] == "event"]
    # A tombstone is skipped, as a row or as none.
    assert pipeline.letters(first, "offset, reason, message") == [
        {"offset": first + n, "reason": row["reason"], "message": messages[n].decode()}
        for n, row in enumerate(decoded) if row["outcome"] == "error"]


def test_one_event_in_any_shape_counts_once(pipeline):
    """The same outbox rows through four configurations of the connector."""
    shapes = ["bare", "schema", "unwrap", "flat"]
    decoded = [row for shape in shapes for row in decode(fixture_lines(f"{shape}.public.outbox"))]
    outbox_ids = {row["outbox_id"] for row in decoded if row["outcome"] == "event"}
    for shape in shapes:
        pipeline.send([message or None for message in fixture_lines(f"{shape}.public.outbox")])
    listed = ", ".join(f"'{outbox_id}'" for outbox_id in outbox_ids)
    counted = pipeline.engine.rows(f"""
        SELECT event_key, count() AS times FROM {DATABASE}.events WHERE event_key IN ({listed}) GROUP BY 1""")
    assert {row["event_key"] for row in counted} == outbox_ids
    assert {row["times"] for row in counted} == {1}


BAD = {
    "not JSON": b"{",
    "random bytes": random.Random(1).randbytes(300).replace(b"\n", b"."),
    "invalid UTF-8": b'{"op":"c","after":{"aggregate_id":"\xff"}}',
    "a number": b"42",
    "an array": b"[]",
    "an unknown shape": b'{"a":1}',
    "no row image": b'{"op":"c","after":null,"source":{}}',
    "nested too deep": b"[" * 1000,
    "a payload that is not JSON": b'{"op":"c","after":{"aggregate_type":"event","payload":"{"},"source":{}}',
    "an unavailable value":
        b'{"op":"c","after":{"aggregate_type":"event","payload":"__debezium_unavailable_value"},"source":{}}',
    "no id": envelope(""),
    "too large an integer": envelope("x", experiment_id=2**32),
    "a time out of range": envelope("x", timestamp="+294276-12-31T23:59:59Z"),
    "no time": envelope("x", timestamp=None),
    "five megabytes": b"x" * 5_000_000,
    "a zero byte": b"\0",
    "a quote and a tab": b"'\t\\N",
}


def test_every_bad_message_is_kept_and_the_next_is_read(pipeline):
    bad = list(BAD.values())
    first = pipeline.send([message for n, one in enumerate(bad) for message in (one, envelope(f"after_bad_{n}"))],
                          key=b"the key", headers={"trace": "t1"})
    letters = pipeline.letters(first, "offset, hex(message) AS bytes, reason != '' AS reasoned, key, `headers.name`, `headers.value`, "
                                      "attempt, row, kafka_time > now() - 600 AS recent")
    assert len(letters) == len(bad)
    for n, letter in enumerate(letters):
        assert bytes.fromhex(letter.pop("bytes")) == bad[n]
        assert letter == {"offset": first + 2 * n, "reasoned": 1, "key": "the key", "headers.name": ["trace"],
                          "headers.value": ["t1"], "attempt": 0, "row": 0, "recent": 1}
    assert [row["id"] for row in pipeline.events(first, "id")] == [f"after_bad_{n}" for n in range(len(bad))]
    assert consumer_exceptions(pipeline.engine) == []


def test_what_is_not_wanted_is_no_letter(pipeline):
    first = pipeline.send([None, b"", b"null", b'{"ts_ms":1}', envelope("x").replace(b'"op": "c"', b'"op": "u"'),
                           envelope("x").replace(b'"event"', b'"order"')])
    assert pipeline.events(first) == pipeline.letters(first) == []


def test_a_newline_is_nothing_special(pipeline):
    pretty = [json.dumps(json.loads(envelope(f"raw_{n}")), indent=n).encode() for n in (None, 1, 2)]
    first = pipeline.send([*pretty, b"{\n", b"\n", None, envelope("raw_last")])
    assert [row["id"] for row in pipeline.engine.rows(
        f"SELECT id FROM {DATABASE}.events_processed WHERE topic = '{TOPIC}' AND offset >= {first} AND startsWith(id, 'raw_') ORDER BY offset")] == [
        "raw_None", "raw_1", "raw_2", "raw_last"]
    assert pipeline.letters(first, "offset, row, message") == [
        {"offset": first + 3, "row": 0, "message": "{\n"}, {"offset": first + 4, "row": 0, "message": "\n"}]


def test_a_newline_makes_two_rows_of_a_line_and_shifts_no_other(pipeline):
    """With the collection of release 1.1, which says LineAsString; here for a table of its own."""
    engine, topic = pipeline.engine, "lines_of_events"
    pretty = json.dumps(json.loads(envelope("pretty")), indent=1).encode()
    two_rows = envelope("two", user_id="v", timestamp=1) + b"\n" + envelope("rows", timestamp=2)
    pipeline.broker.produce(topic, [envelope("before"), pretty, two_rows, None, envelope("behind_lines")])
    engine.query(f"""
        CREATE TABLE {DATABASE}.lines_kafka (message String) ENGINE = Kafka(experiments_kafka,
            kafka_topic_list = '{topic}', kafka_group_name = 'lines', kafka_format = 'LineAsString')""")
    _view_like_the_bundle(engine, "lines_mv", "lines_kafka")
    engine.wait_for(f"SELECT count() FROM {DATABASE}.events_processed WHERE id = 'behind_lines'", 1)
    rows = engine.rows(f"SELECT id, offset FROM {DATABASE}.events_processed WHERE topic = '{topic}' ORDER BY offset, id")
    assert [(row["offset"], row["id"]) for row in rows] == [(0, "before"), (2, "rows"), (2, "two"), (4, "behind_lines")]
    letters = engine.rows(f"SELECT offset, row, message FROM {DATABASE}.dead_letters WHERE topic = '{topic}' ORDER BY offset, row")
    assert {letter["offset"] for letter in letters} == {1}
    assert [letter["row"] for letter in letters] == list(range(len(letters)))
    assert "\n".join(letter["message"] for letter in letters) == pretty.decode()
    engine.query(f"DROP VIEW {DATABASE}.lines_mv SYNC")
    engine.query(f"DROP TABLE {DATABASE}.lines_kafka SYNC")


def test_a_thousand_months_in_one_block(pipeline):
    engine, topic = pipeline.engine, "many_months"
    # The first months that a time can have, the last ones, and those around 1970.
    months = [*range(0, 400), *range(70 * 12 - 100, 70 * 12 + 100), *range(400 * 12 - 400, 400 * 12)]
    pipeline.broker.produce(topic, [
        envelope(f"month_{month}", timestamp=f"{1900 + month // 12}-{month % 12 + 1:02}-15T12:30:00.000001Z",
                 assignment_at="1900-01-01T00:00:00Z") for month in months])
    engine.query(f"CREATE TABLE {DATABASE}.blocks (rows UInt64) ENGINE = Memory")
    engine.query(f"""CREATE MATERIALIZED VIEW {DATABASE}.blocks_mv TO {DATABASE}.blocks AS
                     SELECT count() AS rows FROM {DATABASE}.decoded_events WHERE topic = '{topic}'""")
    engine.query(f"""
        CREATE TABLE {DATABASE}.months_kafka (message String) ENGINE = Kafka(experiments_kafka,
            kafka_topic_list = '{topic}', kafka_group_name = 'months', kafka_poll_timeout_ms = 2000,
            kafka_flush_interval_ms = 4000)""")
    _view_like_the_bundle(engine, "months_mv", "months_kafka")
    engine.wait_for(f"SELECT count() FROM {DATABASE}.events WHERE topic = '{topic}'", len(months), 120)
    for table in ("months_mv", "blocks_mv"):
        engine.query(f"DROP VIEW {DATABASE}.{table} SYNC")
    assert engine.value(f"SELECT max(rows) FROM {DATABASE}.blocks") == len(months) == 1000
    for table in ("months_kafka", "blocks"):
        engine.query(f"DROP TABLE {DATABASE}.{table} SYNC")
    assert engine.value(f"SELECT uniqExact(_partition_id) FROM {DATABASE}.events_processed WHERE topic = '{topic}'") == 1000
    rows = engine.rows(f"""SELECT toString(timestamp) AS timestamp, toString(event_date) AS event_date, event_hour, is_valid
                           FROM {DATABASE}.events WHERE topic = '{topic}' ORDER BY offset""")
    assert rows == [{"timestamp": f"{date} 12:30:00.000001", "event_date": date, "event_hour": 12, "is_valid": True}
                    for date in (f"{1900 + month // 12}-{month % 12 + 1:02}-15" for month in months)]


def test_a_router_value_takes_its_id_from_the_key_and_its_identity_from_the_header(pipeline):
    value = json.loads(json.loads(envelope("unused", user_id="router_user"))["after"]["payload"])
    spellings = {  # as the converters of key and header write a text
        b"agg_text": "9001", b'"agg_json"': '"9002"',
        b'{"schema":{"type":"string","optional":false},"payload":"agg_schema"}':
            '{"schema":{"type":"string","optional":false},"payload":"9003"}'}
    first = pipeline.sent
    for key, header in spellings.items():
        pipeline.send([json.dumps(value).encode()], key=key, headers={"id": header})
    assert pipeline.events(first, "id, outbox_id, event_key") == [
        {"id": id, "outbox_id": outbox_id, "event_key": outbox_id}
        for id, outbox_id in (("agg_text", "9001"), ("agg_json", "9002"), ("agg_schema", "9003"))]
    # The same outbox row as an envelope is the same event.
    pipeline.send([envelope("agg_text", outbox_id=9001, user_id="router_user")])
    assert pipeline.engine.value(f"SELECT count() FROM {DATABASE}.events WHERE event_key = '9001'") == 1


def test_identities(pipeline):
    first = pipeline.send([
        envelope("twice", outbox_id=9101, lsn=5, event_type="click"),
        envelope("other", outbox_id=9102, lsn=6, event_type="click"),
        envelope("none", lsn=7), envelope("none", lsn=7)])
    pipeline.send([envelope("twice", outbox_id=9101, lsn=9, event_type="conversion")])
    rows = pipeline.events(first, "id, replaceRegexpOne(event_key, '/[0-9]{10,20}$', '/identity') AS event_key, lsn, event_type", table="events")
    assert rows == [
        {"id": "other", "event_key": "9102", "lsn": 6, "event_type": "click"},
        {"id": "none", "event_key": f"{TOPIC}/0/{first + 2}/identity", "lsn": 7, "event_type": ""},
        {"id": "none", "event_key": f"{TOPIC}/0/{first + 3}/identity", "lsn": 7, "event_type": ""},
        {"id": "twice", "event_key": "9101", "lsn": 9, "event_type": "conversion"}]


def _view_like_the_bundle(engine, view: str, table: str) -> None:
    """The bundle's own decoding view, over another Kafka table."""
    query = engine.value(f"SELECT as_select FROM system.tables WHERE database = '{DATABASE}' AND name = 'decoded_events_mv'")
    engine.query(f"CREATE MATERIALIZED VIEW {DATABASE}.{view} TO {DATABASE}.decoded_events AS "
                 + query.replace("raw_events_kafka", table))
