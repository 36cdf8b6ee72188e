import threading
from collections.abc import Callable

from kit.ticker import Ticker


class Action:
    """Does one after another what it was given; after that, nothing."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self._steps = list(steps)
        self.through = threading.Event()

    def __call__(self) -> None:
        if self._steps:
            self._steps.pop(0)()
        else:
            self.through.set()


def fails() -> None:
    raise OSError("no room")


def works() -> None:
    pass


def test_an_action_that_fails_is_called_again_and_each_row_of_failures_is_logged_once(caplog) -> None:
    action = Action(fails, fails, works, fails, fails, fails)
    ticker = Ticker("flush", 0.001, action)
    try:
        assert action.through.wait(10), "the action is still called after it failed"
    finally:
        ticker.stop(10)
    assert [record.getMessage() for record in caplog.records] == ["flush failed; it is tried again every 0.001 s"] * 2
    assert "no room" in caplog.text
