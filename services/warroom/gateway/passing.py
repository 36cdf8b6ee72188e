"""A request on its way through the gateway and the answer on its way back."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from kit import Problem
from kit.problems import ProblemResponse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from warroom.gateway import sse
from warroom.gateway.live import Live
from warroom.gateway.record import Exchange
from warroom.gateway.upstream import Answer

CODES = {423: "gate_shut", 504: "upstream_timeout"}  # of the error event at the end of a cut stream
LEFT = 499  # what is written down for a client that hung up before its answer


class Passing(Response):
    """Asks and passes on what comes, until the answer ends, the client leaves, the gate shuts or the time is up.

    A stream passes as it comes. Any other answer passes when it is complete, so that trouble can have its own status.
    """

    def __init__(
        self,
        exchange: Exchange,
        ask: Callable[[], AbstractAsyncContextManager[Answer]],
        *,
        shut: Callable[[], Awaitable[str]],
        live: Live,
        timeout_s: float,
        ended: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._exchange = exchange
        self._ask = ask
        self._shut = shut
        self._live = live
        self._timeout_s = timeout_s
        self._ended = ended
        self._streaming = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        talk = asyncio.ensure_future(self._talk(scope, receive, send))
        left = asyncio.ensure_future(_left(receive))
        shut = asyncio.ensure_future(self._shut())
        tasks = (talk, left, shut)
        try:
            await asyncio.wait(tasks, timeout=self._timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if talk.done():
                talk.result()
            elif left.done():
                self._exchange.end(LEFT, "the client left")
            elif shut.done():
                raise Problem(423, "Locked", shut.result())
            else:
                detail = f"The AI provider did not end its answer within {self._timeout_s:g} s; ask for less at a time."
                raise Problem(504, "Gateway Timeout", detail)
        except Problem as problem:
            await _stop(tasks)  # before anything else is sent
            self._exchange.end(problem.status, problem.detail)
            await self._break_off(problem, scope, receive, send)
        except BaseException:
            self._exchange.end(503, "the war room stopped or failed")
            raise
        finally:
            await _stop(tasks)
            await asyncio.shield(asyncio.ensure_future(self._ended()))

    async def _talk(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._ask() as answer:
            if not answer.streams:
                body = await answer.read()
                self._exchange.status = answer.status
                self._note(body)
                response = Response(body, answer.status)
                response.raw_headers[:0] = answer.headers
                await response(scope, receive, send)
                return
            self._exchange.status = answer.status
            self._streaming = True
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            async for events in answer.events():
                self._note(events)
                await send({"type": "http.response.body", "body": events, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _note(self, chunk: bytes) -> None:
        self._exchange.answer.add(chunk)
        self._live.passed(self._exchange, chunk)

    async def _break_off(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._streaming:
            await ProblemResponse(problem.status, problem.title, problem.detail)(scope, receive, send)
            return
        last = sse.error(self._exchange.path, CODES.get(problem.status, "upstream_error"), problem.detail)
        await send({"type": "http.response.body", "body": last, "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stop(tasks: tuple[asyncio.Future, ...]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
