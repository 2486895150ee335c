"""Builds what ClickHouse Cloud's native runtime takes (docs/cloud.md): of each function a zip, the request bodies, and main.tf.

    python3 deploy/cloud/bundle.py --amd64 PROGRAM --arm64 PROGRAM [--out DIR] [--format F] [--pool-size N] [--memory MIB] LAYOUT...

PROGRAM is debezium-udf for that architecture, of one version; the one that runs here says what it registers (`debezium-udf config`).
Of each function, in DIR (build/cloud):

    NAME.zip            amd64/main, arm64/main and the layout beside each
    NAME.create.json    the body of POST …/udfs
    NAME.version.json   the body of POST …/udfs/NAME/versions
    main.tf             the same for Terraform: all functions, and their attachment to a service

Cloud starts `main` without arguments, so they are appended to it; udf/arguments.h says how. The bytes of all files depend on the
programs and layouts alone. Needs Python 3.8 or later and nothing else.
"""
import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

ELF_MACHINE = {"amd64": 62, "arm64": 183}
HERE = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine())
FORMATS = ("RowBinary", "Native", "LineAsString")
NO_UPLOAD = "00000000-0000-0000-0000-000000000000"


def die(text: str):
    sys.exit(f"bundle: {text}")


def read_program(path: str, architecture: str) -> bytes:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        die(f"--{architecture} {path}: {error.strerror}")
    if data[:4] != b"\x7fELF" or int.from_bytes(data[18:20], "little") != ELF_MACHINE[architecture]:
        die(f"--{architecture} {path}: this is no Linux program for {architecture}")
    # PT_INTERP: it would need a loader and libraries, which are not there.
    at, size, count = (int.from_bytes(data[slice(*part)], "little") for part in ((32, 40), (54, 56), (56, 58)))
    if any(int.from_bytes(data[at + i * size:at + i * size + 4], "little") == 3 for i in range(count)):
        die(f"--{architecture} {path}: it is linked to libraries: build it with make, whose programs are static")
    if data.rstrip(b"\n").rsplit(b"\n", 1)[-1].startswith(b"debezium-udf arguments end"):
        die(f"--{architecture} {path}: arguments are appended to it already: give the program as it was built")
    return data


def with_arguments(program: bytes, words: list) -> bytes:
    """The program with its call appended, a word a line."""
    for word in words:
        if not word or re.search(r"[\0\r\n]", word):
            die(f"the argument {word!r} cannot be appended: it is empty or has a line's end in it")
    lines = "".join(f"{word}\n" for word in words).encode()
    return program + b"\ndebezium-udf arguments:\n" + lines + b"debezium-udf arguments end: %010d\n" % len(lines)


def registered(program: bytes, layouts: list, format: str) -> list:
    """What the program would register with a server, of each function."""
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "debezium-udf"
        runs.write_bytes(program)
        runs.chmod(0o755)
        for layout in layouts:
            shutil.copy(layout, folder)
        done = subprocess.run([runs, "config", *(layout.name for layout in layouts), "--format", format], cwd="/", stdout=subprocess.PIPE)
    if done.returncode != 0:
        die("the layouts were refused")
    functions = []
    for element in ElementTree.fromstring(done.stdout).iter("function"):
        text = {child.tag: child.text for child in element}
        command, *words = text["command"].split(" ")
        functions.append({
            "name": text["name"], "format": format, "return_type": text["return_type"], "return_name": text["return_name"], "words": words,
            "arguments": [{"name": argument.findtext("name"), "type": argument.findtext("type")} for argument in element.iter("argument")],
            "command_read_timeout": int(text["command_read_timeout"]), "command_write_timeout": int(text["command_write_timeout"]),
            "max_command_execution_time": int(text["max_command_execution_time"]),
            "layouts": [layout for layout in layouts if layout.name in words],
        })
    return functions


def write_zip(path: Path, files: list) -> None:
    """(name, mode, bytes) in this order, all of one date."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, mode, data in files:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, whatever this is run on: the mode counts there
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


def request(function: dict, pool_size: int, memory: int) -> dict:
    """The fields that a new function and a new version have in common. uploadId is to be replaced by the upload's own."""
    return {
        "uploadId": NO_UPLOAD,
        "runtime": "native",
        "type": "executable_pool",
        "arguments": function["arguments"],
        "returnType": function["return_type"],
        "returnName": function["return_name"],
        "format": function["format"],
        "sendChunkHeader": False,
        "deterministic": True,
        "sandboxType": "basic",
        "poolSize": pool_size,
        "memoryLimitMib": memory,
        "commandReadTimeout": function["command_read_timeout"],
        "commandWriteTimeout": function["command_write_timeout"],
        "maxCommandExecutionTime": function["max_command_execution_time"],
    }


TERRAFORM = """# Written by deploy/cloud/bundle.py. Credentials come from the environment: CLICKHOUSE_ORG_ID, CLICKHOUSE_CLOUD_API_KEY
# and CLICKHOUSE_CLOUD_API_SECRET. The provider cannot set `deterministic` and the memory limit yet; the console and the API can.
terraform {
  required_providers {
    clickhouse = {
      source  = "ClickHouse/clickhouse"
      version = ">= 3.24.0"
    }
  }
}

variable "service_id" {
  description = "The service that the functions are attached to."
  type        = string
}
"""

FUNCTION = """
resource "clickhouse_udf" "%(name)s" {
  function_name = "%(name)s"
  runtime       = "native"
  type          = "executable_pool"
  format        = "%(format)s"
  return_name   = "%(return_name)s"
  return_type   = %(return_type)s

  arguments = [
%(arguments)s
  ]

  pool_size                  = %(pool_size)d
  send_chunk_header          = false
  command_read_timeout       = %(command_read_timeout)d
  command_write_timeout      = %(command_write_timeout)d
  max_command_execution_time = %(max_command_execution_time)d

  source_archive_path = "${path.module}/%(name)s.zip"
  source_archive_hash = filebase64sha256("${path.module}/%(name)s.zip")
}

resource "clickhouse_udf_attachment" "%(name)s" {
  function_name = clickhouse_udf.%(name)s.function_name
  service_id    = var.service_id
  version       = clickhouse_udf.%(name)s.version
}
"""


def quoted(text: str) -> str:
    """A string of HCL."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def terraform(functions: list, pool_size: int) -> str:
    blocks = [FUNCTION % {
        **function, "pool_size": pool_size, "return_type": quoted(function["return_type"]),
        "arguments": "\n".join(f'    {{ name = "{argument["name"]}", type = "{argument["type"]}" }},' for argument in function["arguments"]),
    } for function in functions]
    return TERRAFORM + "".join(blocks)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bundle.py", description="Builds what ClickHouse Cloud's native runtime takes.")
    parser.add_argument("--amd64", required=True, metavar="PROGRAM", help="debezium-udf for x86-64")
    parser.add_argument("--arm64", required=True, metavar="PROGRAM", help="debezium-udf for aarch64")
    parser.add_argument("--out", default="build/cloud", metavar="DIR", help="made where it is not there (build/cloud)")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="of messages and answers (RowBinary)")
    parser.add_argument("--pool-size", type=int, default=4, metavar="N", help="processes of each function on each replica (4)")
    parser.add_argument("--memory", type=int, default=1024, metavar="MIB", help="address space of a process, in MiB (1024)")
    parser.add_argument("layouts", nargs="+", metavar="LAYOUT")
    given = parser.parse_args()
    if given.pool_size < 1:
        parser.error(f"--pool-size {given.pool_size}: give a number from 1 on")
    if given.memory < 64:
        parser.error(f"--memory {given.memory}: give a number from 64 on")
    return given


def main() -> None:
    given = arguments()
    if sys.platform != "linux" or HERE is None:
        die(f"one of the programs must run here: this is {sys.platform} on {platform.machine()}, and they are for Linux")
    programs = {architecture: read_program(getattr(given, architecture), architecture) for architecture in ELF_MACHINE}
    layouts = [Path(name) for name in given.layouts]
    for layout in layouts:
        if not layout.is_file():
            die(f"{layout}: there is no such file")
    functions = registered(programs[HERE], layouts, given.format)
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    for function in functions:
        name = function["name"]
        files = []
        for architecture, program in programs.items():
            files.append((f"{architecture}/main", 0o755, with_arguments(program, function["words"])))
            files += [(f"{architecture}/{layout.name}", 0o644, layout.read_bytes()) for layout in function["layouts"]]
        write_zip(out / f"{name}.zip", files)
        body = request(function, given.pool_size, given.memory)
        for kind, fields in (("create", {"functionName": name, **body}), ("version", body)):
            (out / f"{name}.{kind}.json").write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n")
        print(f"{out / name}.zip  {os.path.getsize(out / f'{name}.zip')} bytes: {' '.join(function['words'])}")
    (out / "main.tf").write_text(terraform(functions, given.pool_size))


if __name__ == "__main__":
    main()
