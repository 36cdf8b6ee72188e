"""Which traces match: parameters as Jaeger reads them, spans as Jaeger compares them.

One span must meet all conditions. Tags are compared as text with everything that the span shows: attributes of span,
events, scope and process, and the tags made of kind and status, so `error=true` and `span.kind=server` work.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from lab.telemetry import golang, otlp
from lab.telemetry.jaeger import event_fields, span_tags
from lab.telemetry.reader import Found, Reader, spans_of
from lab.telemetry.values import text

DEFAULT_LIMIT = 100
DEFAULT_LOOKBACK = 2 * 86400 * 1_000_000
_MADE_KEYS = re.compile(r"error|event|span\.kind|w3c\.tracestate|otel\..*")
_MAYBE_NOT_A_STRING = re.compile(r"|true|false|[-+.0-9].*|[\[{].*|json: .*|[A-Za-z0-9+/]+={0,2}", re.DOTALL)


class BadQuery(ValueError):
    """A parameter makes no sense; `str(error)` is Jaeger's own sentence."""


@dataclass(frozen=True)
class TraceQuery:
    """Start times in microseconds since the epoch, inclusive; durations in nanoseconds, 0 for any."""

    service: str
    operation: str
    start: int
    end: int
    min_duration: int
    max_duration: int
    limit: int
    tags: Mapping[str, str] = field(default_factory=dict)
    trace_ids: Sequence[bytes] = ()
    raw: bool = False


def parse_query(parameters: Sequence[tuple[str, str]], now: float) -> TraceQuery:
    """The query in a URL's parameters; `now` in seconds."""
    first = {name: value for name, value in reversed(parameters)}.get
    now_us = int(now * 1_000_000)
    start, end = (
        microseconds(first("start", ""), "start", now_us - DEFAULT_LOOKBACK),
        microseconds(first("end", ""), "end", now_us),
    )
    tags = _tags(parameters)
    limit = _parsed(golang.parse_int, first("limit", "") or str(DEFAULT_LIMIT), bits=32)
    least = _parsed(golang.parse_duration, first("minDuration", "") or "0", "minDuration")
    most = _parsed(golang.parse_duration, first("maxDuration", "") or "0", "maxDuration")
    trace_ids = [_asked_id(value) for name, value in parameters if name == "traceID"]
    raw = parse_flag(first("raw", ""), "raw")
    if not trace_ids and not first("service"):
        raise BadQuery("parameter 'service' is required")
    if least and most and most < least:
        raise BadQuery("'maxDuration' should be greater than 'minDuration'")
    return TraceQuery(
        service=first("service", ""),
        operation=first("operation", ""),
        start=start,
        end=end,
        min_duration=least,
        max_duration=most,
        limit=limit if limit > 0 else DEFAULT_LIMIT,
        tags=tags,
        trace_ids=trace_ids,
        raw=raw,
    )


def parse_trace_id(value: str) -> bytes:
    """16 bytes from up to 32 hexadecimal digits."""
    if len(value) > 32:
        raise BadQuery(f"TraceID cannot be longer than 32 hex characters: {value}")
    upper, lower = value[:-16] or "0", value[-16:]
    return b"".join(_parsed(golang.parse_hex, half).to_bytes(8, "big") for half in (upper, lower))


def parse_flag(value: str, name: str) -> bool:
    return _parsed(golang.parse_bool, value, name) if value else False


def microseconds(value: str, name: str, default: int) -> int:
    return _parsed(golang.parse_int, value, name) if value else default


def find_traces(reader: Reader, query: TraceQuery) -> list[bytes]:
    """Ids of the `limit` traces whose matching spans are the latest, the latest first."""
    statement = "SELECT last, id FROM span_batch WHERE service = ? AND last >= ? AND first <= ? AND longest >= ?" + (
        " AND failed > 0" if query.tags.get("error") == "true" else ""
    )
    bounds = (query.service, *map(_sqlite_integer, (query.start, query.end, query.min_duration // 1000)))
    candidates = [(last, id_, segment) for segment, rows in reader.rows(statement, bounds) for last, id_ in rows]
    candidates.sort(key=lambda candidate: candidate[:2], reverse=True)
    needles = _needles(query)
    found: dict[bytes, int] = {}
    for last, id_, segment in candidates:
        if len(found) >= query.limit and sorted(found.values(), reverse=True)[query.limit - 1] > last * 1000 + 999:
            break
        payload = reader.payload(segment, "span_batch", id_)
        if payload is None:
            continue
        raw = zlib.decompress(payload)
        if all(needle in raw for needle in needles):
            for item in spans_of(otlp.ResourceSpans.FromString(raw)):
                if _matches(item, query):
                    start = item.span.start_time_unix_nano
                    found[item.span.trace_id] = max(start, found.get(item.span.trace_id, 0))
    return sorted(found, key=found.__getitem__, reverse=True)[: query.limit]


def _matches(found: Found, query: TraceQuery) -> bool:
    span = found.span
    if query.operation and span.name != query.operation:
        return False
    if not query.start * 1000 <= span.start_time_unix_nano <= query.end * 1000:
        return False
    duration = otlp.duration_of(span)
    if query.min_duration and duration < query.min_duration:
        return False
    if query.max_duration and duration > query.max_duration:
        return False
    return all(_has_tag(found, key, value) for key, value in query.tags.items())


def _has_tag(found: Found, key: str, value: str) -> bool:
    span = found.span
    owners = (span, found.resource, found.scope, *span.events)
    if any(item.key == key and text(item.value) == value for owner in owners for item in owner.attributes):
        return True
    return bool(_MADE_KEYS.fullmatch(key)) and any(
        tag["key"] == key and tag["value"] == (value == "true" if tag["type"] == "bool" else value)
        for tag in _made_tags(span, found.scope)
    )


def _made_tags(span: Span, scope) -> list[dict]:
    bare = Span(kind=span.kind, status=span.status, trace_state=span.trace_state)
    return span_tags(bare, scope) + [field for event in span.events for field in event_fields(event)[:1]]


def _needles(query: TraceQuery) -> list[bytes]:
    """Bytes that a batch's message must contain if one of its spans matches: most batches need not be parsed."""
    words = [query.operation]
    for key, value in query.tags.items():
        if not _MADE_KEYS.fullmatch(key):
            words += [key, value if not _MAYBE_NOT_A_STRING.fullmatch(value) else ""]
    return [word.encode() for word in words if word]


def _tags(parameters: Sequence[tuple[str, str]]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for name, value in parameters:
        if name == "tag":
            key, colon, wanted = value.partition(":")
            if not colon:
                raise BadQuery(f"malformed 'tag' parameter, expecting key:value, received: {value}")
            tags[key] = wanted
    for name, value in parameters:
        if name == "tags":
            tags |= _json_tags(value)
    return tags


def _json_tags(value: str) -> dict[str, str]:
    malformed = "malformed 'tags' parameter, cannot unmarshal JSON: "
    try:
        tags = json.loads(value)
    except ValueError as error:
        raise BadQuery(f"{malformed}{error}") from None
    if not isinstance(tags, dict | None) or not all(isinstance(wanted, str | None) for wanted in (tags or {}).values()):
        raise BadQuery(f"{malformed}json: expected an object of strings")
    return {key: wanted or "" for key, wanted in (tags or {}).items()}


def _asked_id(value: str) -> bytes:
    try:
        return parse_trace_id(value)
    except BadQuery as error:
        raise BadQuery(f"cannot parse traceID param: {error}") from None


def _parsed(parse, value: str, name: str = "", **options):
    try:
        return parse(value, **options)
    except ValueError as error:
        raise BadQuery(f"unable to parse param '{name}': {error}" if name else str(error)) from None


def _sqlite_integer(number: int) -> int:
    return max(-(2**63), min(number, 2**63 - 1))
