"""What passes through the gateway, or is refused, as it goes into the drill's log."""

import itertools
import logging
from collections.abc import Callable
from typing import Protocol

from kit import Problem
from starlette.concurrency import run_in_threadpool

from lab.drill.drill import Drill
from lab.drill.event import Actor, Asked, Happening
from warroom.gateway.rate import Rate

KEPT = 256 * 1024  # bytes of a prompt, and of an answer
REFUSALS = 60  # a minute that are written down; whoever sends more gets no more into the log

log = logging.getLogger("warroom")
_numbers = itertools.count(1)


class Drills(Protocol):
    """The drills, as far as the gateway needs them."""

    def current(self) -> Drill | None: ...

    def record(self, who: Actor, decide: Callable[[Drill | None], list[Happening]]) -> Drill | None: ...


class Kept:
    """The first `KEPT` bytes of what is added."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._size = 0

    def add(self, more: bytes) -> None:
        self._size += len(more)
        self._bytes += more[: max(0, KEPT - len(self._bytes))]

    def text(self) -> str:
        """What was kept, marked if that is not all."""
        if self._size <= KEPT:
            return self._bytes.decode(errors="replace")
        return f"{self._bytes.decode(errors='ignore')}\n[cut here: {self._size - KEPT} bytes more]"


class Exchange:
    """One request and what became of it. Until its token is known it is nobody's, for which the lab stands."""

    def __init__(self, path: str) -> None:
        self.number = next(_numbers)
        self.path = path
        self.who: Actor = "lab"
        self.prompt = Kept()
        self.answer = Kept()
        self.status = 0
        self.refused = ""

    def refuse(self, problem: Problem) -> None:
        """Nothing is forwarded."""
        self.status, self.refused = problem.status, problem.detail

    def end(self, status: int, why: str) -> None:
        """It was forwarded and then broke off; `status` is the answer's, as far as one had begun."""
        self.status = self.status or status
        self.answer.add(f"\n[ended here: {why}]".encode())

    def event(self) -> Asked:
        return Asked(
            path=self.path,
            prompt=self.prompt.text(),
            answer=self.answer.text(),
            status=self.status,
            refused=self.refused,
        )


class Record:
    """Writes exchanges into the log of the drill, the latest one if it is over. Before the first there is no log."""

    def __init__(self, drills: Drills) -> None:
        self._drills = drills
        self._refusals = Rate(REFUSALS, REFUSALS)

    async def write(self, exchange: Exchange) -> None:
        """Never raises: the client has had its answer."""
        extra = {"path": exchange.path, "who": exchange.who, "status": exchange.status, "refused": exchange.refused}
        log.info("ai request", extra=extra)
        if exchange.refused:
            if self._refusals.wait_s():
                log.warning("ai request not on the drill's log: too many refused ones", extra=extra)
                return
            self._refusals.enter()
            self._refusals.leave()
        event = exchange.event()
        try:
            await run_in_threadpool(self._drills.record, exchange.who, lambda drill: [event] if drill else [])
        except Exception:
            log.exception("ai request not on the drill's log", extra=extra)
