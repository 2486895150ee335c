"""Poison never stops the stream: whatever is among them, the good messages arrive, and soon."""
import random
import time

from confluent_kafka import Producer

from tests.live.test_accounts import broker, engine, message  # noqa: F401
from tests.stack.engine import ROOT
from tests.stack.live import TOPIC, Arrivals, percentile

FIXTURES = ROOT / "tests" / "fixtures" / "debezium"
GOOD = "SELECT count() FROM experiments_analytics.events WHERE match(id, '^a[89]0')"


def arrival(broker, engine, number: int) -> float:  # noqa: F811
    """Seconds until one good message is visible."""
    start = time.monotonic()
    broker.produce(TOPIC, [message(number)])
    engine.wait_for(f"SELECT count() FROM experiments_analytics.events WHERE id = 'a{number}'", 1, 60)
    return time.monotonic() - start


def test_good_messages_pass_among_bad_ones(broker, engine, tell):  # noqa: F811
    random.seed(7)
    # Far from the ids in the fixtures: equal rows of one id would collapse.
    first, good, bad = 8_000_000, 2, 0
    arrival(broker, engine, first)
    before = arrival(broker, engine, first + 1)

    def among(messages: list) -> None:
        nonlocal good, bad
        batch = []
        for number, poison in enumerate(messages):
            batch.append(poison)
            if number % 10 == 0:
                batch.append(message(first + good))
                good += 1
        broker.produce(TOPIC, batch)
        bad += len(messages)

    for path in sorted(FIXTURES.glob("*.ndjson")):
        among([line or None for line in path.read_bytes().removesuffix(b"\n").split(b"\n")])
    whole = message(0)
    among([whole[:length] for length in range(1, len(whole))])
    among([whole[:place] + whole[place + 1:] for place in range(len(whole))])
    # The delimiters that kcat needs are kept out.
    among([bytes(byte for byte in random.randbytes(random.randrange(1, 200)) if byte not in b"\n\x1d\x1e") or b"?" for _ in range(500)])
    engine.wait_for(GOOD, good, 60)

    large = message(9_000_001, user_id="x" * (20 << 20))
    broker.produce(TOPIC, [large, b"[" * (20 << 20), message(9_000_002)])
    engine.wait_for(GOOD, good + 2, 60)
    assert engine.value("SELECT length(user_id) FROM experiments_analytics.events WHERE id = 'a9000001'") == 20 << 20
    after = arrival(broker, engine, 9_000_003)
    reasons = engine.value("SELECT uniqExact(reason) FROM experiments_analytics.dead_letters_once")
    letters = engine.value("SELECT count() FROM experiments_analytics.dead_letters_open")
    # Every message of the cut one is an error, each at its own place.
    assert letters > len(whole)
    assert after < before + 2
    tell(f"{bad} bad messages and two of 20 MB: {good + 3} good ones arrived; {letters} dead letters, {reasons} reasons; "
         f"a good message took {before * 1000:.0f} ms before, {after * 1000:.0f} ms after")


def poison() -> bytes:
    """Random bytes, a message cut short or robbed of one byte, deep nesting, a megabyte of nothing."""
    whole = message(0)
    place = random.randrange(1, len(whole))
    return random.choice([
        random.randbytes(300).replace(b"\n", b"."), whole[:place], whole[:place] + whole[place + 1:], b"[" * 10_000,
        b'{"op":"c","after":null,"source":{}}', whole.replace(b'"variant_id\\": 1', b'"variant_id\\": 5000000000'),
        *([b"{" * (1 << 20)] if random.randrange(10) == 0 else [])])


def test_good_messages_are_not_late_while_poison_flows(broker, engine, tell):  # noqa: F811
    """25 good messages a second on one partition, alone and then each behind twenty bad ones."""
    random.seed(8)
    producer = Producer({"bootstrap.servers": broker.address, "linger.ms": 0, "message.max.bytes": 1 << 27})

    def stream(user: str, seconds: float, bad: int) -> list:
        """The delays of the good ones in milliseconds, from being sent to being visible."""
        sent, count = [], int(seconds * 25)
        with Arrivals(engine, where=f"user_id = '{user}'") as arrivals:
            start = time.monotonic()
            for number in range(count):
                time.sleep(max(0.0, start + number / 25 - time.monotonic()))
                for _ in range(bad):
                    producer.produce(TOPIC, poison(), partition=0)
                producer.produce(TOPIC, message(number + 1_000_000 * (bad + 1), user_id=user), partition=0)
                producer.poll(0)
                sent.append(time.monotonic())
            assert producer.flush(60) == 0
            engine.wait_for(f"SELECT count() FROM experiments_analytics.events_processed WHERE user_id = '{user}'", count, 120)
            time.sleep(0.1)
        return arrivals.delays(sent, 0)

    stream("first", 5, 0)  # the consumer gets its partition
    alone = stream("alone", 10, 0)
    among = stream("among", 10, 20)
    letters = engine.value("SELECT count() FROM experiments_analytics.dead_letters_open")
    assert letters > 20 * len(among) / 2
    # A block that is tried again would be tried for ever, and every block has poison in it. A busy machine is no fault.
    assert percentile(among, 50) < percentile(alone, 50) + 2000
    assert percentile(among, 99) < percentile(alone, 99) + 10_000
    tell("sent to visible, alone: p50 {:.0f} ms, p99 {:.0f} ms; each behind twenty bad ones, {} dead letters: p50 {:.0f} ms, "
         "p99 {:.0f} ms".format(percentile(alone, 50), percentile(alone, 99), letters, percentile(among, 50), percentile(among, 99)))


def test_no_payload_is_logged(broker, engine):  # noqa: F811
    """Not by the program, not by the server, whose log holds everything down to traces; good or bad, key or header."""
    word = "secret-7f3a"
    bad = [message(2, user_id=word, variant_id=word), message(3, user_id=word)[:-20], word.encode(), b"\xff" + word.encode()]
    broker.produce(TOPIC, [message(1, user_id=word), *bad], key=word.encode(), headers={word: word})
    engine.wait_for("SELECT count() FROM experiments_analytics.dead_letters_open", len(bad), 60)
    engine.wait_for("SELECT count() FROM experiments_analytics.events", 1, 60)
    engine.stop()
    logs = [engine.log, *engine.folder.glob("*.log*"), *(engine.folder / "data").rglob("*.log")]
    text = b"".join(path.read_bytes() for path in logs)
    assert b"<Trace>" in text and b"raw_events_kafka" in text
    assert word.encode() not in text
