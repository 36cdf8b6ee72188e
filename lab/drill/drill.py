"""A drill as it stands: the fold of its events."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lab.drill import event as happened
from lab.drill.clock import Clock
from lab.drill.event import Event, Happening
from lab.drill.instant import Instant
from lab.drill.judgement import Judgement
from lab.drill.phase import Phase

# Of an assessment, for the first accepted cause; each that was not accepted takes some away.
POINTS = 100
PRICE_OF_A_TRY = 20


@dataclass(frozen=True)
class Drill:
    """Times named `…_s` are the drill's seconds since the page, those named `…_at` moments; None for what has not
    happened."""

    clock: Clock
    phase: Phase = Phase.IDLE
    cap_s: float | None = None  # of the phase, where whoever asks has set it: the profile is not in the log
    armed: happened.Armed | None = None
    paused: bool = False
    quiet: happened.Quiet | None = None
    triggers: int = 0
    triggered_at: Instant | None = None  # for the first time
    turned_at: Instant | None = None  # for the last time
    turned_s: float | None = None  # the same, in the drill's time
    page: happened.Paged | None = None
    paged_at: Instant | None = None  # when it was noticed
    acknowledged_s: float | None = None
    escalated: bool = False
    assessed: happened.Assessed | None = None
    mitigated_s: float | None = None
    again_s: float | None = None  # when the trigger is due once more
    probes: int = 0
    cause: happened.Submitted | None = None  # the accepted one
    cause_s: float | None = None
    overridden: bool = False
    tries: int = 0
    cooldown_until_s: float = 0.0
    guided: bool = False
    hints: int = 0
    gate_shut: bool = False
    gate_overridden: bool = False  # opened against the phase, for as long as that lasts
    judging: happened.Judging | None = None  # under way
    judging_at: Instant | None = None
    judgements: tuple[Judgement, ...] = ()  # those that have ended
    release: str = "baseline"
    verdict: str | None = None
    verified_s: float | None = None  # when the first fix was
    verified_release: str | None = None
    guardrails: dict[str, str] = field(default_factory=dict)  # those that bite, each with the fix that it let pass
    spec_changed: bool = False
    written: dict[str, str] = field(default_factory=dict)
    outcome: happened.Outcome | None = None
    left: list[str] | None = None  # what it owed when it closed, by the rules of that day
    aborted: str = ""  # why
    ended_at: Instant | None = None
    harm: happened.Harmed | None = None

    @property
    def revealed(self) -> bool:
        """May everybody know what it was about? Not of one that ended before its page: it may be started again."""
        return not self.phase.running and self.page is not None

    @property
    def back_s(self) -> float | None:
        """When the incident has come back after a mitigation, while it is there."""
        there = self.triggers > 1 and self.again_s is None and self.phase.running and not (self.fixed or self.control)
        return self.turned_s if there else None

    @property
    def accepted(self) -> bool:
        """Is there a root cause to work on, found or given by the instructor?"""
        return self.cause is not None or self.overridden

    @property
    def control(self) -> bool:
        """Was "no incident" the accepted answer?"""
        return self.cause is not None and self.cause.mechanism == happened.NO_INCIDENT

    @property
    def points(self) -> int | None:
        """What the accepted cause is worth, or would be now; None in practice, where nothing is counted."""
        if self.armed is None or not self.armed.assessment:
            return None
        return 0 if self.overridden else max(0, POINTS - PRICE_OF_A_TRY * (self.tries - (self.cause is not None)))

    @property
    def fixed(self) -> bool:
        """Does the release that was verified run?"""
        return self.verified_release is not None and self.verified_release == self.release

    @property
    def expired(self) -> bool:
        """Is the phase's time up, though nobody has written down yet that the next has begun?"""
        return self.cap_s is not None and self.clock.phase_s >= self.cap_s

    @property
    def guarded(self) -> bool:
        """Does a guardrail bite that lets the verified fix pass, or as long as there is none, what runs?"""
        return (self.verified_release or self.release) in self.guardrails.values()

    @property
    def gate_open(self) -> bool:
        """May AI be asked?"""
        if not self.phase.running or self.paused or self.gate_shut or self.expired:
            return False
        return self.phase is Phase.AI_FIX or self.gate_overridden

    @property
    def apart(self) -> tuple[Judgement, ...]:
        """All judgements until now, in order: what the team is not to answer for."""
        if self.judging is None or self.judging_at is None:
            return self.judgements
        now = self.clock.read.at
        return (*self.judgements, Judgement(self.judging_at.at, now, now))

    @property
    def owed(self) -> list[str]:
        """What a complete drill has and this one has not."""
        if self.left is not None:
            return self.left
        wanted = {
            "how bad it is and who is hurt": self.assessed is not None,
            "an accepted root cause": self.accepted,
            "a verified fix": self.fixed or self.control,
            "a change of the team spec": self.spec_changed or self.control,
            "a guardrail that bites": self.guarded or self.control,
        }
        return [what for what, there in wanted.items() if not there]


def fold(events: Iterable[Event], cooldown_s: float) -> Drill | None:
    """The latest drill in the log; None if there was none. `cooldown_s` is the profile's, in the drill's time."""
    drill = None
    for one in events:
        drill = apply(drill, one, cooldown_s)
    return drill


def apply(drill: Drill | None, one: Event, cooldown_s: float) -> Drill:
    """The drill after one more event."""
    what, when = one.what, one.when
    if isinstance(what, happened.Armed):
        return Drill(Clock(when, pace=what.pace, running=True), Phase.ARMED, armed=what)
    if drill is None:
        raise ValueError(f"event {one.number}, {what.kind!r}, comes before any drill was armed")
    return _changed(replace(drill, clock=drill.clock.at(when)), what, when, cooldown_s)


def _changed(drill: Drill, what: Happening, when: Instant, cooldown_s: float) -> Drill:
    now_s = drill.clock.total_s
    match what:
        case happened.Quiet():
            clock = Clock(when, pace=drill.clock.pace, running=not drill.paused)
            return replace(drill, clock=clock, quiet=what)
        case happened.Triggered(time=time, late_s=late_s):
            turned = when.before(late_s)
            judgements = tuple(replace(one, until=min(one.until, turned.at)) for one in drill.judgements)
            return replace(
                drill,
                triggers=time,
                again_s=None,
                triggered_at=drill.triggered_at or turned,
                turned_at=turned,
                turned_s=now_s,
                judgements=judgements,
            )
        case happened.Paged(late_s=late_s):
            clock = Clock(when, drill.clock.pace, running=not drill.paused, phase_s=late_s, total_s=late_s)
            return replace(drill, clock=clock, phase=Phase.ALERTING, page=what, paged_at=when)
        case happened.Acknowledged(late_s=late_s) if drill.acknowledged_s is None:
            return replace(drill, acknowledged_s=max(0.0, now_s - late_s))
        case happened.Escalated():
            return replace(drill, escalated=True)
        case happened.Assessed():
            return replace(drill, assessed=what)
        case happened.Hinted(number=number):
            return replace(drill, hints=number)
        case happened.Paused():
            return replace(drill, paused=True, clock=replace(drill.clock, running=False))
        case happened.Resumed():
            return replace(drill, paused=False, clock=replace(drill.clock, running=True))
        case happened.Entered(phase=phase, late_s=late_s):
            clock = drill.clock.enter(late_s, running=phase.running and not drill.paused)
            return replace(drill, phase=phase, clock=clock, gate_overridden=False)
        case happened.Mitigated(again_s=again_s):
            first = now_s if drill.mitigated_s is None else drill.mitigated_s
            return replace(drill, mitigated_s=first, again_s=now_s + again_s)
        case happened.Probed():
            return replace(drill, probes=drill.probes + 1)
        case happened.Submitted(accepted=True) if drill.cause is None:
            return replace(drill, tries=drill.tries + 1, cause=what, cause_s=now_s)
        case happened.Submitted(accepted=False):
            return replace(drill, tries=drill.tries + 1, cooldown_until_s=now_s + cooldown_s)
        case happened.Overridden():
            return replace(drill, overridden=True, cause_s=now_s)
        case happened.Guided():
            return replace(drill, guided=True)
        case happened.GateShut():
            return replace(drill, gate_shut=True)
        case happened.GateOpened():  # what was shut is as it was before; only what was not is opened against the phase
            return replace(drill, gate_shut=False, gate_overridden=drill.gate_overridden or not drill.gate_shut)
        case happened.Deployed(release=release, healthy=True) | happened.RolledBack(release=release):
            return replace(drill, release=release, verdict=None)
        case happened.Judging():
            return replace(drill, judging=what, judging_at=when)
        case happened.Judged():
            return _judged(drill, when)
        case happened.Verified(verdict=verdict):
            if verdict != "verified":
                return replace(drill, verdict=verdict)
            first = now_s if drill.verified_s is None else drill.verified_s
            return replace(drill, verdict=verdict, verified_s=first, verified_release=what.release)
        case happened.GuardrailProven(name=name, bites=bites):
            others = {one: release for one, release in drill.guardrails.items() if one != name}
            mine = {name: what.release or drill.release} if bites else {}
            return replace(drill, guardrails=others | mine)
        case happened.SpecChanged():
            return replace(drill, spec_changed=True)
        case happened.Written(part=part, text=text):
            return replace(drill, written=drill.written | {part: text})
        case happened.Closed(outcome=outcome, owed=left):
            clock = drill.clock.enter(running=False)
            drill = _judged(drill, when)
            return replace(drill, phase=Phase.CLOSED, outcome=outcome, left=left, clock=clock, ended_at=when)
        case happened.Aborted(why=why):
            clock = drill.clock.enter(running=False)
            drill = _judged(drill, when)
            return replace(drill, phase=Phase.ABORTED, aborted=why, clock=clock, ended_at=when)
        case happened.Harmed():
            return replace(drill, harm=what)
    return drill


def _judged(drill: Drill, when: Instant) -> Drill:
    if drill.judging is None or drill.judging_at is None:
        return drill
    until = when.at if drill.judging.goes_on else math.inf
    one = Judgement(drill.judging_at.at, when.at, until)
    return replace(drill, judging=None, judging_at=None, judgements=(*drill.judgements, one))
