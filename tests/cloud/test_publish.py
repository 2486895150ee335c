"""publish.sh against an API that holds every request to what is documented (schemas.json). ClickHouse Cloud's own cannot be asked here."""
import base64
import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jsonschema
import pytest

from tests.support.programs import ROOT

from .test_bundle import SCHEMAS, schema

PUBLISH = ROOT / "deploy" / "cloud" / "publish.sh"
ORGANIZATION, SERVICE = "7ce2dd53-e63d-4a32-9a6c-0d64a6b4b1a1", "9b1d5c3e-8a0b-4f6a-b3a5-2a7a6d1e5f00"
SECRET = 'se"cr\\et'
UPLOAD = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


class Api:
    """What an organization has; each call is noted as METHOD PATH."""

    def __init__(self):
        self.calls, self.versions, self.uploaded, self.attached = [], [], None, None
        # What is to go wrong: a call -> status and error; and how a build or an attachment ends.
        self.refuse, self.build, self.attachment = {}, "ready", "deployed"
        self.looks = 0

    def answer(self, method, path, headers, body):
        call = f"{method} {path}"
        self.calls.append(call)
        if path.startswith("/upload"):
            assert method == "PUT" and headers["Content-Type"] == "application/zip" and "Authorization" not in headers
            self.uploaded = body
            return 200, None
        assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == f"key:{SECRET}"
        path = path.removeprefix(f"/v1/organizations/{ORGANIZATION}/")
        if f"{method} {path}" in self.refuse:
            status, error = self.refuse[f"{method} {path}"]
            return status, {"status": status, "error": error}
        if (method, path) == ("POST", "udfUploads/url"):
            return 201, {"uploadId": UPLOAD, "uploadUrl": f"{self.url}/upload", "expiresAt": "2026-11-28T13:00:00Z"}
        if method == "POST":
            kind = {"udfs": "create", "udfs/debeziumUnnest/versions": "version"}[path]
            request = json.loads(body)
            jsonschema.validate(request, schema(kind))
            assert request["uploadId"] == UPLOAD and self.uploaded and bool(self.versions) == (kind == "version")
            self.versions.append(request)
            return 201, {"version": len(self.versions), "status": "building"}
        if (method, path) == ("GET", "udfs/debeziumUnnest"):
            if not self.versions:
                return 404, {"status": 404, "error": "UDF not found"}
            self.looks += 1
            status = "building" if self.looks % 2 else self.build
            return 200, {"version": len(self.versions), "status": status, "error": "no main in amd64" if self.build == "error" else None}
        assert path == f"udfs/debeziumUnnest/attachments/{SERVICE}", call
        if method == "PUT":
            self.attached = json.loads(body)
            jsonschema.validate(self.attached, SCHEMAS["api"]["attach"])
            return 200, {"status": "provisioning", **self.attached}
        return 200, {"status": self.attachment, **self.attached}


@pytest.fixture
def api():
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        def do(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, answer = api.answer(self.command, self.path, self.headers, body)
            except Exception as error:  # the test sees what the script was told
                status, answer = 500, {"error": f"{type(error).__name__}: {error}"}
            if answer is not None and status < 300:
                answer = {"status": status, "requestId": UPLOAD, "result": answer}
            data = json.dumps(answer).encode() if answer is not None else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield api
    server.shutdown()
    server.server_close()


def publish(api, folder, *words, **environment):
    settings = {"CLICKHOUSE_ORG_ID": ORGANIZATION, "CLICKHOUSE_CLOUD_API_KEY": "key", "CLICKHOUSE_CLOUD_API_SECRET": SECRET,
                "CLICKHOUSE_API_URL": f"{api.url}/v1", "PAUSE": "0", "PATH": os.environ["PATH"], **environment}
    return subprocess.run([PUBLISH, *(words or ("debeziumUnnest", SERVICE, folder))], env={key: value for key, value in settings.items() if value},
                          capture_output=True, text=True, timeout=60)


def test_a_new_function_then_a_new_version(api, bundles):
    folder = bundles["RowBinary"]
    for number in (1, 2):
        done = publish(api, folder)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert re.search(rf"version {number} of debeziumUnnest is deployed", done.stderr)
        assert api.uploaded == (folder / "debeziumUnnest.zip").read_bytes() and api.attached == {"version": number}
    assert len(api.versions) == 2 and {**api.versions[1], "functionName": "debeziumUnnest"} == api.versions[0]


@pytest.mark.parametrize("spoil, line", [
    ({"build": "error"}, "version 1 of debeziumUnnest cannot be built: no main in amd64"),
    ({"attachment": "error"}, "version 1 of debeziumUnnest is attached as: error"),
    ({"refuse": {"POST udfUploads/url": (401, "Unauthorized")}}, "POST udfUploads/url: 401 Unauthorized"),
    ({"refuse": {"POST udfs": (403, "Requested UDF features are not enabled.")}}, "POST udfs: 403 Requested UDF features are not enabled."),
    ({"refuse": {f"PUT udfs/debeziumUnnest/attachments/{SERVICE}": (400, "The service does not support UDFs.")}},
     "400 The service does not support UDFs."),
])
def test_what_the_api_refuses_is_told(api, bundles, spoil, line):
    for name, value in spoil.items():
        setattr(api, name, value)
    done = publish(api, bundles["RowBinary"])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("publish: ") and done.stderr.endswith(f"{line}\n"), done.stderr


def test_what_is_missing_is_told_before_anything_is_asked(api, bundles, tmp_path):
    folder = bundles["RowBinary"]
    for name in ("CLICKHOUSE_ORG_ID", "CLICKHOUSE_CLOUD_API_KEY", "CLICKHOUSE_CLOUD_API_SECRET"):
        done = publish(api, folder, **{name: ""})
        assert done.returncode != 0 and f"set {name} to" in done.stderr
    assert "debeziumUnnest.zip: there is no such file; make cloud builds it" in publish(api, tmp_path).stderr
    assert publish(api, folder, "debeziumUnnest").returncode == 2
    assert api.calls == []
    assert "the API cannot be reached" in publish(api, folder, CLICKHOUSE_API_URL="http://127.0.0.1:1").stderr
