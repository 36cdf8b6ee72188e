"""Event-loop lag, measured from outside the loop so that it shows while the loop is blocked."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from time import monotonic

from kit.ticker import Ticker

INTERVAL = 0.2  # seconds between probes
WINDOW = 5.0  # seconds a finished probe counts: no blocked spell falls between two scrapes


class LoopLag:
    """Posts a callback to the loop again and again, and takes how long it waits for its turn.

    `schedule` is the loop's `call_soon_threadsafe`. `probe` is called by one thread, `seconds` by any.
    """

    def __init__(self, schedule: Callable[..., object], clock: Callable[[], float] = monotonic) -> None:
        self._schedule = schedule
        self._clock = clock
        self._pending: float | None = None
        self._done: deque[tuple[float, float]] = deque(maxlen=int(WINDOW / INTERVAL) + 1)  # (when, lag)

    def probe(self) -> None:
        """Posts a callback, unless one still waits."""
        if self._pending is None:
            self._pending = self._clock()
            self._schedule(self._answer)

    def seconds(self) -> float:
        """The longest wait in the window, the present one included."""
        now = self._clock()
        sent = self._pending
        waiting = now - sent if sent is not None else 0.0
        return max([waiting, *(lag for when, lag in list(self._done) if now - when <= WINDOW)])

    def _answer(self) -> None:
        if self._pending is not None:
            now = self._clock()
            self._done.append((now, now - self._pending))
            self._pending = None

    @classmethod
    def watch(cls, loop: asyncio.AbstractEventLoop) -> "LoopLag":
        """Probes the loop from a thread of its own for as long as it is open."""
        lag = cls(loop.call_soon_threadsafe)

        def probe() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                lag.probe()

        Ticker("loop lag", INTERVAL, probe)
        return lag
