"""What can happen in a drill. The log of it is append-only, and everything else is read from it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from lab.drill.instant import Instant
from lab.drill.phase import Phase

Actor = Literal["team", "instructor", "lab"]
NO_INCIDENT = "no-incident"  # the mechanism of a control drill
Outcome = Literal["complete", "guided", "incomplete"]


class Happening(BaseModel):
    """Base of all of them: each has a `kind` of its own, under which it is written down."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Armed(Happening):
    """`delay_s` is the drill's time from Quiet to the trigger. `scenario` is private until the drill is over."""

    kind: Literal["armed"] = "armed"
    drill: str
    scenario: str
    seed: int
    profile: str
    pace: float = Field(gt=0)
    assessment: bool
    team: str
    delay_s: float


class Quiet(Happening):
    """The lab is as new, and customers were content throughout: what an incident is compared with. Both are seconds
    since the epoch. The time until the trigger counts from here."""

    kind: Literal["quiet"] = "quiet"
    since: float
    until: float


class Triggered(Happening):
    """The load turned, `late_s` real seconds before this was written down. `figures` are those of its profile that were
    drawn."""

    kind: Literal["triggered"] = "triggered"
    time: int = Field(ge=1)  # the first, the second, …
    figures: dict[str, int | float] = {}
    late_s: float = Field(default=0.0, ge=0)


class Paged(Happening):
    """The first page starts the clock. `page` is the war room's id of it. `late_s` is how long ago, in the drill's
    time, it was delivered when it was noticed."""

    kind: Literal["paged"] = "paged"
    page: str
    alertname: str
    service: str
    severity: str
    late_s: float = Field(default=0, ge=0)


class Acknowledged(Happening):
    """`late_s` as with Paged."""

    kind: Literal["acknowledged"] = "acknowledged"
    page: str
    late_s: float = Field(default=0, ge=0)


class Escalated(Happening):
    """Nobody has acknowledged."""

    kind: Literal["escalated"] = "escalated"
    page: str


class Assessed(Happening):
    """What leaving the alerting phase takes: how bad it is, and who is hurt."""

    kind: Literal["assessed"] = "assessed"
    severity: Literal["critical", "warning", "none"]
    hurt: str = Field(min_length=1, max_length=500)


class Noted(Happening):
    kind: Literal["noted"] = "noted"
    text: str = Field(min_length=1, max_length=5_000)


class Hinted(Happening):
    kind: Literal["hinted"] = "hinted"
    number: int = Field(ge=1)
    text: str


class Paused(Happening):
    kind: Literal["paused"] = "paused"
    why: str = Field(min_length=1, max_length=500)


class Resumed(Happening):
    kind: Literal["resumed"] = "resumed"
    why: str = Field(min_length=1, max_length=500)


class Entered(Happening):
    """A phase began. `late_s` is how much of it had passed already, in the drill's time, when it was noticed."""

    kind: Literal["entered"] = "entered"
    phase: Phase
    why: Literal["assessed", "accepted", "overridden", "verified", "expired", "advanced", "no-incident"]
    late_s: float = Field(default=0, ge=0)


class Acted(Happening):
    """Somebody did something about the harm: restart, stop-job, shed, rollback."""

    kind: Literal["acted"] = "acted"
    action: Literal["restart", "stop-job", "shed", "rollback"]
    on: list[str]
    why: str = Field(min_length=1, max_length=500)


class Mitigated(Happening):
    """Customers have been inside their SLO for a minute. The trigger is due again `again_s` later."""

    kind: Literal["mitigated"] = "mitigated"
    again_s: float


class Probed(Happening):
    """A request that the lab sent for the team, and its answer, both cut after 64 kB; `status` is 0 where none came
    within the time. `at` is seconds since the epoch."""

    kind: Literal["probed"] = "probed"
    probe: str
    service: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    answer: str
    seconds: float
    trace_id: str
    at: float


class Submitted(Happening):
    """A root cause with evidence, and what became of it. `pieces` are as the referee found them."""

    kind: Literal["submitted"] = "submitted"
    component: str
    mechanism: str
    location: str
    sentence: str
    pieces: list[dict[str, Any]]
    accepted: bool


class Overridden(Happening):
    """The instructor accepts the cause by hand."""

    kind: Literal["overridden"] = "overridden"
    why: str = Field(min_length=1, max_length=500)


class Guided(Happening):
    """The dark room ended without an accepted cause; the causal chain is shown from now on."""

    kind: Literal["guided"] = "guided"


class GateShut(Happening):
    """By the instructor, until it is opened again, whatever the phase."""

    kind: Literal["gate-shut"] = "gate-shut"
    why: str = Field(min_length=1, max_length=500)


class GateOpened(Happening):
    """By the instructor: takes back that it was shut; where it was not, overrides the phase until the next one."""

    kind: Literal["gate-opened"] = "gate-opened"
    why: str = Field(min_length=1, max_length=500)


class Asked(Happening):
    """What goes to the AI, written down before it is forwarded; `refused` says why nothing was, with the `status` of
    that. What comes back is the Answered of the same `exchange`; older logs have both in one, and no exchange."""

    kind: Literal["asked"] = "asked"
    exchange: str = ""
    path: str
    prompt: str
    answer: str = ""
    status: int = 0
    refused: str = ""


class Answered(Happening):
    """What came back, or as much of it as did. Status 0: the war room was killed before it could be written down."""

    kind: Literal["answered"] = "answered"
    exchange: str
    status: int
    answer: str = ""


class Reviewed(Happening):
    """One patch of the review bench: the decision, and whether running it proved the decision right. `passes` is
    whether the patch itself was right."""

    kind: Literal["reviewed"] = "reviewed"
    patch: str
    accepted: bool
    condition: str
    right: bool
    passes: bool = False


class Deployed(Happening):
    kind: Literal["deployed"] = "deployed"
    release: str
    services: list[str]
    healthy: bool  # what did not become so was rolled back at once


class RolledBack(Happening):
    kind: Literal["rolled-back"] = "rolled-back"
    release: str
    why: str


class Judging(Happening):
    """The lab begins to try out what runs, or the patches of a review, on the customers. `goes_on` says whether the
    incident does so afterwards; `since` is the position in billing's book after which the lab levels what its patches
    charge wrongly, None where a team levels its own."""

    kind: Literal["judging"] = "judging"
    what: Literal["verify", "review"]
    goes_on: bool
    since: int | None = None


class Judged(Happening):
    """That has ended, whatever came of it."""

    kind: Literal["judged"] = "judged"


class Verified(Happening):
    kind: Literal["verified"] = "verified"
    release: str
    verdict: Literal["verified", "symptom-only", "wrong-cause", "regressed", "load-not-delivered", "infrastructure"]
    checks: list[dict[str, Any]]


class GuardrailProven(Happening):
    """Of either kind, against the faulty release, its relatives, the fix, and the right fixes of the bank. `release` is
    the fix that it was tried on; logs of before it was written down have none, and mean the one that ran."""

    kind: Literal["guardrail-proven"] = "guardrail-proven"
    name: str
    release: str = ""
    bites: bool
    found: dict[str, Any]


class SpecChanged(Happening):
    """`diff` is from the spec as the lab ships it."""

    kind: Literal["spec-changed"] = "spec-changed"
    lines: int = Field(ge=1)
    diff: str = Field(default="", max_length=100_000)


class Written(Happening):
    """One of the post-mortem's human parts."""

    kind: Literal["written"] = "written"
    part: str
    text: str = Field(max_length=20_000)


class Closed(Happening):
    kind: Literal["closed"] = "closed"
    outcome: Outcome
    owed: list[str]


class Aborted(Happening):
    kind: Literal["aborted"] = "aborted"
    why: str = Field(min_length=1, max_length=500)


class Harmed(Happening):
    """What it cost, counted when the drill was over: seconds in which customers were outside their SLO, orders that
    they could not place, cents by which the books have come to differ; from the first trigger to the end."""

    kind: Literal["harmed"] = "harmed"
    out_of_slo_s: float = Field(ge=0)
    orders_lost: int = Field(ge=0)
    money_wrong_cents: int = Field(ge=0)


What = Annotated[
    Armed
    | Quiet
    | Triggered
    | Paged
    | Acknowledged
    | Escalated
    | Assessed
    | Noted
    | Hinted
    | Paused
    | Resumed
    | Entered
    | Acted
    | Mitigated
    | Probed
    | Submitted
    | Overridden
    | Guided
    | GateShut
    | GateOpened
    | Asked
    | Answered
    | Reviewed
    | Deployed
    | RolledBack
    | Judging
    | Judged
    | Verified
    | GuardrailProven
    | SpecChanged
    | Written
    | Closed
    | Aborted
    | Harmed,
    Field(discriminator="kind"),
]
WHAT: TypeAdapter[What] = TypeAdapter(What)


class Event(BaseModel):
    """One line of the log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int = Field(ge=1)
    when: Instant
    who: Actor
    what: What
