"""What is handed in, against a lab made by hand; and what is written down about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from warroom.causes.referee import UNJUDGED, Causes
from warroom.telling import told

from lab.drill.cause import submission
from lab.drill.evidence import Unjudged
from lab.drill.rules import Refused
from lab.errors import UsageError
from tests.facts import Known, line, span, trace

BAD, FINE = "b" * 32, "f" * 32
GIVEN = {
    "component": "shop",
    "mechanism": "lock-order",
    "location": "shop/app.py:12",
    "sentence": "Two transactions take the same rows in two orders.",
    "evidence": [f"trace:{BAD}", f"log:shop:{BAD}"],
}


def lab() -> Known:
    return Known(
        found={
            BAD: trace(span("shop", seconds=3.0), id=BAD),
            FINE: trace(span("shop", seconds=0.1), id=FINE),
        },
        quiet_traces=[trace(span("shop", seconds=0.1, start=1_010.0))] * 20,
        logged={BAD: [line("shop", duration_ms=3000)]},
        quiet_lines=[[line("shop", duration_ms=3)]] * 20,
    )


@pytest.fixture
def known() -> Known:
    return lab()


class Team:
    def __init__(self, drills: Any, known: Known, scenarios: Path, clock: Any) -> None:
        @contextmanager
        def sources() -> Iterator[Known]:
            yield known

        self._causes = Causes(drills, sources, scenarios, lambda: clock.at)

    def submit(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._causes.submit("team", submission(given))


def test_a_cause_is_accepted_and_its_evidence_is_copied_into_the_log(begun, known, scenarios, clock):
    drills = begun()
    answer = Team(drills, known, scenarios, clock).submit(GIVEN)
    assert answer == {
        "accepted": True,
        "why": "",
        "pieces": [
            {"ref": f"trace:{BAD}", "held": True, "why": ""},
            {"ref": f"log:shop:{BAD}", "held": True, "why": ""},
        ],
        "cooldown_s": 0.0,
        "points": None,
    }
    drill = drills.current()
    assert (drill.phase, drill.cause.component, drill.tries) == ("ai-fix", "shop", 1)
    written = next(one.what for one in drills.events() if one.what.kind == "submitted")
    assert written.pieces[0]["facts"]["spans"][0]["seconds"] == 3.0
    assert written.pieces[1]["shown"] == "logged"


@pytest.mark.parametrize(
    "change",
    [{"mechanism": "missing-index"}, {"component": "billing"}, {"evidence": [f"trace:{FINE}", f"log:shop:{BAD}"]}],
)
def test_a_wrong_try_costs_a_cool_down_and_is_written_down_without_a_hint(begun, known, scenarios, clock, change):
    drills = begun()
    team = Team(drills, known, scenarios, clock)
    answer = team.submit(GIVEN | change)
    assert (answer["accepted"], answer["cooldown_s"]) == (False, 60.0)
    drill = drills.current()
    assert (drill.phase, drill.cause, drill.tries) == ("dark-room", None, 1)
    written = next(one.what for one in drills.events() if one.what.kind == "submitted")
    assert all(set(piece) == {"ref", "kind", "held", "why", "shown"} for piece in written.pieces)
    for event in told(drills.events(), "team", False, 60.0):  # which would do is for the debrief
        assert all(set(piece) == {"ref", "kind", "held", "why"} for piece in event["what"].get("pieces", []))
    with pytest.raises(Refused, match="hand in the next in 60 s"):
        team.submit(GIVEN)
    clock.at += 61
    assert team.submit(GIVEN)["accepted"]


def test_an_answer_to_a_wrong_cause_is_as_to_the_right_one_with_evidence_that_does_not_show_it(
    begun, known, scenarios, clock
):
    team = Team(begun(), known, scenarios, clock)
    wrong = team.submit(GIVEN | {"mechanism": "missing-index"})
    clock.at += 61
    known.found[BAD] = known.found[FINE]
    known.logged[BAD] = [line("shop", duration_ms=3)]
    bare = team.submit(GIVEN)
    assert str(wrong).replace("missing-index", "…") == str(bare).replace("lock-order", "…")


@pytest.mark.parametrize(
    "change",
    [{"evidence": ["trace:it was slow", "sql:select 1"]}, {"mechanism": "gremlins"}, {"evidence": []}, {"x": 1}],
)
def test_what_is_no_evidence_is_refused_and_nothing_is_lost(begun, known, scenarios, clock, change):
    drills = begun()
    before = len(drills.events())
    with pytest.raises(UsageError):
        Team(drills, known, scenarios, clock).submit(GIVEN | change)
    assert len(drills.events()) == before
    assert drills.current().tries == 0


def test_what_cannot_be_judged_may_be_handed_in_a_few_times_a_minute(begun, known, scenarios, clock):
    team = Team(begun(), known, scenarios, clock)
    malformed = GIVEN | {"evidence": [f"trace:{BAD}", "metric:it was slow"]}
    for _ in range(UNJUDGED):
        with pytest.raises(UsageError, match="metric expression"):
            team.submit(malformed)
    known.asked.clear()
    clock.at += 20
    for given in (malformed, GIVEN):
        with pytest.raises(Refused, match="hand in the next in 40 s"):
            team.submit(given)
    assert known.asked == []
    clock.at += 40
    assert team.submit(GIVEN)["accepted"]


def test_where_the_lab_cannot_tell_nothing_is_lost(begun, known, scenarios, clock):
    drills = begun()
    known.quiet_traces.clear()
    with pytest.raises(Unjudged):
        Team(drills, known, scenarios, clock).submit(GIVEN)
    assert drills.current().tries == 0


def test_outside_the_dark_room_nothing_is_judged(begun, known, scenarios, clock):
    with pytest.raises(Refused, match="the drill is in alerting"):
        Team(begun(dark=False), known, scenarios, clock).submit(GIVEN)
    assert known.asked == []


def test_an_assessment_counts_tries(begun, known, scenarios, clock):
    team = Team(begun(assessment=True), known, scenarios, clock)
    assert team.submit(GIVEN | {"mechanism": "missing-index"})["points"] == 80
    clock.at += 61
    assert team.submit(GIVEN)["points"] == 80
