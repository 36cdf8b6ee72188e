"""Reading across segments: connections for one question, and the batches it opened."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from lab.telemetry import otlp
from lab.telemetry.segment import Segment

_OPEN_BATCHES = 32  # of some hundred spans each: traces that are close in time share them


@dataclass(frozen=True, slots=True)
class Found:
    """A span with the process and the instrumentation scope that recorded it."""

    resource: Resource
    scope: InstrumentationScope
    span: Span


class GivenUp(Exception):
    """Nobody waits for the answer any more."""


class Reader:
    """A context manager, for one thread at a time.

    Segments that are dropped while it reads count as empty; sqlite3.Error if one that is there can't be read. It asks
    before each look whether the answer is still `wanted`, and raises GivenUp if not.
    """

    def __init__(self, segments: Iterable[Segment], wanted: Callable[[], bool] = lambda: True) -> None:
        self._segments = list(segments)
        self._wanted = wanted
        self._connections: dict[Segment, sqlite3.Connection] = {}
        self._batches: OrderedDict[int, ResourceSpans] = OrderedDict()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_) -> None:
        for connection in self._connections.values():
            connection.close()

    def rows(self, statement: str, parameters: Iterable = (), since: int = 0) -> Iterator[tuple[Segment, list[tuple]]]:
        """The statement's rows, segment by segment, newest first, back to what arrived at `since` (microseconds)."""
        parameters = tuple(parameters)
        for segment in reversed(self._segments):
            yield segment, self._ask(segment, statement, parameters)
            if segment.start <= since:
                return

    def payload(self, segment: Segment, table: str, batch: int) -> bytes | None:
        """A batch's compressed message, or None if it was dropped meanwhile."""
        rows = self._ask(segment, f"SELECT payload FROM {table} WHERE id = ?", (batch,))
        return rows[0][0] if rows else None

    def trace(self, trace_id: bytes) -> list[Found]:
        """All spans of a trace, in no order."""
        found: list[Found] = []
        key = otlp.trace_key(trace_id)
        for segment, rows in self.rows("SELECT batch FROM span_trace WHERE trace = ?", (key,)):
            for (batch,) in rows:
                if message := self.spans(segment, batch):
                    found += spans_of(message, trace_id)
        return found

    def spans(self, segment: Segment, batch: int) -> ResourceSpans | None:
        """An opened batch; the last few are kept."""
        message = self._batches.get(batch)
        if message is None:
            payload = self.payload(segment, "span_batch", batch)
            if payload is None:
                return None
            message = self._batches[batch] = otlp.open_spans(payload)
            if len(self._batches) > _OPEN_BATCHES:
                self._batches.popitem(last=False)
        else:
            self._batches.move_to_end(batch)
        return message

    def _ask(self, segment: Segment, statement: str, parameters: tuple) -> list[tuple]:
        if not self._wanted():
            raise GivenUp
        try:
            return self._connect(segment).execute(statement, parameters).fetchall()
        except sqlite3.OperationalError:
            if segment.path.exists():
                raise
            return []

    def _connect(self, segment: Segment) -> sqlite3.Connection:
        connection = self._connections.get(segment)
        if connection is None:
            connection = self._connections[segment] = segment.reader()
        return connection


def spans_of(message: ResourceSpans, trace_id: bytes | None = None) -> Iterator[Found]:
    """All its spans, or those of one trace."""
    for scope in message.scope_spans:
        for span in scope.spans:
            if trace_id is None or span.trace_id == trace_id:
                yield Found(message.resource, scope.scope, span)
