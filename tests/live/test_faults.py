"""Nothing is lost and nothing counts twice, whichever process dies in the middle of a block."""
import pytest

from tests.stack.faults import FAULTS, counts, endure

EACH = 26_000


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_lost_or_doubled(chain, tell, fault):
    seen = endure(chain, fault, EACH)
    tell("{fault}: {seconds} s; PostgreSQL {good:,} good and {bad} bad rows, ClickHouse {events:,} events and {letters} "
         "dead letters, all columns equal; {delivered:,} rows were delivered".format(**seen))


def test_events_in_all(chain):
    assert counts(chain)["good"] >= 200_000
