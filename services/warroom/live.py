"""The live stream: what everybody who looks at the page is told as it happens. Made once, sent to all.

Two kinds of topics: what turns up at any moment is told at once when somebody calls `nudge`, and what is measured is
asked for at every tick, each by itself: a store that hangs holds up its own topics and nothing else, the pager least of
all. Nothing is made while nobody looks.
"""

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from kit import Problem
from opentelemetry.instrumentation.utils import suppress_instrumentation

from lab.errors import LabError

TICK_S = 2.0
TOGETHER_S = 0.05  # what happens within it is told in one go
PATIENCE_S = 2.0  # with what is measured
VIEWERS = 200
BEHIND = 45  # messages that a viewer may be behind, which is half a minute or more

Make = Callable[[], Any]
Topics = Mapping[str, Make]  # what makes the JSON of each; they may wait, and raise LabError
Queue = asyncio.Queue[str | None]

TICK = "event: tick\ndata: 0\n\n"
HANGS = f"There has been no answer for {PATIENCE_S:.0f} s and more; labctl status tells what is slow or away."

log = logging.getLogger("warroom")


class Live:
    """`at_once` are the topics that nudges are about, `measured` those of ticks, `first` what only a new viewer is
    told. Who cannot follow is sent away, and comes again by itself."""

    def __init__(self, at_once: Topics, measured: Topics, first: Topics) -> None:
        self._at_once = at_once
        self._measured = measured
        self._first = first
        self._viewers: set[Queue] = set()
        self._waiting: dict[str, set[Queue]] = {name: set() for name in first}  # for what new viewers are told
        self._come = asyncio.Event()  # somebody new is there
        self._nudged = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        # How things stood when they were told last. Nobody is told of two moments in the wrong order.
        self._turn = asyncio.Lock()
        self._present, self._present_at = "", -math.inf
        self._known: dict[str, str] = {}  # what was measured last, while somebody looks
        self._due: dict[str, str] = {}
        self._spoke_at = -math.inf
        # Threads of their own: those that everything else in the process shares may all be waiting for a store.
        self._quick = ThreadPoolExecutor(1, "live")
        self._slow = ThreadPoolExecutor(max(1, len(measured) + len(first)), "live-measured")

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
        measured = [self._measure(name, make) for name, make in self._measured.items()]
        first = [self._introduce(name, make) for name, make in self._first.items()]
        try:
            await asyncio.gather(self._tick(), self._beat(), self._listen(), *measured, *first)
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
        queue: Queue = asyncio.Queue(BEHIND)
        try:
            async with self._turn:
                # Many who come together, as after a restart, are told what was made for the first of them.
                if _now() - self._present_at >= TICK_S:
                    await self._look()
                message = self._present
                self._viewers.add(queue)
            yield message  # the pager first
            if self._known:
                yield TICK + "".join(self._known.values())
            # What only a new viewer is told comes last: then it knows that it has all.
            for those in self._waiting.values():
                those.add(queue)
            self._come.set()
            while (message := await queue.get()) is not None:
                yield message
        finally:
            self._forget(queue)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            await self._tell()

    async def _beat(self) -> None:
        """That the war room is there is said whatever else takes long."""
        while True:
            await asyncio.sleep(TICK_S)
            if _now() - self._spoke_at > 1.5 * TICK_S:
                self._send(TICK)

    async def _listen(self) -> None:
        while True:
            await self._nudged.wait()
            await asyncio.sleep(TOGETHER_S)
            self._nudged.clear()
            await self._tell()

    async def _tell(self) -> None:
        async with self._turn:
            if self._viewers:
                await self._look()
                self._send(self._present)
            else:
                self._present_at = -math.inf  # whoever comes next has to be told what happened now

    async def _look(self) -> None:
        events = await asyncio.get_running_loop().run_in_executor(self._quick, _events, self._at_once)
        self._present, self._present_at = TICK + events, _now()

    async def _measure(self, name: str, make: Make) -> None:
        """Asks for it at every tick, or as soon as it has been answered. One that hangs is not asked for twice."""
        answered_at = -math.inf
        while True:
            await self._somebody(self._viewers)
            began = _now()
            asked = asyncio.get_running_loop().run_in_executor(self._slow, _events, {name: make})
            # Answers that come slowly, but come, are better than an error between each two of them.
            patience = max(PATIENCE_S, answered_at + 2 * PATIENCE_S - began)
            while not (await asyncio.wait([asked], timeout=patience))[0]:
                self._say(name, _event(name, {"error": HANGS}))
                patience = PATIENCE_S
            self._say(name, await asked)
            answered_at = _now()
            await asyncio.sleep(max(0, began + TICK_S - answered_at))

    async def _introduce(self, name: str, make: Make) -> None:
        """Made for all who wait for it. To whom it could not be told it is told as soon as it can be."""
        waiting = self._waiting[name]
        while True:
            await self._somebody(waiting)
            asked = asyncio.get_running_loop().run_in_executor(self._slow, _events, {name: make})
            while not (await asyncio.wait([asked], timeout=PATIENCE_S))[0]:  # whoever comes meanwhile is told as well
                self._send(TICK + _event(name, {"error": HANGS}), waiting)
            message = await asked
            self._send(TICK + message, waiting)
            if message.startswith(_ERROR.format(name)):
                await asyncio.sleep(TICK_S)
            else:
                waiting.clear()

    async def _somebody(self, those: set[Queue]) -> None:
        while not those:
            self._come.clear()
            await self._come.wait()

    def _say(self, name: str, event: str) -> None:
        """What is measured at the same time is told together."""
        if self._viewers:
            self._known[name] = event
        if not self._due:
            asyncio.get_running_loop().call_later(TOGETHER_S, self._flush)
        self._due[name] = event

    def _flush(self) -> None:
        due, self._due = self._due, {}
        self._send(TICK + "".join(due.values()))

    def _send(self, message: str, whom: set[Queue] | None = None) -> None:
        if whom is None:
            self._spoke_at = _now()
        for queue in list(self._viewers if whom is None else whom):
            if queue.full():
                self._forget(queue)
                _put(queue, None)
            else:
                _put(queue, message)

    def _forget(self, queue: Queue) -> None:
        for those in (self._viewers, *self._waiting.values()):
            those.discard(queue)
        if not self._viewers:
            self._known.clear()


def router(live: Live) -> APIRouter:
    api = APIRouter()

    @api.get("/api/live", include_in_schema=False)
    async def stream() -> StreamingResponse:
        """Server-sent events, one per topic."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(live.watch(), media_type="text/event-stream", headers=headers)

    return api


_ERROR = 'event: {}\ndata: {{"error":'


def _events(topics: Topics) -> str:
    """An event for each topic. What cannot be known is told as `{"error": why}`."""
    events = []
    with suppress_instrumentation():  # a look every other second is no trace
        for name, make in topics.items():
            try:
                data = make()
            except LabError as error:
                data = {"error": str(error)}
            except Exception:
                log.exception("a topic of the live stream failed", extra={"topic": name})
                data = {"error": "The war room failed to find this out; its log has the error."}
            events.append(_event(name, data))
    return "".join(events)


def _event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def _now() -> float:
    return asyncio.get_running_loop().time()


def _put(queue: Queue, message: str | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(message)
