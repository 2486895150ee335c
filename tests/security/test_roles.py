"""What each role may do works through the HTTP interface, and what it may not do is refused by the server's grants."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from tests.stack.engine import ROOT, Engine, QueryError
from tests.support.bundle import operation

ROLES_XML = ROOT / "sql" / "config" / "users.d" / "experiments_roles.xml"
ROLES_SQL = ROOT / "sql" / "security" / "roles.sql"
DATABASE = "experiments_analytics"
ANALYST, INGESTION, OPERATOR = "experiments_analyst", "experiments_ingestion", "experiments_operator"

USERS = """\
<clickhouse><users>{}</users></clickhouse>
"""
USER = """\
<test_{role}>
    <password>secret</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
    <grants><query>GRANT {role}</query></grants>
</test_{role}>
"""


class EngineWithUsers(Engine):
    """With a user for each role."""

    def _configure(self):
        super()._configure()
        users = "".join(USER.format(role=role) for role in (ANALYST, INGESTION, OPERATOR))
        (self.folder / "users.d" / "zz_test_users.xml").write_text(USERS.format(users))


MESSAGE = (
    '{"op":"c","source":{"lsn":1},"after":{"id":1,"aggregate_id":"a","aggregate_type":"event","payload":'
    '"{\\"experiment_id\\":1,\\"variant_id\\":1,\\"user_id\\":\\"u\\",\\"timestamp\\":\\"2026-01-02T03:04:05Z\\"}"}}'
)
INSERT = f"INSERT INTO {DATABASE}.decoded_events (event, message, topic) SELECT experimentEvent(m), m, 't' FROM (SELECT {{m:String}} AS m)"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with EngineWithUsers(tmp_path_factory.mktemp("roles")) as engine:
        engine.apply()
        # The table of the way in by batches is the first statement of that operation.
        engine.query(operation("batch")[0])
        for message in (MESSAGE, "not JSON at all"):
            engine.query(INSERT, params={"m": message})
        yield engine


def ask(server, role, sql, **options):
    credentials = {"user": f"test_{role}", "password": "secret"}
    return server.query(sql, settings=credentials, **options)


ALLOWED = [
    (ANALYST, f"SELECT id, experiment_id FROM {DATABASE}.events", "a\t1\n"),
    (ANALYST, f"SELECT count() FROM {DATABASE}.events_processed", "1\n"),
    (ANALYST, f"SELECT count() >= 0 FROM {DATABASE}.experiment_results", "1\n"),
    (ANALYST, f"SELECT count() >= 0 FROM {DATABASE}.experiment_results_now", "1\n"),
    (ANALYST, f"SELECT count() >= 0 FROM {DATABASE}.experiment_segment_results", "1\n"),
    (ANALYST, f"SELECT count() >= 0 FROM {DATABASE}.experiment_segment_results_now", "1\n"),
    (ANALYST, f"SELECT count() >= 0 FROM {DATABASE}.experiment_plan", "1\n"),
    (ANALYST, f"SELECT count() >= 0 FROM {DATABASE}.experiment_before", "1\n"),
    (ANALYST, f"SELECT count() >= 0 FROM {DATABASE}.experiment_list", "1\n"),
    (ANALYST, f"SELECT count() >= 0 FROM {DATABASE}.experiments", "1\n"),
    (ANALYST, f"SELECT count() >= 0 FROM {DATABASE}.experiment_users_now", "1\n"),
    (ANALYST, f"SELECT count() >= 0 FROM {DATABASE}.events_by_minute", "1\n"),
    (ANALYST, "SELECT debeziumExtract('{\"after\":{\"a\":\"[7]\"},\"op\":\"c\",\"source\":{}}', 'after.a[0]')", "7\n"),
    (OPERATOR, f"SELECT message FROM {DATABASE}.dead_letters_open", "not JSON at all\n"),
    (OPERATOR, f"SELECT count() > 0 FROM {DATABASE}.pipeline_status", "1\n"),
    (OPERATOR, f"SELECT count() >= 0 FROM {DATABASE}.pipeline_alerts", "1\n"),
    (OPERATOR, f"SELECT version FROM {DATABASE}.bundle_version", (ROOT / "VERSION").read_text()),
    (OPERATOR, "SELECT count() >= 0 FROM system.kafka_consumers", "1\n"),
    (OPERATOR, f"SYSTEM REFRESH VIEW {DATABASE}.experiment_batches_mv", ""),
]

EVERYTHING_ELSE = [
    f"SELECT message FROM {DATABASE}.raw_events_kafka SETTINGS stream_like_engine_allow_direct_select = 1",
    f"INSERT INTO {DATABASE}.dead_letters (topic) VALUES ('t')",
    f"ALTER TABLE {DATABASE}.events_processed DELETE WHERE 1",
    f"TRUNCATE TABLE {DATABASE}.events_processed",
    f"DROP TABLE {DATABASE}.events_processed",
    f"DROP VIEW {DATABASE}.decoded_events_mv",
    f"DETACH TABLE {DATABASE}.decoded_events_mv",
    f"CREATE TABLE {DATABASE}.mine (a UInt8) ENGINE = Memory",
    "CREATE FUNCTION mine AS (x) -> x",
    "SELECT * FROM url('http://127.0.0.1:1/', LineAsString, 'l String')",
    "DROP NAMED COLLECTION experiments_kafka",
    "GRANT SELECT ON *.* TO test_experiments_analyst",
    "SYSTEM SHUTDOWN",
    "KILL QUERY WHERE 1",
]
REFUSED = [(role, sql) for role in (ANALYST, INGESTION, OPERATOR) for sql in EVERYTHING_ELSE] + [
    (ANALYST, f"SELECT message FROM {DATABASE}.dead_letters"),
    (ANALYST, f"SELECT message FROM {DATABASE}.dead_letters_open"),
    (ANALYST, f"SELECT message FROM {DATABASE}.raw_events_kafka_batch SETTINGS stream_like_engine_allow_direct_select = 1"),
    (ANALYST, f"INSERT INTO {DATABASE}.events_processed (id) VALUES ('x')"),
    (ANALYST, f"INSERT INTO {DATABASE}.decoded_events (message) VALUES ('x')"),
    (ANALYST, f"INSERT INTO {DATABASE}.experiment_settings (experiment_id) VALUES (1)"),
    (ANALYST, "SELECT * FROM file('x', LineAsString, 'l String')"),
    (INGESTION, "INSERT INTO FUNCTION file('x', LineAsString, 'l String') VALUES ('x')"),
    (INGESTION, f"SELECT id FROM {DATABASE}.events"),
    (INGESTION, f"SELECT message FROM {DATABASE}.dead_letters"),
    (INGESTION, f"INSERT INTO {DATABASE}.events_processed (id) VALUES ('x')"),
    (OPERATOR, f"SELECT user_id FROM {DATABASE}.events"),
    (OPERATOR, f"INSERT INTO {DATABASE}.events_processed (id) VALUES ('x')"),
]


@pytest.mark.parametrize(("role", "sql", "answer"), ALLOWED)
def test_allowed(server, role, sql, answer):
    assert ask(server, role, sql) == answer


@pytest.mark.parametrize(("role", "sql"), REFUSED)
def test_refused(server, role, sql):
    with pytest.raises(QueryError, match="ACCESS_DENIED"):
        ask(server, role, sql)


def test_ingestion_and_replay(server):
    """The views behind decoded_events write for whoever may insert there, and for nobody else."""
    other = MESSAGE.replace('"id":1', '"id":2')
    ask(server, INGESTION, INSERT, params={"m": other})
    assert server.value(f"SELECT count() FROM {DATABASE}.events WHERE outbox_id = '2'") == 1
    piped = f"""INSERT INTO {DATABASE}.decoded_events (event, message, topic)
                SELECT experimentEvent(message), message, 't' FROM input('message String') FORMAT LineAsString"""
    ask(server, INGESTION, piped, data=MESSAGE.replace('"id":1', '"id":3').encode())
    assert server.value(f"SELECT count() FROM {DATABASE}.events WHERE outbox_id = '3'") == 1
    replay = operation("replay")[0]
    ask(server, OPERATOR, replay.rstrip().removesuffix(";"))
    assert server.value(f"SELECT max(attempt) FROM {DATABASE}.dead_letters_open") == 1


def test_the_operator_sees_the_status_that_an_administrator_sees(server):
    status = f"SELECT diagnosis FROM {DATABASE}.pipeline_status"
    assert ask(server, OPERATOR, status) == server.query(status)


def test_a_user_without_a_role_may_nothing(server):
    with pytest.raises(QueryError, match="AUTHENTICATION_FAILED"):
        server.query("SELECT 1", settings={"user": "nobody", "password": ""})


def test_the_roles_in_sql_are_those_in_xml():
    roles = ElementTree.parse(ROLES_XML).getroot().find("roles")
    in_xml = {role.tag: {query.text.removeprefix("GRANT ") for query in role.iter("query")} for role in roles}
    in_sql = {name: set() for name in re.findall(r"^CREATE ROLE IF NOT EXISTS (\w+);$", ROLES_SQL.read_text(), re.M)}
    for grant, name in re.findall(r"^GRANT (.+) TO (\w+);$", ROLES_SQL.read_text(), re.M):
        in_sql[name].add(grant)
    assert in_sql == in_xml
    assert in_xml.keys() == {ANALYST, INGESTION, OPERATOR}


def test_the_roles_in_sql_are_statements(server):
    """This engine has nowhere to store a role made by SQL, so the statements are parsed; their grants are tried as XML above."""
    text = "\n".join(line for line in ROLES_SQL.read_text().splitlines() if not line.startswith("--"))
    statements = [statement.strip() for statement in text.split(";") if statement.strip()]
    assert len(statements) > 40
    for statement in statements:
        formatted = server.value("SELECT formatQueryOrNull({statement:String})", params={"statement": statement})
        assert formatted == statement
    with pytest.raises(QueryError, match="ACCESS_STORAGE_FOR_INSERTION_NOT_FOUND"):
        server.query(statements[0].replace("IF NOT EXISTS experiments_analyst", "a_role"))
    assert server.query("SELECT formatQueryOrNull('GRANT SELEC ON a.b TO c') IS NULL") == "1\n"
