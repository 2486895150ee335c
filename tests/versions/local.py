"""One version of ClickHouse as a server: its library in this process, statements by HTTP.

    python local.py LIBRARY PORT CONFIG DATA

A POST's body is a statement or several, `?format=` the format of their answers; an exception is status 500 with its text.
There is one caller, so one statement runs at a time. The libraries have two doors: those of before 25.x run clickhouse-local
once for each call, so that nothing lives on in between but the data; the later ones keep a connection.
"""
import ctypes
import importlib.util
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class EngineError(Exception):
    """ClickHouse's own exception, as text."""


class Result(ctypes.Structure):
    """struct local_result_v2, as the library returns it; it owns everything in it."""
    _fields_ = [("buf", ctypes.c_void_p), ("len", ctypes.c_size_t), ("vec", ctypes.c_void_p),
                ("elapsed", ctypes.c_double), ("rows_read", ctypes.c_uint64), ("bytes_read", ctypes.c_uint64),
                ("error_message", ctypes.c_char_p)]


class OneCall:
    """clickhouse-local's main, again for each call."""

    def __init__(self, library: Path, config: str, data: str):
        loaded = ctypes.CDLL(library, ctypes.RTLD_LOCAL | ctypes.DEFAULT_MODE)
        self.main, self.free = loaded.query_stable_v2, loaded.free_result_v2
        self.main.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
        self.main.restype = ctypes.POINTER(Result)
        self.free.argtypes = [ctypes.POINTER(Result)]
        self.arguments = ["clickhouse", "--config-file", config, "--path", data, "--multiquery"]

    def query(self, sql: str, format: str) -> bytes:
        arguments = [text.encode() for text in (*self.arguments, "--output-format", format, "--query", sql)]
        result = self.main(len(arguments), (ctypes.c_char_p * len(arguments))(*arguments))
        try:
            if result.contents.error_message:
                raise EngineError(result.contents.error_message.decode(errors="replace"))
            return ctypes.string_at(result.contents.buf, result.contents.len) if result.contents.buf else b""
        finally:
            self.free(result)


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
    door = Connection if library.endswith(".abi3.so") else OneCall
    Handler.engine = door(Path(library), config, data)
    HTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
