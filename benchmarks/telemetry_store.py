"""What the telemetry store costs at the lab's rates: 250 spans and 60 log lines a second, then bursts and searches.

    python benchmarks/telemetry_store.py [--seconds 60]

Prints JSON. A store of its own on ports of its own; eight services export once a second each, as kit does. CPU is
user + system time of the store's process over the wall time.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from support.driving import arguments, figure, report, wait_for

from lab.telemetry.settings import DEFAULT_MAX_BYTES

SERVICES = ("customers", "checkout", "inventory", "promotions", "billing", "processor", "orders", "partner")
TRACES_PER_SECOND, SPANS_PER_TRACE, LOG_LINES_PER_SECOND = 22, 11, 60
PORT, OPS_PORT = 23890, 23891
STATEMENT = "SELECT l.id, l.sku, l.quantity, l.net FROM orders.line l WHERE l.order_id = %s ORDER BY l.position"


def attribute(key: str, value: str | int) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(**{"int_value" if isinstance(value, int) else "string_value": value}))


def new_span(trace_id: bytes, parent: bytes, kind: int, service: str, number: int, at: int, took: int) -> Span:
    if kind == Span.SPAN_KIND_SERVER:
        route = f"/{service}/{{id}}"
        known = {
            "http.request.method": "GET", "http.route": route, "url.path": f"/{service}/a-{number}",
            "url.scheme": "http", "http.response.status_code": 200, "server.address": "127.0.0.1",
            "server.port": 8401, "client.port": number, "network.protocol.version": "1.1",
            "user_agent.original": "python-httpx/0.28.1",
        }  # fmt: skip
        name = f"GET {route}"
    else:
        known = {"db.system.name": "postgresql", "db.namespace": "lab", "db.query.text": STATEMENT, "server.port": 5432}
        name = "SELECT"
    return Span(
        trace_id=trace_id,
        span_id=random.randbytes(8),
        parent_span_id=parent,
        name=name,
        kind=kind,
        start_time_unix_nano=at,
        end_time_unix_nano=at + took,
        attributes=[attribute(key, value) for key, value in known.items()],
    )


def one_second(number: int, traces: int) -> dict[str, bytes]:
    """Each service's export of one second, by service."""
    requests = {service: ExportTraceServiceRequest() for service in SERVICES}
    lists = {}
    for service, request in requests.items():
        resource = request.resource_spans.add()
        known = {"service.name": service, "service.namespace": "lab", "telemetry.sdk.language": "python"}
        resource.resource.attributes.extend(attribute(key, value) for key, value in known.items())
        lists[service] = resource.scope_spans.add().spans
    for index in range(traces):
        trace_id, parent, at = random.randbytes(16), b"", time.time_ns()
        chain = random.sample(SERVICES, 4)
        for step in range(SPANS_PER_TRACE):
            service = chain[step * len(chain) // SPANS_PER_TRACE]
            kind = Span.SPAN_KIND_SERVER if step % 3 == 0 else Span.SPAN_KIND_CLIENT
            took = random.randrange(10**6, 10**8)
            span = new_span(trace_id, parent, kind, service, number * 100 + index, at + step * 10**6, took)
            lists[service].append(span)
            parent = span.span_id
    return {service: request.SerializeToString() for service, request in requests.items()}


def log_lines(service: str, lines: int) -> bytes:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.append(attribute("service.name", service))
    records = resource.scope_logs.add().log_records
    for _ in range(lines):
        known = {"duration_ms": random.randrange(1000), "account": f"a-{random.randrange(999)}"}
        records.add(
            time_unix_nano=time.time_ns(),
            severity_number=9,
            trace_id=random.randbytes(16),
            span_id=random.randbytes(8),
            body=AnyValue(string_value="GET /orders/{id} 200"),
            attributes=[attribute(key, value) for key, value in known.items()],
        )
    return request.SerializeToString()


def send(client: httpx.Client, path: str, body: bytes) -> float:
    began = time.perf_counter()
    client.post(path, content=body, headers={"Content-Type": "application/x-protobuf"}).raise_for_status()
    return time.perf_counter() - began


def measure(seconds: int) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"STATE_DIR": folder, "PORT": str(PORT), "OPS_PORT": str(OPS_PORT)}
        command = [sys.executable, "-m", "lab.telemetry"]
        root = Path(__file__).resolve().parents[1]
        with (
            httpx.Client(base_url=f"http://127.0.0.1:{PORT}", trust_env=False, timeout=60) as client,
            subprocess.Popen(command, env=environment, cwd=root, stdout=subprocess.DEVNULL) as store,
        ):
            try:
                wait_for(lambda: answers(client), "the telemetry store answers", 20, every=0.05)
                return figures(client, psutil.Process(store.pid), seconds)
            finally:
                store.terminate()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/services").is_success
    except httpx.TransportError:
        return False


def figures(client: httpx.Client, process: psutil.Process, seconds: int) -> list[dict]:
    took, began, cpu = [], time.monotonic(), sum(process.cpu_times()[:2])
    for second in range(seconds):
        for service, body in one_second(second, TRACES_PER_SECOND).items():
            took.append(send(client, "/v1/traces", body))
            took.append(send(client, "/v1/logs", log_lines(service, LOG_LINES_PER_SECOND // len(SERVICES))))
        time.sleep(max(0, began + second + 1 - time.monotonic()))
    share = (sum(process.cpu_times()[:2]) - cpu) / (time.monotonic() - began)
    stored = store_bytes(client) / seconds
    steady = process.memory_full_info().pss
    bursts = [sum(send(client, "/v1/traces", body) for body in one_second(0, 455).values()) for _ in range(3)]
    search, found = timed(client, "/api/traces?service=orders&limit=20")
    one, _ = timed(client, f"/api/traces/{found['data'][0]['traceID']}")
    return [
        figure("cpu at 250 spans/s", 100 * share, "% of a core", most=4),
        figure("answer to an export, p99", 1000 * sorted(took)[int(len(took) * 0.99)], "ms"),
        figure("disk at 250 spans/s", stored / 1000, "kB/s"),
        figure("kept in the default size", DEFAULT_MAX_BYTES / stored / 3600, "h", least=3),
        figure("burst of 5,000 spans taken", max(bursts), "s"),
        figure("search for 20 traces", search, "s"),
        figure("one trace by id", one, "s"),
        figure("memory, steady", steady / 2**20, "MiB PSS", most=60),
        figure("memory after bursts and searches", process.memory_full_info().pss / 2**20, "MiB PSS", most=60),
    ]


def timed(client: httpx.Client, path: str) -> tuple[float, dict]:
    began = time.perf_counter()
    answer = client.get(path)
    return time.perf_counter() - began, answer.raise_for_status().json()


def store_bytes(client: httpx.Client) -> float:
    lines = client.get(f"http://127.0.0.1:{OPS_PORT}/metrics").text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("telemetry_store_bytes")))


if __name__ == "__main__":
    report(measure(arguments(__doc__, seconds=60).seconds))
