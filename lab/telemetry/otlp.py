"""OTLP/HTTP bodies, taken apart into the batches that are stored.

A batch is what one resource (one process of one service) sent in one request: the compressed protobuf message as it
came, and beside it what searches need to know without opening it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

MAX_BODY_BYTES = 16 * 1024 * 1024
KINDS = {
    Span.SPAN_KIND_INTERNAL: "internal",
    Span.SPAN_KIND_SERVER: "server",
    Span.SPAN_KIND_CLIENT: "client",
    Span.SPAN_KIND_PRODUCER: "producer",
    Span.SPAN_KIND_CONSUMER: "consumer",
}
_COMPRESSION_LEVEL = 6
_ERROR_KEY = b"\n\x05error"  # KeyValue.key on the wire


class BadBody(ValueError):
    """The body is not what its headers say; `str(error)` is a sentence for the sender."""


class BodyTooLarge(BadBody):
    """The body, compressed or not, is larger than MAX_BODY_BYTES."""


@dataclass(frozen=True, slots=True)
class SpanBatch:
    """Times are microseconds since the epoch, `longest` is microseconds, `traces` are `trace_key`s.

    `failed` counts spans of status ERROR, and one more if anything has an attribute called "error": if it is zero,
    nothing in the batch matches error=true.
    """

    service: str
    first: int
    last: int
    longest: int
    failed: int
    spans: int
    traces: frozenset[int]
    operations: frozenset[tuple[str, str]]
    message: ResourceSpans
    payload: bytes


@dataclass(frozen=True, slots=True)
class LogBatch:
    """As SpanBatch; `severest` is the largest OTLP severity number in it."""

    service: str
    first: int
    last: int
    severest: int
    records: int
    traces: frozenset[int]
    payload: bytes


def inflate(body: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding (identity or gzip)."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise BadBody(f"Content-Encoding {encoding!r} is not known: send gzip or none.")
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise BadBody(f"The body is not gzip, as its Content-Encoding says: {error}.") from None
    if len(inflated) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"The body inflates to more than {MAX_BODY_BYTES} bytes: send smaller batches.")
    if not inflater.eof:
        raise BadBody("The gzip body is cut short.")
    return inflated


def span_batches(body: bytes) -> tuple[list[SpanBatch], int]:
    """The batches of an ExportTraceServiceRequest, and how many spans had no valid ids and were left out."""
    request = _parse(ExportTraceServiceRequest, body)
    batches, refused = [], 0
    for message in request.resource_spans:
        refused += _drop_spans_without_ids(message)
        if any(scope.spans for scope in message.scope_spans):
            batches.append(_span_batch(message))
    return batches, refused


def log_batches(body: bytes) -> list[LogBatch]:
    """The batches of an ExportLogsServiceRequest."""
    request = _parse(ExportLogsServiceRequest, body)
    return [
        _log_batch(message)
        for message in request.resource_logs
        if any(scope.log_records for scope in message.scope_logs)
    ]


def open_spans(payload: bytes) -> ResourceSpans:
    return ResourceSpans.FromString(zlib.decompress(payload))


def open_logs(payload: bytes) -> ResourceLogs:
    return ResourceLogs.FromString(zlib.decompress(payload))


def trace_key(trace_id: bytes) -> int:
    """A trace id's low half as SQLite's signed integer: short, and rarely shared; readers compare the whole id."""
    return int.from_bytes(trace_id[8:], "big", signed=True)


def service_of(resource: Resource) -> str:
    """`service.name`, or the placeholders that Jaeger's collector writes in its stead."""
    for attribute in resource.attributes:
        if attribute.key == "service.name":
            if attribute.value.WhichOneof("value") != "string_value":
                return "service-name-wrong-type"
            return attribute.value.string_value or "empty-service-name"
    return "missing-service-name"


def duration_of(span: Span) -> int:
    """Nanoseconds; a span that ends no later than it starts lasted one, as Jaeger's collector has it."""
    return max(span.end_time_unix_nano - span.start_time_unix_nano, 1)


def record_time(record) -> int:
    """A log record's time in nanoseconds, or when it was seen."""
    return record.time_unix_nano or record.observed_time_unix_nano


def _parse(kind: type[Message], body: bytes) -> Message:
    try:
        return kind.FromString(body)
    except DecodeError:
        raise BadBody(f"The body is not a protobuf {kind.DESCRIPTOR.name}.") from None


def _drop_spans_without_ids(message: ResourceSpans) -> int:
    refused = 0
    for scope in message.scope_spans:
        for span in scope.spans:
            if len(span.trace_id) not in (0, 16) or len(span.span_id) not in (0, 8):
                raise BadBody("A trace id must have 16 bytes and a span id 8.")
        valid = [span for span in scope.spans if any(span.trace_id) and any(span.span_id)]
        if len(valid) < len(scope.spans):
            refused += len(scope.spans) - len(valid)
            kept = [Span.FromString(span.SerializeToString()) for span in valid]
            del scope.spans[:]
            scope.spans.extend(kept)
    return refused


def _span_batch(message: ResourceSpans) -> SpanBatch:
    starts, longest, failed = [], 0, 0
    traces, operations = set(), set()
    for span in _spans(message):
        starts.append(span.start_time_unix_nano)
        longest = max(longest, duration_of(span))
        failed += span.status.code == Status.STATUS_CODE_ERROR
        traces.add(span.trace_id)
        operations.add((span.name, KINDS.get(span.kind, "")))
    body = message.SerializeToString()
    return SpanBatch(
        service=service_of(message.resource),
        first=min(starts) // 1000,
        last=max(starts) // 1000,
        longest=-(-longest // 1000),
        failed=failed + (_ERROR_KEY in body),
        spans=len(starts),
        traces=frozenset(map(trace_key, traces)),
        operations=frozenset(operations),
        message=message,
        payload=zlib.compress(body, _COMPRESSION_LEVEL),
    )


def _log_batch(message: ResourceLogs) -> LogBatch:
    records = [record for scope in message.scope_logs for record in scope.log_records]
    times = [record_time(record) for record in records]
    return LogBatch(
        service=service_of(message.resource),
        first=min(times) // 1000,
        last=max(times) // 1000,
        severest=max(record.severity_number for record in records),
        records=len(records),
        traces=frozenset(trace_key(record.trace_id) for record in records if len(record.trace_id) == 16),
        payload=zlib.compress(message.SerializeToString(), _COMPRESSION_LEVEL),
    )


def _spans(message: ResourceSpans) -> Iterator[Span]:
    for scope in message.scope_spans:
        yield from scope.spans
