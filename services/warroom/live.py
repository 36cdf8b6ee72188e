"""The live stream: what everybody who looks at the page is told as it happens. Made once, sent to all.

Two kinds of topics: what turns up at any moment is told at once when somebody calls `nudge`, and what is measured is
told at every tick. Nothing is made while nobody looks.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from kit import Problem
from opentelemetry.instrumentation.utils import suppress_instrumentation

from lab.errors import LabError

TICK_S = 2.0
TOGETHER_S = 0.05  # what happens within it is told in one go
VIEWERS = 200
BEHIND = 30  # messages that a viewer may be behind, which is a minute

Topics = Mapping[str, Callable[[], Any]]  # what makes the JSON of each; they may wait, and raise LabError

log = logging.getLogger("warroom")


class Live:
    """`at_once` are the topics that nudges are about, `measured` those of ticks, `first` what only a new viewer is
    told. Who cannot follow is sent away, and comes again by itself."""

    def __init__(self, at_once: Topics, measured: Topics, first: Topics) -> None:
        self._at_once = at_once
        self._measured = measured
        self._first = first
        self._viewers: set[asyncio.Queue[str | None]] = set()
        self._nudged = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    def nudge(self) -> None:
        """Something has happened. Any thread may say so, also when nobody looks or the process is ending."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._nudged.set)

    async def run(self) -> None:
        """Until it is cancelled; then every viewer's stream ends."""
        self._loop = asyncio.get_running_loop()
        try:
            await asyncio.gather(self._tick(), self._listen())
        finally:
            self.leave()

    def leave(self) -> None:
        """Ends every viewer's stream, so that a server that stops need not wait for them."""
        for queue in self._viewers:
            _put(queue, None)

    def watch(self) -> AsyncIterator[str]:
        """The stream for one more viewer. Raises Problem (503) if there are too many."""
        if len(self._viewers) >= VIEWERS:
            raise Problem(503, "Service Unavailable", f"{VIEWERS} pages are open already; close one of them.")
        return self._messages()

    async def _messages(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str | None] = asyncio.Queue(BEHIND)
        self._viewers.add(queue)
        try:
            yield await asyncio.to_thread(_told, self._at_once)  # the pager first
            # What only a new viewer is told comes last: then it knows that it has all.
            yield await asyncio.to_thread(_told, {**self._measured, **self._first})
            while (message := await queue.get()) is not None:
                yield message
        finally:
            self._viewers.discard(queue)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            await self._tell(self._at_once)
            await self._tell(self._measured)  # which takes as long as Prometheus takes

    async def _listen(self) -> None:
        while True:
            await self._nudged.wait()
            await asyncio.sleep(TOGETHER_S)
            self._nudged.clear()
            await self._tell(self._at_once)

    async def _tell(self, topics: Topics) -> None:
        if not self._viewers:
            return
        message = await asyncio.to_thread(_told, topics)
        for queue in list(self._viewers):
            if queue.full():
                self._viewers.discard(queue)
                queue.get_nowait()
                message_or_end = None
            else:
                message_or_end = message
            _put(queue, message_or_end)


def router(live: Live) -> APIRouter:
    api = APIRouter()

    @api.get("/api/live", include_in_schema=False)
    async def stream() -> StreamingResponse:
        """Server-sent events, one per topic."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(live.watch(), media_type="text/event-stream", headers=headers)

    return api


def _told(topics: Topics) -> str:
    """One message with an event for each topic. What cannot be known is told as `{"error": why}`."""
    events = ["event: tick\ndata: 0\n\n"]
    with suppress_instrumentation():  # a look every other second is no trace
        for name, make in topics.items():
            try:
                data = make()
            except LabError as error:
                data = {"error": str(error)}
            except Exception:
                log.exception("a topic of the live stream failed", extra={"topic": name})
                data = {"error": "The war room failed to find this out; its log has the error."}
            events.append(f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n")
    return "".join(events)


def _put(queue: asyncio.Queue[str | None], message: str | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(message)
