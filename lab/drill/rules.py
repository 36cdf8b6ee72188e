"""What may be done in a drill, and what it brings about: from the drill as it stands to the events to write down.

Nothing here changes anything. What may not be done raises Refused with a sentence for whoever asked.
"""

from typing import Literal

from lab.drill import event as happened
from lab.drill.drill import Drill
from lab.drill.event import Happening
from lab.drill.instant import Instant
from lab.drill.phase import FOLLOWING, Phase
from lab.drill.profile import Profile
from lab.errors import UsageError

UNDER_WAY = "A drill is under way: finish it, or end it with labctl drill abort --as instructor --why REASON."


class Refused(UsageError):
    """Not now, or not in this drill."""


def arm(drill: Drill | None, wanted: happened.Armed) -> list[Happening]:
    if drill and drill.phase.running:
        raise Refused(UNDER_WAY)
    return [wanted]


def quiet(drill: Drill | None, what: happened.Quiet) -> list[Happening]:
    """The lab is ready; nothing to write down if nobody waits for it any longer."""
    return [what] if drill and drill.phase is Phase.ARMED and drill.quiet is None else []


def triggered(drill: Drill | None, figures: dict[str, float], turned: Instant) -> list[Happening]:
    """The load has turned, if it was due; at `turned`, which is before the first of its requests."""
    if drill is None or not trigger_due(drill):
        return []
    late_s = drill.clock.read.since(turned)
    return [happened.Triggered(time=drill.triggers + 1, figures=figures, late_s=late_s)]


def paged(drill: Drill | None, what: happened.Paged) -> list[Happening]:
    """The first page after the trigger starts the drill's clock; others are pages."""
    return [what] if drill and drill.phase is Phase.ARMED and drill.triggers else []


def acknowledge(drill: Drill | None, page: str, late_s: float = 0.0) -> list[Happening]:
    _running(drill)
    return [] if drill.acknowledged_s is not None else [happened.Acknowledged(page=page, late_s=late_s)]


def assess(drill: Drill | None, severity: Literal["critical", "warning", "none"], hurt: str) -> list[Happening]:
    """Leaves the alerting phase. Where that ended without it, it is still owed, and said once."""
    _timed(drill)
    said = happened.Assessed(severity=severity, hurt=hurt)
    if drill.phase is Phase.ALERTING:
        return [said, happened.Entered(phase=Phase.DARK_ROOM, why="assessed")]
    if drill.assessed:
        raise Refused("It has been said how bad it is; what you know now goes into labctl drill note or write summary.")
    return [said]


def pause(drill: Drill | None, why: str) -> list[Happening]:
    _running(drill)
    if drill.paused:
        raise Refused("The drill is paused already; go on with labctl drill resume.")
    return [happened.Paused(why=why)]


def resume(drill: Drill | None, why: str) -> list[Happening]:
    _running(drill)
    if not drill.paused:
        raise Refused("The drill is not paused.")
    return [happened.Resumed(why=why)]


def advance(drill: Drill | None) -> list[Happening]:
    """The instructor ends a phase before its time is up."""
    _timed(drill)
    return _end_of_phase(drill, "advanced", 0.0)


def hint(drill: Drill | None, hints: list[str]) -> list[Happening]:
    """The next of the scenario's hints."""
    _in(drill, Phase.DARK_ROOM)
    if drill.hints >= len(hints):
        raise Refused("There are no more hints; what has been found so far is in labctl drill report.")
    return [happened.Hinted(number=drill.hints + 1, text=hints[drill.hints])]


def require_submission(drill: Drill | None) -> None:
    """May a root cause be handed in?"""
    _in(drill, Phase.DARK_ROOM)
    if drill.paused:
        raise Refused("The drill is paused; hand it in when it goes on.")
    if drill.expired:
        raise Refused("The time for a root cause is over; labctl drill status says what comes next.")
    left = drill.cooldown_until_s - drill.clock.total_s
    if left > 0:
        raise Refused(f"The last one was not accepted: look again, and hand in the next in {left:.0f} s.")


def submitted(drill: Drill | None, what: happened.Submitted) -> list[Happening]:
    """What the referee's answer brings about."""
    require_submission(drill)
    if not what.accepted:
        return [what]
    if what.mechanism == happened.NO_INCIDENT:
        return [what, happened.Entered(phase=Phase.POST_MORTEM, why="no-incident")]
    return [what, happened.Entered(phase=Phase.AI_FIX, why="accepted")]


def require_mending(drill: Drill | None) -> None:
    """May the code be changed, and what it came to be judged? Only for a cause that is known."""
    _timed(drill)
    if drill.phase not in (Phase.AI_FIX, Phase.POST_MORTEM):
        raise Refused("First the root cause: labctl drill submit. Until then, labctl drill act limits the harm.")
    if drill.paused:
        raise Refused("The drill is paused; go on when it does.")


def deployed(drill: Drill | None, what: happened.Deployed) -> list[Happening]:
    """It was released, whatever became of the drill meanwhile."""
    return [what] if drill else []


def reviewed(drill: Drill | None, whats: list[happened.Reviewed]) -> list[Happening]:
    _running(drill)
    return list(whats)


def proven(drill: Drill | None, what: happened.GuardrailProven) -> list[Happening]:
    _running(drill)
    return [what]


def changed_spec(drill: Drill | None, what: happened.SpecChanged) -> list[Happening]:
    require_mending(drill)
    return [what]


def judging(drill: Drill | None, what: happened.Judging) -> list[Happening]:
    require_mending(drill)
    return [what]


def judged(drill: Drill | None) -> list[Happening]:
    """Nothing to write down where none is under way: the end of a drill ends it too."""
    return [happened.Judged()] if drill and drill.judging else []


def verified(drill: Drill | None, what: happened.Verified) -> list[Happening]:
    """What a verdict brings about: the fix phase is over as soon as the fix is verified."""
    _timed(drill)
    if what.verdict == "verified" and drill.phase is Phase.AI_FIX:
        return [what, happened.Entered(phase=Phase.POST_MORTEM, why="verified")]
    return [what]


def override(drill: Drill | None, why: str) -> list[Happening]:
    """The instructor accepts the cause by hand."""
    _in(drill, Phase.DARK_ROOM)
    return [happened.Overridden(why=why), happened.Entered(phase=Phase.AI_FIX, why="overridden")]


def note(drill: Drill | None, text: str) -> list[Happening]:
    _running(drill)
    return [happened.Noted(text=text)]


def require_action(drill: Drill | None) -> None:
    """May somebody do something about the harm?"""
    _timed(drill)


def acted(drill: Drill | None, whats: list[Happening]) -> list[Happening]:
    """It was done."""
    require_action(drill)
    return whats


def mitigatable(drill: Drill) -> bool:
    """Would customers who are content now be so for the first time since the load turned?"""
    return drill.phase.timed and drill.triggers > 0 and drill.again_s is None


def mitigated(drill: Drill | None, again_s: float) -> list[Happening]:
    """Customers have been content for a minute."""
    return [happened.Mitigated(again_s=again_s)] if drill and mitigatable(drill) else []


def shut_gate(drill: Drill | None, why: str) -> list[Happening]:
    _timed(drill)
    if drill.gate_shut:
        raise Refused("The gate is shut already.")
    return [happened.GateShut(why=why)]


def open_gate(drill: Drill | None, why: str) -> list[Happening]:
    _timed(drill)
    return [happened.GateOpened(why=why)]


def harmed(drill: Drill | None, what: happened.Harmed) -> list[Happening]:
    """What a drill cost is written down once, when it is over."""
    return [what] if drill and not drill.phase.running and drill.triggers and drill.harm is None else []


def close(drill: Drill | None) -> list[Happening]:
    """The end, whatever is owed."""
    _in(drill, Phase.POST_MORTEM)
    return [_closed(drill)]


def abort(drill: Drill | None, why: str) -> list[Happening]:
    _running(drill)
    return [happened.Aborted(why=why)]


def write(drill: Drill | None, part: str, text: str, over: str | None = None) -> list[Happening]:
    """One of the post-mortem's human parts, which may be begun as soon as there was a page. `over` is what its writer
    saw there: where somebody else has written meanwhile, neither text is lost."""
    _timed(drill)
    if over is not None and drill.written.get(part, "") not in (over, text):
        raise Refused("Somebody else has changed this part meanwhile; look at both texts, and save again.")
    return [] if drill.written.get(part) == text else [happened.Written(part=part, text=text)]


def due(drill: Drill, profile: Profile) -> list[Happening]:
    """What time alone brings about, by the clock as it stands; the first of it, so ask until there is nothing."""
    if not drill.phase.timed or drill.paused:
        return []
    if drill.phase is Phase.ALERTING and _unanswered(drill, profile):
        return [happened.Escalated(page=drill.page.page if drill.page else "")]
    cap = profile.cap(drill.phase)
    if cap is not None and drill.clock.phase_s >= cap:
        return _end_of_phase(drill, "expired", drill.clock.phase_s - cap)
    return []


def trigger_due(drill: Drill) -> bool:
    """Is the load to turn now, for the first time or once more? It stays away for good when the fix is verified, and
    when there was nothing to fix."""
    if drill.paused or not drill.phase.running or drill.armed is None or drill.quiet is None:
        return False
    if drill.triggers == 0:
        return drill.phase is Phase.ARMED and drill.clock.total_s >= drill.armed.delay_s
    over = drill.fixed or drill.control
    return drill.again_s is not None and not over and drill.clock.total_s >= drill.again_s


def gate(drill: Drill | None) -> str:
    """Why AI may not be asked; empty if it may."""
    if drill is None or not drill.phase.running:
        return "No drill is under way."
    if drill.gate_open:
        return ""
    if drill.paused:
        return "The drill is paused."
    if drill.gate_shut:
        return "The instructor has shut the gate."
    if drill.phase in (Phase.ARMED, Phase.ALERTING, Phase.DARK_ROOM):
        return "AI opens when a root cause has been accepted: labctl drill submit."
    return "The time for AI is over; what is left is for people."


def _end_of_phase(drill: Drill, why: Literal["expired", "advanced"], over_s: float) -> list[Happening]:
    following = FOLLOWING[drill.phase]
    if following is Phase.CLOSED:
        return [_closed(drill)]
    guided = [happened.Guided()] if drill.phase is Phase.DARK_ROOM and drill.cause is None else []
    return [*guided, happened.Entered(phase=following, why=why, late_s=over_s)]


def _closed(drill: Drill) -> happened.Closed:
    outcome: happened.Outcome = "guided" if drill.guided else "incomplete" if drill.owed else "complete"
    return happened.Closed(outcome=outcome, owed=drill.owed)


def _unanswered(drill: Drill, profile: Profile) -> bool:
    waiting = drill.acknowledged_s is None and not drill.escalated
    return waiting and drill.clock.phase_s >= profile.escalate


def _running(drill: Drill | None) -> None:
    if drill is None or not drill.phase.running:
        raise Refused("No drill is under way; an instructor starts one with labctl drill start.")


def _timed(drill: Drill | None) -> None:
    _running(drill)
    if not drill.phase.timed:
        raise Refused("The drill is armed and nobody has been paged yet; wait for the pager.")


def _in(drill: Drill | None, phase: Phase) -> None:
    _timed(drill)
    if drill.phase is not phase:
        raise Refused(f"That belongs to the {phase} phase; the drill is in {drill.phase}.")
