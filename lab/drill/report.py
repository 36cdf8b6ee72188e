"""What a drill came to, in figures: all of them from its events."""

from collections.abc import Sequence
from typing import Any, TypeVar

from lab.drill import event as happened
from lab.drill.asking import unanswered
from lab.drill.drill import Drill
from lab.drill.event import Event, Happening

Kind = TypeVar("Kind", bound=Happening)


def report(drill: Drill, events: Sequence[Event], harm: happened.Harmed | None) -> dict[str, Any]:
    """`events` are the drill's, `harm` is what it has cost so far. `detect_s` is real seconds from the trigger to the
    page; the other times are the drill's own, from the page on. None is what has not happened."""
    assert drill.armed
    reviewed = _all(happened.Reviewed, events)
    return {
        "id": drill.armed.drill,
        "team": drill.armed.team,
        "assessment": drill.armed.assessment,
        "profile": drill.armed.profile,
        "pace": drill.armed.pace,
        "armed_at": events[0].when.iso(),
        "phase": str(drill.phase),
        "outcome": drill.outcome,
        "owed": drill.owed,
        "why": drill.aborted,
        "guided": drill.guided,
        "overridden": drill.overridden,
        "assessed": drill.assessed.model_dump(exclude={"kind"}) if drill.assessed else None,
        "times": {
            "detect_s": _tenths(_detected(drill, events)),
            "acknowledge_s": _tenths(drill.acknowledged_s),
            "mitigate_s": _tenths(drill.mitigated_s),
            "cause_s": _tenths(drill.cause_s),
            "verified_s": _tenths(drill.verified_s),
        },
        "escalated": drill.escalated,
        "harm": harm.model_dump(exclude={"kind"}) if harm else None,
        "actions": [one.model_dump(exclude={"kind"}) for one in _all(happened.Acted, events)],
        "points": drill.points,
        "tries": drill.tries,
        "hints": drill.hints,
        "asked": sum(not one.refused for one in _all(happened.Asked, events)),
        "unanswered": unanswered(events),
        "review": {
            "wrong_caught": sum(one.right and not one.accepted for one in reviewed),
            "wrong_let_through": sum(not one.right and one.accepted for one in reviewed),
            "right_accepted": sum(one.right and one.accepted for one in reviewed),
            "right_refused": sum(one.passes and not one.accepted for one in reviewed),
            "wrong_condition": sum(not (one.right or one.passes or one.accepted) for one in reviewed),
        },
        "deployed": [one.model_dump(exclude={"kind"}) for one in _all(happened.Deployed, events)],
        "verdicts": [{"release": one.release, "verdict": one.verdict} for one in _all(happened.Verified, events)],
        "guardrails": [
            {"name": one.name, "bites": one.bites, "release": one.release}
            for one in _all(happened.GuardrailProven, events)
        ],
        "spec_changed": drill.spec_changed,
        "written": drill.written,
    }


def _all(kind: type[Kind], events: Sequence[Event]) -> list[Kind]:
    return [one.what for one in events if isinstance(one.what, kind)]


def _detected(drill: Drill, events: Sequence[Event]) -> float | None:
    triggered = next((one for one in events if isinstance(one.what, happened.Triggered)), None)
    paged = next((one for one in events if isinstance(one.what, happened.Paged)), None)
    if triggered is None or paged is None:
        return None
    turned = triggered.when.before(triggered.what.late_s)
    return max(0.0, paged.when.since(turned) - paged.what.late_s / drill.clock.pace)


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
