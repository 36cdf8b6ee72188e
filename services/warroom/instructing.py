"""What only an instructor sees and does: which drills there are, the answer while it is looked for, and panic."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from kit import Problem
from pydantic import BaseModel

from lab import lesson, private, profile, scenario
from lab.drill import rules
from lab.errors import LabError
from warroom.access import Who
from warroom.releasing import EDITABLE
from warroom.reset import HEALTHY
from warroom.room import Room

WHY = "panic, from the war room's page"


class Offered(BaseModel):
    """A scenario; `control` is one without an incident."""

    id: str
    title: str
    severity: str
    control: bool


class Offers(BaseModel):
    scenarios: list[Offered]
    profiles: list[str]


class Step(BaseModel):
    """`why` is empty if it was done."""

    what: str
    why: str


def router(room: Room) -> APIRouter:
    folder = room.settings.scenarios_dir
    api = APIRouter()
    Instructor = Annotated[Who, Depends(room.access.instructor)]

    @api.get("/api/drill/offers")
    def offers(_: Instructor) -> Offers:
        """What can be started."""
        scenarios = [
            Offered(id=one.id, title=one.title, severity=one.severity, control=private.load(one.id, folder).control)
            for one in scenario.load_all(folder)
        ]
        return Offers(scenarios=scenarios, profiles=profile.names(folder / "common" / "profiles"))

    @api.get("/api/drill/answer")
    def answer(_: Instructor) -> dict[str, Any]:
        """What the team is looking for, of the latest drill: `{scenario, title, text, chain, hints, answers}`."""
        drill = room.drills.current()
        if drill is None or drill.armed is None:
            raise Problem(404, "Not Found", "There has been no drill yet.")
        name = drill.armed.scenario
        told = lesson.load(name, folder)
        return {
            "scenario": name,
            "title": scenario.load(folder / name / "scenario.yaml").title,
            "text": told.debrief,
            "chain": [{"link": one.link, "first_shown_by": str(one.first_shown_by)} for one in told.chain],
            "hints": told.hints,
            "answers": [
                {"components": sorted(one.components), "mechanisms": sorted(one.mechanisms)}
                for one in private.load(name, folder).answers
            ],
        }

    @api.post("/api/panic")
    def panic(who: Instructor) -> list[Step]:
        """Ends the drill, leaves only the healthy load on and restores the baseline: whatever of it can be done is.

        `labctl panic` does the same, also without the war room, and waits until customers are served.
        """

        def end() -> None:
            # First of all, because a drill under way brings its load back.
            room.drills.record(who, lambda now: rules.abort(now, WHY) if now and now.phase.running else [])

        return [
            _try("the drill is ended", end),
            _try("only the healthy load is on", lambda: _calm(room)),
            _try("the baseline runs, begun anew", lambda: _restore(room)),
        ]

    return api


def _try(what: str, step: Callable[[], None]) -> Step:
    """What fails keeps the others from nothing."""
    try:
        step()
    except LabError as error:
        return Step(what=what, why=str(error))
    return Step(what=what, why="")


def _calm(room: Room) -> None:
    for one in room.load.profiles():
        if one["running"] and one["profile"] != HEALTHY:
            room.load.stop(one["profile"])
    room.load.start(HEALTHY)  # as many customers as ever: some may have been asked to come later


def _restore(room: Room) -> None:
    if room.releases is None:
        raise LabError("This lab keeps no releases: RELEASES_DIR is not set.")
    wanted = room.releases.want(room.releases.baseline(), restart=EDITABLE)
    room.health.wait(wanted, EDITABLE, 45.0)
