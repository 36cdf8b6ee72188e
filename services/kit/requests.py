"""What happens around each request: its SERVER span, the access log, and the last resort for its errors.

Pure ASGI, and one layer for what FastAPI's tracing or the contrib instrumentation would do with several. Names and
attributes are those of the semantic conventions for HTTP servers, and are held to contrib's by
tests/integration/kit/test_parity.py: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

import asyncio
import logging
from time import time_ns

from fastapi.routing import iter_route_contexts
from opentelemetry import context as otel_context
from opentelemetry.propagate import extract
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit import identity
from kit.metrics import SERVER_IN_FLIGHT
from kit.problems import internal_error, stopping

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"))
_PROPAGATED = (b"traceparent", b"tracestate")

_log = logging.getLogger("kit.access")


class Requests:
    """Gives each request a span that its handler, its log lines and its calls belong to.

    The span ends with the response's last byte, before background tasks run.
    """

    def __init__(self, app: ASGIApp, service: str, tracer: Tracer) -> None:
        self._app = app
        self._service = service
        self._tracer = tracer
        self._in_flight = SERVER_IN_FLIGHT.labels(service)
        self._routes: dict[int, str | None] = {}

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
        carrier = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _PROPAGATED}
        parent = extract(carrier) if carrier else otel_context.Context()
        start = time_ns()
        method = scope["method"] if scope["method"] in METHODS else "HTTP"
        span = self._tracer.start_span(method, parent, SpanKind.SERVER, start_time=start)
        token = otel_context.attach(set_span_in_context(span, parent))
        status = 0  # until the response has begun
        failure = ""
        ended = False

        def end() -> None:
            nonlocal ended
            if not ended:
                ended = True
                self._in_flight.dec()
                self._end(span, scope, status, failure, start)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                end()

        self._in_flight.inc()
        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:  # the server stops, and has waited for this request for as long as it may
            if not status:
                await stopping()(scope, receive, watched)
        except Exception as error:
            if not ended:
                failure = type(error).__qualname__
                span.record_exception(error)
                span.set_status(StatusCode.ERROR, f"{failure}: {error}")
            _log.exception("unhandled exception", extra={"method": scope["method"], "path": scope["path"]})
            if status:  # too late for another answer: the server closes the connection
                raise
            await internal_error()(scope, receive, watched)
        finally:
            end()
            otel_context.detach(token)

    def _end(self, span: Span, scope: Scope, status: int, failure: str, start: int) -> None:
        method = scope["method"]
        attributes = {
            "http.request.method": method,
            "url.scheme": scope["scheme"],
            "url.path": scope["path"],
            "network.protocol.version": scope["http_version"],
        }
        if method not in METHODS:
            attributes["http.request.method"], attributes["http.request.method_original"] = "_OTHER", method
            method = "HTTP"
        if scope["query_string"]:
            attributes["url.query"] = scope["query_string"].decode("latin-1")
        if server := scope["server"]:
            attributes["server.address"] = server[0]
            if server[1]:
                attributes["server.port"] = server[1]
        if client := scope.get("client"):
            attributes["client.address"] = client[0]
        if agent := dict(scope["headers"]).get(b"user-agent"):
            attributes["user_agent.original"] = agent.decode("latin-1")
        if status:
            attributes["http.response.status_code"] = status
        if route := self._route(scope):
            attributes["http.route"] = route
            span.update_name(f"{method} {route}")
        broken = status >= 500 or not status
        if broken:
            failure = failure or str(status or "_OTHER")
            span.set_status(StatusCode.ERROR)  # without a description: the response's status says it
        if failure:
            attributes["error.type"] = failure
        span.set_attributes(attributes)
        end = time_ns()
        _log.log(
            logging.WARNING if broken else logging.INFO,
            "request",
            extra={
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "duration_ms": (end - start) // 10_000 / 100,
            },
        )
        span.end(end)

    def _route(self, scope: Scope) -> str | None:
        """The path template of the route that the request took, with the prefixes of the routers it is in."""
        route = scope.get("route")
        if route is None:
            return None
        if id(route) not in self._routes:
            found = [c.path_format for c in iter_route_contexts(scope["app"].routes) if c.original_route is route]
            # A router included twice has one route with two paths.
            self._routes[id(route)] = found[0] if len(found) == 1 else None
        return self._routes[id(route)] or getattr(route, "path_format", None)
