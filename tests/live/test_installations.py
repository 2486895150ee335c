"""Real installations: a broker that demands a password and TLS, and a pipeline that was there before this one."""
import subprocess

from tests.live.test_accounts import broker, message  # noqa: F401
from tests.live.test_status import diagnosis
from tests.stack.engine import Engine
from tests.stack.kafka import PROPERTIES, Kafka
from tests.stack.live import TOPIC
from tests.stack.process import free_port
from tests.support.bundle import operation

SECURE = PROPERTIES.replace("\nadvertised.listeners=PLAINTEXT://127.0.0.1:{port}", """,SASL_SSL://127.0.0.1:{secure}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{secure}""").replace(
    "CONTROLLER:PLAINTEXT\n", "CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL\n") + """\
sasl.enabled.mechanisms=PLAIN
ssl.keystore.location={folder}/broker.p12
ssl.keystore.password=keystore
ssl.keystore.type=PKCS12
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
    user_clickhouse="correct";
"""

COLLECTION = """\
<clickhouse><named_collections><experiments_kafka>
    <kafka_broker_list>127.0.0.1:{port}</kafka_broker_list>
    <kafka>
        <security_protocol>SASL_SSL</security_protocol>
        <sasl_mechanism>PLAIN</sasl_mechanism>
        <sasl_username>clickhouse</sasl_username>
        <sasl_password>{password}</sasl_password>
        <ssl_ca_location>{folder}/ca.pem</ssl_ca_location>
    </kafka>
</experiments_kafka></named_collections></clickhouse>
"""


class SecureKafka(Kafka):
    """The broker with a second listener, `secure`, that demands TLS and a password; its certificate is in ca.pem."""

    def _properties(self, controller: int) -> str:
        self.secure = free_port()
        store = ["-keystore", "broker.p12", "-storepass", "keystore", "-alias", "broker"]
        for command in (
                ["-genkeypair", *store, "-keyalg", "RSA", "-dname", "CN=127.0.0.1", "-ext", "san=ip:127.0.0.1", "-validity", "2"],
                ["-exportcert", *store, "-rfc", "-file", "ca.pem"]):
            subprocess.run(["keytool", *command], cwd=self.folder, check=True, capture_output=True)
        return SECURE.format(port=self.port, secure=self.secure, controller=controller, folder=self.folder)


def test_broker_with_password_and_tls(tmp_path, tell):
    with SecureKafka(tmp_path / "kafka") as kafka:
        kafka.create_topic(TOPIC)
        kafka.produce(TOPIC, [message(1)])
        config = tmp_path / "engine" / "config.d"
        config.mkdir(parents=True)

        def with_password(password: str) -> Engine:
            (config / "zz_secure.xml").write_text(
                COLLECTION.format(port=kafka.secure, password=password, folder=kafka.folder))
            return Engine(tmp_path / "engine")

        with with_password("wrong") as engine:
            engine.apply()
            tell(diagnosis(engine, "^not connected: .*(?i:sasl|authentication).*; fix the credentials"))
            assert engine.value("SELECT count() FROM experiments_analytics.events") == 0
        with with_password("correct") as engine:
            engine.wait_for("SELECT count() FROM experiments_analytics.events", 1)


def test_an_existing_pipeline_moves_over(broker, tmp_path, tell):  # noqa: F811
    with Engine(tmp_path / "engine", broker=broker.address) as engine:
        # The earlier pipeline, as it may have been: one JSONExtract a column, a plain table, the group ch_consumer.
        for statement in (
                "CREATE DATABASE experiments_analytics",
                """CREATE TABLE experiments_analytics.events_processed (
                    id String, experiment_id UInt32, variant_id UInt32, user_id String, event_type String,
                    timestamp DateTime64(6, 'UTC'), assignment_at Nullable(DateTime64(6, 'UTC')), properties String)
                   ENGINE = MergeTree ORDER BY timestamp""",
                "CREATE TABLE experiments_analytics.raw_events_kafka (message String) ENGINE = Kafka(experiments_kafka)",
                """CREATE MATERIALIZED VIEW experiments_analytics.events_kafka_mv TO experiments_analytics.events_processed AS
                   WITH JSONExtractString(message, 'after', 'payload') AS p
                   SELECT JSONExtractString(message, 'after', 'aggregate_id') AS id,
                          toUInt32(JSONExtractInt(p, 'experiment_id')) AS experiment_id,
                          toUInt32(JSONExtractInt(p, 'variant_id')) AS variant_id,
                          JSONExtractString(p, 'user_id') AS user_id, JSONExtractString(p, 'event_type') AS event_type,
                          parseDateTime64BestEffort(JSONExtractString(p, 'timestamp'), 6, 'UTC') AS timestamp,
                          CAST(NULL AS Nullable(DateTime64(6, 'UTC'))) AS assignment_at, '{}' AS properties
                   FROM experiments_analytics.raw_events_kafka"""):
            engine.query(statement)
        broker.produce(TOPIC, [message(n) for n in range(100)])
        engine.wait_for("SELECT count() FROM experiments_analytics.events_processed", 100)

        # The steps of docs/maintenance.md, with messages that go on.
        engine.query("DETACH TABLE experiments_analytics.raw_events_kafka")
        broker.produce(TOPIC, [message(n) for n in range(100, 150)])
        engine.query("ATTACH TABLE experiments_analytics.raw_events_kafka")
        engine.query("DROP TABLE experiments_analytics.raw_events_kafka SYNC")
        engine.query("DROP TABLE experiments_analytics.events_kafka_mv SYNC")
        engine.query("RENAME TABLE experiments_analytics.events_processed TO experiments_analytics.events_processed_old")
        broker.produce(TOPIC, [message(n) for n in range(150, 200)])
        engine.apply()
        for _ in range(2):
            engine.query(operation("migrate")[0])
        engine.wait_for("SELECT count() FROM experiments_analytics.events", 200, 60)
        assert engine.value("SELECT uniqExact(id) FROM experiments_analytics.events") == 200
        old = engine.value("SELECT count() FROM experiments_analytics.events_processed_old")
        came = engine.value("SELECT countIf(topic != '') FROM experiments_analytics.events")
        assert old >= 100 and old + came == 200
        tell(f"{old} rows of the old table, {came} that came after: 200, each once")

