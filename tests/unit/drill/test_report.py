"""The figures of a drill, and what its status gives away."""

import pytest

from lab import profile as profiles
from lab.drill import asking
from lab.drill import event as happened
from lab.drill.drill import fold
from lab.drill.event import Event, Happening
from lab.drill.instant import Instant
from lab.drill.report import report
from lab.drill.status import status

ARMED = happened.Armed(
    drill="d-4", scenario="flash-sale", seed=7, profile="60", pace=2, assessment=True, team="blue", delay_s=90
)
PAGED = happened.Paged(page="p-9", alertname="A", service="checkout", severity="critical", late_s=4)

TRIED = happened.Submitted(component="x", mechanism="y", location="", sentence="…", pieces=[], accepted=False)
FOUND = TRIED.model_copy(update={"accepted": True})


def log(*history: tuple[float, Happening]) -> list[Event]:
    """Events at so many real seconds."""
    return [
        Event(number=n, when=Instant(at=1e9 + at, tick=at, boot="b"), who="lab", what=what)
        for n, (at, what) in enumerate(history, start=1)
    ]


def reviewed(patch: str, *, accepted: bool, right: bool, passes: bool = False) -> happened.Reviewed:
    return happened.Reviewed(patch=patch, accepted=accepted, condition="", right=right, passes=passes)


def test_times_are_differences_of_events():
    events = log(
        (0, ARMED),
        (50, happened.Quiet(since=20, until=50)),
        (95, happened.Triggered(time=1)),
        (112, PAGED),
        (115, happened.Acknowledged(page="p-9")),
        (120, happened.Mitigated(again_s=60)),
        (130, happened.Overridden(why="…")),
        (140, happened.Verified(release="r-2", verdict="verified", checks=[])),
    )
    drill = fold(events, 60)
    assert report(drill, events, None)["times"] == {
        "detect_s": 15.0,  # delivered 2 real seconds before it was noticed
        "acknowledge_s": 10.0,  # twice the pace, and the 4 s late
        "mitigate_s": 20.0,
        "cause_s": 40.0,
        "verified_s": 60.0,
    }


@pytest.mark.parametrize(
    ("assessment", "whats", "points"),
    [
        (True, [], 100),
        (True, [TRIED, TRIED], 60),
        (True, [TRIED, FOUND], 80),
        (True, [*[TRIED] * 7, FOUND], 0),
        (True, [TRIED, happened.Overridden(why="…")], 0),
        (False, [TRIED, FOUND], None),
    ],
)
def test_an_assessment_has_points(assessment: bool, whats: list[Happening], points: int | None):
    events = log((0, ARMED.model_copy(update={"assessment": assessment})), (1, PAGED), *((2, what) for what in whats))
    assert report(fold(events, 60), events, None)["points"] == points


def test_what_did_not_happen_is_none():
    events = log((0, ARMED))
    found = report(fold(events, 60), events, None)
    assert set(found["times"].values()) == {None}
    assert (found["harm"], found["outcome"], found["armed_at"]) == (None, None, "2001-09-09T01:46:40.000Z")


def test_the_review_bench_is_counted_by_decision():
    events = log(
        (0, ARMED),
        (1, reviewed("a", accepted=False, right=True)),
        (1, reviewed("b", accepted=True, right=False)),
        (1, reviewed("c", accepted=True, right=True)),
        (1, reviewed("d", accepted=True, right=True)),
        (1, reviewed("e", accepted=False, right=False, passes=True)),
        (1, reviewed("f", accepted=False, right=False)),
        (2, happened.Asked(path="/v1", prompt="?", status=423, refused="shut")),
        (2, happened.Asked(path="/v1", prompt="?", status=200)),
        (2, happened.Asked(path="/v1", prompt="?", exchange="a")),
        (3, happened.Answered(exchange="a", status=200, answer="!")),
        (3, happened.Asked(path="/v1", prompt="?", exchange="b")),
        (4, happened.Answered(exchange="b", status=0)),
        (4, happened.Asked(path="/v1", prompt="?", exchange="c")),
    )
    assert asking.under_way(events) == ["c"]
    assert [one.status for one in asking.exchanges(events)] == [423, 200, 200, 0, 0]
    found = report(fold(events, 60), events, happened.Harmed(out_of_slo_s=61, orders_lost=2, money_wrong_cents=5))
    assert found["review"] == {
        "wrong_caught": 1, "wrong_let_through": 1, "right_accepted": 2, "right_refused": 1, "wrong_condition": 1
    }  # fmt: skip
    assert (found["asked"], found["unanswered"], found["harm"]["orders_lost"]) == (4, 1, 2)


def test_the_status_says_nothing_of_the_scenario():
    drill = fold(log((0, ARMED), (50, happened.Quiet(since=20, until=50)), (95, happened.Triggered(time=1))), 60)
    shown = status(drill, profiles.load("60"))
    assert (shown["id"], shown["phase"], shown["remaining_s"], shown["team"]) == ("d-4", "armed", None, "blue")
    assert "flash-sale" not in str(shown) and "seed" not in shown and "triggers" not in shown
    assert shown["elapsed_s"] == 0


def test_without_any_drill_the_status_is_idle():
    assert status(None, None) == {
        "id": None, "phase": "idle", "paused": False, "gate": "No drill is under way."
    }  # fmt: skip
