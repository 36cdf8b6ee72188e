"""A drill as `labctl drill status` shows it: nothing of what the team is to find out."""

from typing import Any

from lab.drill.drill import Drill
from lab.drill.phase import Phase
from lab.drill.profile import Profile
from lab.drill.rules import gate


def status(drill: Drill | None, profile: Profile | None) -> dict[str, Any]:
    """Durations are the drill's seconds; `profile` is that of the drill. None: there has never been one."""
    if drill is None or drill.armed is None or profile is None:
        return {"id": None, "phase": str(Phase.IDLE), "paused": False, "gate": gate(None)}
    cap = profile.cap(drill.phase)
    return {
        "id": drill.armed.drill,
        "phase": str(drill.phase),
        "elapsed_s": _tenths(drill.clock.total_s if drill.page else 0.0),
        "remaining_s": None if cap is None else _tenths(max(0.0, cap - drill.clock.phase_s)),
        "paused": drill.paused,
        "page": drill.page.page if drill.page else None,
        "assessed": drill.assessed is not None,
        "acknowledged_s": _tenths(drill.acknowledged_s),
        "root_cause": "accepted" if drill.accepted else "open",
        "release": drill.release,
        "verdict": drill.verdict,
        "owed": drill.owed,
        "outcome": drill.outcome,
        "why": drill.aborted,
        "team": drill.armed.team,
        "assessment": drill.armed.assessment,
        "pace": drill.armed.pace,
        "profile": drill.armed.profile,
        "guided": drill.guided,
        "gate": gate(drill),
        "mitigated_s": _tenths(drill.mitigated_s),
        "back_s": _tenths(drill.back_s),
        "tries": drill.tries,
        "cooldown_s": _tenths(max(0.0, drill.cooldown_until_s - drill.clock.total_s)),
        "hints": drill.hints,
    }


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
