"""The process's spans: what OpenTelemetry's API asks for, and no more.

The SDK's span is made for every program: a lock, a sampler, limits, a check of each attribute, a copy at its end. Ours
are all sampled and read once, as they end. Their fields have the names of the
SDK's `ReadableSpan`, so that its span processors and exporters take them.
"""

import logging
import traceback
from collections.abc import Mapping, Sequence
from random import getrandbits
from time import time_ns
from types import TracebackType
from typing import Any, Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

_UNSET = Status()
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_SAMPLED_RANDOM = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)

_log = logging.getLogger("kit.spans")


class Span(trace.Span):
    """A span that records all it is told until it ends; times are nanoseconds since 1970."""

    dropped_attributes = dropped_events = dropped_links = 0

    def __init__(
        self,
        tracer: "Tracer",
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        attributes: Mapping[str, Any] | None,
        links: Sequence[Link],
        start_time: int,
    ) -> None:
        self._tracer = tracer
        self.name = name
        self.context = context
        self.parent = parent
        self.kind = kind
        self.attributes: dict[str, Any] = dict(attributes) if attributes else {}
        self.links = [link for link in links if _says_something(link)]
        self.events: list[sdk.Event] = []
        self.status = _UNSET
        self.start_time = start_time
        self.end_time: int | None = None

    @property
    def resource(self) -> Resource:
        return self._tracer.provider.resource

    @property
    def instrumentation_scope(self) -> InstrumentationScope:
        return self._tracer.scope

    def get_span_context(self) -> SpanContext:
        return self.context

    def is_recording(self) -> bool:
        return self.end_time is None

    def end(self, end_time: int | None = None) -> None:
        if self._open():
            self.end_time = time_ns() if end_time is None else end_time
            for processor in self._tracer.provider.processors:
                processor.on_end(self)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        if self._open():
            self.attributes.update(attributes)

    def set_attribute(self, key: str, value: Any) -> None:
        if self._open():
            self.attributes[key] = value

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None) -> None:
        if self._open():
            self.events.append(sdk.Event(name, dict(attributes or {}), timestamp))

    def add_link(self, context: SpanContext, attributes: Mapping[str, Any] | None = None) -> None:
        link = Link(context, attributes)
        if self._open() and _says_something(link):
            self.links.append(link)

    def update_name(self, name: str) -> None:
        if self._open():
            self.name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        if isinstance(status, StatusCode):
            status = Status(status, description)
        # The API's rules: OK is final, and nothing is ever unset again.
        final = self.status.status_code is StatusCode.OK or status.status_code is StatusCode.UNSET
        if self._open() and not final:
            self.status = status

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        module, name = type(exception).__module__, type(exception).__qualname__
        found = {
            "exception.type": name if module == "builtins" else f"{module}.{name}",
            "exception.message": str(exception),
            "exception.stacktrace": "".join(traceback.format_exception(exception)),
            "exception.escaped": str(escaped),
        }
        self.add_event("exception", found | dict(attributes or {}), timestamp)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        if error is not None and self.is_recording():
            self.record_exception(error, escaped=True)
            self.set_status(StatusCode.ERROR, f"{type(error).__name__}: {error}")
        self.end()

    def _open(self) -> bool:
        if self.end_time is None:
            return True
        _log.warning("a span that has ended is told something", extra={"span": self.name})
        return False


def _says_something(link: Link) -> bool:
    return link.context.is_valid or bool(link.attributes)


class Processor(Protocol):
    """What is done with spans as they end, by the thread that ends them."""

    def on_end(self, span: Span) -> None: ...


class Tracer(trace.Tracer):
    """Starts the spans of one instrumentation scope."""

    def __init__(self, provider: "TracerProvider", scope: InstrumentationScope) -> None:
        self.provider = provider
        self.scope = scope

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        parent = trace.get_current_span(context).get_span_context()
        if parent.is_valid:
            flags = _SAMPLED_RANDOM if parent.trace_flags.random_trace_id else _SAMPLED
            own = SpanContext(parent.trace_id, getrandbits(64) or 1, False, flags, parent.trace_state)
        else:
            parent = None
            own = SpanContext(getrandbits(128) or 1, getrandbits(64) or 1, False, _SAMPLED_RANDOM)
        return Span(self, name, own, parent, kind, attributes, links or (), start_time or time_ns())

    # It starts a span by `start_span` and makes it the current one.
    start_as_current_span = sdk.Tracer.start_as_current_span


class TracerProvider(trace.TracerProvider):
    """Gives tracers, and each span that ends to every processor."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.processors: tuple[Processor, ...] = ()

    def add_span_processor(self, processor: Processor) -> None:
        self.processors += (processor,)

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Tracer:
        version = instrumenting_library_version or ""
        return Tracer(self, InstrumentationScope(instrumenting_module_name, version, schema_url, attributes))
