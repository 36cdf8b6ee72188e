"""The addresses of root causes and probes."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends

from lab.drill.cause import MECHANISMS, submission
from lab.drill.event import Actor
from warroom.causes.probes import ProbeAnswer, ProbeRequest, Probes
from warroom.causes.referee import Causes


def routes(causes: Causes, probes: Probes, actor: Callable[..., Any]) -> APIRouter:
    """`actor` is the dependency that gives who asks, and lets nobody else in."""
    router = APIRouter(prefix="/api/drill")
    Who = Annotated[Actor, Depends(actor)]

    @router.get("/mechanisms")
    def mechanisms() -> list[dict[str, str]]:
        """The closed list of what may be named as the mechanism."""
        return [{"mechanism": name, "meaning": text} for name, text in MECHANISMS.items()]

    @router.post("/submit")
    def submit(who: Who, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        """Hands in a root cause with at least two pieces of evidence of different kinds."""
        return causes.submit(who, submission(body))

    @router.post("/probes")
    async def probe(who: Who, request: ProbeRequest) -> ProbeAnswer:
        """Sends a request to one of the company's services and records what came of it."""
        return await probes.send(who, request)

    return router
