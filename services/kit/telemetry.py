"""Traces and logs by OpenTelemetry: one tracer provider for the process, W3C context on every hop."""

import os
import threading

from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.propagate import set_global_textmap
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from kit import identity, statements
from kit.export import Outbox
from kit.logs import JsonLines
from kit.otlp import encode_record, encode_span
from kit.span_metrics import SpanMetrics
from kit.spans import Span, TracerProvider

span_metrics = SpanMetrics()
_provider: TracerProvider | None = None
_outboxes: list[Outbox] = []
_lock = threading.Lock()


class _SpanExport:
    """Encodes each span as it ends, so that what waits is bytes."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def on_end(self, span: Span) -> None:
        self._outbox.put(span.instrumentation_scope.name, encode_span(span))


def set_up(service: str) -> TracerProvider:
    """Makes the process's tracer provider, and spans for httpx and psycopg, once; starts no thread."""
    global _provider
    with _lock:
        if _provider is None:
            # The instrumentor reads it when it is first used: attributes by the stable conventions.
            os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
            identity.set_process(service)
            resource = Resource.create({"service.name": service, "service.namespace": "lab"})
            _provider = TracerProvider(resource)
            _provider.add_span_processor(span_metrics)
            trace.set_tracer_provider(_provider)
            set_global_textmap(TraceContextTextMapPropagator())
            HTTPXClientInstrumentor().instrument()
            statements.install(_provider.get_tracer("kit.statements"))
    return _provider


def export_to(endpoint: str, service: str, lines: JsonLines, headers: str = "") -> None:
    """Sends every span and every log record to an OTLP/HTTP endpoint from now on, by threads of their own. `headers` go
    with them; their form is that of OTEL_EXPORTER_OTLP_HEADERS."""
    provider = set_up(service)
    resource = provider.resource.attributes
    sent = parse_env_headers(headers)
    spans, records = (Outbox(f"{endpoint}/v1/{signal}", resource, headers=sent) for signal in ("traces", "logs"))
    _outboxes.extend((spans, records))
    provider.add_span_processor(_SpanExport(spans))
    lines.export_to(lambda record, *rest: records.put(record.name, encode_record(record, *rest)))


def close(timeout: float) -> None:
    """Sends what is queued, for so many seconds at most."""
    while _outboxes:
        _outboxes.pop(0).close(timeout / 2)
