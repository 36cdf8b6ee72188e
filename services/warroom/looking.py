"""Looking: what a browser asks of Prometheus, of the traces and of the logs, none of which it reaches itself.

Only the addresses below lead there, each with its own parameters, which are read first: whoever looks can neither
write nor delete, nor ask for the whole of a store. An answer is the store's own JSON as it came (of exemplars, as many
as can be shown); a refusal, or that nobody answers, is a problem with one sentence. No span is left: looking is no part
of the company's traffic.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from kit import Problem
from opentelemetry.instrumentation.utils import suppress_instrumentation

from lab.drill.cause import piece
from lab.drill.selector import parse
from lab.errors import UsageError
from warroom.exemplars import Thinned, slices

PATIENCE_S = 10.0
LARGEST_ANSWER = 8 * 1024 * 1024  # bytes
AT_ONCE = 8  # answers under way, each of which may be as large; the next ones wait
MOST_POINTS = 1_500  # of a series in one answer: more than a chart has pixels to draw them
MOST_TRACES = 200
MOST_LINES = 1_000

Expression = Annotated[str, Query(min_length=1, max_length=4_000)]
Time = Annotated[float, Query(ge=0, le=1e11, allow_inf_nan=False)]  # Unix, seconds
Name = Annotated[str, Path(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,99}$")]
Match = Annotated[list[str], Query(alias="match[]", max_length=5)]
TraceId = Annotated[str, Path(pattern=r"^[0-9a-fA-F]{1,32}$")]
Word = Annotated[str, Query(max_length=200)]
Microseconds = Annotated[int, Query(ge=0, le=10**17)]
Duration = Annotated[str, Query(pattern=r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h)){1,3}$")]


@dataclass(frozen=True)
class Store:
    """`name` begins a sentence, `cure` ends it."""

    name: str
    url: str
    cure: str


class Looking:
    """Asks the stores. `transport` stands in for the network in tests."""

    def __init__(
        self, prometheus: str, traces: str, logs: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.prometheus = Store("Prometheus", prometheus, "see labctl status and labctl logs prometheus")
        self.traces = Store("The trace store", traces, "see labctl status")
        self.logs = Store("The log store", logs, "see labctl status and labctl logs telemetry")
        # Plain answers: packing and unpacking them costs more than this machine's own network.
        self._client = httpx.AsyncClient(
            timeout=PATIENCE_S, trust_env=False, transport=transport, headers={"Accept-Encoding": "identity"}
        )
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def ask(self, store: Store, path: str, parameters: Mapping[str, Any] | None = None) -> Response:
        """The store's answer; `path` begins with a slash, and parameters that are None or empty are left out.

        Raises Problem: 404 and 422 for what the store refuses, 503 where it is away.
        """
        given = {name: value for name, value in (parameters or {}).items() if value not in (None, "", [])}
        try:
            async with asyncio.timeout(PATIENCE_S), self._turns:
                status, body = await self._fetch(store, path, given)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            why = "does not answer in time" if isinstance(error, TimeoutError | httpx.TimeoutException) else "is away"
            raise Problem(503, "Service Unavailable", f"{store.name} {why}; {store.cure}.") from None
        if 200 <= status < 300:
            return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
        raise _refused(store, status, body)

    async def _fetch(self, store: Store, path: str, given: Mapping[str, Any]) -> tuple[int, bytes]:
        url = store.url.rstrip("/") + path
        body = bytearray()
        with suppress_instrumentation():
            async with self._client.stream("GET", url, params=given) as response:
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > LARGEST_ANSWER:
                        most = LARGEST_ANSWER // 1024**2
                        raise Problem(
                            422,
                            "Too much",
                            f"The answer has more than {most} MiB; ask for less: a shorter time, or fewer of them.",
                        )
                return response.status_code, bytes(body)


def router(looking: Looking) -> APIRouter:
    # What these take and give is described by the stores' own documents.
    api = APIRouter(prefix="/api", include_in_schema=False)
    _metrics(api, looking)
    _traces(api, looking)

    @api.get("/logs")
    async def logs(
        service: Annotated[list[str] | None, Query(max_length=20)] = None,
        trace_id: Annotated[str, Query(pattern=r"^[0-9a-fA-F]{0,32}$")] = "",
        level: Annotated[str, Query(pattern=r"^[A-Za-z]{0,10}$")] = "",
        text: Word = "",
        start: Microseconds | None = None,
        end: Microseconds | None = None,
        after: Microseconds | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LINES)] = 200,
    ) -> Response:
        asked = {"service": service, "trace_id": trace_id, "level": level, "text": text, "limit": limit}
        return await looking.ask(looking.logs, "/api/logs", asked | {"start": start, "end": end, "after": after})

    @api.get("/evidence/check")
    def check(ref: Annotated[str, Query(max_length=1_100)]) -> dict[str, Any]:
        """Whether a reference can be handed in as it is written: `{usable, why}`. Whether it proves anything is the
        referee's to say."""
        try:
            found = piece(ref)
            if found.kind == "metric":
                parse(found.value)
        except UsageError as error:
            return {"usable": False, "why": str(error)}
        return {"usable": True, "why": ""}

    return api


def _metrics(api: APIRouter, looking: Looking) -> None:
    async def ask(path: str, **parameters: Any) -> Response:
        return await looking.ask(looking.prometheus, f"/api/v1/{path}", parameters)

    @api.get("/prometheus/query")
    async def instant(query: Expression, time: Time | None = None) -> Response:
        return await ask("query", query=query, time=time, timeout=f"{PATIENCE_S:g}s")

    @api.get("/prometheus/query_range")
    async def over_time(query: Expression, start: Time, end: Time, step: Annotated[float, Query(ge=0.1, le=86_400)]):
        _require_range(start, end)
        points = math.floor((end - start) / step) + 1
        if points > MOST_POINTS:
            raise Problem(
                422, "Too much", f"That are {points} points of each series; take a step that makes it {MOST_POINTS}."
            )
        return await ask("query_range", query=query, start=start, end=end, step=step, timeout=f"{PATIENCE_S:g}s")

    @api.get("/prometheus/query_exemplars")
    async def exemplars(query: Expression, start: Time, end: Time) -> dict[str, Any]:
        _require_range(start, end)
        kept = Thinned(start, end)
        for begin, until in slices(start, end):
            answer = await ask("query_exemplars", query=query, start=begin, end=until)
            await run_in_threadpool(kept.take, answer.body)
        return kept.answer()

    @api.get("/prometheus/metadata")
    async def metadata() -> Response:
        return await ask("metadata", limit=2_000)

    @api.get("/prometheus/labels")
    async def labels(match: Match = []) -> Response:  # noqa: B006 (FastAPI copies it)
        return await ask("labels", **{"match[]": _expressions(match)})

    @api.get("/prometheus/label/{name}/values")
    async def values(name: Name, match: Match = []) -> Response:  # noqa: B006
        return await ask(f"label/{name}/values", **{"match[]": _expressions(match)})


def _traces(api: APIRouter, looking: Looking) -> None:
    async def ask(path: str, **parameters: Any) -> Response:
        return await looking.ask(looking.traces, f"/api/{path}", parameters)

    @api.get("/jaeger/services")
    async def services() -> Response:
        return await ask("services")

    @api.get("/jaeger/operations")
    async def operations(service: Word) -> Response:
        return await ask("operations", service=service)

    @api.get("/jaeger/traces")
    async def search(
        service: Annotated[str, Query(min_length=1, max_length=200)],
        operation: Word = "",
        tags: Annotated[str, Query(max_length=2_000)] = "",
        start: Microseconds | None = None,
        end: Microseconds | None = None,
        min_duration: Annotated[Duration | None, Query(alias="minDuration")] = None,
        max_duration: Annotated[Duration | None, Query(alias="maxDuration")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_TRACES)] = 20,
    ) -> Response:
        asked = {"service": service, "operation": operation, "tags": tags, "start": start, "end": end, "limit": limit}
        return await ask("traces", **asked, minDuration=min_duration, maxDuration=max_duration)

    @api.get("/jaeger/traces/{trace_id}")
    async def trace(trace_id: TraceId) -> Response:
        return await ask(f"traces/{trace_id.lower()}")


def _require_range(start: float, end: float) -> None:
    if end < start:
        raise Problem(422, "No time range", "The range ends before it starts; give a later end.")


def _expressions(match: Sequence[str]) -> list[str]:
    if any(len(one) > 500 for one in match):
        raise Problem(422, "Too much", "A selector may have 500 characters at most.")
    return list(match)


def _refused(store: Store, status: int, body: bytes) -> Problem:
    """What the store says against the request, in its own words, or that it failed."""
    why = _reason(body)
    if status == 404:
        return Problem(
            404, "Not Found", f"{store.name} has none such{why and f' ({why})'}; it may be older than is kept."
        )
    if 400 <= status < 500 and why:
        return Problem(422, "Unprocessable Content", f"{store.name} cannot answer that: {why}.")
    return Problem(503, "Service Unavailable", f"{store.name} failed with {status}{why and f' ({why})'}; {store.cure}.")


def _reason(body: bytes) -> str:
    """From Prometheus's form of an error, or Jaeger's."""
    try:
        answer = httpx.Response(200, content=body).json()
        said = answer.get("error") or answer["errors"][0]["msg"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return ""
    return str(said)[:500].rstrip(".")
