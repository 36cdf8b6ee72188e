"""Traces and logs by OpenTelemetry: one provider for the process, W3C context on every hop."""

import logging
import os
import threading

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.propagate import set_global_textmap
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from kit import identity
from kit.span_metrics import SpanMetrics

# A burst of 5,000 spans must fit while an export is under way; a full queue is about 50 MB.
QUEUE_SIZE = 16_384
BATCH_SIZE = 1_024
SCHEDULE_MILLIS = 1_000
EXPORT_TIMEOUT = 10  # seconds, tries included
FLUSH_TIMEOUT = 3  # seconds, at exit

span_metrics = SpanMetrics()
_provider: TracerProvider | None = None
_logger_provider: LoggerProvider | None = None
_lock = threading.Lock()


def set_up(service: str) -> TracerProvider:
    """Makes the process's tracer provider and instruments httpx and psycopg, once; starts no thread."""
    global _provider
    with _lock:
        if _provider is None:
            # The instrumentors read it when they are first used.
            os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
            identity.set_process(service)
            _provider = TracerProvider(sampler=ALWAYS_ON, resource=_resource(service), shutdown_on_exit=False)
            _provider.add_span_processor(span_metrics)
            trace.set_tracer_provider(_provider)
            set_global_textmap(TraceContextTextMapPropagator())
            HTTPXClientInstrumentor().instrument()
            PsycopgInstrumentor().instrument()
    return _provider


def instrument(app: FastAPI) -> None:
    """Gives every request to the app a SERVER span."""
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])


def export_to(endpoint: str, service: str) -> None:
    """Sends all spans and all log records to an OTLP/HTTP endpoint from now on, from threads of their own."""
    global _logger_provider
    provider = set_up(service)
    provider.add_span_processor(
        BatchSpanProcessor(
            OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=EXPORT_TIMEOUT),
            max_queue_size=QUEUE_SIZE,
            schedule_delay_millis=SCHEDULE_MILLIS,
            max_export_batch_size=BATCH_SIZE,
        )
    )
    _logger_provider = LoggerProvider(resource=_resource(service), shutdown_on_exit=False)
    _logger_provider.add_log_record_processor(
        BatchLogRecordProcessor(
            OTLPLogExporter(endpoint=f"{endpoint}/v1/logs", timeout=EXPORT_TIMEOUT),
            max_queue_size=QUEUE_SIZE,
            schedule_delay_millis=SCHEDULE_MILLIS,
            max_export_batch_size=BATCH_SIZE,
        )
    )
    handler = LoggingHandler(logger_provider=_logger_provider)
    # What the exporter says about a failing export must not queue up for that same export.
    handler.addFilter(lambda record: not record.name.startswith(("opentelemetry.", "urllib3.")))
    logging.getLogger().addHandler(handler)


def flush() -> None:
    """Sends what is queued; gives up after a few seconds if the endpoint does not answer."""
    providers = [provider for provider in (_provider, _logger_provider) if provider is not None]
    threads = [threading.Thread(target=provider.shutdown, daemon=True) for provider in providers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(FLUSH_TIMEOUT)


def _resource(service: str) -> Resource:
    return Resource.create({"service.name": service, "service.namespace": "lab"})
