"""`GET /api/drill/brief`: what to give to an assistant, also where the lab has none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends
from kit import Problem
from pydantic import BaseModel

from lab.drill import rules
from lab.drill.brief import brief
from lab.releases import EDITABLE
from warroom.gateway.record import Drills


class Brief(BaseModel):
    markdown: str


def briefing(drills: Drills, team: Callable[..., Any], *, services: Path, spec: Path) -> APIRouter:
    """`team` is the dependency that lets a team in. `services` is the folder that holds their code."""
    router = APIRouter()

    @router.get("/api/drill/brief", dependencies=[Depends(team)])
    def get() -> Brief:
        drill = drills.current()
        if drill is None or drill.cause is None:
            if reason := rules.gate(drill):
                raise Problem(423, "Locked", reason)
            assert drill
        elif drill.control:
            raise Problem(423, "Locked", "The answer was that there is no incident, so there is nothing to fix.")
        files = [str(path.relative_to(services)) for name in EDITABLE for path in (services / name).rglob("*.py")]
        return Brief(markdown=brief(drill, spec.read_text(), files))

    return router
