"""/metrics and /healthz, on a thread and a port of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, PlatformCollector, ProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from lab.telemetry.archive import Archive
from lab.telemetry.writer import Receipt


class Metrics:
    """What the store counts, in a registry of its own."""

    def __init__(self, archive: Archive) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._spans = Counter("telemetry_spans", "Spans stored.", registry=self.registry)
        self._records = Counter("telemetry_log_records", "Log records stored.", registry=self.registry)
        self._invalid = Counter("telemetry_invalid_spans", "Spans left out for want of ids.", registry=self.registry)
        self._refused = Counter("telemetry_refused_requests", "Requests refused.", ["reason"], registry=self.registry)
        for reason in ("busy", "too_large", "bad_body"):
            self._refused.labels(reason)
        size = Gauge("telemetry_store_bytes", "Bytes on disk, write-ahead logs included.", registry=self.registry)
        size.set_function(archive.size)
        limit = Gauge("telemetry_store_limit_bytes", "What the store may take on disk.", registry=self.registry)
        limit.set(archive.max_bytes)
        oldest = Gauge(
            "telemetry_store_oldest_timestamp_seconds",
            "When the oldest kept telemetry arrived.",
            registry=self.registry,
        )
        oldest.set_function(lambda: next((segment.start / 1_000_000 for segment in archive.segments()), 0))

    def accepted(self, receipt: Receipt) -> None:
        self._spans.inc(receipt.spans)
        self._records.inc(receipt.records)
        self._invalid.inc(receipt.refused)

    def refused(self, reason: str) -> None:
        self._refused.labels(reason).inc()


def serve_ops(host: str, port: int, metrics: Metrics, failure: Callable[[], str | None]) -> ThreadingHTTPServer:
    """Serve until `shutdown()`; `failure` says in a sentence why the store is not healthy, or None."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(metrics.registry))
                case "/healthz":
                    reason = failure()
                    self._answer(503 if reason else 200, "text/plain; charset=utf-8", (reason or "ok").encode())
                case path:
                    self._answer(404, "text/plain; charset=utf-8", f"There is no {path}: ask /metrics.".encode())

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            """Scrapes every two seconds are not worth a line each."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="ops", daemon=True).start()
    return server
