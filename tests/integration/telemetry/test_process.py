"""The store as a process of its own, spoken to over HTTP as the services and labctl do."""

from __future__ import annotations

import gzip
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from lab.clients.logs import Logs
from lab.clients.traces import Traces
from lab.telemetry.settings import WRITE_TOKEN
from tests.jaeger.process import Server, telemetry_store
from tests.jaeger.spans import MS, message, request, span, trace_id


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with telemetry_store(tmp_path_factory.mktemp("telemetry")) as server:
        yield server


def one_span(trace: str, service: str = "orders", name: str = "GET /orders") -> bytes:
    return request(message(service, span(trace, name, time.time_ns(), MS)))


def test_what_the_sdk_sends_is_what_labctl_reads(store: Server) -> None:
    from opentelemetry.instrumentation.logging.handler import LoggingHandler

    resource = Resource.create({"service.name": "sdk"})
    tracers, loggers = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{store.otlp}/v1/traces")))
    loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{store.otlp}/v1/logs")))
    logger = logging.Logger("sdk")
    logger.addHandler(LoggingHandler(logger_provider=loggers))
    with tracers.get_tracer("tests").start_as_current_span("POST /charges") as current:
        logger.warning("charge refused", extra={"account": "a-17"})
        current.add_event("retry", {"attempt": 2})
        wanted = format(current.get_span_context().trace_id, "032x")
    tracers.shutdown()
    loggers.shutdown()
    with Traces(store.query) as traces, Logs(store.query) as logs:
        [shown] = traces.get(wanted)["spans"]
        assert (shown["operationName"], shown["logs"][0]["fields"][0]["value"]) == ("POST /charges", "retry")
        [record] = logs.search(trace_id=wanted)
        assert (record["event"], record["level"], record["service"]) == ("charge refused", "WARN", "sdk")
        assert (record["account"], record["span_id"]) == ("a-17", shown["spanID"])
        assert [one["traceID"] for one in traces.search("sdk")] == [wanted]


def test_gzip_and_partial_success(store: Server) -> None:
    body = request(message("gzip", Span(name="no ids"), span("gzip", "good", time.time_ns(), MS)))
    answer = store.send(gzip.compress(body), **{"Content-Encoding": "gzip"})
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert ExportTraceServiceResponse.FromString(answer.content).partial_success.rejected_spans == 1
    assert store.ask(f"/api/traces/{trace_id('gzip').hex()}").status_code == 200


@pytest.mark.parametrize(
    ("body", "headers", "status", "sentence"),
    [
        (b"nonsense", {}, 400, "not a protobuf"),
        (b"nonsense", {"Content-Encoding": "gzip"}, 400, "is not gzip"),
        (b"", {"Content-Encoding": "zstd"}, 400, "send gzip or none"),
        (b"{}", {"Content-Type": "application/json"}, 415, "application/x-protobuf"),
        (bytes(17 * 2**20), {}, 413, "send smaller batches"),
        (gzip.compress(bytes(17 * 2**20)), {"Content-Encoding": "gzip"}, 413, "send smaller batches"),
    ],
)
@pytest.mark.parametrize("signal_name", ["traces", "logs"])
def test_refusals_say_why(
    store: Server, signal_name: str, body: bytes, headers: dict, status: int, sentence: str
) -> None:
    answer = store.send(body, signal_name, **headers)
    assert answer.status_code == status
    assert sentence in Status.FromString(answer.content).message


def test_what_is_not_served(store: Server) -> None:
    assert store.client.get(f"{store.query}/api/secrets").json()["errors"][0]["code"] == 404
    assert store.client.delete(f"{store.query}/api/traces/abc").status_code == 405
    assert store.client.get(f"{store.query}/v1/traces").status_code == 405


def test_metrics_and_health_on_their_own_port(store: Server) -> None:
    def spans() -> float:
        lines = store.client.get(f"{store.ops}/metrics").text.splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("telemetry_spans_total")))

    before = spans()
    assert store.send(one_span("counted")).status_code == 200
    assert spans() == before + 1
    assert store.client.get(f"{store.ops}/healthz").text == "ok"
    assert store.client.get(f"{store.ops}/else").status_code == 404


def test_writers_and_readers_at_once(store: Server) -> None:
    """Whatever was answered with 200 is found by whoever asks afterwards."""
    failures: list[str] = []

    def write_and_read(worker: int) -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            mine = Server(store.process, client, store.otlp, store.query)
            for number in range(25):
                name = f"worker {worker} trace {number}"
                service = f"worker-{worker % 3}"
                assert mine.send(one_span(name, service)).status_code == 200
                if mine.ask(f"/api/traces/{trace_id(name).hex()}").status_code != 200:
                    failures.append(f"{name} by id")
                found = mine.ask("/api/traces", {"service": service, "limit": 1500}).json()["data"]
                if trace_id(name).hex() not in {trace["traceID"] for trace in found}:
                    failures.append(f"{name} by search")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write_and_read, range(6)))
    assert failures == []


def test_a_trace_of_two_thousand_spans_and_a_burst_of_five_thousand(store: Server) -> None:
    now = time.time_ns()
    spans = [span("large", f"s{i}", now + i, MS, f"s{i - 1}" if i else "") for i in range(2000)]
    burst = [span(f"burst {i}", "x", now, MS) for i in range(5000)]
    with ThreadPoolExecutor(4) as pool:
        large = [request(message("large", *spans[at : at + 500])) for at in range(0, 2000, 500)]
        small = [request(message("burst", *burst[at : at + 500])) for at in range(0, 5000, 500)]
        assert {answer.status_code for answer in pool.map(store.send, large + small)} == {200}
    [trace] = store.ask(f"/api/traces/{trace_id('large').hex()}").json()["data"]
    assert [item["operationName"] for item in trace["spans"]] == [f"s{i}" for i in range(2000)]
    found = store.ask("/api/traces", {"service": "burst", "limit": 6000}).json()["data"]
    assert len(found) == 5000


def test_nothing_that_was_accepted_is_lost_by_kill_9(tmp_path: Path) -> None:
    """Killed at different moments while four senders write; each time all answered spans must still be there."""
    accepted: list[str] = []
    for round_number, after in enumerate((20, 45, 90)):
        with telemetry_store(tmp_path, MAX_BYTES=16 * 2**20) as store:
            killed = threading.Event()

            def send(worker: int, store: Server = store, killed=killed, round_number: int = round_number) -> None:
                with httpx.Client(trust_env=False) as client:
                    mine = Server(store.process, client, store.otlp, store.query)
                    for number in range(10_000):
                        name = f"{round_number}/{worker}/{number}"
                        try:
                            if mine.send(one_span(name)).status_code == 200:
                                accepted.append(name)
                        except httpx.TransportError:
                            return
                        if killed.is_set():
                            return

            enough = len(accepted) + after
            with ThreadPoolExecutor(4) as pool:
                senders = [pool.submit(send, worker) for worker in range(4)]
                deadline = time.monotonic() + 60
                while len(accepted) < enough and time.monotonic() < deadline:
                    time.sleep(0.002)
                os.kill(store.process.pid, signal.SIGKILL)
                killed.set()
                for sender in senders:
                    sender.result()
            assert len(accepted) >= enough, "the senders got nowhere within a minute"
    with telemetry_store(tmp_path) as store:
        lost = [name for name in accepted if store.ask(f"/api/traces/{trace_id(name).hex()}").status_code != 200]
        assert lost == []
        assert store.send(one_span("afterwards")).status_code == 200


def test_a_setting_that_makes_no_sense_ends_it_with_a_sentence(tmp_path: Path) -> None:
    environment = os.environ | {"STATE_DIR": str(tmp_path), "MAX_BYTES": "12"}
    ended = subprocess.run([sys.executable, "-m", "lab.telemetry"], env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["event"].startswith("MAX_BYTES is '12': give a whole number from")


def test_importing_it_does_nothing() -> None:
    """The supervisor imports it once and forks: threads, sockets and signal handlers must wait for main()."""
    script = (
        "import logging, signal, threading; before = signal.getsignal(signal.SIGTERM)\n"
        "from lab.telemetry.server import main\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "assert signal.getsignal(signal.SIGTERM) == before and not logging.getLogger().handlers\n"
        "import os; print(len(os.listdir('/proc/self/fd')))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) <= 4


def test_with_a_token_nobody_else_writes(tmp_path) -> None:
    body, protobuf = one_span("strange"), {"content-type": "application/x-protobuf"}
    with telemetry_store(tmp_path, WRITE_TOKEN="t" * 48) as closed:
        for path in ("/v1/traces", "/v1/logs"):
            for headers in ({}, {WRITE_TOKEN: "x" * 48}, {WRITE_TOKEN: ""}, {"authorization": "t" * 48}):
                answer = closed.client.post(f"{closed.otlp}{path}", content=body, headers=protobuf | headers)
                assert answer.status_code == 401
                assert "Only the lab's own processes" in Status.FromString(answer.content).message
        assert closed.client.get(f"{closed.query}/api/services").json()["data"] is None
        known = protobuf | {WRITE_TOKEN: "t" * 48}
        assert closed.client.post(f"{closed.otlp}/v1/traces", content=body, headers=known).status_code == 200
        assert closed.client.get(f"{closed.query}/api/services").json()["data"] == ["orders"]
