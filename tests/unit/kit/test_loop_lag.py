from collections.abc import Callable

import pytest
from kit.loop_lag import WINDOW, LoopLag


class Loop:
    """A loop that runs callbacks when it is told, and a clock that stands still."""

    def __init__(self) -> None:
        self.now = 100.0
        self.queued: list[Callable[[], None]] = []

    def run(self) -> None:
        while self.queued:
            self.queued.pop(0)()


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def lag(loop: Loop) -> LoopLag:
    return LoopLag(loop.queued.append, lambda: loop.now)


def test_a_free_loop_has_none(loop: Loop, lag: LoopLag) -> None:
    lag.probe()
    loop.run()
    assert lag.seconds() == 0.0


def test_rises_while_the_loop_is_blocked(loop: Loop, lag: LoopLag) -> None:
    lag.probe()
    for seconds in (0.5, 1.0, 2.0):
        loop.now = 100.0 + seconds
        lag.probe()
        assert lag.seconds() == seconds
    assert len(loop.queued) == 1, "a blocked loop collects no heap of probes"


def test_a_spell_between_two_scrapes_is_seen_and_then_forgotten(loop: Loop, lag: LoopLag) -> None:
    lag.probe()
    loop.now += 0.8
    loop.run()
    loop.now += 2.0
    lag.probe()
    loop.run()
    assert lag.seconds() == pytest.approx(0.8)
    loop.now += WINDOW
    assert lag.seconds() == 0.0
