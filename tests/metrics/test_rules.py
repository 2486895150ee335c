"""deploy/prometheus without a server: promtool takes the rules, each fires where it should and not beside it, and they are those of pipeline_alerts."""
import re
import subprocess

import pytest
import yaml

from tests.support.programs import ROOT

DEPLOYED = ROOT / "deploy" / "prometheus"
RULES = DEPLOYED / "pipelines.rules.yml"
ALERTS_SQL = (ROOT / "sql" / "pipeline" / "61_alerts.sql").read_text()
STATUS_SQL = (ROOT / "sql" / "pipeline" / "60_status.sql").read_text()
PLACE = 'database="d",pipeline="p",topic="t",partition="0",instance="a",job="pipelines"'
CODES = re.findall(r"''([a-z_]+)'' = (\d+)", STATUS_SQL)

# What one alert is of by its code, as in 61_alerts.sql. A code that is in none of these needs nobody by itself.
BY_CODE = {
    "PipelineNotConsuming page": re.findall(r"'([a-z_]+)'", re.search(r"\[([^]]*)\] AS not_consuming", ALERTS_SQL)[1]),
    "PipelineConsumerWithoutPartitions ticket": re.findall(r"'([a-z_]+)'", re.search(r"\[([^]]*)\] AS without_partitions", ALERTS_SQL)[1]),
    "PipelineManySkipped page": ["skipped_jump"],
    "PipelineTopicBeginsAnew page": ["topic_begins_anew"],
    "PipelineLost page": ["lost_to_retention"],
    "PipelineNewMembers ticket": ["new_members"],
    "PipelineRegistrationBroken ticket": ["registration_broken"],
}

# By figures: what fires, and the same at the threshold, which does not. 86400 s are a day, and the test's clock begins at 0.
BY_FIGURES = {
    "PipelineFarBehind page": (("lag_messages", "", 500_001), ("lag_messages", "", 500_000)),
    "PipelineSlow ticket": (("delay_p50_seconds", "", 5.1), ("delay_p50_seconds", "", 5)),
    "PipelineClocks ticket": (("clock_errors", "", 1), ("clock_errors", "", 0)),
    "PipelineNothingWatches ticket": (("last_watch_timestamp_seconds", "", 600 - 301), ("last_watch_timestamp_seconds", "", 600 - 299)),
    "PipelineGapsNotAudited ticket": (("gap_oldest_timestamp_seconds", ',verdict="not audited"', 600 - 86_401),
                                      ("gap_oldest_timestamp_seconds", ',verdict="left out"', 600 - 86_401)),
    "PipelineLost page": (("gap_offsets", ',verdict="lost"', 1), ("gap_offsets", ',verdict="retention"', 1)),
    "PipelineMergesFallBehind ticket": (("partition_parts", "", 301), ("partition_parts", "", 300)),
    "PipelineTableReadOnly ticket": (("read_only_tables", "", 1), ("read_only_tables", "", 0)),
    "PipelineFiguresOld ticket": (("refresh_failed", ',view="v"', 1), ("refresh_failed", ',view="v"', 0)),
}
UP = {"series": 'up{job="pipelines",instance="a"}', "values": "1x40"}


def sample(name: str, labels: str, value) -> dict:
    return {"series": f"debezium_pipeline_{name}{{{PLACE}{labels}}}", "values": f"{value}x40"}


def code(name: str, **place) -> dict:
    return sample("code", f',code="{name}"', dict(CODES)[name])


def fires(series: list, *alerts: str, at: str = "10m") -> dict:
    """These alerts, and no other, fire."""
    seen = [{"labels": f'{{alertname="{name}",severity="{severity}"}}', "value": 1} for name, severity in (alert.split() for alert in alerts)]
    expression = 'max by (alertname, severity) (ALERTS{alertstate="firing"})'
    return {"interval": "30s", "input_series": [UP, *series], "promql_expr_test": [{"expr": expression, "eval_time": at, "exp_samples": seen}]}


def cases() -> list:
    found = [fires([code(name)], *(alert for alert, codes in BY_CODE.items() if name in codes)) for name, _ in CODES if name != "silent"]
    for alert, (over, under) in BY_FIGURES.items():
        found += [fires([sample(*over)], alert), fires([sample(*under)])]
    for seconds, severity in ((60, "page"), (0, "ticket")):
        silence = {"series": 'debezium_pipeline_silence_seconds{database="d",pipeline="p",instance="a",job="pipelines"}', "values": f"{seconds}x40"}
        found.append(fires([code("silent"), silence], f"PipelineSilent {severity}"))
    for errors, alerts in ((0, []), (1, ["PipelineDeadLetters ticket"]), (2, ["PipelineDeadLetters ticket", "PipelineManyDeadLetters page"])):
        hour = [sample("messages", f',outcome="{outcome}",window="hour"', count) for outcome, count in (("event", 100 - errors), ("skipped", 0), ("error", errors))]
        found.append(fires(hour, *alerts))
    found.append(fires([sample("losses", ',kind="lost_to_retention"', 1)], "PipelineLost page"))
    # It ends, and two servers that say the same are one alert.
    ends = fires([{**code("blocked"), "values": "19x8 _x30"}])
    twice = fires([code("blocked"), {**code("blocked"), "series": code("blocked")["series"].replace('instance="a"', 'instance="b"')}])
    twice["promql_expr_test"] = [{"expr": 'count(ALERTS{alertstate="firing"})', "eval_time": "10m", "exp_samples": [{"labels": "{}", "value": 1}]}]
    # A moment is none where the rule waits.
    moment = fires([code("blocked")], at="30s")
    down = fires([], "PipelinesNotMeasured page")
    down["input_series"] = [{**UP, "values": "0x40"}]
    absent = {**down, "input_series": []}
    return [*found, ends, twice, moment, down, absent]


def promtool(*words) -> None:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_rules():
    promtool("check", "rules", RULES)


def test_the_job_is_one():
    promtool("check", "config", DEPLOYED / "scrape.yml")


def test_each_fires_where_it_should_and_not_beside_it(tmp_path):
    path = tmp_path / "test.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "30s", "tests": cases()}, sort_keys=False))
    promtool("test", "rules", path)


def test_a_rule_that_is_wrong_is_seen(tmp_path):
    """That the test above can fail."""
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES.read_text().replace("> 500000", "> 500002").replace("blocked|", ""))
    path = tmp_path / "test.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": "30s", "tests": cases()}, sort_keys=False))
    with pytest.raises(AssertionError, match="PipelineFarBehind"):
        promtool("test", "rules", path)


def test_they_are_the_alerts_of_the_view():
    """Each alert of pipeline_alerts has its rule of the same severity, by the same words."""
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    here = {(re.sub("(?<!^)([A-Z])", r" \1", rule["alert"].removeprefix("Pipeline")).lower(), rule["labels"]["severity"]) for rule in rules}
    there = {(name, severity) for severity, name in re.findall(r"'(page|ticket)', '([a-z -]+)'", ALERTS_SQL) if name != "ticket"}
    there |= {("silent", "page"), ("silent", "ticket"), ("dead letters", "ticket"), ("many dead letters", "page"), ("lost", "page"),
              ("gaps not audited", "ticket")}
    same = {"registration is broken": "registration broken", "table is read-only": "table read only", "many are skipped": "many skipped",
            "figures are old": "figures old"}
    assert here == {(same.get(name, name), severity) for name, severity in there} | {("s not measured", "page")}
    for threshold in ("500000", "300", "86400", "0.01"):
        assert re.search(rf"\b{re.escape(threshold)} AS ", ALERTS_SQL) and re.search(rf"> {re.escape(threshold)}$", RULES.read_text(), re.M)
