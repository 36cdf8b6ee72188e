"""The instructor's view: what is asked and answered, while it passes."""

import asyncio
import uuid
from collections.abc import AsyncIterator

from kit import Problem

from warroom.gateway import sse
from warroom.gateway.record import Exchange

WAITING = 2_000  # events that a viewer may be behind
VIEWERS = 20
BREATH = 10.0  # seconds after which an idle stream says that it is there


class Live:
    """Sends `asked`, `passed` and `ended` events, each with the exchange's number, to whoever watches.

    Who begins to watch is told first which process this is (`watching`), since numbers begin anew with each, then what
    is under way, each as `asked`; so a viewer that cannot follow is sent away and comes again.
    """

    def __init__(self) -> None:
        self._process = uuid.uuid4().hex
        self._under_way: dict[int, Exchange] = {}
        self._viewers: set[asyncio.Queue[str | None]] = set()

    def asked(self, exchange: Exchange) -> None:
        self._under_way[exchange.number] = exchange
        self._send(_asked(exchange))

    def passed(self, exchange: Exchange, chunk: bytes) -> None:
        self._send(sse.event("passed", {"number": exchange.number, "text": chunk.decode(errors="replace")}))

    def ended(self, exchange: Exchange) -> None:
        self._under_way.pop(exchange.number, None)
        figures = {"number": exchange.number, "status": exchange.status, "refused": exchange.refused}
        self._send(sse.event("ended", figures))

    def watch(self) -> AsyncIterator[str]:
        """The events from now on. Raises Problem (503) if too many watch."""
        if len(self._viewers) >= VIEWERS:
            raise Problem(503, "Service Unavailable", f"{VIEWERS} views are open already; close one of them.")
        return self._events()

    async def _events(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str | None] = asyncio.Queue(WAITING)
        # Who was watching an earlier process learns what of it will never end.
        queue.put_nowait(sse.event("watching", {"process": self._process}))
        for exchange in self._under_way.values():
            queue.put_nowait(_asked(exchange))
        self._viewers.add(queue)
        try:
            yield ": the AI gateway, live\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), BREATH)
                except TimeoutError:
                    event = ": still here\n\n"
                if event is None:
                    return
                yield event
        finally:
            self._viewers.discard(queue)

    def _send(self, event: str) -> None:
        for queue in list(self._viewers):
            if queue.full():
                self._viewers.discard(queue)
                queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)


def _asked(exchange: Exchange) -> str:
    return sse.event(
        "asked",
        {
            "number": exchange.number,
            "who": exchange.who,
            "path": exchange.path,
            "prompt": exchange.prompt.text(),
            "answer": exchange.answer.text(),
        },
    )
