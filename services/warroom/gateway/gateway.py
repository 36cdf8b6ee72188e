"""Who may ask the AI, when, and how much; the rest goes on to the provider."""

import asyncio
import math
import re
from collections.abc import Callable

from fastapi import Request
from kit import Problem
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from lab.drill import rules
from lab.drill.event import Actor
from warroom.gateway import body, headers
from warroom.gateway.live import Live
from warroom.gateway.passing import Passing
from warroom.gateway.rate import Rate
from warroom.gateway.record import Drills, Exchange, Record
from warroom.gateway.settings import AiSettings
from warroom.gateway.upstream import Upstream

LOOK = 0.25  # seconds between looks at the gate while an answer passes
QUERY = re.compile(r"[\w.~%&=,+\[\]-]{0,500}", re.ASCII)


class Gateway:
    """`whose` gives whose token that is, or None."""

    def __init__(self, settings: AiSettings, drills: Drills, whose: Callable[[str], Actor | None]) -> None:
        self.live = Live()
        self._drills = drills
        self._whose = whose
        self._upstream = Upstream(settings) if settings.ai_upstream_url else None
        self._rate = Rate(settings.ai_requests_per_minute, settings.ai_at_once)
        self._timeout_s = settings.ai_timeout
        self._record = Record(drills)
        self._record.recover()

    async def ask(self, request: Request, path: str) -> Response:
        """Answers a request for `path` of the provider, or raises Problem, and has either written down.

        Of several reasons to refuse, the one that the next try would meet first is given.
        """
        exchange = Exchange(path)
        try:
            exchange.who = self._require_token(request)
            content, wrong = await body.read(request) if request.method == "POST" else (b"", None)
            exchange.prompt.add(content)
            if reason := await self._gate():
                raise Problem(423, "Locked", reason)
            if wrong:
                raise wrong
            if not QUERY.fullmatch(request.url.query):
                raise Problem(400, "Bad Request", "The query after the path is not one that the gateway passes on.")
            upstream = self._require_upstream()
            self._require_patience()
        except Problem as problem:
            await self._refuse(exchange, problem)
            raise
        self._rate.enter()
        try:
            await self._record.asked(exchange)  # so that a kill from here on loses the answer alone
        except BaseException:
            self._rate.leave()
            raise
        self.live.asked(exchange)

        async def ended() -> None:
            self._rate.leave()
            self.live.ended(exchange)
            await self._record.answered(exchange)

        return Passing(
            exchange,
            lambda: upstream.ask(request.method, path, request.url.query, request.headers.raw, content),
            shut=self._until_shut,
            live=self.live,
            timeout_s=self._timeout_s,
            ended=ended,
        )

    async def refuse(self, request: Request, problem: Problem) -> None:
        """Writes down what was asked for at a path that is not passed on."""
        exchange = Exchange(request.url.path[:200])
        exchange.who = next(filter(None, map(self._whose, headers.tokens(request.headers))), "lab")
        await self._refuse(exchange, problem)

    async def aclose(self) -> None:
        if self._upstream:
            await self._upstream.aclose()

    async def _refuse(self, exchange: Exchange, problem: Problem) -> None:
        exchange.refuse(problem)
        self.live.asked(exchange)
        self.live.ended(exchange)
        await self._record.refused(exchange)

    async def _gate(self) -> str:
        """Why not now, empty if it may be."""
        return rules.gate(await run_in_threadpool(self._drills.current))

    async def _until_shut(self) -> str:
        while not (reason := await self._gate()):
            await asyncio.sleep(LOOK)
        return reason

    def _require_token(self, request: Request) -> Actor:
        given = headers.tokens(request.headers)
        if not given:
            detail = "Give the team's token to your AI client as its API key: it is sent as Authorization or x-api-key."
            raise Problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
        who = next(filter(None, map(self._whose, given)), None)
        if who is None:
            raise Problem(403, "Forbidden", "This is no token of this lab; the team's is to be the client's API key.")
        return who

    def _require_upstream(self) -> Upstream:
        if self._upstream is None:
            raise Problem(
                503,
                "Service Unavailable",
                "This lab has no AI provider: an instructor starts it with AI_UPSTREAM_URL and AI_UPSTREAM_KEY_FILE; "
                "labctl drill brief writes what any other assistant needs.",
            )
        return self._upstream

    def _require_patience(self) -> None:
        wait_s = self._rate.wait_s()
        if wait_s:
            bounds = f"{self._rate.per_minute} requests a minute and {self._rate.together} together"
            detail = f"The gateway passes {bounds}; ask again in {math.ceil(wait_s)} s."
            raise Problem(429, "Too Many Requests", detail, headers={"Retry-After": str(math.ceil(wait_s))})
