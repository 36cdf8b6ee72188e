"""What passes through the gateway, or is refused, as it goes into the drill's log."""

import itertools
import logging
import uuid
from collections.abc import Callable
from typing import Protocol

from kit import Problem
from starlette.concurrency import run_in_threadpool

from lab.drill.asking import UNANSWERED, under_way
from lab.drill.drill import Drill
from lab.drill.event import Actor, Answered, Asked, Event, Happening
from lab.errors import LabError
from warroom.gateway.rate import Rate

KEPT = 256 * 1024  # bytes of a prompt, and of an answer
REFUSALS = 60  # a minute that are written down; whoever sends more gets no more into the log

log = logging.getLogger("warroom")
_numbers = itertools.count(1)


class Drills(Protocol):
    """The drills, as far as the gateway needs them."""

    def current(self) -> Drill | None: ...

    def events(self) -> list[Event]: ...

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
        self.id = uuid.uuid4().hex[:12]  # on the log, where numbers of an earlier process are too
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

    def asked(self) -> Asked:
        """Before it is forwarded, or when it is not to be."""
        exchange = "" if self.refused else self.id
        return Asked(
            exchange=exchange, path=self.path, prompt=self.prompt.text(), status=self.status, refused=self.refused
        )

    def answered(self) -> Answered:
        return Answered(exchange=self.id, status=self.status, answer=self.answer.text())


class Record:
    """Writes exchanges into the log of the drill, the latest one if it is over. Before the first there is no log."""

    def __init__(self, drills: Drills) -> None:
        self._drills = drills
        self._refusals = Rate(REFUSALS, REFUSALS)

    async def asked(self, exchange: Exchange) -> None:
        """Before anything is forwarded. Raises LabError if it can't be written down, so that nothing is."""
        await run_in_threadpool(self._write, exchange.who, exchange.asked())

    async def answered(self, exchange: Exchange) -> None:
        """Never raises: the client has had its answer."""
        log.info("ai request", extra=_extra(exchange))
        await self._quietly(exchange, exchange.answered())

    async def refused(self, exchange: Exchange) -> None:
        """Never raises: the client is told why, whatever the log can keep."""
        log.info("ai request", extra=_extra(exchange))
        if self._refusals.wait_s():
            log.warning("ai request not on the drill's log: too many refused ones", extra=_extra(exchange))
            return
        self._refusals.enter()
        self._refusals.leave()
        await self._quietly(exchange, exchange.asked())

    def recover(self) -> None:
        """What was on its way when an earlier process was killed is unanswered: nobody knows how much of it passed."""
        try:
            for exchange in under_way(self._drills.events()):
                self._write("lab", Answered(exchange=exchange, status=UNANSWERED))
        except LabError:
            log.exception("unanswered ai requests are not on the drill's log")

    async def _quietly(self, exchange: Exchange, event: Happening) -> None:
        try:
            await run_in_threadpool(self._write, exchange.who, event)
        except Exception:
            log.exception("ai request not on the drill's log", extra=_extra(exchange))

    def _write(self, who: Actor, event: Happening) -> None:
        self._drills.record(who, lambda drill: [event] if drill else [])


def _extra(exchange: Exchange) -> dict[str, object]:
    return {"path": exchange.path, "who": exchange.who, "status": exchange.status, "refused": exchange.refused}
