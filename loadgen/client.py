"""One request as its customer sees it: sent with W3C context, timed to the end, counted whatever comes back."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment
from opentelemetry import propagate, trace

from loadgen.telemetry import DURATION

# The customer contract: an order answered with 202 is placed within two seconds.
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
        self._sessions = {
            service: FastHttpSession(
                base_url=url,
                request_event=environment.events.request,
                user=None,
                connection_timeout=timeout,
                network_timeout=timeout,
                concurrency=concurrency,
                max_redirects=0,
                max_retries=0,
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

        route: the path template, for labels. path: the path itself if it differs.
        """
        begin = time.perf_counter()
        with self._span(service, method, route) as span:
            reply = self._exchange(span, service, method, route, path or route, json, headers)
            if reply.status == "202" and "location" in reply.headers:
                reply = self._follow(service, route, reply.headers["location"], begin + PLACED_WITHIN_S)
            seconds = time.perf_counter() - begin
            DURATION.labels(self._profile, service, route, reply.status).observe(
                seconds, {"trace_id": f"{span.get_span_context().trace_id:032x}"}
            )
            self._observed(seconds, not reply.ok)
        return reply

    def _follow(self, service: str, route: str, location: str, deadline: float) -> Reply:
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
        carrier = dict(headers or {})
        propagate.inject(carrier)
        late = gevent.Timeout(self._timeout)
        try:
            with late:
                response = self._sessions[service].request(
                    method, path, name=f"{service}: {route}", json=json, headers=carrier
                )
        except gevent.Timeout as expired:
            if expired is not late:
                raise
            return self._unanswered(span, "timeout")
        if not response.status_code:
            return self._unanswered(span, "timeout" if isinstance(response.error, TimeoutError) else "error")
        span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= 400:
            span.set_attribute("error.type", str(response.status_code))
            span.set_status(trace.StatusCode.ERROR)
        received = {name.lower(): value for name, value in (response.headers or {}).items()}
        return Reply(str(response.status_code), received, response.content or b"")

    @staticmethod
    def _unanswered(span: trace.Span, kind: str) -> Reply:
        span.set_attribute("error.type", kind)
        span.set_status(trace.StatusCode.ERROR)
        return Reply(kind, {}, b"")
