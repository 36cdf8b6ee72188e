"""Requests that the lab sends to the company for the team, and records: what it saw itself it need not be told."""

import asyncio
import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import httpx
from fastapi.concurrency import run_in_threadpool
from kit import Problem
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.propagate import inject
from opentelemetry.trace import Span, SpanKind, StatusCode
from pydantic import BaseModel, ConfigDict, Field, field_validator

from lab.drill import event as happened
from lab.drill import rules
from lab.drill.drill import Drill
from lab.drill.event import Actor, Happening
from lab.shape import Shape
from warroom.drills import Drills

LARGEST_BODY = 64 * 1024  # bytes
PATIENCE_S = 10.0
MOST = 200  # probes of a drill
# The connection's own, and the trace context, which is the lab's.
KEPT_FROM_CALLERS = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect")
) | frozenset(("traceparent", "tracestate", "baggage"))
HeaderName = Annotated[str, Shape(r"^[A-Za-z0-9-]{1,60}$", "a header's name is 1 to 60 letters, digits and -")]
HeaderValue = Annotated[str, Field(max_length=500)]

tracer = trace.get_tracer("warroom")


class ProbeRequest(BaseModel):
    """`path` begins with a slash and may have a query; `body` goes as JSON."""

    model_config = ConfigDict(extra="forbid")

    service: str
    method: Literal["GET", "POST"]
    path: Annotated[str, Field(max_length=2_000), Shape(r"^/[!-~]*$", "begins with / and has no space or accent")]
    headers: Annotated[dict[HeaderName, HeaderValue], Field(max_length=20)] = {}
    body: Any = None

    @field_validator("headers")
    @classmethod
    def _are_the_callers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if name.lower() in KEPT_FROM_CALLERS:
                raise ValueError(f"may not have {name}, which the lab sets itself")
            if not (value.isascii() and value.isprintable()):
                raise ValueError(f"has something in {name} that is no text of one line")
        return headers


class ProbeAnswer(BaseModel):
    id: str
    ref: str
    status: int
    headers: dict[str, str]
    body: str
    seconds: float
    trace_id: str


class Probes:
    """`company` has the addresses of the services that may be asked."""

    def __init__(
        self, drills: Drills, company: Mapping[str, str], *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._drills = drills
        self._company = company
        self._transport = transport

    async def send(self, who: Actor, request: ProbeRequest) -> ProbeAnswer:
        """Sends it once, and writes down what came of it, be it nothing. Raises Problem, lab.errors.UsageError."""
        if request.service not in self._company:
            raise Problem(422, "Unknown service", f"Probes go to {', '.join(self._company)}.")
        content = b"" if request.body is None else httpx.Request("POST", "http://x", json=request.body).content
        if len(content) > LARGEST_BODY:
            raise Problem(413, "Content Too Large", f"A probe's body may have {LARGEST_BODY} bytes at most.")
        rules.require_action(await run_in_threadpool(self._drills.current))
        began = time.time()
        status, headers, answer, seconds, trace_id = await self._exchange(request, content)
        made: list[happened.Probed] = []

        def recorded(drill: Drill | None) -> list[Happening]:
            rules.require_action(drill)
            number = drill.probes + 1 if drill else 1
            if number > MOST:
                raise rules.Refused(f"This drill has had its {MOST} probes; use what they showed.")
            made[:] = [
                happened.Probed(
                    probe=f"pr-{number}",
                    service=request.service,
                    method=request.method,
                    path=request.path,
                    headers=request.headers,
                    body=content.decode(),
                    status=status,
                    answer=answer,
                    seconds=seconds,
                    trace_id=trace_id,
                    at=began,
                )
            ]
            return list(made)

        await run_in_threadpool(self._drills.record, who, recorded)
        probe = made[0].probe
        return ProbeAnswer(
            id=probe,
            ref=f"probe:{probe}",
            status=status,
            headers=headers,
            body=answer,
            seconds=seconds,
            trace_id=trace_id,
        )

    async def _exchange(self, request: ProbeRequest, content: bytes) -> tuple[int, dict[str, str], str, float, str]:
        # A trace of its own: under the caller's, one could have it run in whichever trace one likes.
        span = tracer.start_span(f"{request.method} {request.service}", Context(), SpanKind.CLIENT)
        sent = {"Accept": "application/json", **({"Content-Type": "application/json"} if content else {})}
        sent |= request.headers
        inject(sent, trace.set_span_in_context(span))
        begin = time.monotonic()
        status, headers, answer = 0, {}, ""
        try:
            async with asyncio.timeout(PATIENCE_S):
                status, headers, answer = await self._ask(request, content, sent)
        except (TimeoutError, httpx.HTTPError) as error:
            span.set_status(StatusCode.ERROR, type(error).__name__)
        finally:
            seconds = time.monotonic() - begin
            _end(span, request, status)
        return status, headers, answer, round(seconds, 4), f"{span.get_span_context().trace_id:032x}"

    async def _ask(
        self, request: ProbeRequest, content: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], str]:
        # Put together rather than joined: what follows the address cannot lead to another.
        url = self._company[request.service].rstrip("/") + request.path
        with suppress_instrumentation():
            async with (
                httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False, transport=self._transport) as client,
                client.stream(request.method, url, content=content, headers=headers) as response,
            ):
                body = b""
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) >= LARGEST_BODY:
                        break
                return (
                    response.status_code,
                    dict(response.headers),
                    body[:LARGEST_BODY].decode("utf-8", "replace"),
                )


def _end(span: Span, request: ProbeRequest, status: int) -> None:
    span.set_attribute("http.request.method", request.method)
    span.set_attribute("server.address", request.service)
    if status:
        span.set_attribute("http.response.status_code", status)
    span.end()
