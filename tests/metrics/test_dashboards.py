"""The dashboards of deploy/grafana: by Grafana's own schema, and each panel's query answers rows of the story that the demo tells."""
import json
import re
import time
from datetime import datetime, timezone

import jsonschema
import pytest
import yaml

from tests.analytics.analytics import DATABASE, compute, schedule, step
from tests.analytics.story import SETTINGS, history
from tests.stack.engine import ROOT, Engine, QueryError
from tests.stack.kafka import Kafka
from tests.stack.live import TOPIC
from tests.stack.prometheus import Prometheus
from tests.support.waiting import wait_until

FOLDER = ROOT / "deploy" / "grafana"
SCHEMA = ROOT / "build" / "stack" / "grafana-schema"
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
PANELS = [(name, panel["title"]) for name, dashboard in DASHBOARDS.items() for panel in dashboard["panels"] if panel["type"] != "row"]
METRIC = re.compile(r"(?:debezium_pipeline|executable_function)_\w+")


def panel_of(name: str, title: str) -> dict:
    (panel,) = (panel for panel in DASHBOARDS[name]["panels"] if panel["title"] == title)
    return panel


def of(dashboard: str) -> list:
    return [title for name, title in PANELS if name == dashboard]


def check(schema: str, value) -> None:
    jsonschema.Draft7Validator(json.loads((SCHEMA / f"{schema}.json").read_text())).validate(value)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_it_is_valid_by_the_schema(name):
    check("dashboard", DASHBOARDS[name])
    # The schema leaves a panel's own options to the panel.
    for panel in DASHBOARDS[name]["panels"]:
        if panel["type"] != "row":
            check(f"{panel['type']}.options", panel["options"])
            if custom := panel["fieldConfig"]["defaults"].get("custom"):
                check(f"{panel['type']}.custom", custom)
    ids = [panel["id"] for panel in DASHBOARDS[name]["panels"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("wrong", [{"titel": "x"}, {"schemaVersion": "42"}, {"panels": [{"type": "stat", "gridPos": {"x": "0"}}]}])
def test_the_schema_sees_what_is_wrong(wrong):
    with pytest.raises(jsonschema.ValidationError):
        check("dashboard", DASHBOARDS["pipelines"] | wrong)


def test_every_code_has_its_colour():
    codes = dict(re.findall(r"''([a-z_]+)'' = (\d+)", (ROOT / "sql" / "pipeline" / "60_status.sql").read_text()))
    (mapping,) = panel_of("pipelines", "What pipeline_status says")["fieldConfig"]["defaults"]["mappings"]
    assert {option["text"]: number for number, option in mapping["options"].items()} == codes
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "pipelines.rules.yml").read_text())["groups"][0]["rules"]
    page = {code for rule in rules if rule["labels"]["severity"] == "page" for code in "|".join(re.findall('code=~?"([^"]*)"', rule["expr"])).split("|")}
    red = {option["text"] for option in mapping["options"].values() if option["color"] == "red"}
    assert red == page - {"", "silent"}


def message(number: int, row: dict) -> bytes:
    """A row of the outbox as the connector of sql/connectors writes it."""
    return json.dumps({"id": number, "aggregate_id": row["aggregate_id"], "aggregate_type": row["aggregate_type"], "payload": json.dumps(row["payload"]),
                       "created_at": row["created_at"].isoformat(), "__op": "c", "__source_lsn": number}, default=str).encode()


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """The experiments of the demo's story, through Kafka."""
    folder = tmp_path_factory.mktemp("story")
    with Kafka(folder / "kafka") as broker:
        broker.create_topic(TOPIC)
        with Engine(folder / "engine", broker=broker.address) as engine:
            engine.apply()
            schedule(engine, "AFTER 1 YEAR")
            engine.query_bytes(f"INSERT INTO {DATABASE}.experiment_settings FORMAT JSONEachRow", data="\n".join(map(json.dumps, SETTINGS)).encode())
            rows = list(history(datetime.now(timezone.utc), scale=0.05))
            broker.produce(TOPIC, [*(message(number, row) for number, row in enumerate(rows)), b"no JSON"])
            engine.wait_for(f"SELECT sum(rows) FROM {DATABASE}.pipeline_minutes", len(rows) + 1, 60)
            compute(engine)
            step(engine, "page_pipeline_latest")
            yield engine


@pytest.fixture(scope="module")
def prometheus(story, tmp_path_factory):
    """It has read so often that there are rates."""
    with Prometheus(tmp_path_factory.mktemp("prometheus"), f"127.0.0.1:{story.port}") as prometheus:
        # The server sees the CPU time of a process in hundredths of a second.
        story.query("SELECT count() FROM numbers(300000) WHERE NOT ignore(experimentEvent(concat('{\"op\":\"c\",\"source\":{},\"after\":{\"id\":', toString(number), '}}')))")
        wait_until(lambda: prometheus.query("count_over_time(executable_function_cpu_seconds_total[1m]) > 2"), 60,
                   lambda: f"{prometheus.measured()}, {story.rows('SELECT event, value FROM system.events WHERE event LIKE {like:String}', params={'like': 'Exec%'})}",
                   pause=0.5)
        yield prometheus


@pytest.mark.parametrize("title", of("pipelines"))
def test_a_panel_of_the_pipelines_has_rows(prometheus, title):
    for target in panel_of("pipelines", title)["targets"]:
        expression = re.sub(r"\$(database|pipeline)\b", ".*", target["expr"]).replace("$__rate_interval", "1m")
        assert "$" not in expression
        assert prometheus.query(expression), f"{title}: no rows: {expression}"
        # `or vector(0)` answers for a metric that there is none of: then it is one of those that are there when something is wrong.
        for metric in METRIC.findall(expression):
            assert prometheus.query(metric) or metric in ("debezium_pipeline_losses", "debezium_pipeline_gap_offsets"), f"{title}: there is no {metric}"


def test_the_variables_of_the_pipelines_have_values(prometheus):
    queries = [variable["query"]["query"] for variable in DASHBOARDS["pipelines"]["templating"]["list"] if variable["type"] == "query"]
    for query in queries:
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        values = {row["metric"][label] for row in prometheus.query(selector.replace("$database", ".*"))}
        assert values == {{"database": DATABASE, "pipeline": "experiments"}[label]}


def as_grafana_asks(engine: Engine, sql: str) -> list:
    """With the variable and the macros filled in, by the user that the data source has."""
    sql = sql.replace("${experiment}", "101")
    begin, end = int(time.time()) - 30 * 86400, int(time.time()) + 86400
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 >= toDateTime({begin}) AND \1 <= toDateTime({end})", sql)
    assert "$" not in sql, sql
    return engine.rows(sql, settings={"user": "experiments_page"})


@pytest.mark.parametrize("title", of("experiments"))
def test_a_panel_of_the_experiments_has_rows(story, title):
    for target in panel_of("experiments", title)["targets"]:
        rows = as_grafana_asks(story, target["rawSql"])
        assert rows, f"{title}: no rows: {target['rawSql']}"
        if target["queryType"] == "timeseries":
            assert list(rows[0])[0] == "time" and len({row["time"] for row in rows}) > 5


def test_the_variable_of_the_experiments_has_values(story):
    (query,) = (variable["query"] for variable in DASHBOARDS["experiments"]["templating"]["list"] if variable["type"] == "query")
    rows = as_grafana_asks(story, query)
    # Of two columns the data source takes the first for the value, the second for the text.
    assert {tuple(row.values()) for row in rows} == {(settings["experiment_id"], settings["name"]) for settings in SETTINGS}


def test_the_data_sources_user_reads_nothing_else(story):
    with pytest.raises(QueryError, match="ACCESS_DENIED"):
        as_grafana_asks(story, f"SELECT * FROM {DATABASE}.events")
