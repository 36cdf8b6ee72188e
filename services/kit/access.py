"""The access log: one line per request, written inside its trace, and the last resort for its errors."""

import asyncio
import logging
from time import perf_counter

from opentelemetry.trace import Status, StatusCode, get_current_span
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit import identity
from kit.metrics import SERVER_IN_FLIGHT
from kit.problems import internal_error, stopping

_log = logging.getLogger("kit.access")


class AccessLog:
    """Pure ASGI, inside the SERVER span: the handler's context stays the request's own."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service
        self._in_flight = SERVER_IN_FLIGHT.labels(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = identity.enter(self._service)
        try:
            if scope["type"] == "http":
                await self._request(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            identity.leave(token)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0  # until the response has begun

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        start = perf_counter()
        self._in_flight.inc()
        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:  # the server stops, and has waited for this request for as long as it may
            if not status:
                await stopping()(scope, receive, watched)
        except Exception as error:
            span = get_current_span()
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
            _log.exception("unhandled exception", extra={"method": scope["method"], "path": scope["path"]})
            if status:  # too late for another answer: the server closes the connection
                raise
            await internal_error()(scope, receive, watched)
        finally:
            self._in_flight.dec()
            _log.info(
                "request",
                extra={
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "duration_ms": round((perf_counter() - start) * 1000, 2),
                },
            )
