"""The gateway on a port of its own, with a drill at its back and a provider behind it that keeps what it is sent."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import kit
import pytest
import uvicorn
from fastapi import FastAPI
from kit import Problem
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from warroom.gateway import AiSettings, Gateway, routes

from lab.drill import event as happened
from lab.drill.asking import exchanges
from lab.drill.drill import Drill, fold
from lab.drill.event import Actor, Asked, Event, Happening
from lab.drill.instant import Instant
from lab.drill.phase import Phase

KEY = "sk-lab-0123456789abcdefghijklmnop"
TEAM = "t" * 48
INSTRUCTOR = "i" * 48
AS_TEAM = {"Authorization": f"Bearer {TEAM}"}
AS_INSTRUCTOR = {"Authorization": f"Bearer {INSTRUCTOR}"}
PROMPT = {"model": "m-1", "messages": [{"role": "user", "content": "Why?"}]}
PATHS = ("/v1/messages", "/v1/chat/completions", "/v1/responses")

ARMED = happened.Armed(drill="d-1", scenario="s", seed=1, profile="60", pace=1, assessment=False, team="a", delay_s=60)
PAGED = happened.Paged(page="p-1", alertname="A", service="s", severity="critical")
ASSESSED = happened.Assessed(severity="critical", hurt="everybody")


def entered(phase: Phase) -> Happening:
    return happened.Entered(phase=phase, why="advanced")


DARK = [ARMED, PAGED, ASSESSED, entered(Phase.DARK_ROOM)]
FIXING = [*DARK, entered(Phase.AI_FIX)]


class Log:
    """What the gateway needs of the drills, on a list."""

    def __init__(self) -> None:
        self.written: list[Event] = []

    def happen(self, *whats: Happening, who: Actor = "lab") -> None:
        for what in whats:
            when = Instant(at=0, tick=0, boot="b")
            self.written.append(Event(number=len(self.written) + 1, when=when, who=who, what=what))

    def current(self) -> Drill | None:
        return fold(self.written, 60)

    def events(self) -> list[Event]:
        return list(self.written)

    def record(self, who: Actor, decide: Callable[[Drill | None], list[Happening]]) -> Drill | None:
        self.happen(*decide(self.current()), who=who)
        return self.current()

    @property
    def asked(self) -> list[Asked]:
        """With their answers, as soon as these are written down."""
        return [one.model_copy(update={"exchange": ""}) for one in exchanges(self.written)]


@dataclass
class Provider:
    """Answers as `answer` does and keeps every request. `begun` and `broken` count calls, and calls that were left."""

    answer: Callable[["Provider", Send], Awaitable[None]]
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.requests.append((target, dict(request.headers), await request.body()))
        answering = asyncio.ensure_future(self.answer(self, send))
        leaving = asyncio.ensure_future(receive())
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            self.left.set()
        for task in (answering, leaving):
            task.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)


async def start(send: Send, status: int = 200, **headers: str) -> None:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


def plain(body: bytes, status: int = 200, **headers: str) -> Callable[[Provider, Send], Awaitable[None]]:
    """A provider that gives the whole answer at once."""

    async def answer(_: Provider, send: Send) -> None:
        await start(send, status, **({"content_type": "application/json"} | headers))
        await send({"type": "http.response.body", "body": body})

    return answer


async def silent(_: Provider, send: Send) -> None:
    await asyncio.Event().wait()


def stepwise(steps: "asyncio.Queue[bytes | None]") -> Callable[[Provider, Send], Awaitable[None]]:
    """A provider whose stream goes on when the test says so; None ends it."""

    async def answer(_: Provider, send: Send) -> None:
        await start(send, content_type="text/event-stream; charset=utf-8", set_cookie="a=b", x_secret="1")
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        while (step := await steps.get()) is not None:
            await send({"type": "http.response.body", "body": step, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return answer


OK = plain(b'{"answer":"because"}')


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        assert not serving.done(), "the server did not start"
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def whose(token: str) -> Actor | None:
    return {TEAM: "team", INSTRUCTOR: "instructor"}.get(token)


def instructor(request: Request) -> None:
    if request.headers.get("authorization") != AS_INSTRUCTOR["Authorization"]:
        raise Problem(403, "Forbidden", "Only an instructor may watch.")


@dataclass
class Stage:
    log: Log
    provider: Provider
    client: httpx.AsyncClient

    async def post(self, path: str = PATHS[0], **request: Any) -> httpx.Response:
        return await self.client.post(path, **({"json": PROMPT, "headers": AS_TEAM} | request))

    async def written(self, count: int) -> list[Asked]:
        """What is on the log, as soon as it is so much: an exchange is written down after its last byte."""
        await until(lambda: sum(one.status > 0 for one in self.log.asked) >= count)
        return self.log.asked


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


Staged = Callable[..., "contextlib.AbstractAsyncContextManager[Stage]"]


@pytest.fixture
def staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Staged:
    """`staged(answer, *events, **settings)`: the gateway before a provider that answers so, in such a drill."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    key = tmp_path / "key"
    key.write_text(KEY + "\n")

    @contextlib.asynccontextmanager
    async def stage(answer: Any = OK, events: list[Happening] = FIXING, **settings: Any) -> AsyncIterator[Stage]:
        log, provider = Log(), Provider(answer)
        log.happen(*events)
        async with served(provider) as upstream:
            given = {"ai_upstream_url": upstream, "ai_upstream_key_file": key} | settings
            gateway = Gateway(AiSettings(**given), log, whose)
            app: FastAPI = kit.create_app(kit.Settings(service="warroom"), title="War room")
            app.include_router(routes(gateway, instructor))
            async with served(app) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
                yield Stage(log, provider, client)
            await gateway.aclose()

    return stage


def sse(data: object) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
