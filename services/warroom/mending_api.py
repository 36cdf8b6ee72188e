"""The fix over HTTP: deployed, verified, reviewed, guarded against, and written up."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query
from kit import Problem
from pydantic import BaseModel, ConfigDict, Field

from lab import scenario
from lab.drill import postmortem, rules, timeline
from lab.drill.report import report
from lab.errors import LabError
from warroom import lasting
from warroom.access import Who
from warroom.mending import Mending
from warroom.reviewing import Decision
from warroom.room import Room
from warroom.telling import told

# A gzipped tar; the document says octets, which every tool can send.
Packed = Annotated[bytes, Body(media_type="application/octet-stream")]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")

    accept: bool
    condition: Annotated[str, Field(max_length=100)] = ""


class Decisions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decisions: Annotated[dict[Annotated[str, Field(max_length=20)], Given], Field(max_length=10)]


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str


def router(room: Room, mending: Mending | None) -> APIRouter:
    """Without `mending`, since the lab is not set up for drills, all of it is refused."""
    api = APIRouter(prefix="/api/drill")
    Actor = Annotated[Who, Depends(room.access.actor)]

    def parts() -> Mending:
        if mending is None:
            missing = ", ".join(room.missing) or "RUNNER or READER_URL"
            raise rules.Refused(f"This lab is not set up for drills: {missing} is not set for the war room.")
        return mending

    def latest(kind: str, done: str) -> dict[str, Any]:
        found = parts().latest(kind)
        if found is None:
            raise Problem(404, "Not Found", f"In this drill nothing has been {done} since the war room started.")
        return found

    @api.post("/deploy", status_code=202)
    def deploy(who: Actor, packed: Packed) -> dict[str, Any]:
        """Begins to release what was sent: a gzipped tar of the editable services, tests and guardrails."""
        return parts().deploy(who, packed)

    @api.get("/deploy")
    def deployment(_: Actor) -> dict[str, Any]:
        """How the latest deploy fares."""
        return latest("deploy", "deployed")

    @api.get("/diff")
    def diff(_: Actor, release: Annotated[str, Query(max_length=40)] = "") -> dict[str, Any]:
        """What a release of this drill, or the one that runs, changes in the baseline: `{release, files, patch}`."""
        return parts().diff(release)

    @api.post("/diff")
    def diff_of_sent(_: Actor, packed: Packed) -> dict[str, Any]:
        """The same of what could be deployed; nothing comes of it."""
        return parts().diff_of(packed)

    @api.get("/releases")
    def list_releases(_: Actor) -> list[dict[str, Any]]:
        """Those of this drill, the oldest first, the baseline before all."""
        return parts().releases()

    @api.post("/verify", status_code=202)
    def verify(who: Actor, hasty: Annotated[bool, Query()] = False) -> dict[str, Any]:
        """Begins to replay the incident against what runs; `hasty` ends with the first check that settles it."""
        return parts().verify(who, hasty=hasty)

    @api.get("/verify")
    def verification(_: Actor) -> dict[str, Any]:
        """How the latest verification fares: its checks so far, and in the end the verdict."""
        return latest("verify", "verified")

    @api.get("/review")
    def bench(_: Actor) -> dict[str, Any]:
        """The four patches to decide on, and how running them fares once that is done."""
        outcome = parts().latest("review")
        under_way = outcome is not None and outcome["running"]
        return {"patches": [] if under_way else parts().bench(), "outcome": outcome}

    @api.post("/review", status_code=202)
    def settle(who: Actor, body: Decisions) -> dict[str, Any]:
        """Takes the decisions on all of them, and begins to run them."""
        given: Mapping[str, Decision] = {
            name: Decision(one.accept, one.condition) for name, one in body.decisions.items()
        }
        return parts().settle(who, given)

    @api.post("/guardrail", status_code=202)
    def prove(who: Actor, packed: Packed, path: Annotated[str, Query(max_length=200)]) -> dict[str, Any]:
        """Begins to try a guardrail of the workspace on the faulty code, its relatives, the fix, and right fixes."""
        return parts().prove(who, packed, path)

    @api.get("/guardrail")
    def proof(_: Actor) -> dict[str, Any]:
        return latest("guardrail", "tried as a guardrail")

    @api.post("/spec")
    def change_spec(who: Actor, spec: Spec) -> dict[str, Any]:
        """The team spec as the team has it now."""
        what = lasting.spec_change(room.settings.team_spec.read_text(), spec.text)
        room.drills.record(who, lambda drill: rules.changed_spec(drill, what))
        return {"lines": what.lines}

    @api.get("/postmortem")
    def write_up(who: Actor) -> dict[str, Any]:
        """The post-mortem so far as Markdown and as one page of HTML, what it is made of, and the parts that nobody has
        written yet."""
        drill = room.drills.current()
        if drill is None or drill.armed is None or drill.page is None:
            raise rules.Refused("There is nothing to write up before the page.")
        events = room.drills.events()
        title = f"Drill {drill.armed.drill}"
        if drill.revealed or who == "instructor":  # its title says what it is about
            title = scenario.load(room.settings.scenarios_dir / drill.armed.scenario / "scenario.yaml").title
        harm = drill.harm
        with suppress(LabError):  # while Prometheus is away there is still a post-mortem
            harm = harm or room.harm.of(drill)
        story = list(told(events, who, drill.revealed, room.drills.profile(drill).cooldown))
        text = lasting.markdown(title, report(drill, events, harm), story, events)
        plots = lasting.plots(room.prometheus, drill, events, story)
        return {
            "markdown": text,
            "html": lasting.page(title, text, plots),
            "timeline": [{"at_s": at, "who": one, "text": text} for at, one, text in timeline.lines(story)],
            "plots": [plot.shown() for plot in plots],
            "parts": dict(postmortem.PARTS),
            "missing": postmortem.missing(drill.written),
        }

    return api
