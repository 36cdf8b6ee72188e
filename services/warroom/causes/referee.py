"""From what a team hands in to what is written down about it."""

import math
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab import private
from lab.drill import event as happened
from lab.drill import rules
from lab.drill.case import case
from lab.drill.cause import Submission, named
from lab.drill.drill import Drill
from lab.drill.event import Actor
from lab.drill.evidence import Referee, Ruling
from lab.drill.patterns import Evidence
from lab.drill.sources import Sources
from lab.errors import LabError
from lab.scenario import FOLDER
from warroom.drills import Drills

Open = Callable[[], AbstractContextManager[Sources]]
UNJUDGED = 6  # submissions that came to no verdict, in so many seconds: they cost no try, so they are few
WITHIN_S = 60.0


class Causes:
    """`sources` opens what the referee asks; `folder` is where the scenarios are."""

    def __init__(
        self, drills: Drills, sources: Open, folder: Path = FOLDER, now: Callable[[], float] = time.time
    ) -> None:
        self._drills = drills
        self._sources = sources
        self._folder = folder
        self._now = now
        self._unjudged: deque[float] = deque(maxlen=UNJUDGED)

    def submit(self, who: Actor, submission: Submission) -> dict[str, Any]:
        """`{accepted, why, pieces: [{ref, held, why}], cooldown_s, points}`.

        Raises UsageError for what may not be handed in now or is no evidence, LabError where the lab cannot tell;
        neither is a try.
        """
        drill = self._drills.current()
        rules.require_submission(drill)
        assert drill and drill.armed
        self._require_patience()
        try:
            ruling = self._rule(drill.armed.scenario, submission)
        except LabError:
            self._unjudged.append(self._now())
            raise
        what = happened.Submitted(
            **submission.model_dump(include={"component", "mechanism", "location", "sentence"}),
            pieces=[_piece(one, ruling) for one in map(asdict, ruling.findings)],
            accepted=ruling.accepted,
        )
        # Of two at once the first is judged; the other meets what it brought about.
        after = self._drills.record(who, lambda now: rules.submitted(now, what))
        return {
            "accepted": ruling.accepted,
            "why": ruling.why,
            "pieces": [{"ref": one.ref, "held": one.held, "why": one.why} for one in ruling.findings],
            "cooldown_s": _cooldown_s(after),
            "points": after.points if after else None,
        }

    def _require_patience(self) -> None:
        """What is refused tells nothing, but whoever may ask without end finds something to measure."""
        if len(self._unjudged) == UNJUDGED and (left := self._unjudged[0] + WITHIN_S - self._now()) > 0:
            raise rules.Refused(f"The last {UNJUDGED} could not be judged: hand in the next in {math.ceil(left)} s.")

    def _rule(self, scenario: str, submission: Submission) -> Ruling:
        secret = private.load(scenario, self._folder)
        evidence: Evidence = private.evidence(scenario, self._folder)
        events = self._drills.events()
        with self._sources() as sources:
            known = case(events, self._now())
            assert known, "a drill in the dark room has been triggered"
            is_named = named(submission, secret.answers) is not None
            return Referee(sources, known, evidence).rule(submission, is_named)


def _piece(finding: dict[str, Any], ruling: Ruling) -> dict[str, Any]:
    """What the log keeps: a copy of the facts when the cause is accepted, and which pattern a piece showed in any case,
    which the team is not told before (telling.py)."""
    return finding if ruling.accepted else {name: finding[name] for name in ("ref", "kind", "held", "why", "shown")}


def _cooldown_s(drill: Drill | None) -> float:
    return round(max(0.0, drill.cooldown_until_s - drill.clock.total_s), 1) if drill and drill.cause is None else 0.0
