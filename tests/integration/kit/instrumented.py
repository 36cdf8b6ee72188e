"""Sends requests and statements with the spans of kit or of the contrib instrumentation, and prints those as JSON.

`python instrumented.py kit|contrib URL CASES`: a process of its own for each, as both change libraries for good
and read the conventions' version once.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import kit
import psycopg
from fastapi import APIRouter, FastAPI
from fastapi.responses import StreamingResponse
from kit import problems, telemetry
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from psycopg.sql import SQL

UNTRACED = {"tracing": False, "metrics": False, "logs": False}


def add_routes(app: FastAPI) -> FastAPI:
    inner = APIRouter(prefix="/accounts/{account}")

    @app.get("/items/{id}")
    async def item(id: int, q: str = "") -> dict:
        return {"id": id}

    @app.post("/items", status_code=201)
    async def add(body: dict[str, int]) -> dict:
        return body

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError("no such row")

    @app.get("/busy")
    async def busy() -> None:
        raise kit.Problem(503, "Busy", "Ask again later.")

    @app.get("/cut")
    async def cut() -> StreamingResponse:
        async def rows() -> AsyncIterator[bytes]:
            yield b"first"
            raise LookupError("no second row")

        return StreamingResponse(rows())

    @inner.get("/orders/{id}")
    async def order(account: str, id: str) -> dict:
        return {}

    app.include_router(inner, prefix="/v1")
    return app


def plain(span: ReadableSpan) -> dict[str, Any]:
    return {
        "name": span.name,
        "kind": span.kind.name,
        "trace": format(span.context.trace_id, "032x") if span.parent else None,
        "parent": format(span.parent.span_id, "016x") if span.parent else None,
        "status": [span.status.status_code.name, span.status.description],
        "events": [[event.name, event.attributes["exception.type"]] for event in span.events],
        "attributes": dict(span.attributes),
    }


async def request(app: FastAPI, method: str, path: str, headers: dict[str, str], body: Any) -> None:
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 4711), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop:8402") as client:
        await client.request(method, path, headers=headers, json=body)


async def asynchronously(url: str, text: str) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute(text)


def statement(url: str, how: str, text: str) -> None:
    try:
        if how == "asynchronous":
            return asyncio.run(asynchronously(url, text))
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            if how == "many":
                cursor.executemany(text, [(1,), (2,)])
            else:
                cursor.execute({"text": text, "bytes": text.encode(), "composed": SQL(text)}[how])
    except psycopg.errors.UndefinedTable:
        pass  # one of the cases


def main(maker: str, url: str, cases: str) -> None:
    if maker == "kit":
        provider = telemetry.set_up("shop")
        app = add_routes(kit.create_app(kit.Settings(service="shop"), title="Shop"))
    else:
        provider = TracerProvider()
        app = add_routes(FastAPI(title="Shop", docs_url=None, redoc_url=None, telemetry=UNTRACED))
        problems.install(app)
        FastAPIInstrumentor.instrument_app(app, tracer_provider=provider, exclude_spans=["send", "receive"])
        PsycopgInstrumentor().instrument(tracer_provider=provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    made = {}
    for name, case in json.loads(cases).items():
        if len(case) == 4:
            asyncio.run(request(app, *case))
        else:
            statement(url, *case)
        made[name] = [plain(span) for span in exporter.get_finished_spans()]
        exporter.clear()
    json.dump(made, sys.stdout)


main(*sys.argv[1:])
