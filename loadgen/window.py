"""What a profile asked for and got in the last seconds."""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

SPAN_S = 10.0


@dataclass(frozen=True)
class Figures:
    """Rates per second, seconds; None where nothing was answered, and for `next_s` where nobody is expected."""

    asked_rps: float
    achieved_rps: float
    failure_ratio: float | None
    p50_s: float | None
    p99_s: float | None
    next_s: float | None


class Window:
    """Counts over the last `SPAN_S` seconds, or since `restart` if that is less; what is older is not kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: deque[float] = deque()
        self._sent: deque[float] = deque()
        self._done: deque[tuple[float, float, bool]] = deque()
        self._since = clock()
        self._next: float | None = None

    def restart(self) -> None:
        for times in (self._asked, self._sent, self._done):
            times.clear()
        self._since = self._clock()
        self._next = None

    def expects(self, seconds: float) -> None:
        """The next arrival is due in so many seconds."""
        self._next = self._clock() + seconds

    def asked(self) -> None:
        self._asked.append(self._pruned())

    def sent(self) -> None:
        self._sent.append(self._pruned())

    def done(self, seconds: float, failed: bool) -> None:
        self._done.append((self._pruned(), seconds, failed))

    def figures(self) -> Figures:
        now = self._pruned()
        span = max(1.0, min(SPAN_S, now - self._since))
        seconds = sorted(entry[1] for entry in self._done)
        return Figures(
            asked_rps=round(len(self._asked) / span, 2),
            achieved_rps=round(len(self._sent) / span, 2),
            failure_ratio=round(sum(entry[2] for entry in self._done) / len(seconds), 4) if seconds else None,
            p50_s=_nearest_rank(seconds, 0.50),
            p99_s=_nearest_rank(seconds, 0.99),
            next_s=None if self._next is None else round(max(0.0, self._next - now), 1),
        )

    def _pruned(self) -> float:
        """The time, once everything that has left the window by then is forgotten."""
        now = self._clock()
        for times in (self._asked, self._sent):
            while times and times[0] <= now - SPAN_S:
                times.popleft()
        while self._done and self._done[0][0] <= now - SPAN_S:
            self._done.popleft()
        return now


def _nearest_rank(ordered: list[float], quantile: float) -> float | None:
    return round(ordered[math.ceil(quantile * len(ordered)) - 1], 4) if ordered else None
