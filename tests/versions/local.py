"""One version of ClickHouse as a server: its library in this process, statements by HTTP.

    python local.py LIBRARY PORT CONFIG DATA

A POST's body is a statement or several, `?format=` the format of their answers; an exception is status 500 with its text.
There is one caller, so one statement runs at a time. The libraries have two doors: those before 25.x run clickhouse-local
once for each call, so that nothing but the data lives on in between; the later ones keep a connection.
"""
import ctypes
import importlib.util
import os
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


def has_connections(library: Path) -> bool:
    """The later ones are built against Python's stable ABI, as their name says."""
    return library.name.endswith(".abi3.so")


# The name of the exception for a table that could not be loaded.
NOT_LOADED = "ASYNC_LOAD_WAIT_FAILED"


class EngineError(Exception):
    """ClickHouse's own exception, as text."""


class Result(ctypes.Structure):
    """struct local_result_v2, as the library returns it; it owns everything in it."""
    _fields_ = [("buf", ctypes.c_void_p), ("len", ctypes.c_size_t), ("vec", ctypes.c_void_p),
                ("elapsed", ctypes.c_double), ("rows_read", ctypes.c_uint64), ("bytes_read", ctypes.c_uint64),
                ("error_message", ctypes.c_char_p)]


class OneCall:
    """clickhouse-local's main, each time in a child of its own, as it expects to be alone and to end."""

    def __init__(self, library: Path, config: str, data: str):
        self.main = ctypes.CDLL(library).query_stable_v2
        self.main.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
        self.main.restype = ctypes.POINTER(Result)
        self.arguments = ["clickhouse", "--config-file", config, "--path", data, "--multiquery"]

    def query(self, sql: str, format: str) -> bytes:
        for _ in range(5):
            try:
                return self._run(sql, format)
            except EngineError as error:
                # Its tables are loaded by threads before the first statement, and rarely one trips over another
                # (`recursive_mutex lock failed`). Nothing of the statement has been run then.
                if NOT_LOADED not in str(error):
                    raise
                failure = error
        raise failure

    def _run(self, sql: str, format: str) -> bytes:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            os._exit(self._answer(writer, [*self.arguments, "--output-format", format, "--query", sql]))
        os.close(writer)
        with open(reader, "rb") as pipe:
            answer = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != 0:
            raise EngineError(answer.decode(errors="replace") or f"the engine ended with status {status}")
        return answer

    def _answer(self, writer: int, arguments: list) -> int:
        texts = [text.encode() for text in arguments]
        result = self.main(len(texts), (ctypes.c_char_p * len(texts))(*texts)).contents
        error = result.error_message or b""
        with open(writer, "wb") as pipe:
            pipe.write(error or (ctypes.string_at(result.buf, result.len) if result.buf else b""))
        return int(error != b"")


class Connection:
    """The library's Python module; it is one with the library, and named so inside."""

    def __init__(self, library: Path, config: str, data: str):
        spec = importlib.util.spec_from_file_location("_chdb", library)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.connection = module.connect(f":memory:?config-file={config}&path={data}")

    def query(self, sql: str, format: str) -> bytes:
        try:
            return self.connection.query(sql, format).bytes()
        except RuntimeError as error:
            raise EngineError(str(error)) from None


class Handler(BaseHTTPRequestHandler):
    engine = None

    def do_POST(self):
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        options = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        try:
            status, answer = 200, self.engine.query(sql, options.get("format", "TabSeparated"))
        except EngineError as error:
            status, answer = 500, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        """The caller sees every answer."""


def main(library: str, port: str, config: str, data: str) -> None:
    door = Connection if has_connections(Path(library)) else OneCall
    Handler.engine = door(Path(library), config, data)
    HTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
