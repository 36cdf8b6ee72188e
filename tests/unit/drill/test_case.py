"""What of a drill's log the referee needs."""

from lab.drill import event as happened
from lab.drill.case import case
from lab.drill.event import Event, Happening
from lab.drill.facts import Window
from lab.drill.instant import Instant


def armed(drill: str) -> happened.Armed:
    return happened.Armed(
        drill=drill, scenario="s", seed=1, profile="60", pace=1, assessment=False, team="blue", delay_s=60
    )


def probed(probe: str) -> happened.Probed:
    return happened.Probed(
        probe=probe,
        service="billing",
        method="GET",
        path="/",
        headers={},
        body="",
        status=200,
        answer="{}",
        seconds=0.1,
        trace_id="a" * 32,
        at=5.0,
    )


def events(*whats: tuple[float, Happening]) -> list[Event]:
    return [
        Event(number=n, when=Instant(at=at, tick=at, boot="b"), who="lab", what=what)
        for n, (at, what) in enumerate(whats, 1)
    ]


QUIET = happened.Quiet(since=100.0, until=130.0)


def test_the_windows_are_before_and_after_the_first_trigger():
    log = events(
        (90, armed("d-1")),
        (130, QUIET),
        (200, happened.Triggered(time=1)),
        (400, happened.Triggered(time=2)),
        (450, probed("pr-1")),
    )
    found = case(log, 500.0)
    assert found
    assert (found.quiet, found.affected) == (Window(100.0, 130.0), Window(200.0, 500.0))
    assert [one.id for one in found.exchanges] == ["pr-1"]


def test_a_drill_before_it_does_not_count():
    log = events(
        (10, armed("d-1")),
        (20, happened.Quiet(since=1.0, until=20.0)),
        (30, happened.Triggered(time=1)),
        (40, probed("pr-1")),
        (50, happened.Aborted(why="over")),
        (90, armed("d-2")),
        (130, QUIET),
        (200, happened.Triggered(time=1)),
    )
    found = case(log, 500.0)
    assert found
    assert (found.quiet.start, found.affected.start, found.exchanges) == (100.0, 200.0, ())


def test_the_affected_window_begins_when_the_load_turned_and_not_when_that_was_written_down():
    """The first requests of an incident are those that a team finds first."""
    found = case(events((90, armed("d-1")), (130, QUIET), (200, happened.Triggered(time=1, late_s=0.5))), 500.0)
    assert found and found.affected == Window(199.5, 500.0)


def test_there_is_none_until_the_load_has_turned():
    assert case([], 1.0) is None
    assert case(events((90, armed("d-1")), (130, QUIET)), 500.0) is None
    assert case(events((90, armed("d-1")), (200, happened.Triggered(time=1))), 500.0) is None
