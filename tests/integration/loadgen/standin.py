"""A stand-in for the whole company, and a hand on the load's two ports."""

import gzip
import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def eventually(condition: Callable[[], object], what: str, deadline: float = 20.0) -> object:
    """Poll until `condition` is true and give its value; fails saying what was waited for."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    pytest.fail(f"within {deadline:g} s it did not happen that {what}")


class Company:
    """Answers every request 201, or holds it for as long as `hanging` is set; takes spans; remembers who asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict, bytes]] = []
        self.spans: list = []
        self.answering = threading.Event()
        self.answering.set()
        self.pending_orders: dict[str, int] = {}
        self.accept_orders_first = False
        company = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                company._serve(self)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.request_queue_size = 512
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if handler.path == "/v1/traces":
            message = ExportTraceServiceRequest.FromString(_plain(handler, body))
            for resource in message.resource_spans:
                for scope in resource.scope_spans:
                    self.spans.extend((resource.resource, span) for span in scope.spans)
            return _answer(handler, 200, b"")
        self.requests.append((handler.command, handler.path, dict(handler.headers), body))
        self.answering.wait(60)
        if handler.path == "/orders" and self.accept_orders_first:
            order = f"/orders/{len(self.requests)}"
            self.pending_orders[order] = 3
            return _answer(handler, 202, b"{}", location=order)
        if self.pending_orders.get(handler.path, 0) > 0:
            self.pending_orders[handler.path] -= 1
            return _answer(handler, 202, b"{}")
        _answer(handler, 201, b'{"charge_id": "ch-1"}')

    def close(self) -> None:
        self.answering.set()
        self.server.shutdown()
        self.server.server_close()


def _plain(handler: BaseHTTPRequestHandler, body: bytes) -> bytes:
    return gzip.decompress(body) if handler.headers.get("Content-Encoding") == "gzip" else body


def _answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, location: str = "") -> None:
    try:
        handler.send_response(status)
        if location:
            handler.send_header("Location", location)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    except OSError:
        handler.close_connection = True  # the customer gave up


class Load:
    """The running load's two ports."""

    def __init__(self, process: subprocess.Popen, port: int, ops_port: int) -> None:
        self.process = process
        self._base = f"http://127.0.0.1:{port}"
        self._ops = f"http://127.0.0.1:{ops_port}"

    def post(self, path: str, body: dict | None = None, headers: dict | None = None) -> tuple[int, dict]:
        data = json.dumps(body).encode() if body is not None else b""
        request = urllib.request.Request(
            self._base + path, data, {"Content-Type": "application/json", **(headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def figures(self, name: str) -> dict:
        with urllib.request.urlopen(f"{self._base}/profiles", timeout=5) as response:
            return next(entry for entry in json.load(response) if entry["profile"] == name)

    def metrics(self) -> str:
        request = urllib.request.Request(f"{self._ops}/metrics", headers={"Accept": "application/openmetrics-text"})
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.read().decode()

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._ops}/healthz", timeout=2) as response:
                return response.status == 200
        except OSError:
            return False

    def sample(self, series: str) -> float:
        """The value of one series, labels as printed; 0.0 if it is not there."""
        lines = (line.split(" # ")[0].rsplit(" ", 1) for line in self.metrics().splitlines())
        return next((float(value) for name, value in (x for x in lines if len(x) == 2) if name == series), 0.0)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
