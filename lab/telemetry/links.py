"""Who calls whom: spans whose parent was recorded by another service, found as the spans arrive.

Caller and callee report in separate requests and in any order, so both sides are remembered for a while.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from lab.telemetry.otlp import service_of
from lab.telemetry.segment import Link

_REMEMBERED = 20_000  # over a minute at 250 spans a second, and a burst of several thousand; about 4 MB
_NANOSECONDS_PER_MINUTE = 60_000_000_000


class LinkTracker:
    """Not thread-safe; fed with the same messages in the same order it comes to the same state."""

    def __init__(self) -> None:
        self._services: OrderedDict[bytes, str] = OrderedDict()  # span id → the service that recorded it
        self._orphans: OrderedDict[bytes, list[tuple[int, str]]] = OrderedDict()  # parent's id → its children so far

    def feed(self, messages: Iterable[ResourceSpans]) -> Counter[Link]:
        """The calls between services that became known with these messages."""
        calls: Counter[Link] = Counter()
        for message in messages:
            service = service_of(message.resource)
            spans = [span for scope in message.scope_spans for span in scope.spans]
            own = {span.span_id for span in spans}
            for span in spans:
                if span.parent_span_id and span.parent_span_id not in own:
                    minute = span.start_time_unix_nano // _NANOSECONDS_PER_MINUTE
                    caller = self._services.get(span.parent_span_id)
                    if caller is None:
                        self._orphans.setdefault(span.parent_span_id, []).append((minute, service))
                    elif caller != service:
                        calls[minute, caller, service] += 1
            for span_id in own:
                self._services[span_id] = service
                for minute, callee in self._orphans.pop(span_id, ()):
                    if callee != service:
                        calls[minute, service, callee] += 1
        for remembered in (self._services, self._orphans):
            while len(remembered) > _REMEMBERED:
                remembered.popitem(last=False)
        return calls
