"""What a Jaeger asks that keeps nothing itself: its remote storage API, version 2, over gRPC, as far as it reads.

Spans come as everywhere, by OTLP. A method that is not here is answered with UNIMPLEMENTED, which Jaeger takes for what
a storage need not do: newer ones ask for summaries and capabilities first.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, ClassVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from grpclib.server import Server, Stream
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData
from starlette.concurrency import run_in_threadpool

from lab.telemetry import listing, search
from lab.telemetry.jaeger import duration_warning
from lab.telemetry.messages import PACKAGE, message
from lab.telemetry.otlp import duration_of, service_of
from lab.telemetry.reader import Found, Reader
from lab.telemetry.values import text

log = logging.getLogger("telemetry")

_CHUNK_BYTES = 1024 * 1024  # Jaeger takes messages of up to 4 MiB; one span more than this is still far from it
_WARNINGS = "@jaeger@warnings"  # the attribute in which Jaeger keeps them
_UNARY, _STREAM = Cardinality.UNARY_UNARY, Cardinality.UNARY_STREAM


@contextlib.asynccontextmanager
async def serving(reader: Callable[[], Reader], host: str, port: int) -> AsyncIterator[None]:
    """Answers on `port` until it is left. Raises OSError if the port is taken."""
    server = Server(services(reader))
    await server.start(host, port)
    try:
        yield
    finally:
        server.close()  # nobody waits until Jaeger hangs up, which asyncio's wait_closed() does from 3.12 on


def services(reader: Callable[[], Reader]) -> list[_Service]:
    """`reader` gives one for a question."""
    return [_Traces(reader), _Dependencies(reader)]


class _Service:
    """Methods of a gRPC service: name, how many messages each way, the one asked and the one answered."""

    name: str
    methods: ClassVar[dict[str, tuple[Cardinality, str, Any]]]

    def __init__(self, reader: Callable[[], Reader]) -> None:
        self._reader = reader

    def __mapping__(self) -> dict[str, Handler]:
        return {
            f"/{PACKAGE}.{self.name}/{method}": Handler(
                _answering(getattr(self, method)), cardinality, message(asked), answer
            )
            for method, (cardinality, asked, answer) in self.methods.items()
        }


class _Traces(_Service):
    name = "TraceReader"
    methods: ClassVar = {
        "GetServices": (_UNARY, "GetServicesRequest", message("GetServicesResponse")),
        "GetOperations": (_UNARY, "GetOperationsRequest", message("GetOperationsResponse")),
        "FindTraceIDs": (_UNARY, "FindTracesRequest", message("FindTraceIDsResponse")),
        "FindTraces": (_STREAM, "FindTracesRequest", TracesData),
        "GetTraces": (_STREAM, "GetTracesRequest", TracesData),
    }

    async def GetServices(self, stream: Stream) -> None:
        await stream.recv_message()
        with self._reader() as reading:
            names = await run_in_threadpool(listing.services, reading)
        await stream.send_message(message("GetServicesResponse")(services=names))

    async def GetOperations(self, stream: Stream) -> None:
        asked = await stream.recv_message()
        with self._reader() as reading:
            found = await run_in_threadpool(listing.operations, reading, asked.service, asked.span_kind)
        operations = [message("Operation")(name=name, span_kind=kind) for name, kind in found]
        await stream.send_message(message("GetOperationsResponse")(operations=operations))

    async def FindTraceIDs(self, stream: Stream) -> None:
        asked = await stream.recv_message()
        with self._reader() as reading:
            ids = await run_in_threadpool(search.find_traces, reading, query_of(asked.query))
        found = [message("FoundTraceID")(trace_id=one) for one in ids]
        await stream.send_message(message("FindTraceIDsResponse")(trace_ids=found))

    async def FindTraces(self, stream: Stream) -> None:
        asked = await stream.recv_message()
        with self._reader() as reading:
            ids = await run_in_threadpool(search.find_traces, reading, query_of(asked.query))
            await self._send(stream, reading, ids)

    async def GetTraces(self, stream: Stream) -> None:
        asked = await stream.recv_message()
        with self._reader() as reading:
            await self._send(stream, reading, [one.trace_id for one in asked.query])

    async def _send(self, stream: Stream, reading: Reader, ids: Sequence[bytes]) -> None:
        for trace_id in ids:
            for chunk in await run_in_threadpool(_opened, reading, trace_id):
                await stream.send_message(chunk)


class _Dependencies(_Service):
    name = "DependencyReader"
    methods: ClassVar = {"GetDependencies": (_UNARY, "GetDependenciesRequest", message("GetDependenciesResponse"))}

    async def GetDependencies(self, stream: Stream) -> None:
        asked = await stream.recv_message()
        start, end = asked.start_time.ToMilliseconds(), asked.end_time.ToMilliseconds()
        if end < start:
            raise GRPCError(Status.INVALID_ARGUMENT, "end time must be greater than start time")
        with self._reader() as reading:
            calls = await run_in_threadpool(listing.calls, reading, start, end)
        links = [
            message("Dependency")(parent=parent, child=child, call_count=count)
            for (parent, child), count in sorted(calls.items())
        ]
        await stream.send_message(message("GetDependenciesResponse")(dependencies=links))


def _answering(method: Callable[[Stream], Awaitable[None]]) -> Callable[[Stream], Awaitable[None]]:
    async def answer(stream: Stream) -> None:
        try:
            await method(stream)
        except sqlite3.Error as error:
            log.error("reading the stored telemetry failed: %s", error)
            reason = f"The stored telemetry can't be read now ({error}); ask again."
            raise GRPCError(Status.UNAVAILABLE, reason) from error

    return answer


def _opened(reading: Reader, trace_id: bytes) -> list[TracesData]:
    return list(chunks(reading.trace(trace_id)))


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
