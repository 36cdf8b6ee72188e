"""One request as its customer sees it: sent with W3C context, timed to the end, counted whatever comes back."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from json import dumps
from typing import Any

import gevent
from geventhttpclient import HTTPClient
from geventhttpclient.response import HTTPParseError
from locust.env import Environment
from opentelemetry import propagate, trace

from loadgen.telemetry import DURATION

# The customer contract: an order answered with 202 is placed within two seconds of that answer.
PLACED_WITHIN_S = 2.0
POLL_EVERY_S = 0.1


@dataclass(frozen=True)
class Reply:
    """status: the HTTP code, or `timeout` or `error` where there was none."""

    status: str
    headers: dict[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status.startswith("2")


class Client:
    """Requests of one profile. Connections are kept and shared by all of its customers."""

    def __init__(
        self,
        environment: Environment,
        profile: str,
        services: dict[str, str],
        tracer: trace.Tracer,
        *,
        timeout: float,
        concurrency: int,
        observed: Callable[[float, bool], None],
    ) -> None:
        self._profile = profile
        self._tracer = tracer
        self._timeout = timeout
        self._observed = observed
        self._environment = environment
        self._connections = {
            service: HTTPClient.from_url(
                url, connection_timeout=timeout, network_timeout=timeout, concurrency=concurrency
            )
            for service, url in services.items()
        }

    def call(
        self,
        service: str,
        method: str,
        route: str,
        *,
        path: str | None = None,
        json: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request, follow a 202 until the thing asked for is there, and record what the customer saw.

        The time is until the first answer: what is handed over has its own promise, and breaks it by its status.
        route: the path template, for labels. path: the path itself if it differs.
        """
        begin = time.perf_counter()
        with self._span(service, method, route) as span:
            reply = self._exchange(span, service, method, route, path or route, json, headers)
            seconds = time.perf_counter() - begin
            if reply.status == "202" and "location" in reply.headers:
                reply = self._follow(service, route, reply.headers["location"])
            DURATION.labels(self._profile, service, route, reply.status).observe(
                seconds, {"trace_id": f"{span.get_span_context().trace_id:032x}"}
            )
            self._observed(seconds, not reply.ok)
        return reply

    def _follow(self, service: str, route: str, location: str) -> Reply:
        deadline = time.perf_counter() + PLACED_WITHIN_S
        while time.perf_counter() < deadline:
            gevent.sleep(POLL_EVERY_S)
            with self._span(service, "GET", f"{route}/{{id}}") as span:
                reply = self._exchange(span, service, "GET", f"{route}/{{id}}", location, None, None)
            if reply.status != "202":
                return reply
        return Reply("timeout", {}, b"")

    def _span(self, service: str, method: str, route: str):
        return self._tracer.start_as_current_span(
            f"{method} {route}",
            kind=trace.SpanKind.CLIENT,
            attributes={
                "http.request.method": method,
                "url.template": route,
                "server.address": service,
                "customer.profile": self._profile,
            },
        )

    def _exchange(
        self, span: trace.Span, service: str, method: str, route: str, path: str, json: Any, headers: dict | None
    ) -> Reply:
        sent = {"Accept": "application/json", **(headers or {})}
        body = b""
        if json is not None:
            body = dumps(json).encode()
            sent["Content-Type"] = "application/json"
        propagate.inject(sent)
        begin = time.perf_counter()
        failure: BaseException | None = None
        try:
            with gevent.Timeout(self._timeout):
                response = self._connections[service].request(method, path, body=body, headers=sent)
                received = {name.lower(): value for name, value in response.items()}
                reply = Reply(str(response.get_code()), received, bytes(response.read()))
        except (gevent.Timeout, TimeoutError) as late:
            reply, failure = Reply("timeout", {}, b""), late
        except (OSError, HTTPParseError) as broken:
            reply, failure = Reply("error", {}, b""), broken
        self._note(span, reply, failure)
        self._environment.events.request.fire(
            request_type=method,
            name=f"{service}: {route}",
            response_time=(time.perf_counter() - begin) * 1_000,
            response_length=len(reply.body),
            exception=failure or (None if reply.ok else RuntimeError(f"status {reply.status}")),
            context={},
        )
        return reply

    @staticmethod
    def _note(span: trace.Span, reply: Reply, failure: BaseException | None) -> None:
        if failure is None:
            span.set_attribute("http.response.status_code", int(reply.status))
        if not reply.ok:
            span.set_attribute("error.type", reply.status if failure is None else type(failure).__qualname__)
            span.set_status(trace.StatusCode.ERROR)
