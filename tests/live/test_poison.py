"""Poison never stops the stream: whatever is among them, the good messages arrive, and soon."""
import random
import time

from tests.live.test_accounts import broker, engine, message  # noqa: F401
from tests.stack.engine import ROOT
from tests.stack.live import TOPIC

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
    # A LineAsString topic holds no newlines; the delimiters that kcat needs are kept out too.
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
