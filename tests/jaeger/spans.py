"""OTLP requests that show every part of a span, for whoever answers Jaeger's questions."""

from __future__ import annotations

import hashlib
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

MS = 1_000_000
SECOND = 1000 * MS
SERVER, CLIENT, INTERNAL = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_INTERNAL
ERROR, OK = Status.STATUS_CODE_ERROR, Status.STATUS_CODE_OK
PLAIN = {"service.namespace": "lab", "process.pid": 4711}


def trace_id(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:16]


def span_id(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[16:24]


def value(thing: Any) -> AnyValue:
    match thing:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=thing)
        case int():
            return AnyValue(int_value=thing)
        case float():
            return AnyValue(double_value=thing)
        case str():
            return AnyValue(string_value=thing)
        case bytes():
            return AnyValue(bytes_value=thing)
        case list():
            return AnyValue(array_value=ArrayValue(values=map(value, thing)))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=attributes(thing)))


def attributes(things: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value(thing)) for key, thing in things.items()]


def span(
    trace: str, name: str, start: int, duration: int, parent: str = "", tags: dict | None = None, **fields
) -> Span:
    """A span called `name`, whose id is made of trace and name, as are its parent's; times in nanoseconds."""
    return Span(
        trace_id=fields.pop("id_of_trace", trace_id(trace)),
        span_id=span_id(f"{trace}/{name}"),
        parent_span_id=span_id(f"{trace}/{parent}") if parent else b"",
        name=name,
        start_time_unix_nano=start,
        end_time_unix_nano=start + duration,
        attributes=attributes(tags or {}),
        **fields,
    )


def message(service: Any, *spans: Span, resource: dict | None = None, scope: dict | None = None) -> ResourceSpans:
    """What one process sends; `service` may be anything that an attribute may be, or None for no name at all."""
    named = {} if service is None else {"service.name": service}
    return ResourceSpans(
        resource=Resource(attributes=attributes(named | (PLAIN if resource is None else resource))),
        scope_spans=[ScopeSpans(scope=InstrumentationScope(**(scope or {"name": "tests"})), spans=spans)],
    )


def request(*messages: ResourceSpans) -> bytes:
    return ExportTraceServiceRequest(resource_spans=messages).SerializeToString()


def requests(now: int) -> list[bytes]:
    """What is sent, in order; `now` in nanoseconds: everything happened in the ten minutes before it."""
    t = now - 600 * SECOND
    event, link = Span.Event, Span.Link
    kinds = [
        span("kinds", f"kind {kind}", t + kind * SECOND, SECOND, kind=kind, status=Status(code=kind % 3))
        for kind in range(6)
    ]
    types = {
        "int": 7, "negative": -7, "wide": 2**53, "widest": 2**63 - 1, "least": -(2**63), "yes": True, "no": False,
        "one": 1.0, "tenth": 0.1, "tiny": 1.5e-7, "huge": 1e21, "big": 1.5e20, "exact": 123456789.125, "zero": -0.0,
        "empty": "", "nothing": None, "bytes": b"\x00\xffx", "no bytes": b"", "schlüssel ✓": "wörter 🚚\n\t\"quoted\"",
        "html": "<a href='?x&y'>", "list": [1, "zwei", 3.5, True, None, b"\x01", ["<deep>"]], "empty list": [],
        "map": {"b": 1, "a": {"z": [1.0, 1e-9], "y": "&"}}, "empty map": {},
        "Upper": "sorts first", "http.status_code": 503,
    }  # fmt: skip
    return [
        # One request through three services, each reporting by itself, callee before caller.
        request(message("checkout", span("chain", "POST /orders", t + 5 * MS, 80 * MS, "call checkout", kind=SERVER,
                                         tags={"http.route": "/orders", "http.status_code": 201}),
                        span("chain", "call inventory", t + 10 * MS, 60 * MS, "POST /orders", kind=CLIENT),
                        span("chain", "price", t + 72 * MS, 5 * MS, "POST /orders", kind=INTERNAL))),
        request(message("inventory", span("chain", "POST /reservations", t + 15 * MS, 50 * MS, "call inventory",
                                          kind=SERVER, tags={"account": "a-17"}))),
        request(message("customers", span("chain", "call checkout", t, 90 * MS, kind=CLIENT, tags={"profile": "x"}))),
        # Failures, and what events look like.
        request(message("inventory", span(
            "failure", "POST /reservations", t + 20 * SECOND, 2 * SECOND, kind=SERVER, tags={"account": "a-18"},
            status=Status(code=ERROR, message="no stock: 1 < 2"), trace_state="vendor=1,other=2",
            events=[
                event(name="exception", time_unix_nano=t + 21 * SECOND, attributes=attributes(
                    {"exception.type": "ValueError", "exception.message": "no stock", "attempt": 2})),
                event(name="renamed", time_unix_nano=t + 21 * SECOND + 1, attributes=attributes(
                    {"zone": 1, "event": "own"})),
                event(name="bare", time_unix_nano=t + 21 * SECOND + 999),
                event(time_unix_nano=t + 22 * SECOND, attributes=attributes({"a": 1})),
            ]), scope={"name": "inventory.stock", "version": "1.2", "attributes": attributes({"scope.attr": "s"})})),
        request(message("inventory", *kinds)),
        request(message("types", span("types", "all types", t + 30 * SECOND, MS, tags=types), resource=PLAIN | types)),
        # Links: to other traces, to the parent, into the same trace, to nowhere.
        request(message(
            "links",
            span("links", "root", t + 40 * SECOND, SECOND),
            span("links", "two parents", t + 40 * SECOND, MS, "root", links=[
                link(trace_id=trace_id("chain"), span_id=span_id("chain/price")),
                link(trace_id=trace_id("links"), span_id=span_id("links/root"))]),
            span("links", "child by link", t + 40 * SECOND, MS, links=[
                link(trace_id=trace_id("chain"), span_id=span_id("chain/price")),
                link(trace_id=trace_id("links"), span_id=span_id("links/root"),
                     attributes=attributes({"opentracing.ref_type": "child_of"}))]),
            span("links", "follower", t + 40 * SECOND, MS, links=[
                link(trace_id=trace_id("links"), span_id=span_id("links/root"),
                     attributes=attributes({"opentracing.ref_type": "follows_from"}))]))),
        request(message("lost", span("lost", "orphan", t + 50 * SECOND, MS, "never sent", kind=SERVER))),
        # Clocks that disagree, and children that outlive their parents.
        request(message(
            "skew",
            span("skew", "parent", t + 60 * SECOND, 100 * MS),
            span("skew", "too early", t + 60 * SECOND - 1_234_567, 10 * MS, "parent"),
            span("skew", "too late", t + 61 * SECOND, 10 * MS, "parent"),
            span("skew", "too long", t + 60 * SECOND - 90 * SECOND, 200 * MS, "parent"),
            span("skew", "longer but later", t + 60 * SECOND + 1, 200 * MS, "parent"),
            span("skew", "just fits", t + 60 * SECOND, 100 * MS, "parent"))),
        request(message(
            "durations",
            span("durations", "none", t + 70 * SECOND + 500, 0),
            span("durations", "negative", t + 70 * SECOND + 1, -SECOND),
            span("durations", "1 ns", t + 70 * SECOND + 2, 1),
            span("durations", "999 ns", t + 70 * SECOND + 3, 999),
            span("durations", "two hours", t + 70 * SECOND + 4, 7200 * SECOND))),
        request(message("short-id", span(
            "short", "64 bits", t + 80 * SECOND, MS, id_of_trace=bytes(8) + span_id("short")))),
        *[request(message("again", span("again", "sent twice", t + 81 * SECOND, MS, tags={"b": 1, "a": 2})))] * 2,
        request(message("läger ✓/ü", span("unicode", "GET /größe/{id} 🚚", t + 82 * SECOND, MS))),
        request(message(None, span("nameless", "x", t + 83 * SECOND, MS)),
                message("", span("nameless", "y", t + 83 * SECOND, MS)),
                message(17, span("nameless", "z", t + 83 * SECOND, MS)),
                message(None, span("nameless", "w", t + 83 * SECOND, MS), resource={})),
        request(message("bare", span("bare", "", t + 84 * SECOND, MS), resource={}, scope={"name": ""})),
        # Several traces in one request, and one trace in several processes of a service.
        request(message("orders", span("m1", "GET", t + 90 * SECOND, MS), span("m2", "GET", t + 91 * SECOND, MS)),
                message("orders", span("m1", "PUT", t + 90 * SECOND, 3 * MS), resource={"host.name": "b"})),
        *(request(message("many", span(f"many {i}", f"op {i % 3}", t + (100 + i) * SECOND, (i + 1) * 10 * MS,
                                       tags={"number": i, "even": i % 2 == 0}))) for i in range(30)),
    ]  # fmt: skip
