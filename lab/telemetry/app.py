"""The HTTP face: OTLP in, Jaeger's query API and the log search out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote_plus

import anyio.to_thread
from google.rpc.code_pb2 import INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAUTHENTICATED, UNAVAILABLE
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from lab.telemetry import listing, logs, search, storage
from lab.telemetry.archive import Archive
from lab.telemetry.jaeger import id_text, trace_json
from lab.telemetry.ops import Metrics
from lab.telemetry.otlp import MAX_BODY_BYTES, BadBody, BodyTooLarge
from lab.telemetry.reader import Reader
from lab.telemetry.search import BadQuery
from lab.telemetry.settings import WRITE_TOKEN
from lab.telemetry.writer import Busy, Writer

log = logging.getLogger("telemetry")

_PROTOBUF = "application/x-protobuf"
_READERS = 4  # questions answered at once: each may hold some megabytes
_DEFAULT_DEPENDENCY_LOOKBACK = 24 * 3600 * 1000


def create_app(
    archive: Archive,
    writer: Writer,
    metrics: Metrics,
    clock: Callable[[], float] = time.time,
    write_token: str = "",
    asked_at: socket.socket | None = None,
) -> Starlette:
    """The application over a writer that is running; `clock` gives seconds since the epoch. With a `write_token`
    telemetry is taken from nobody who does not send it. `asked_at` is where a Jaeger may ask."""

    async def take(request: Request) -> Response:
        signal = request.path_params["signal"]
        if not _knows(request, write_token):
            metrics.refused("stranger")
            return _refusal(401, UNAUTHENTICATED, "Only the lab's own processes send telemetry; ask, and send nothing.")
        if request.headers.get("content-type", "").partition(";")[0].strip() != _PROTOBUF:
            return _refusal(415, INVALID_ARGUMENT, f"Send OTLP as {_PROTOBUF}: other encodings are not taken here.")
        try:
            body = await _body(request)
            receipt = await asyncio.wrap_future(
                writer.submit(signal, body, request.headers.get("content-encoding", "").lower())
            )
        except Busy as error:
            metrics.refused("busy")
            reason = str(error) or "More telemetry waits to be written than there is room for"
            return _refusal(503, UNAVAILABLE, f"{reason}: try again in a second.", {"Retry-After": "1"})
        except BodyTooLarge as error:
            metrics.refused("too_large")
            return _refusal(413, RESOURCE_EXHAUSTED, str(error))
        except BadBody as error:
            metrics.refused("bad_body")
            return _refusal(400, INVALID_ARGUMENT, str(error))
        metrics.accepted(receipt)
        answer = ExportTraceServiceResponse() if signal == "traces" else ExportLogsServiceResponse()
        if receipt.refused:
            answer.partial_success.rejected_spans = receipt.refused
            answer.partial_success.error_message = "Spans without a trace id or a span id were left out."
        return Response(answer.SerializeToString(), media_type=_PROTOBUF)

    def reader(wanted: Callable[[], bool] = lambda: True) -> Reader:
        return Reader(archive.segments(), wanted)

    def services(request: Request) -> Response:
        with reader() as reading:
            names = listing.services(reading)
        return _answer(names or None, total=len(names))

    def operation_names(request: Request) -> Response:
        with reader() as reading:
            found = listing.operations(reading, unquote_plus(request.path_params["service"]))
        names = {name for name, _ in found}
        return _answer(sorted(names) or None, total=len(names))

    def operations_by_kind(request: Request) -> Response:
        service, kind = request.query_params.get("service"), request.query_params.get("spanKind")
        if not service:
            raise BadQuery("parameter 'service' is required")
        with reader() as reading:
            found = listing.operations(reading, service, kind)
        return _answer([{"name": name, "spanKind": kind} for name, kind in found], total=len(found))

    def find(request: Request) -> Response:
        query = search.parse_query(request.query_params.multi_items(), clock())
        with reader() as reading:
            trace_ids = query.trace_ids or search.find_traces(reading, query)
        return StreamingResponse(_stream(reader, trace_ids, raw=query.raw), media_type="application/json")

    def trace(request: Request) -> Response:
        trace_id = search.parse_trace_id(request.path_params["trace_id"])
        for name in ("start", "end"):
            search.microseconds(request.query_params.get(name, ""), name, 0)
        raw = search.parse_flag(request.query_params.get("raw", ""), "raw")
        with reader() as reading:
            found = reading.trace(trace_id)
        return _answer([trace_json(found, raw=raw)]) if found else _error(404, "trace not found")

    def dependencies(request: Request) -> Response:
        parameters = request.query_params
        end = search.microseconds(parameters.get("endTs", ""), "endTs", int(clock() * 1000))
        lookback = search.microseconds(parameters.get("lookback", ""), "lookback", _DEFAULT_DEPENDENCY_LOOKBACK)
        if lookback < 0:
            return _error(500, "end time must be greater than start time")
        with reader() as reading:
            calls = listing.calls(reading, end - lookback, end)
        service = parameters.get("service")
        return _answer(
            [
                {"parent": parent, "child": child, "callCount": count}
                for (parent, child), count in sorted(calls.items())
                if not service or service in (parent, child)
            ]
        )

    def find_logs(request: Request) -> Response:
        query = logs.parse_query(request.query_params.multi_items())
        with reader() as reading:
            return _json(logs.find_logs(reading, query))

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette):
        anyio.to_thread.current_default_thread_limiter().total_tokens = _READERS
        async with storage.serving(reader, asked_at) if asked_at else contextlib.nullcontext():
            yield

    get: dict[str, Callable[[Request], Response]] = {
        "/api/services": services,
        "/api/services/{service:path}/operations": operation_names,
        "/api/operations": operations_by_kind,
        "/api/traces": find,
        "/api/traces/{trace_id}": trace,
        "/api/dependencies": dependencies,
        "/api/logs": find_logs,
    }
    routes = [Route(path, _answering(handler), methods=["GET"]) for path, handler in get.items()]
    routes += [Route(f"/v1/{signal}", _with_signal(take, signal), methods=["POST"]) for signal in ("traces", "logs")]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _http_error})


def _answering(handler: Callable[[Request], Response]):
    async def endpoint(request: Request) -> Response:
        try:
            return await run_in_threadpool(handler, request)
        except BadQuery as error:
            return _error(400, str(error))
        except sqlite3.Error as error:
            log.error("reading the stored telemetry failed: %s", error)
            return _error(503, f"The stored telemetry can't be read now ({error}); ask again.")

    return endpoint


def _knows(request: Request, token: str) -> bool:
    return not token or secrets.compare_digest(request.headers.get(WRITE_TOKEN, "").encode(), token.encode())


def _with_signal(handler, signal: str):
    async def endpoint(request: Request) -> Response:
        request.scope["path_params"] = {"signal": signal}
        return await handler(request)

    return endpoint


def _stream(reader: Callable[[], Reader], trace_ids: Sequence[bytes], *, raw: bool) -> Iterator[str]:
    """The answer trace by trace: a hundred large ones never have to be in memory together."""
    missing, separator = [], ""
    yield '{"data":['
    with reader() as reading:
        for trace_id in trace_ids:
            if found := reading.trace(trace_id):
                yield separator + json.dumps(trace_json(found, raw=raw), ensure_ascii=False, separators=(",", ":"))
                separator = ","
            else:
                missing.append({"msg": "trace not found", "traceID": id_text(trace_id)})
    yield f'],"total":0,"limit":0,"offset":0,"errors":{json.dumps(missing or None)}}}'


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"The body has more than {MAX_BODY_BYTES} bytes: send smaller batches.")
    return bytes(body)


def _json(content: Any, status: int = 200) -> Response:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, media_type="application/json")


def _answer(data: Any, *, total: int = 0) -> Response:
    return _json({"data": data, "total": total, "limit": 0, "offset": 0, "errors": None})


def _error(status: int, message: str) -> Response:
    error = {"code": status, "msg": message}
    return _json({"data": None, "total": 0, "limit": 0, "offset": 0, "errors": [error]}, status)


async def _http_error(request: Request, error: HTTPException) -> Response:
    return _error(error.status_code, f"{error.detail}: {request.method} {request.url.path}")


def _refusal(status: int, code: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """OTLP's form of an error: a google.rpc.Status."""
    return Response(Status(code=code, message=sentence).SerializeToString(), status, headers, media_type=_PROTOBUF)
