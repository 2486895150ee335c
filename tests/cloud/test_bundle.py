"""What is uploaded: the zips, the request bodies, the Terraform file, and what bundle.py refuses."""
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import hcl2
import jsonschema
import pytest

from tests.support.programs import LAYOUT, PROGRAM, ROOT

from .built import FORMATS, bundle

SCHEMAS = json.loads(Path(__file__).with_name("schemas.json").read_text())
TIMES = ("command_read_timeout", "command_write_timeout", "max_command_execution_time")


def registered(format="RowBinary"):
    """What `config` registers: name -> element."""
    xml = subprocess.check_output([PROGRAM, "config", LAYOUT, "--format", format])
    return {element.findtext("name"): element for element in ElementTree.fromstring(xml).iter("function")}


# ---- Zips -------------------------------------------------------------------------------------------------------------------

def test_there_is_a_zip_for_each_function(bundles):
    for format, out in bundles.items():
        assert {path.stem for path in out.glob("*.zip")} == set(registered(format))


def test_a_zip_has_both_programs_and_what_they_need(bundles, programs):
    for name, element in registered().items():
        with zipfile.ZipFile(bundles["RowBinary"] / f"{name}.zip") as archive:
            assert archive.testzip() is None
            layout = ["experiment_event.json"] if name == "experimentEvent" else []
            assert archive.namelist() == [f"{architecture}/{file}" for architecture in ("amd64", "arm64") for file in ["main", *layout]]
            for entry in archive.infolist():
                mode = 0o755 if entry.filename.endswith("/main") else 0o644
                # A regular file: Cloud refuses an archive with symbolic links.
                assert (entry.create_system, entry.external_attr >> 16, entry.date_time) == (3, 0o100000 | mode, (1980, 1, 1, 0, 0, 0))
            for architecture, program in programs.items():
                command = element.findtext("command").split(" ")[1:]
                lines = "".join(f"{word}\n" for word in command).encode()
                assert archive.read(f"{architecture}/main") == (
                    program.read_bytes() + b"\ndebezium-udf arguments:\n" + lines + b"debezium-udf arguments end: %010d\n" % len(lines))
            for file in layout:
                assert archive.read(f"amd64/{file}") == archive.read(f"arm64/{file}") == LAYOUT.read_bytes()


def test_the_same_bytes_wherever_and_whenever_they_are_built(bundles, programs, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    copies = {name: shutil.copy(path, folder / name) for name, path in programs.items()}
    for file in (*copies.values(), shutil.copy(LAYOUT, folder)):
        os.utime(file, (86400, 86400))
    os.chmod(copies["amd64"], 0o700)
    done = bundle("--amd64", copies["amd64"], "--arm64", copies["arm64"], "--out", "out", LAYOUT.name, cwd=folder,
                  env={**os.environ, "TZ": "Pacific/Auckland"}, umask=0o077)
    assert done.returncode == 0, done.stderr
    first, second = ({path.name: path.read_bytes() for path in out.iterdir()} for out in (bundles["RowBinary"], folder / "out"))
    assert first == second and len(first) == 3 * len(registered()) + 1


# ---- Request bodies ---------------------------------------------------------------------------------------------------------

def schema(kind):
    version = SCHEMAS["api"]["version"]
    if kind == "version":
        return version
    return {**version, "required": [*version["required"], "functionName"], "properties": {**version["properties"], **SCHEMAS["api"]["create"]}}


@pytest.mark.parametrize("kind", ["create", "version"])
def test_bodies_are_as_the_api_documents_them(bundles, kind):
    jsonschema.Draft202012Validator.check_schema(schema(kind))
    for name in registered():
        jsonschema.validate(json.loads((bundles["RowBinary"] / f"{name}.{kind}.json").read_text()), schema(kind))


@pytest.mark.parametrize("spoil", [{"poolSize": 0}, {"runtime": "c"}, {"arguments": [{"name": "1", "type": "String"}]}, {"format_": "x"},
                                   {"type": "executable"}, {"functionName": "a-b"}], ids=str)
def test_the_schema_refuses_what_is_wrong(bundles, spoil):
    body = json.loads((bundles["RowBinary"] / "debeziumExtract.create.json").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**body, **spoil}, schema("create"))


def test_bodies_say_what_a_server_of_ones_own_is_told(bundles):
    for format, out in bundles.items():
        for name, element in registered(format).items():
            create, version = (json.loads((out / f"{name}.{kind}.json").read_text()) for kind in ("create", "version"))
            assert create == {"functionName": name, **version}
            assert (version["returnType"], version["returnName"]) == (element.findtext("return_type"), element.findtext("return_name"))
            assert version["arguments"] == [{"name": argument.findtext("name"), "type": argument.findtext("type")}
                                            for argument in element.iter("argument")]
            assert version["format"] == element.findtext("format") == format
            assert version["deterministic"] == (element.findtext("deterministic") == "1")
            assert version["sendChunkHeader"] == (element.findtext("send_chunk_header") == "1")
            assert version["type"] == element.findtext("type") and version["runtime"] == "native" and version["sandboxType"] == "basic"
            assert [version["commandReadTimeout"], version["commandWriteTimeout"], version["maxCommandExecutionTime"]] == [
                int(element.findtext(time)) for time in TIMES]


def test_the_numbers_that_are_given(programs, tmp_path):
    done = bundle("--amd64", programs["amd64"], "--arm64", programs["arm64"], "--out", tmp_path, "--pool-size", 7, "--memory", 512, LAYOUT)
    assert done.returncode == 0, done.stderr
    body = json.loads((tmp_path / "debeziumUnnest.version.json").read_text())
    assert (body["poolSize"], body["memoryLimitMib"]) == (7, 512)
    assert "pool_size                  = 7\n" in (tmp_path / "main.tf").read_text()


# ---- Terraform --------------------------------------------------------------------------------------------------------------

def plain(value):
    """As python-hcl2 reads it, without its quotes and marks."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return json.loads(value) if isinstance(value, str) and value.startswith('"') else value


def test_terraform_has_every_function_with_the_providers_arguments(bundles):
    for format, out in bundles.items():
        with open(out / "main.tf") as file:
            parsed = plain(hcl2.load(file))
        resources = {(kind, name): fields for block in parsed["resource"] for kind, named in block.items() for name, fields in named.items()}
        assert set(resources) == {(kind, name) for kind in ("clickhouse_udf", "clickhouse_udf_attachment") for name in registered(format)}
        for (kind, name), fields in resources.items():
            known = SCHEMAS["terraform"][kind]
            assert set(known["required"]) <= set(fields) <= {*known["required"], *known["optional"]}, (kind, name)
            if kind == "clickhouse_udf":
                body = json.loads((out / f"{name}.version.json").read_text())
                assert fields["arguments"] == body["arguments"]
                assert [fields[key] for key in ("return_type", "return_name", "format", "pool_size", "send_chunk_header", *TIMES)] == [
                    body[key] for key in ("returnType", "returnName", "format", "poolSize", "sendChunkHeader", "commandReadTimeout",
                                          "commandWriteTimeout", "maxCommandExecutionTime")]
                assert fields["source_archive_path"] == f"${{path.module}}/{name}.zip" and (out / f"{name}.zip").exists()


def test_the_pages_clickpipe_has_the_providers_arguments_and_the_landing_tables_columns():
    page = (ROOT / "docs" / "cloud.md").read_text()
    parsed = plain(hcl2.loads(re.search(r"```hcl\n(.*?)```", page, re.S)[1] + "\n"))
    pipe, = (fields for block in parsed["resource"] for kind, named in block.items() for fields in named.values())

    def unknown(schema, value, path):
        if not isinstance(schema, dict):
            return []
        return [f"{path}.{key}" for key in value if key not in schema] + [
            line for key, item in value.items() if key in schema for line in unknown(schema[key], item, f"{path}.{key}")]

    assert unknown(SCHEMAS["terraform"]["clickhouse_clickpipe"], pipe, "") == []
    sql = subprocess.check_output([PROGRAM, "pipeline", LAYOUT, "--landing", "--database", "experiments"], text=True)
    table = re.search(r"CREATE TABLE IF NOT EXISTS (\S+)\n\((.*?)\n\)", sql[sql.index("Another program inserts"):], re.S)
    columns = re.findall(r"^    (\w+) +(.*?)(?: CODEC.*)?,?$", table[2], re.M)
    assert f"{pipe['destination']['database']}.{pipe['destination']['table']}" == table[1]
    assert [(column["name"], column["type"]) for column in pipe["destination"]["columns"]] == columns
    mapped = {mapping["destination_field"]: mapping["source_field"] for mapping in pipe["field_mappings"]}
    assert mapped == {name: "_raw_message" if name == "message" else name for name, _ in columns}


# ---- Bad input --------------------------------------------------------------------------------------------------------------

def refused(*words, status=1):
    done = bundle(*words)
    assert (done.returncode, done.stdout) == (status, ""), done
    return done.stderr


def test_wrong_programs_are_refused_before_anything_is_written(programs, bundles, tmp_path):
    amd64, arm64, out = programs["amd64"], programs["arm64"], tmp_path / "out"
    appended = tmp_path / "main"
    with zipfile.ZipFile(bundles["RowBinary"] / "debeziumUnnest.zip") as archive:
        appended.write_bytes(archive.read("amd64/main"))
    for given, line in [
        ((arm64, amd64), "this is no Linux program for amd64"), ((amd64, amd64), "this is no Linux program for arm64"),
        ((tmp_path / "nowhere", arm64), "nowhere: No such file or directory"), ((LAYOUT, arm64), "this is no Linux program for amd64"),
        ((shutil.which("true"), arm64), "it is linked to libraries"), ((appended, arm64), "arguments are appended to it already"),
    ]:
        text = refused("--amd64", given[0], "--arm64", given[1], "--out", out, LAYOUT)
        assert text.startswith("bundle: ") and line in text and text.count("\n") == 1, text
    assert not out.exists()


def test_a_wrong_layout_or_number_is_refused(programs, tmp_path):
    words = ["--amd64", programs["amd64"], "--arm64", programs["arm64"], "--out", tmp_path / "out"]
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    assert "nowhere.json: there is no such file" in refused(*words, "nowhere.json")
    text = refused(*words, wrong)
    assert re.search(r"debezium-udf: .*wrong\.json", text) and "the layouts were refused" in text
    assert "--pool-size 0: give a number from 1 on" in refused(*words, "--pool-size", 0, LAYOUT, status=2)
    assert "--memory 1: give a number from 64 on" in refused(*words, "--memory", 1, LAYOUT, status=2)
    assert "invalid choice: 'CSV'" in refused(*words, "--format", "CSV", LAYOUT, status=2)
    assert not (tmp_path / "out").exists()


def test_the_formats_are_the_programs(bundles):
    done = subprocess.run([PROGRAM, "unnest", "--format", "?"], capture_output=True, text=True)
    assert set(FORMATS) == set(re.search(r"use (.*)", done.stderr)[1].replace(" or ", ", ").split(", "))
