"""What a scenario's private folder holds for people: hints while it goes on, everything else when it is over."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab import bank, lesson
from lab.drill import event as happened
from lab.drill.chain import PAGE, Link
from lab.drill.drill import Drill, apply
from lab.drill.event import Event
from lab.drill.facts import Window
from lab.errors import LabError
from warroom.causes.firsts import Firsts

Open = Callable[[], AbstractContextManager[Firsts]]


class Debrief:
    """`folder` is that of all scenarios; `firsts` opens what tells when something first showed. Raises LabError where a
    file is missing or of another form."""

    def __init__(self, folder: Path, firsts: Open) -> None:
        self._folder = folder
        self._firsts = firsts
        self._dated: dict[str, list[dict[str, Any]]] = {}  # by drill; what is over stays as it was

    def hints(self, scenario: str) -> list[str]:
        """Questions, from wide to narrow."""
        return lesson.load(scenario, self._folder).hints

    def chain(self, scenario: str) -> list[dict[str, Any]]:
        """The causal chain, link by link: `{link, first_shown_by}`."""
        return [_told(one) for one in lesson.load(scenario, self._folder).chain]

    def of(self, drill: Drill, events: Sequence[Event]) -> dict[str, Any]:
        """All there is to say of a drill that is over; `events` are its own."""
        assert drill.armed
        told = lesson.load(drill.armed.scenario, self._folder)
        name = drill.armed.drill
        if name not in self._dated:
            dated = self._date(drill, events, told.chain)
            if any(one["why"] for one in dated):  # it may be told when somebody answers again
                return self._all(drill, told, dated)
            self._dated[name] = dated
        return self._all(drill, told, self._dated[name])

    def _all(self, drill: Drill, told: lesson.Lesson, chain: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": drill.armed.drill,
            "scenario": drill.armed.scenario,
            "text": told.debrief + _guardrail(bank.guardrail(drill.armed.scenario, self._folder)),
            "chain": chain,
            "hints": told.hints,
        }

    def _date(self, drill: Drill, events: Sequence[Event], chain: Sequence[Link]) -> list[dict[str, Any]]:
        """`{link, first_shown_by, shown_at, shown_s, had_s, why}`: ISO 8601, real seconds after the load turned, the
        drill's seconds after the page when the team first had it as evidence; `why` says why nothing is known."""
        had = _had(events)
        found = []
        with self._firsts() as firsts:
            for one in chain:
                at, why = _shown(one, drill, firsts)
                after = None if at is None or drill.triggered_at is None else round(at - drill.triggered_at.at, 1)
                moments = [had[name] for name in one.evidence if name in had]
                found.append(
                    _told(one)
                    | {
                        "shown_at": None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}",
                        "shown_s": after,
                        "had_s": round(min(moments), 1) if moments else None,
                        "why": why,
                    }
                )
        return found


def _guardrail(found: bank.Example | None) -> str:
    if found is None:
        return ""
    language = "python" if found.path.endswith(".py") else "yaml"
    return f"\n## A guardrail that bites\n`{found.path}`\n\n```{language}\n{found.text}```\n"


def _told(link: Link) -> dict[str, Any]:
    return {"link": link.link, "first_shown_by": str(link.first_shown_by)}


def _shown(link: Link, drill: Drill, firsts: Firsts) -> tuple[float | None, str]:
    if drill.triggered_at is None or drill.ended_at is None or drill.quiet is None:
        return None, "The drill ended before its load turned."
    window = Window(drill.triggered_at.at, max(drill.triggered_at.at, drill.ended_at.at))
    try:
        return firsts.first(link.first_shown_by, window, drill.quiet.since), ""
    except LabError as error:
        return None, str(error)


def _had(events: Sequence[Event]) -> dict[str, float]:
    """By the name of a pattern, or `page`: when the team first had it, in the drill's seconds since the page."""
    found: dict[str, float] = {}
    drill: Drill | None = None
    for one in events:
        drill = apply(drill, one, 0.0)
        match one.what:
            case happened.Paged():
                found.setdefault(PAGE, 0.0)
            case happened.Submitted(pieces=pieces):
                for piece in pieces:
                    if piece.get("held") and piece.get("shown"):
                        found.setdefault(piece["shown"], drill.clock.total_s)
    return found
