"""What traces, logs and metrics say, as facts."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from lab.clients.logs import Record
from lab.drill import facts
from lab.drill.facts import Line, Span, Window

OWN_FIELDS = frozenset(("ts", "level", "service", "event", "trace_id", "span_id"))


def trace(found: dict[str, Any]) -> facts.Trace:
    """Jaeger's JSON of one trace."""
    services = {name: process["serviceName"] for name, process in found["processes"].items()}
    return facts.Trace(found["traceID"], tuple(_span(one, services) for one in found["spans"]))


def _span(found: dict[str, Any], services: dict[str, str]) -> Span:
    tags = {tag["key"]: tag["value"] for tag in found["tags"]}
    parents = [one["spanID"] for one in found["references"] if one["refType"] == "CHILD_OF"]
    return Span(
        id=found["spanID"],
        parent=parents[0] if parents else None,
        service=services.get(found["processID"], ""),
        name=found["operationName"],
        kind=str(tags.pop("span.kind", "internal")),
        start=found["startTime"] / 1e6,
        seconds=found["duration"] / 1e6,
        failed=tags.pop("error", False) in (True, "true"),
        attributes=tags,
    )


def line(record: Record) -> Line:
    return Line(
        at=datetime.fromisoformat(record["ts"]).timestamp(),
        service=record["service"],
        event=record["event"],
        trace_id=record["trace_id"] or "",
        fields={name: value for name, value in record.items() if name not in OWN_FIELDS},
    )


def by_trace(records: Iterable[Record], window: Window, margin_s: float) -> list[list[Line]]:
    """The lines of each trace, without the traces that the window's ends may have cut."""
    found: dict[str, list[Line]] = defaultdict(list)
    for record in records:
        if record["trace_id"]:
            found[record["trace_id"]].append(line(record))
    whole = Window(window.start + margin_s, window.end - margin_s)
    return [lines for lines in found.values() if all(one.at in whole for one in lines)]
