"""What happened, a line each, for people who were not there."""

from collections.abc import Mapping, Sequence
from typing import Any

from lab.drill.plot import Mark, clock

Told = Mapping[str, Any]  # an event as warroom tells it: elapsed_s, who, what


def lines(events: Sequence[Told]) -> list[tuple[float, str, str]]:
    """(the drill's seconds since the page, who, sentence) of the events that a reader wants; those before the page have
    no time of the drill's and are left out."""
    found = []
    for one in events:
        text = sentence(one["what"])
        if text and one.get("elapsed_s") is not None:
            found.append((float(one["elapsed_s"]), str(one["who"]), text))
    return found


def marks(events: Sequence[Told]) -> list[Mark]:
    """The turning points, for the plots."""
    wanted = {"triggered", "paged", "acted", "mitigated", "submitted", "deployed", "rolled-back", "verified"}
    return [
        Mark(float(one["elapsed_s"]), sentence(one["what"]))
        for one in events
        if one["what"]["kind"] in wanted and one.get("elapsed_s") is not None
    ]


def sentence(what: Mapping[str, Any]) -> str:
    """Empty for what is no turn of the story."""
    match what:
        case {"kind": "triggered", "time": time}:
            return "the load turned" if time == 1 else f"the load turned again, for the {_ordinal(time)} time"
        case {"kind": "paged", "alertname": name, "service": service}:
            return f"page: {name} on {service}"
        case {"kind": "acknowledged"}:
            return "the page was acknowledged"
        case {"kind": "escalated"}:
            return "nobody had acknowledged, and the page was escalated"
        case {"kind": "assessed", "severity": severity, "hurt": hurt}:
            return f"judged {severity}: {hurt}"
        case {"kind": "noted", "text": text}:
            return f"note: {text}"
        case {"kind": "hinted", "number": number}:
            return f"hint {number}"
        case {"kind": "paused", "why": why} | {"kind": "resumed", "why": why}:
            return f"{what['kind']}: {why}"
        case {"kind": "entered", "phase": phase}:
            return f"phase {phase}"
        case {"kind": "acted", "action": action, "on": on, "why": why}:
            return f"{action} {', '.join(on)}: {why}".replace("  ", " ")
        case {"kind": "mitigated"}:
            return "customers had been served as promised for a minute"
        case {"kind": "submitted", "component": component, "mechanism": mechanism, "accepted": accepted}:
            return f"root cause {mechanism} at {component}: {'accepted' if accepted else 'not accepted'}"
        case {"kind": "overridden", "why": why}:
            return f"the instructor accepted the cause by hand: {why}"
        case {"kind": "guided"}:
            return "the time for finding the cause was over; the drill went on guided"
        case {"kind": "deployed", "release": release, "services": services, "healthy": healthy}:
            return f"deployed {release} of {', '.join(services)}" + (
                "" if healthy else ", which did not become healthy"
            )
        case {"kind": "rolled-back", "release": release}:
            return f"back to {release}"
        case {"kind": "verified", "release": release, "verdict": verdict}:
            return f"{release}: {verdict}"
        case {"kind": "reviewed", "patch": patch, "accepted": accepted, "right": right}:
            return f"review of {patch}: {'accepted' if accepted else 'rejected'}, {'rightly' if right else 'wrongly'}"
        case {"kind": "guardrail-proven", "name": name, "bites": bites}:
            return f"guardrail {name}: {'bites' if bites else 'does not bite'}"
        case {"kind": "spec-changed", "lines": count}:
            return f"the team spec changed in {count} lines"
        case {"kind": "closed", "outcome": outcome}:
            return f"closed: {outcome}"
        case {"kind": "aborted", "why": why}:
            return f"aborted: {why}"
    return ""


def stamped(events: Sequence[Told]) -> list[str]:
    return [f"{clock(at)} {who}: {text}" for at, who, text in lines(events)]


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
