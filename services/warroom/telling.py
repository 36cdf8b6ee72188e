"""What is told of drills, and to whom: until one is over the team learns nothing that it is to find out."""

from collections.abc import Iterator, Sequence
from typing import Any

from lab.drill.drill import Drill, apply
from lab.drill.event import Event, Happening, Harmed, Submitted, Triggered
from lab.drill.report import report
from warroom.access import Who

# The scenario, and what with the seed could be computed.
HIDDEN = {
    "armed": {"scenario", "seed", "delay_s"},
    "triggered": {"figures"},
    "mitigated": {"again_s"},
}

# Of a drill without a page: that it has begun is for the pager to say, and what it cost tells of what kind it was.
UNTOLD = (Triggered, Harmed)


def told(events: Sequence[Event], whom: Who, revealed: bool, cooldown_s: float) -> Iterator[dict[str, Any]]:
    """One drill's events, each with `elapsed_s`: the drill's seconds since the page, None before it."""
    everything = revealed or whom == "instructor"
    drill: Drill | None = None
    paged = any(one.what.kind == "paged" for one in events)
    for one in events:
        drill = apply(drill, one, cooldown_s)
        if isinstance(one.what, UNTOLD) and not paged and not everything:
            continue
        yield {
            "number": one.number,
            "at": one.when.iso(),
            "elapsed_s": round(drill.clock.total_s, 1) if drill.page else None,
            "who": one.who,
            "what": one.what.model_dump() if everything else _open(one.what),
        }


def _open(what: Happening) -> dict[str, Any]:
    """Without what the team is to find out."""
    found = what.model_dump(exclude=HIDDEN.get(what.kind, set()))
    if isinstance(what, Submitted) and not what.accepted:  # which of the patterns a piece showed tells what would do
        found["pieces"] = [{name: one[name] for name in one if name != "shown"} for one in found["pieces"]]
    return found


def row(drill: Drill, events: Sequence[Event], whom: Who) -> dict[str, Any]:
    """A drill among others, to compare."""
    found = report(drill, events, drill.harm if drill.page or whom == "instructor" else None)
    harm = found["harm"] or dict.fromkeys(("out_of_slo_s", "orders_lost", "money_wrong_cents"))
    kept = ("id", "team", "armed_at", "assessment", "profile", "pace", "phase", "outcome", "why")
    return {
        **{name: found[name] for name in kept},
        "scenario": drill.armed.scenario if drill.revealed or whom == "instructor" else None,
        **found["times"],
        **harm,
        **{name: found[name] for name in ("tries", "hints", "guided")},
        "verdict": drill.verdict,
    }
