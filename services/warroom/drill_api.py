"""The drill over HTTP: begun and steered by an instructor, worked on by a team."""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from kit import Problem
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from lab.drill import cause, rules
from lab.drill.drill import Drill
from lab.drill.event import Deployed, Event, Happening, Harmed
from lab.drill.phase import Phase
from lab.drill.report import report
from lab.drill.status import status
from lab.errors import LabError
from lab.shape import Shape
from warroom.access import Who
from warroom.acting import Action
from warroom.debrief import Debrief
from warroom.notification import Text
from warroom.room import Room
from warroom.starting import Start
from warroom.telling import row, told


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("says nothing")
    return text.strip()


Sentence = Annotated[Text, AfterValidator(_said), Field(max_length=500)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Why(Body):
    why: Sentence


class Assessment(Body):
    """`hurt` is one line on who is."""

    severity: Literal["critical", "warning", "none"]
    hurt: Sentence


class Note(Body):
    text: Annotated[Text, AfterValidator(_said), Field(max_length=5_000)]


class Act(Body):
    action: Action
    on: Annotated[list[Annotated[Text, Field(max_length=60)]], Field(max_length=7)] = []
    why: Sentence


class Part(Body):
    """`over` is the text that its writer saw there; without it, what is there is replaced."""

    part: Annotated[str, Shape(r"^[a-z][a-z-]{0,40}$", "is a part's name, such as prevent")]
    text: Annotated[Text, Field(max_length=20_000)]
    over: Annotated[Text, Field(max_length=20_000)] | None = None


def router(room: Room) -> APIRouter:
    drills = room.drills
    debriefs = Debrief(room.settings.scenarios_dir, room.firsts)
    api = APIRouter(prefix="/api/drill")
    Actor = Annotated[Who, Depends(room.access.actor)]
    Instructor = Annotated[Who, Depends(room.access.instructor)]

    def shown(drill: Drill | None = None) -> dict[str, Any]:
        return stands(room, drill or drills.current())

    def require_idle() -> None:
        if room.conductor.held():
            raise rules.Refused("A deploy, verification, review or proof is under way; wait until it is over.")

    def record(who: Who, rule: Callable[..., list[Happening]], *arguments: Any) -> dict[str, Any]:
        return shown(drills.record(who, lambda drill: rule(drill, *arguments)))

    @api.get("")
    def get_status() -> dict[str, Any]:
        """Anybody may know where it is."""
        return shown()

    @api.get("/mechanisms")
    def mechanisms() -> dict[str, str]:
        return dict(cause.MECHANISMS)

    # the instructor's

    @api.post("/start", status_code=202)
    def start(who: Instructor, body: Start) -> dict[str, Any]:
        if room.missing:
            raise LabError(f"This lab is not set up for drills: {', '.join(room.missing)} is not set for the war room.")
        require_idle()
        armed = room.casting.cast(body)
        return record(who, rules.arm, armed)

    @api.post("/pause")
    def pause(who: Instructor, body: Why) -> dict[str, Any]:
        return record(who, rules.pause, body.why)

    @api.post("/resume")
    def resume(who: Instructor, body: Why) -> dict[str, Any]:
        return record(who, rules.resume, body.why)

    @api.post("/advance")
    def advance(who: Instructor) -> dict[str, Any]:
        def decide(drill: Drill | None) -> list[Happening]:
            if drill and drill.phase is Phase.POST_MORTEM:
                require_idle()  # that closes it
            return rules.advance(drill)

        return record(who, decide)

    @api.post("/abort")
    def abort(who: Instructor, body: Why) -> dict[str, Any]:
        return record(who, rules.abort, body.why)

    @api.post("/override")
    def override(who: Instructor, body: Why) -> dict[str, Any]:
        """Accepts the cause by hand."""
        return record(who, rules.override, body.why)

    @api.post("/gate/shut")
    def shut(who: Instructor, body: Why) -> dict[str, Any]:
        return record(who, rules.shut_gate, body.why)

    @api.post("/gate/open")
    def open_(who: Instructor, body: Why) -> dict[str, Any]:
        return record(who, rules.open_gate, body.why)

    @api.post("/hint")
    def hint(who: Instructor) -> dict[str, Any]:
        """The next hint, which the team sees among the events."""
        armed = _latest(drills.current()).armed
        hints = debriefs.hints(armed.scenario) if armed else []
        after = drills.record(who, lambda drill: rules.hint(drill, hints))
        return {"number": after.hints, "text": hints[after.hints - 1]}

    # the team's

    @api.post("/assess")
    def assess(who: Actor, body: Assessment) -> dict[str, Any]:
        return record(who, rules.assess, body.severity, body.hurt)

    @api.post("/note")
    def note(who: Actor, body: Note) -> dict[str, Any]:
        return record(who, rules.note, body.text)

    @api.post("/act")
    def act(who: Actor, body: Act) -> dict[str, Any]:
        """Answers when it has worked, which a restart takes a few seconds for."""
        rules.require_action(drills.current())
        require_idle()
        mine = [one.what.release for one in drills.events() if isinstance(one.what, Deployed) and one.what.healthy]
        return record(who, rules.acted, room.acting.act(body.action, body.on, body.why, mine))

    @api.post("/write")
    def write(who: Actor, body: Part) -> dict[str, Any]:
        return record(who, rules.write, body.part, body.text, body.over)

    @api.post("/close")
    def close(who: Actor) -> dict[str, Any]:
        require_idle()  # what came of it would belong to no drill
        return record(who, rules.close)

    @api.get("/events")
    def events(
        who: Actor,
        after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    ) -> list[dict[str, Any]]:
        """The latest drill's, oldest first: `{number, at, elapsed_s, who, what}`."""
        drill = drills.current()
        if drill is None:
            return []
        everything = told(drills.events(), who, drill.revealed, drills.profile(drill).cooldown)
        return [one for one in everything if one["number"] > after][:limit]

    @api.get("/report")
    def show_report(who: Actor, drill: Annotated[str, Query(max_length=20)] = "", harm: bool = True) -> dict[str, Any]:
        """The latest drill's, or that of the given id. Without `harm` Prometheus is not asked for what it costs."""
        found, log = _one(room, drill)
        name = found.armed.scenario if found.revealed or who == "instructor" else None
        return report(found, log, _harm(room, found, who, ask=harm)) | {"scenario": name}

    @api.get("/history")
    def history(who: Actor) -> list[dict[str, Any]]:
        """All drills of this lab, the oldest first."""
        past = drills.history().values()
        return [row(drills.fold(log), log, who) for log in past]

    @api.get("/chain", dependencies=[Depends(room.access.actor)])
    def chain() -> list[dict[str, Any]]:
        """The causal chain, once the drill has turned guided or is over: `{link, first_shown_by}` in order."""
        found = _latest(drills.current())
        if not (found.revealed or found.guided):
            raise rules.Refused("The causal chain is shown when the dark room has ended without an accepted cause.")
        return debriefs.chain(found.armed.scenario)

    @api.get("/debrief", dependencies=[Depends(room.access.actor)])
    def debrief() -> dict[str, Any]:
        """The answer, when the drill is over; each link of the chain with when it first showed, and when the team had
        it as evidence."""
        found = _latest(drills.current())
        if found.phase.running:
            raise rules.Refused("The answer is told when the drill is over.")
        if not found.revealed:
            raise rules.Refused("It ended before anybody was paged, so its answer is kept: it may be started again.")
        return debriefs.of(found, drills.events())

    return api


def stands(room: Room, drill: Drill | None) -> dict[str, Any]:
    """Where the drill is, for anybody."""
    waiting = drill is not None and drill.phase is Phase.ARMED and drill.quiet is None
    preparing = room.conductor.preparing or ("beginning" if waiting else "")
    return status(drill, room.drills.profile(drill) if drill else None) | {"preparing": preparing}


def _latest(drill: Drill | None) -> Drill:
    if drill is None or drill.armed is None:
        raise Problem(404, "Not Found", "There has been no drill yet; an instructor starts one: labctl drill start.")
    return drill


def _one(room: Room, name: str) -> tuple[Drill, list[Event]]:
    current = _latest(room.drills.current())
    if name in ("", current.armed.drill):
        return current, room.drills.events()
    log = room.drills.history().get(name)
    if log is None:
        raise Problem(404, "Not Found", f"There was no drill {name!r}; labctl drill history lists them.")
    return room.drills.fold(log), log


def _harm(room: Room, drill: Drill, who: Who, *, ask: bool) -> Harmed | None:
    """What it has cost so far, or in the end; None where nothing is known."""
    # Before the page it would tell that something has begun, and without one of what kind it was.
    if drill.page is None and who != "instructor":
        return None
    if drill.harm or drill.page is None or not ask:
        return drill.harm
    with suppress(LabError):
        return room.harm.of(drill)
    return None
