"""The manifests: each held against the schema of its resource, and what they repeat against where it comes from."""
import copy
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.support.programs import ROOT

from .pods import MANIFESTS, PODS, documents, kind

VERSION = "1.34"
CORE = {"Service", "ConfigMap", "StatefulSet", "Job", "Secret"}
SCHEMAS = json.loads(Path(__file__).with_name("schemas.json").read_text())
FILES = sorted(str(path.relative_to(MANIFESTS)) for path in MANIFESTS.rglob("*.yaml") if path.name != "kustomization.yaml")
ALL = [(name, document["kind"], document) for name in FILES for document in documents(name)]
STRIMZI = ROOT / "build" / "stack" / "strimzi"
KUSTOMIZE = ROOT / "build" / "stack" / "kustomize"


def as_pod(spec: dict) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def as_claim(spec: dict) -> dict:
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": spec}


def unknown(schema, value, path="") -> list:
    """Places where the value is not as the schema has it: a type's name, a list of one, or the members by name."""
    if schema == "any":
        return []
    if isinstance(schema, str):
        return [] if isinstance(value, {"string": str, "integer": int}[schema]) else [f"{path} is no {schema}"]
    if isinstance(schema, list):
        return [line for index, item in enumerate(value) for line in unknown(schema[0], item, f"{path}[{index}]")]
    return [line for key, item in value.items()
            for line in (unknown(schema[key], item, f"{path}.{key}") if key in schema else [f"{path}.{key} is unknown"])]


# ---- Schemas ------------------------------------------------------------------------------------------------------------------

def test_every_manifest_has_a_kind_that_is_tested():
    assert {kind for _, kind, _ in ALL} == CORE | {"ClickHouseInstallation", "ClickHouseCluster", "KeeperCluster", "KafkaConnect", "KafkaConnector"}


@pytest.mark.parametrize("name, kind, document", [entry for entry in ALL if entry[1] in CORE], ids=lambda value: value if isinstance(value, str) else "")
def test_kubernetes_own_resources(name, kind, document):
    kubernetes_validate.validate(document, VERSION, strict=True)


@pytest.mark.parametrize("name, kind, document", [entry for entry in ALL if entry[1].startswith(("ClickHouse", "Keeper"))],
                         ids=lambda value: value if isinstance(value, str) else "")
def test_resources_of_the_clickhouse_operators(name, kind, document):
    assert document["apiVersion"] == SCHEMAS[kind]["apiVersion"]
    assert unknown(SCHEMAS[kind]["spec"], document["spec"], "spec") == []
    spec = document["spec"]
    if kind == "ClickHouseInstallation":
        for template in spec["templates"]["podTemplates"]:
            kubernetes_validate.validate(as_pod(template["spec"]), VERSION, strict=True)
        for template in spec["templates"]["volumeClaimTemplates"]:
            kubernetes_validate.validate(as_claim(template["spec"]), VERSION, strict=True)
        named = {template["name"] for templates in spec["templates"].values() for template in templates}
        assert set(spec["defaults"]["templates"].values()) == named
    else:
        kubernetes_validate.validate(as_claim(spec["dataVolumeClaimSpec"]), VERSION, strict=True)
    if kind == "ClickHouseCluster":
        main = {"name": "clickhouse", "image": "x", **{key: spec["containerTemplate"][key] for key in ("volumeMounts", "resources")}}
        kubernetes_validate.validate(as_pod({**spec["podTemplate"], "containers": [main]}), VERSION, strict=True)


def test_a_field_that_is_not_there_is_found():
    document = copy.deepcopy(kind("operator/clickhouse.yaml", "ClickHouseCluster"))
    document["spec"]["podTemplate"]["initContainer"] = []
    document["spec"]["replicas"] = "1"
    assert unknown(SCHEMAS["ClickHouseCluster"]["spec"], document["spec"], "spec") == [
        "spec.replicas is no integer", "spec.podTemplate.initContainer is unknown"]
    job = copy.deepcopy(kind("bundle/job.yaml", "Job"))
    job["spec"]["template"]["spec"]["initContainer"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, VERSION, strict=True)


def test_strimzis_resources(tmp_path):
    """By the operator's own classes; one member too many is found."""
    for name, spoilt, lines in (("right", {}, set()),
                                ("spoilt", {"frobnicate": 1}, {"KafkaConnect.spec.frobnicate", "KafkaConnector.spec.frobnicate"})):
        files = []
        for document in documents("strimzi/connect.yaml"):
            assert document["apiVersion"] == "kafka.strimzi.io/v1"
            files.append(tmp_path / f"{name}{document['kind']}.json")
            files[-1].write_text(json.dumps({**document, "spec": {**document["spec"], **spoilt}}))
        done = subprocess.run(["java", "-cp", f"{STRIMZI}/*", Path(__file__).with_name("Strimzi.java"), *files], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert set(done.stdout.splitlines()) == lines
    spec = kind("strimzi/connect.yaml", "KafkaConnect")["spec"]
    assert all(key in spec for key in SCHEMAS["KafkaConnect"]["required"])


# ---- What they repeat -----------------------------------------------------------------------------------------------------------

def leaves(tree: dict, above=()) -> dict:
    found = {}
    for key, value in tree.items():
        found |= leaves(value, (*above, key)) if isinstance(value, dict) else {(*above, key): str(value)}
    return found


def as_tree(element) -> dict:
    return {child.tag: as_tree(child) if len(child) else (child.text or "").strip() for child in element}


def collection(xml: str) -> dict:
    return leaves(as_tree(ElementTree.fromstring(xml).find("named_collections/experiments_kafka")))


def test_the_named_collection_is_the_releases():
    """But for the broker, which is the site's."""
    own, = (text for text in (path.read_text() for path in (ROOT / "sql" / "config").rglob("*.xml")) if "<experiments_kafka>" in text)
    release = {**collection(own), ("kafka_broker_list",): "experiments-kafka-bootstrap:9092"}
    files = kind("altinity/clickhouse.yaml", "ClickHouseInstallation")["spec"]["configuration"]["files"]
    assert collection(files["config.d/experiments_kafka.xml"]) == release
    extra = kind("operator/clickhouse.yaml", "ClickHouseCluster")["spec"]["settings"]["extraConfig"]
    assert leaves(extra["named_collections"]["experiments_kafka"]) == release
    site = kind("statefulset/clickhouse.yaml", "ConfigMap")["data"]["config.xml"]
    assert collection(site).items() <= release.items()


def test_the_connector_is_the_releases():
    release = {path.stem: json.loads(path.read_text()).get("config") for path in (ROOT / "sql" / "connectors").glob("*.json")}
    spec = kind("strimzi/connect.yaml", "KafkaConnector")["spec"]
    assert release["bare"] == {**spec["config"], "connector.class": spec["class"], "tasks.max": str(spec["tasksMax"])}


def test_each_pod_takes_the_program_in_from_the_release():
    commands = {}
    for name, spec in ((name, make()) for name, make in PODS.items()):
        mine = [container for container in spec["initContainers"] if container["image"] == "debezium-udf"]
        assert len(mine) == 1 and mine[0]["command"][:2] == ["sh", "-ec"]
        commands[name] = mine[0]["command"][2]
    assert commands["altinity"] == commands["operator"]


def test_no_password_is_in_a_manifest():
    for name in FILES:
        for line in (MANIFESTS / name).read_text().splitlines():
            assert not re.search(r"password\"?>?:? *[\"'>][^\"'<]+", line, re.I), (name, line)
    assert set(kind("secret.example.yaml", "Secret")["stringData"].values()) == {""}


# ---- kustomize ------------------------------------------------------------------------------------------------------------------

def test_kustomizations_name_what_is_there():
    for path in MANIFESTS.rglob("kustomization.yaml"):
        content = yaml.safe_load(path.read_text())
        assert {resource for resource in content["resources"]} == {file.name for file in path.parent.glob("*.yaml")} - {"kustomization.yaml"}
        for image in content.get("images", []):
            assert image == {"name": "debezium-udf", "newName": "registry.example/debezium-udf", "newTag": "VERSION"}


def test_kustomize_renders_them():
    for path in MANIFESTS.rglob("kustomization.yaml"):
        text = subprocess.check_output([KUSTOMIZE, "build", path.parent], text=True)
        images = re.findall(r"image: (\S*debezium-udf\S*)", text)
        assert set(images) <= {"registry.example/debezium-udf:VERSION"}
        assert (path.parent.name == "strimzi") == (not images)
        named = [document for name in yaml.safe_load(path.read_text())["resources"] for document in documents(f"{path.parent.name}/{name}")]
        assert sorted(document["kind"] for document in yaml.safe_load_all(text)) == sorted(document["kind"] for document in named)
