import asyncio
import logging
from collections.abc import Callable, Iterator

import httpx
import kit
import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI
from kit import telemetry
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from prometheus_client import REGISTRY

Ask = Callable[..., httpx.Response]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def in_flight() -> float | None:
    return REGISTRY.get_sample_value("http_server_requests_in_flight", {"service": "shop"})


async def until(what: str, condition: Callable[[], bool]) -> None:
    end = asyncio.get_running_loop().time() + 10
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"gave up waiting: {what}"
        await asyncio.sleep(0.01)


@pytest.fixture
def spans() -> Iterator[Callable[[], tuple[ReadableSpan, ...]]]:
    exporter = InMemorySpanExporter()
    telemetry.set_up("shop").add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter.get_finished_spans
    exporter.shutdown()


@pytest.fixture
def app() -> FastAPI:
    app = kit.create_app(kit.Settings(service="shop"), title="Shop")
    inner, twice = APIRouter(prefix="/inner"), APIRouter()

    @app.get("/plain/{id}")
    async def plain(id: str, tasks: BackgroundTasks) -> dict:
        tasks.add_task(REGISTRY.get_sample_value, "x")
        return {"id": id}

    @inner.get("/deep/{id}")
    async def deep(id: str) -> dict:
        return {}

    @twice.get("/again")
    async def again() -> dict:
        return {}

    @app.get("/forever")
    async def forever() -> None:
        await asyncio.Event().wait()

    app.include_router(inner, prefix="/outer")
    app.include_router(twice, prefix="/a")
    app.include_router(twice, prefix="/b")
    return app


def test_a_span_carries_the_conventions_attributes_and_its_parent(app: FastAPI, ask: Ask, spans) -> None:
    ask(app, "GET", "/plain/7?q=a%20b", headers={"traceparent": PARENT})
    (span,) = spans()
    assert (span.name, span.kind.name, span.parent.span_id) == ("GET /plain/{id}", "SERVER", 0xB7AD6B7169203331)
    assert span.context.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "http.route": "/plain/{id}",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "url.path": "/plain/7",
        "url.query": "q=a%20b",
        "network.protocol.version": "1.1",
        "server.address": "shop",
        "client.address": "127.0.0.1",
        "user_agent.original": f"python-httpx/{httpx.__version__}",
    }


@pytest.mark.parametrize(
    ("method", "path", "name", "route"),
    [
        ("GET", "/outer/inner/deep/1", "GET /outer/inner/deep/{id}", "/outer/inner/deep/{id}"),
        ("GET", "/b/again", "GET /again", "/again"),  # a route with two paths has its own only
        ("POST", "/plain/7", "POST /plain/{id}", "/plain/{id}"),
        ("GET", "/nowhere", "GET", None),
        ("BREW", "/plain/7", "HTTP /plain/{id}", "/plain/{id}"),
    ],
)
def test_a_span_is_named_by_its_route(
    app: FastAPI, ask: Ask, spans, method: str, path: str, name: str, route: str | None
) -> None:
    ask(app, method, path)
    (span,) = spans()
    assert (span.name, span.attributes.get("http.route")) == (name, route)


def test_a_request_that_ends_with_a_5xx_is_a_warning(app: FastAPI, ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    for status in (200, 404, 499, 500, 503):
        app.get(f"/answer/{status}", status_code=status)(lambda: {})
    with caplog.at_level(logging.INFO, "kit.access"):
        for status in (200, 404, 499, 500, 503):
            ask(app, "GET", f"/answer/{status}")
    ended = [(record.status, record.levelname) for record in caplog.records if record.message == "request"]
    assert ended == [(200, "INFO"), (404, "INFO"), (499, "INFO"), (500, "WARNING"), (503, "WARNING")]


def test_methods_are_bounded(app: FastAPI, ask: Ask, spans) -> None:
    ask(app, "BREW", "/plain/7")
    (span,) = spans()
    assert span.attributes["http.request.method"] == "_OTHER"
    assert span.attributes["http.request.method_original"] == "BREW"


@pytest.mark.parametrize("header", ["", "nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01", "ÿ"])
def test_a_bad_traceparent_starts_a_new_trace(app: FastAPI, ask: Ask, spans, header: str) -> None:
    assert ask(app, "GET", "/plain/7", headers={"traceparent": header.encode("latin-1")}).status_code == 200
    (span,) = spans()
    assert span.parent is None and span.context.is_valid


def test_a_request_cut_off_at_the_end_is_answered_and_counted_out(
    app: FastAPI, spans, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client:
            request = asyncio.create_task(client.get("/forever"))
            await until("it is in flight", lambda: in_flight() == 1)
            request.cancel()
            return await request

    answer = asyncio.run(go())
    assert (answer.status_code, answer.json()["detail"]) == (503, "The service is stopping; ask again.")
    (span,) = spans()
    assert span.status.status_code is StatusCode.ERROR
    assert [record.levelname for record in caplog.records if record.message == "request"] == ["WARNING"]
    assert in_flight() == 0
