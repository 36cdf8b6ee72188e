"""What a Jaeger asks that keeps nothing itself: its remote storage API, version 2, over gRPC, as far as it reads.

Spans come as everywhere, by OTLP. What a storage need not do is answered with UNIMPLEMENTED; newer versions of Jaeger
ask for it first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from grpclib.server import Server, Stream
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from lab.telemetry import listing, search
from lab.telemetry.jaeger import duration_warning
from lab.telemetry.messages import PACKAGE, message
from lab.telemetry.otlp import duration_of, service_of
from lab.telemetry.reader import Found, GivenUp, Reader
from lab.telemetry.values import text

log = logging.getLogger("telemetry")

_AT_ONCE = 4  # questions, beside those by HTTP: each may hold some megabytes
_LONGEST_S = 60.0  # that one may take, whether the store is slow or who asked
_CHUNK_BYTES = 1024 * 1024  # Jaeger takes messages of up to 4 MiB; one span more than this is still far from it
_WARNINGS = "@jaeger@warnings"  # the attribute in which Jaeger keeps them

Method = Callable[[Callable[[], Reader], Any], Iterator[Any]]
Wanted = Callable[[], bool]


@contextlib.asynccontextmanager
async def serving(reader: Callable[[Wanted], Reader], bound: socket.socket) -> AsyncIterator[None]:
    """Answers on the socket, which it closes in the end; `reader` gives one for a question, for as long as the answer
    is wanted."""
    threads, free = ThreadPoolExecutor(_AT_ONCE, "storage"), asyncio.Semaphore(_AT_ONCE)
    server = Server([_Service(name, methods, reader, threads, free) for name, methods in SERVICES.items()])
    await server.start(sock=bound)
    try:
        yield
    finally:
        server.close()  # nobody waits until Jaeger hangs up, which asyncio's wait_closed() does from 3.12 on


class _Service:
    """A gRPC service, whose questions are read in `threads`."""

    def __init__(
        self,
        name: str,
        methods: Methods,
        reader: Callable[[Wanted], Reader],
        threads: ThreadPoolExecutor,
        free: asyncio.Semaphore,
    ) -> None:
        self._name = name
        self._methods = methods
        self._reader = reader
        self._threads = threads
        self._free = free

    def __mapping__(self) -> dict[str, Handler]:
        return {
            f"/{PACKAGE}.{self._name}/{method}": Handler(self._answering(how), cardinality, asked, answer)
            for method, (how, cardinality, asked, answer) in self._methods.items()
        }

    def _answering(self, method: Method) -> Callable[[Stream], Any]:
        async def answer(stream: Stream) -> None:
            asked = await stream.recv_message()
            try:
                async with self._free, asyncio.timeout(_LONGEST_S):
                    await self._send(stream, _Answers(lambda wanted: method(lambda: self._reader(wanted), asked)))
            except sqlite3.Error as error:
                log.error("reading the stored telemetry failed: %s", error)
                reason = f"The stored telemetry can't be read now ({error}); ask again."
                raise GRPCError(Status.UNAVAILABLE, reason) from error
            except TimeoutError:
                reason = f"It took longer than {_LONGEST_S:g} s; ask for less."
                raise GRPCError(Status.DEADLINE_EXCEEDED, reason) from None

        return answer

    async def _send(self, stream: Stream, answers: _Answers) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (one := await loop.run_in_executor(self._threads, answers.next)) is not None:
                await stream.send_message(one)
        finally:
            answers.close()


class _Answers:
    """Messages that are made one after the other, in any thread but never in two.

    A task that is cancelled, because Jaeger went away, leaves its thread behind in the middle of a statement. The
    reader must not be closed under it, and nobody may wait for it either: it sees that the answer is wanted no more,
    and closes.
    """

    def __init__(self, begin: Callable[[Wanted], Iterator[Any]]) -> None:
        self._left = threading.Event()
        self._reading = threading.Lock()
        self._messages = begin(lambda: not self._left.is_set())

    def next(self) -> Any:
        """None is the end."""
        try:
            with self._reading:
                return next(self._messages, None)
        except GivenUp:
            return None
        finally:
            self._tidy()

    def close(self) -> None:
        """Returns at once."""
        self._left.set()
        self._tidy()

    def _tidy(self) -> None:
        # Who has the lock comes by here when it is done.
        if self._left.is_set() and self._reading.acquire(blocking=False):
            try:
                self._messages.close()
            finally:
                self._reading.release()


def _services(reader: Callable[[], Reader], _: Any) -> Iterator[Any]:
    with reader() as reading:
        yield message("GetServicesResponse")(services=listing.services(reading))


def _operations(reader: Callable[[], Reader], asked: Any) -> Iterator[Any]:
    with reader() as reading:
        found = listing.operations(reading, asked.service, asked.span_kind)
        operations = [message("Operation")(name=name, span_kind=kind) for name, kind in found]
        yield message("GetOperationsResponse")(operations=operations)


def _find_ids(reader: Callable[[], Reader], asked: Any) -> Iterator[Any]:
    with reader() as reading:
        ids = search.find_traces(reading, query_of(asked.query))
        found = [message("FoundTraceID")(trace_id=one) for one in ids]
        yield message("FindTraceIDsResponse")(trace_ids=found)


def _find(reader: Callable[[], Reader], asked: Any) -> Iterator[Any]:
    with reader() as reading:
        for trace_id in search.find_traces(reading, query_of(asked.query)):
            yield from chunks(reading.trace(trace_id))


def _traces(reader: Callable[[], Reader], asked: Any) -> Iterator[Any]:
    with reader() as reading:
        for one in asked.query:
            yield from chunks(reading.trace(one.trace_id))


def _dependencies(reader: Callable[[], Reader], asked: Any) -> Iterator[Any]:
    start, end = asked.start_time.ToMilliseconds(), asked.end_time.ToMilliseconds()
    if end < start:
        raise GRPCError(Status.INVALID_ARGUMENT, "end time must be greater than start time")
    with reader() as reading:
        links = [
            message("Dependency")(parent=parent, child=child, call_count=count)
            for (parent, child), count in sorted(listing.calls(reading, start, end).items())
        ]
        yield message("GetDependenciesResponse")(dependencies=links)


def _unimplemented(*_: Any) -> Iterator[Any]:
    """Said by a method: what grpclib says of an unknown one has no content type, and Go takes that for a failure."""
    raise GRPCError(Status.UNIMPLEMENTED, "This storage does not do that.")
    yield


Methods = dict[str, tuple[Method, Cardinality, Any, Any]]
_UNARY, _STREAM = Cardinality.UNARY_UNARY, Cardinality.UNARY_STREAM
_ANYTHING = message("GetServicesRequest")  # has no fields, and takes no offence at any

SERVICES: dict[str, Methods] = {
    "TraceReader": {
        "GetServices": (_services, _UNARY, message("GetServicesRequest"), message("GetServicesResponse")),
        "GetOperations": (_operations, _UNARY, message("GetOperationsRequest"), message("GetOperationsResponse")),
        "FindTraceIDs": (_find_ids, _UNARY, message("FindTracesRequest"), message("FindTraceIDsResponse")),
        "FindTraces": (_find, _STREAM, message("FindTracesRequest"), TracesData),
        "GetTraces": (_traces, _STREAM, message("GetTracesRequest"), TracesData),
        "FindTraceSummaries": (_unimplemented, _STREAM, _ANYTHING, TracesData),
    },
    "DependencyReader": {
        "GetDependencies": (
            _dependencies,
            _UNARY,
            message("GetDependenciesRequest"),
            message("GetDependenciesResponse"),
        ),
    },
    "Capabilities": {"GetCapabilities": (_unimplemented, _UNARY, _ANYTHING, _ANYTHING)},
}


def query_of(asked: Any) -> search.TraceQuery:
    """A TraceQueryParameters message. Raises GRPCError without a service, which the store's index begins with."""
    if not asked.service_name:
        raise GRPCError(Status.INVALID_ARGUMENT, "This storage finds traces of a service: name one.")
    return search.TraceQuery(
        service=asked.service_name,
        operation=asked.operation_name,
        start=_microseconds(asked.start_time_min, 0),
        end=_microseconds(asked.start_time_max, int(time.time() * 1_000_000)),
        min_duration=_nanoseconds(asked.duration_min),
        max_duration=_nanoseconds(asked.duration_max),
        limit=asked.search_depth if asked.search_depth > 0 else search.DEFAULT_LIMIT,
        tags={one.key: text(one.value) for one in asked.attributes},
    )


def chunks(found: Sequence[Found]) -> Iterator[TracesData]:
    """The spans of one trace in messages of about a mebibyte, none of them empty; each has a service and a duration."""
    chunk, size, before = TracesData(), 0, None
    for one in found:
        if size > _CHUNK_BYTES:
            yield chunk
            chunk, size, before = TracesData(), 0, None
        if before is None or before.resource is not one.resource:
            process = chunk.resource_spans.add(resource=one.resource)
            size += one.resource.ByteSize()
            _name(process.resource)
            before = None
        if before is None or before.scope is not one.scope:
            scope = process.scope_spans.add(scope=one.scope)
        span = scope.spans.add()
        span.CopyFrom(one.span)
        _lengthen(span)
        size += span.ByteSize()
        before = one
    if before is not None:
        yield chunk


# What Jaeger's own exporter to a storage sees to, and what it therefore expects of one.


def _lengthen(span: Span) -> None:
    """A span lasts a while."""
    if warning := duration_warning(span):
        span.attributes.add(key=_WARNINGS).value.array_value.values.add(string_value=warning)
        span.end_time_unix_nano = span.start_time_unix_nano + duration_of(span)


def _name(resource: Resource) -> None:
    """A service has a name."""
    service = service_of(resource)
    for attribute in resource.attributes:
        if attribute.key == "service.name":
            attribute.value.string_value = service
            return
    resource.attributes.add(key="service.name").value.string_value = service


def _microseconds(time_: Timestamp, default: int) -> int:
    return time_.ToMicroseconds() if time_.ByteSize() else default


def _nanoseconds(duration: Duration) -> int:
    return duration.ToNanoseconds()
