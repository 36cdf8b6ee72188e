"""The customers' own metrics, traces and logs: what the company looks like from outside."""

import json
import logging
import sys
from datetime import UTC, datetime

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Counter, Histogram

SERVICE = "customers"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

DURATION = Histogram(
    "customer_request_duration_seconds",
    "Time until the customer had what they came for, or gave up.",
    ["profile", "service", "route", "status"],
    buckets=BUCKETS,
)
ASKED = Counter("customer_requests_asked_total", "Arrivals that were due.", ["profile"])
SENT = Counter("customer_requests_sent_total", "Arrivals whose request was sent.", ["profile"])


def tracer(endpoint: str) -> trace.Tracer:
    """A tracer that exports to `endpoint` (OTLP/HTTP, without `/v1/traces`), or to nowhere if that is empty."""
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    if endpoint:
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
        # room for two bursts and a store that is away for a while
        provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=16_384, max_export_batch_size=512, schedule_delay_millis=1_000)
        )
    trace.set_tracer_provider(provider)
    return provider.get_tracer("loadgen")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        context = trace.get_current_span().get_span_context()
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")[:-6] + "Z",
            "level": record.levelname,
            "service": SERVICE,
            "event": record.getMessage(),
            "trace_id": f"{context.trace_id:032x}" if context.is_valid else None,
            "span_id": f"{context.span_id:016x}" if context.is_valid else None,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_to_stdout() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
