"""Services started by the launcher as processes of their own, and the OTLP endpoint that they export to."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

RELEASE = Path(__file__).parent / "release"
LAUNCH = Path(__file__).parents[3] / "services" / "launch.py"


def until(what: str, condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Polls until the condition gives something true, which it returns."""
    end = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        assert time.monotonic() < end, f"gave up waiting: {what}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Item:
    """A span or a log record as it arrived."""

    service: str
    trace_id: str
    span_id: str
    parent_id: str
    name: str  # of the span, or the event of the record
    attributes: dict[str, Any]


class Endpoint:
    """Takes OTLP/HTTP and keeps what it says."""

    def __init__(self) -> None:
        self.spans: list[Item] = []
        self.records: list[Item] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                endpoint.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def take(self, path: str, body: bytes) -> None:
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = _plain(resource.resource.attributes)["service.name"]
                for scope in resource.scope_spans:
                    self.spans += [_item(service, span, span.name) for span in scope.spans]
        else:
            for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
                service = _plain(resource.resource.attributes)["service.name"]
                for scope in resource.scope_logs:
                    self.records += [_item(service, record, record.body.string_value) for record in scope.log_records]

    def trace(self, trace_id: str, spans: int) -> list[Item]:
        """The spans of a trace, as soon as there are so many."""
        return until(
            f"{spans} spans of trace {trace_id}, of {self.spans}",
            lambda: (
                (found := [span for span in self.spans if span.trace_id == trace_id]) and len(found) == spans and found
            ),
        )

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def _plain(attributes: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in attributes}


def _item(service: str, message: Any, name: str) -> Item:
    parent = message.parent_span_id.hex() if hasattr(message, "parent_span_id") else ""
    return Item(service, message.trace_id.hex(), message.span_id.hex(), parent, name, _plain(message.attributes))


@dataclass
class Service:
    process: subprocess.Popen
    url: str
    ops_url: str
    output: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    def healthy(self) -> bool:
        assert self.process.poll() is None, self.output.read_text()
        try:
            return httpx.get(f"{self.ops_url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def metrics(self) -> str:
        accept = "application/openmetrics-text; version=1.0.0"
        return httpx.get(f"{self.ops_url}/metrics", headers={"Accept": accept}).text

    def metric(self, name: str) -> float:
        line = next(line for line in self.metrics().splitlines() if line.startswith(name))
        return float(line.rpartition(" ")[2])


Start = Callable[..., Service]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def start(tmp_path: Path, endpoint: Endpoint) -> Iterator[Start]:
    """`start(name, wait=True, **environment)` launches a service of ./release, on free ports."""
    started: list[Service] = []

    def start(name: str, *, wait: bool = True, **environment: str) -> Service:
        ports = {"PORT": str(free_port()), "OPS_PORT": str(free_port())}
        environment = ports | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint.url} | environment
        keep = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        output = tmp_path / f"{name}-{len(started)}.log"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, str(LAUNCH), name],
                env=keep | {"RELEASE_ROOT": str(RELEASE)} | environment,
                stdout=file,
                stderr=file,
            )
        urls = (f"http://127.0.0.1:{environment[port]}" for port in ("PORT", "OPS_PORT"))
        service = Service(process, *urls, output)
        started.append(service)
        if wait:
            until(f"{name} is healthy", service.healthy)
        return service

    yield start
    for service in started:
        service.process.terminate()
    for service in started:
        try:
            service.process.wait(15)
        except subprocess.TimeoutExpired:
            service.process.kill()
            service.process.wait()
