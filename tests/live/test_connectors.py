"""Each connector file of sql/connectors, at work: what PostgreSQL holds arrives, whatever shape the messages have."""
import pytest

from tests.stack.checksum import differences
from tests.stack.connect import CONNECTORS, Connect
from tests.stack.live import Chain

# An event router sends the payload alone: these columns are of the row around it.
OF_THE_ROW = {"created_at", "updated_at"}


def test_every_file_is_tested():
    assert {path.name for path in CONNECTORS.glob("*.json")} == {"bare.json", "mariadb.json", *VARIANTS}  # test_mariadb.py


VARIANTS = ("schemas.json", "unwrap.json", "flatten.json", "router.json")


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with Chain(tmp_path_factory.mktemp("connectors")) as chain:
        chain.connect.stop()
        yield chain


@pytest.mark.parametrize("name", VARIANTS)
def test_rows_arrive(servers, tmp_path, tell, name):
    servers.engine.query("TRUNCATE TABLE experiments_analytics.events_processed")
    with servers.postgres.connect() as connection:
        connection.execute("TRUNCATE outbox RESTART IDENTITY")
    slot = f"variant_{name.split('.')[0]}"
    names = {"slot.name": slot, "publication.name": slot}
    with Connect(tmp_path, servers.broker, servers.postgres, [(name, names)]) as connect, servers.service() as service:
        service.day(200)
        # Updates and deletes of outbox rows are nobody's events.
        with servers.postgres.connect() as connection:
            connection.execute("UPDATE outbox SET updated_at = updated_at WHERE id = 1")
        servers.engine.wait_for("SELECT count() FROM experiments_analytics.events", servers.outbox_rows(), 60)
        unequal = set(differences(servers.postgres, servers.engine))
        assert unequal == (OF_THE_ROW if name == "router.json" else set())
        assert connect.state(slot) == "RUNNING"
    with servers.postgres.connect(autocommit=True) as connection:
        connection.execute("SELECT pg_drop_replication_slot(%s)", (slot,))
    tell(f"{name}: {servers.outbox_rows()} rows, equal on both sides")
