"""kit's spans do what the SDK's do, for whatever uses OpenTelemetry's API."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from kit.spans import TracerProvider
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
    Tracer,
    TraceState,
    get_current_span,
    set_span_in_context,
    use_span,
)

REMOTE = SpanContext(2**127 + 5, 2**63 + 9, True, TraceFlags(1), TraceState([("vendor", "x")]))
RANDOM = SpanContext(7, 9, True, TraceFlags(3))


def nested(tracer: Tracer) -> None:
    with tracer.start_as_current_span("outer", attributes={"n": 1}) as outer:
        assert get_current_span() is outer
        tracer.start_span("inner", kind=SpanKind.CLIENT).end()


def told_much(tracer: Tracer) -> None:
    span = tracer.start_span(
        "first", attributes={"a": 1, "b": [1, 2]}, links=[Link(REMOTE), Link(INVALID_SPAN_CONTEXT)], start_time=5
    )
    span.set_attribute("a", 2)
    span.set_attributes({"c": True, "d": 1.5})
    span.add_event("event", {"e": "f"}, 6)
    span.add_link(RANDOM, {"g": "h"})
    span.add_link(INVALID_SPAN_CONTEXT)
    span.add_link(INVALID_SPAN_CONTEXT, {"i": "j"})
    span.update_name("second")
    span.end(7)


def statuses(tracer: Tracer) -> None:
    for number, status in enumerate([StatusCode.OK, Status(StatusCode.ERROR, "no"), StatusCode.UNSET]):
        span = tracer.start_span(f"s{number}")
        span.set_status(status)
        span.set_status(StatusCode.ERROR, "later")
        span.set_status(StatusCode.UNSET)
        span.end()


def within_other_traces(tracer: Tracer) -> None:
    for parent in (REMOTE, RANDOM):
        tracer.start_span("child", set_span_in_context(NonRecordingSpan(parent))).end()


def raising_in_the_current_span(tracer: Tracer) -> None:
    with pytest.raises(LookupError), tracer.start_as_current_span("s"):
        raise LookupError("no such row")


def raising_unrecorded(tracer: Tracer) -> None:
    options = {"record_exception": False, "set_status_on_exception": False}
    with pytest.raises(LookupError), tracer.start_as_current_span("s", **options):
        raise LookupError("no such row")


def raising_in_the_span(tracer: Tracer) -> None:
    with pytest.raises(asyncio.QueueEmpty), tracer.start_span("s"):
        raise asyncio.QueueEmpty("nothing")


def around_a_coroutine(tracer: Tracer) -> None:
    @tracer.start_as_current_span("s")
    async def work() -> None:
        await asyncio.sleep(0)
        get_current_span().set_attribute("inside", True)

    asyncio.run(work())


def told_after_its_end(tracer: Tracer) -> None:
    span = tracer.start_span("s")
    span.end(7)
    assert not span.is_recording()
    span.set_attribute("a", 1)
    span.set_attributes({"b": 1})
    span.add_event("event")
    span.update_name("other")
    span.set_status(StatusCode.ERROR)
    span.end(8)
    with use_span(span, end_on_exit=True):
        pass


def plain(span: sdk.ReadableSpan) -> dict[str, Any]:
    def linked(context: SpanContext | None) -> tuple | None:
        return context and (context.trace_id, context.span_id, context.is_remote, dict(context.trace_state))

    return {
        "name": span.name,
        "kind": span.kind,
        "parent": bool(span.parent) and span.parent.is_remote,
        "flags": (span.context.trace_flags, dict(span.context.trace_state), span.context.is_valid),
        "times": (span.start_time, span.end_time) if span.start_time < 1000 else span.start_time <= span.end_time,
        "attributes": {
            key: list(value) if isinstance(value, tuple) else value for key, value in span.attributes.items()
        },
        "status": (span.status.status_code, span.status.description),
        "events": [
            (event.name, {key: text for key, text in event.attributes.items() if key != "exception.stacktrace"})
            for event in span.events
        ],
        "links": [(linked(link.context), dict(link.attributes or {})) for link in span.links],
        "scope": (span.instrumentation_scope.name, span.resource.attributes["service.name"]),
    }


@pytest.mark.parametrize(
    "use",
    [
        nested,
        told_much,
        statuses,
        within_other_traces,
        raising_in_the_current_span,
        raising_unrecorded,
        raising_in_the_span,
        around_a_coroutine,
        told_after_its_end,
    ],
)
def test_a_span_is_what_the_library_s_is(use: Callable[[Tracer], None]) -> None:
    resource = Resource({"service.name": "shop"})
    made = []
    for provider in (TracerProvider(resource), sdk.TracerProvider(resource=resource, shutdown_on_exit=False)):
        exporter = InMemorySpanExporter()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        use(provider.get_tracer("shop"))
        made.append([plain(span) for span in exporter.get_finished_spans()])
    ours, theirs = made
    assert ours == theirs
    assert ours


def test_ids_are_the_parent_s_trace_and_a_new_span() -> None:
    tracer = TracerProvider(Resource({})).get_tracer("shop")
    parent = tracer.start_span("parent")
    child = tracer.start_span("child", set_span_in_context(parent))
    assert child.context.trace_id == parent.context.trace_id
    assert len({parent.context.span_id, child.context.span_id, tracer.start_span("other").context.span_id}) == 3
    assert child.parent == parent.context


def test_it_is_logged_that_a_span_which_has_ended_is_told_something(caplog: pytest.LogCaptureFixture) -> None:
    span = TracerProvider(Resource({})).get_tracer("shop").start_span("s")
    span.end()
    with caplog.at_level(logging.WARNING):
        span.set_attribute("a", 1)
    assert [(record.name, record.span) for record in caplog.records] == [("kit.spans", "s")]
