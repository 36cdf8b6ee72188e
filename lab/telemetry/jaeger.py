"""Traces in Jaeger's JSON, as its query service makes them of OTLP spans.

The rules are those of Jaeger's OTLP translation, its sanitizers and the adjusters that it runs before it answers, with
clock-skew adjustment off (Jaeger's default: a skew is reported as a warning and nothing is moved). Left out are the
adjusters for Zipkin's shared span ids and for numeric `ip` tags, which no OpenTelemetry SDK sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from lab.telemetry.golang import duration_text, time_text
from lab.telemetry.otlp import KINDS, duration_of, service_of
from lab.telemetry.reader import Found
from lab.telemetry.values import Tag, string_tag, tag, tag_order, text

CHILD_OF, FOLLOWS_FROM = "CHILD_OF", "FOLLOWS_FROM"
_STATUS = {Status.STATUS_CODE_OK: "OK", Status.STATUS_CODE_ERROR: "ERROR"}


@dataclass(slots=True)
class _Entry:
    """A span on its way into the answer; `start` and `duration` in nanoseconds, `parent` a span id or None."""

    start: int
    duration: int
    parent: str | None
    process: bytes
    shown: dict[str, Any]

    def warn(self, warning: str) -> None:
        self.shown["warnings"] = [*(self.shown["warnings"] or ()), warning]


def trace_json(found: Sequence[Found], *, raw: bool = False) -> dict[str, Any]:
    """One trace of at least one span: `{traceID, spans, processes, warnings}`; `raw` leaves them as sent."""
    # A sender that tries again sends the same span twice.
    distinct = {(_process_key(item), item.scope.name, item.scope.version, _bytes(item.span)): item for item in found}
    entries = [_entry(item) for item in (found if raw else distinct.values())]
    if not raw:
        _adjust(entries)
    entries.sort(key=lambda entry: (entry.start, entry.shown["spanID"]))
    resources = {_process_key(item): item.resource for item in distinct.values()}
    names: dict[bytes, str] = {}
    for entry in entries:
        entry.shown["processID"] = names.setdefault(entry.process, f"p{len(names) + 1}")
    return {
        "traceID": entries[0].shown["traceID"],
        "spans": [entry.shown for entry in entries],
        "processes": {name: process_json(resources[key], raw=raw) for key, name in names.items()},
        "warnings": None,
    }


def id_text(trace_id: bytes) -> str:
    """A trace id as Jaeger writes it: 32 digits, or 16 if the upper half is zero."""
    return trace_id.hex() if any(trace_id[:8]) else trace_id[8:].hex()


def process_json(resource: Resource, *, raw: bool = False) -> dict[str, Any]:
    tags = [tag(attribute) for attribute in resource.attributes if attribute.key != "service.name"]
    return {"serviceName": service_of(resource), "tags": tags if raw else sorted(tags, key=tag_order)}


def span_tags(span: Span, scope: InstrumentationScope) -> list[Tag]:
    """Its attributes, and as tags what Jaeger's span has no field for."""
    named = (("otel.scope.name", scope.name), ("otel.scope.version", scope.version))
    tags = [string_tag(key, value) for key, value in named if value]
    tags += map(tag, span.attributes)
    if span.kind in KINDS:
        tags.append(string_tag("span.kind", KINDS[span.kind]))
    if span.status.code in _STATUS:
        tags.append(string_tag("otel.status_code", _STATUS[span.status.code]))
    if span.status.code == Status.STATUS_CODE_ERROR:
        tags.append({"key": "error", "type": "bool", "value": True})
    if span.status.message:
        tags.append(string_tag("otel.status_description", span.status.message))
    if span.trace_state:
        tags.append(string_tag("w3c.tracestate", span.trace_state))
    return tags


def event_fields(event: Span.Event) -> list[Tag]:
    """A log's fields: the event's name first, then its attributes."""
    named = any(attribute.key == "event" for attribute in event.attributes)
    fields = [string_tag("event", event.name)] if event.name and not named else []
    return fields + [tag(attribute) for attribute in event.attributes]


def _entry(found: Found) -> _Entry:
    span = found.span
    references = _references(span)
    entry = _Entry(
        start=span.start_time_unix_nano,
        duration=duration_of(span),
        parent=_parent(span, references),
        process=_process_key(found),
        shown={
            "traceID": id_text(span.trace_id),
            "spanID": span.span_id.hex(),
            "operationName": span.name,
            "references": references,
            "startTime": span.start_time_unix_nano // 1000,
            "duration": duration_of(span) // 1000,
            "tags": span_tags(span, found.scope),
            "logs": [
                {"timestamp": event.time_unix_nano // 1000, "fields": event_fields(event)} for event in span.events
            ],
            "processID": "",
            "warnings": None,
        },
    )
    if warning := duration_warning(span):
        entry.warn(warning)
    return entry


def duration_warning(span: Span) -> str:
    """What Jaeger's collector says of a span that ends no later than it starts; nothing of others."""
    if span.end_time_unix_nano > span.start_time_unix_nano:
        return ""
    return (
        "Negative duration detected, sanitizing end timestamp. Original end timestamp: "
        f"{time_text(span.end_time_unix_nano)}, adjusted to: {time_text(span.start_time_unix_nano + 1)}"
    )


def _references(span: Span) -> list[dict[str, str]]:
    """The parent first, then the links; a link to the parent only says what kind of parent it is."""
    trace_id, parent_id = id_text(span.trace_id), span.parent_span_id.hex()
    has_parent = any(span.parent_span_id)
    references = [{"refType": CHILD_OF, "traceID": trace_id, "spanID": parent_id}] if has_parent else []
    for link in span.links:
        kinds = [text(attribute.value) for attribute in link.attributes if attribute.key == "opentracing.ref_type"]
        reference = {
            "refType": CHILD_OF if kinds[:1] == ["child_of"] else FOLLOWS_FROM,
            "traceID": id_text(link.trace_id.rjust(16, b"\0")),
            "spanID": link.span_id.rjust(8, b"\0").hex(),
        }
        if has_parent and link.trace_id == span.trace_id and link.span_id == span.parent_span_id:
            references[0] = reference
        else:
            references.append(reference)
    return references


def _parent(span: Span, references: list[dict[str, str]]) -> str | None:
    own = [reference for reference in references if reference["traceID"] == id_text(span.trace_id)]
    own.sort(key=lambda reference: reference["refType"] != CHILD_OF)
    return own[0]["spanID"] if own else None


def _adjust(entries: list[_Entry]) -> None:
    for entry in entries:
        entry.shown["tags"].sort(key=tag_order)
        for event in entry.shown["logs"]:
            event["fields"].sort(key=_field_order)
    _report_skew(entries)
    for entry in entries:
        _tidy_references(entry)


def _field_order(field: Tag) -> tuple:
    return not (field["key"] == "event" and field["type"] == "string"), tag_order(field)


def _report_skew(entries: list[_Entry]) -> None:
    spans: dict[str, _Entry] = {}
    for entry in entries:
        if spans.setdefault(entry.shown["spanID"], entry) is not entry:
            entry.warn("duplicate span IDs; skipping clock skew adjustment")
    for entry in spans.values():
        if entry.parent is None:
            continue
        parent = spans.get(entry.parent)
        if parent is None:
            entry.warn(f"invalid parent span IDs={entry.parent}; skipping clock skew adjustment")
        elif skew := _skew(entry, parent):
            entry.warn(f"clock skew adjustment disabled; not applying calculated delta of {duration_text(skew)}")


def _skew(child: _Entry, parent: _Entry) -> int:
    """Nanoseconds by which the child would have to move to lie within its parent."""
    if child.duration > parent.duration:
        return max(parent.start - child.start, 0)
    if child.start >= parent.start and child.start + child.duration <= parent.start + parent.duration:
        return 0
    return parent.start + (parent.duration - child.duration) // 2 - child.start


def _tidy_references(entry: _Entry) -> None:
    references = []
    for reference in entry.shown["references"]:
        if any(digit != "0" for digit in reference["traceID"]):
            references.append(reference)
        else:
            described = f"TraceID:0000000000000000 SpanID:{reference['spanID']} RefType:{reference['refType']}"
            entry.warn(f"Invalid span reference removed {{{described}}}")
    own = [index for index, reference in enumerate(references) if reference["traceID"] == entry.shown["traceID"]]
    own.sort(key=lambda index: references[index]["refType"] != CHILD_OF)
    if own and own[0] != 0:
        references[0], references[own[0]] = references[own[0]], references[0]
    entry.shown["references"] = references


def _bytes(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def _process_key(found: Found) -> bytes:
    return _bytes(found.resource)
