"""Our bytes must decode to the very messages that OpenTelemetry's own encoder makes."""

import logging
import math

import pytest
from kit.logs import extras
from kit.otlp import encode_record, encode_span, request
from kit.spans import Span, TracerProvider
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

RESOURCE = Resource({"service.name": "shop", "process.pid": 7})
REMOTE = SpanContext(2**127 + 5, 2**63 + 9, True, TraceFlags(1), TraceState([("vendor", "x")]))


def of_the_library(resource: Resource) -> sdk.TracerProvider:
    return sdk.TracerProvider(resource=resource, shutdown_on_exit=False)


@pytest.fixture(params=[TracerProvider, of_the_library], ids=["kit", "library"])
def spans(request: pytest.FixtureRequest) -> list[Span]:
    provider: TracerProvider | sdk.TracerProvider = request.param(RESOURCE)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    one, two = provider.get_tracer("scope.one"), provider.get_tracer("scope.two")
    server = one.start_span("GET /x", set_span_in_context(NonRecordingSpan(REMOTE)), SpanKind.SERVER)
    server.set_attributes(
        {
            "text": "größe 🙂",
            "yes": True,
            "no": False,
            "one": 1,
            "one as float": 1.0,
            "negative": -3,
            "large": 2**62,
            "nan-free": math.pi,
            "list": ["a", "b"],
            "numbers": (1, 2),
            "long": "x" * 5000,
            "empty": "",
        }
    )
    client = two.start_span("SELECT", set_span_in_context(server), SpanKind.CLIENT, links=[Link(REMOTE, {"why": "w"})])
    client.record_exception(ValueError("no"))
    client.set_status(Status(StatusCode.ERROR, "ValueError: no"))
    client.end()
    one.start_span("root").end()
    server.set_status(StatusCode.OK)
    server.end()
    return list(exporter.get_finished_spans())


def by_span_id(message: ExportTraceServiceRequest) -> dict[tuple[str, bytes], object]:
    return {
        (scope.scope.name, span.span_id): span
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }


def test_spans_decode_to_what_the_library_encodes(spans: list[Span]) -> None:
    items = [(span.instrumentation_scope.name, encode_span(span)) for span in spans]
    ours = ExportTraceServiceRequest.FromString(request(RESOURCE.attributes, items))
    theirs = ExportTraceServiceRequest.FromString(encode_spans(spans).SerializeToString())
    assert len(ours.resource_spans) == 1
    assert {a.key: a.value for a in ours.resource_spans[0].resource.attributes} == {
        a.key: a.value for a in theirs.resource_spans[0].resource.attributes
    }
    assert by_span_id(ours).keys() == by_span_id(theirs).keys()
    for key, span in by_span_id(ours).items():
        expected = by_span_id(theirs)[key]
        if not expected.status.ByteSize():
            expected.ClearField("status")  # the library sends an empty one
        assert span == expected


def test_a_text_that_utf8_cannot_carry_spoils_nothing() -> None:
    record = logging.makeLogRecord({"name": "shop", "msg": "broken \ud800", "levelname": "INFO"})
    body = request({}, [("shop", encode_record(record, "INFO", {}, INVALID_SPAN_CONTEXT))])
    message = ExportLogsServiceRequest.FromString(body)
    assert message.resource_logs[0].scope_logs[0].log_records[0].body.string_value == "broken ?"


def test_a_record_keeps_level_time_extras_and_trace() -> None:
    record = logging.makeLogRecord(
        {"name": "shop", "msg": "sold %d", "args": (3,), "levelno": logging.WARNING, "created": 1.5, "sku": "a", "n": 4}
    )
    body = request(RESOURCE.attributes, [("shop", encode_record(record, "WARN", extras(record), REMOTE))])
    scope = ExportLogsServiceRequest.FromString(body).resource_logs[0].scope_logs[0]
    found = scope.log_records[0]
    assert scope.scope.name == "shop"
    assert (found.severity_text, found.severity_number, found.body.string_value) == ("WARN", 13, "sold 3")
    assert found.time_unix_nano == 1_500_000_000
    assert int.from_bytes(found.trace_id) == REMOTE.trace_id
    assert int.from_bytes(found.span_id) == REMOTE.span_id
    assert {a.key: a.value.string_value or a.value.int_value for a in found.attributes} == {"sku": "a", "n": 4}


def test_a_record_outside_a_trace_names_none() -> None:
    record = logging.makeLogRecord({"name": "shop", "msg": "up"})
    body = request({}, [("shop", encode_record(record, "INFO", {}, INVALID_SPAN_CONTEXT))])
    found = ExportLogsServiceRequest.FromString(body).resource_logs[0].scope_logs[0].log_records[0]
    assert found.trace_id == found.span_id == b""
