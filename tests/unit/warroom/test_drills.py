"""Drills over a real log with a fake clock: who was first, what is found again, and whose events are whose."""

from pathlib import Path

import pytest
from warroom import instants
from warroom.chronicle import Chronicle
from warroom.drills import Drills

from lab import profile as profiles
from lab.drill import event as happened
from lab.drill import rules
from lab.drill.instant import Instant
from lab.drill.phase import Phase
from lab.errors import LabError

ARMED = happened.Armed(
    drill="d-1", scenario="flash-sale", seed=7, profile="60", pace=1, assessment=False, team="blue", delay_s=90
)
PAGE = happened.Paged(page="p-1", alertname="A", service="checkout", severity="critical")


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> Instant:
        return Instant(at=1e9 + self.seconds, tick=self.seconds, boot="b")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "drill.sqlite"


@pytest.fixture
def drills(path: Path, clock: Clock) -> Drills:
    return Drills(Chronicle(path), profiles.load, clock)


def arm(drills: Drills, name: str = "d-1") -> None:
    drills.record("instructor", lambda drill: rules.arm(drill, ARMED.model_copy(update={"drill": name})))
    drills.record("lab", lambda drill: rules.quiet(drill, happened.Quiet(since=0, until=30)))


def test_there_is_none_before_the_first(drills: Drills) -> None:
    assert drills.current() is None
    assert (drills.next_id(), drills.events(), drills.history()) == ("d-1", [], {})
    with pytest.raises(rules.Refused, match="No drill"):
        drills.record("team", lambda drill: rules.note(drill, "…"))
    assert drills.record("lab", lambda _: []) is None


def test_time_that_is_up_is_up_before_anybody_has_noticed(drills: Drills, clock: Clock) -> None:
    """The conductor writes it down twice a second, if it is not held up."""
    arm(drills)
    steps = [happened.Triggered(time=1), PAGE, happened.Entered(phase=Phase.DARK_ROOM, why="assessed")]
    drills.record("lab", lambda _: steps)
    clock.seconds += 1499
    rules.require_submission(drills.current())
    clock.seconds += 1
    with pytest.raises(rules.Refused, match="time for a root cause is over"):
        rules.require_submission(drills.current())
    drills.record("lab", lambda _: [happened.Entered(phase=Phase.AI_FIX, why="expired")])
    clock.seconds += 899
    assert rules.gate(drills.current()) == ""
    clock.seconds += 1
    assert "time for AI is over" in rules.gate(drills.current())


def test_the_clock_is_right_after_a_restart_of_whatever_length(drills: Drills, path: Path, clock: Clock) -> None:
    arm(drills)
    drills.record("lab", lambda _: [happened.Triggered(time=1), PAGE])
    clock.seconds += 42
    again = Drills(Chronicle(path), profiles.load, clock).current()
    assert again == drills.current()
    assert (again.phase, again.clock.total_s) == (Phase.ALERTING, 42)


def test_an_event_has_the_moment_of_its_decision(drills: Drills, clock: Clock) -> None:
    arm(drills)
    before = clock()

    def slow(drill: rules.Drill | None) -> list:
        clock.seconds += 5
        return rules.note(drill, "…")

    drills.record("team", slow)
    assert drills.events()[-1].when == before


def test_what_another_process_wrote_is_decided_on(drills: Drills, path: Path, clock: Clock) -> None:
    arm(drills)
    other = Drills(Chronicle(path), profiles.load, clock)
    seen = []

    def decide(drill: rules.Drill | None) -> list:
        seen.append(drill.phase)
        if len(seen) == 1:
            other.record("instructor", lambda one: rules.abort(one, "first"))
        return rules.abort(drill, "second")

    with pytest.raises(rules.Refused, match="No drill is under way"):
        drills.record("team", decide)
    assert seen == [Phase.ARMED, Phase.ABORTED]
    assert [one.what.why for one in drills.events() if one.what.kind == "aborted"] == ["first"]


def test_a_refusal_writes_nothing(drills: Drills) -> None:
    arm(drills)
    with pytest.raises(rules.Refused):
        drills.record("team", lambda drill: rules.close(drill))
    assert [one.what.kind for one in drills.events()] == ["armed", "quiet"]


def test_the_history_knows_each_drill_by_its_id(drills: Drills) -> None:
    arm(drills)
    drills.record("instructor", lambda drill: rules.abort(drill, "wrong room"))
    assert drills.next_id() == "d-2"
    arm(drills, "d-2")
    drills.record("lab", lambda _: [happened.Asked(path="/v1", prompt="?" * 1000, status=200)])
    assert [one.number for one in drills.events()] == [4, 5, 6]
    assert [one.number for one in drills.events(after=5)] == [6]
    assert [one.number for one in drills.events(after=4, limit=1)] == [5]
    history = drills.history()
    assert {name: [one.what.kind for one in events] for name, events in history.items()} == {
        "d-1": ["armed", "quiet", "aborted"],
        "d-2": ["armed", "quiet"],
    }
    assert drills.fold(history["d-1"]).phase is Phase.ABORTED


def test_a_log_that_begins_in_the_middle_is_a_sentence(drills: Drills, path: Path, clock: Clock) -> None:
    Chronicle(path).append("lab", [PAGE], 0, clock())
    with pytest.raises(LabError, match="makes no sense"):
        drills.current()


def test_ticks_go_on_and_the_boot_stays_the_same() -> None:
    first, second = instants.now(), instants.now()
    assert second.tick >= first.tick and second.boot == first.boot
    assert second.since(first) < 1


def test_without_a_boot_id_another_process_s_ticks_are_not_believed(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(instants, "BOOT_ID", tmp_path / "none")
    instants._boot.cache_clear()
    try:
        one = instants.now().boot
        instants._boot.cache_clear()
        assert instants.now().boot != one
    finally:
        instants._boot.cache_clear()
