"""The addresses of root causes and probes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends

from lab.drill.cause import submission
from lab.drill.event import Actor
from lab.scenario import FOLDER
from warroom.causes.probes import ProbeAnswer, ProbeRequest, Probes
from warroom.causes.referee import Causes
from warroom.causes.settings import CauseSettings
from warroom.causes.sources import LabSources
from warroom.drills import Drills


def router(
    drills: Drills, actor: Callable[..., Any], scenarios: Path = FOLDER, settings: CauseSettings | None = None
) -> APIRouter:
    """`actor` is the dependency that gives who asks, and lets nobody else in; `scenarios` is where they are."""
    settings = settings or CauseSettings()
    causes = Causes(drills, partial(LabSources.open, settings), scenarios)
    return routes(causes, Probes(drills, settings.company), actor)


def routes(causes: Causes, probes: Probes, actor: Callable[..., Any]) -> APIRouter:
    api = APIRouter(prefix="/api/drill")
    Who = Annotated[Actor, Depends(actor)]

    @api.post("/submit")
    def submit(who: Who, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        """Hands in a root cause with at least two pieces of evidence of different kinds."""
        return causes.submit(who, submission(body))

    @api.post("/probes")
    async def probe(who: Who, request: ProbeRequest) -> ProbeAnswer:
        """Sends a request to one of the company's services and records what came of it."""
        return await probes.send(who, request)

    return api
