"""How often, and how many together."""

import time
from collections import deque
from collections.abc import Callable

WINDOW = 60.0  # seconds


class Rate:
    """At most `per_minute` in any minute, and `together` under way. For one event loop, so it takes no lock."""

    def __init__(self, per_minute: int, together: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self.together = together
        self._clock = clock
        self._begun: deque[float] = deque()
        self._under_way = 0

    def wait_s(self) -> float:
        """Seconds until the next may begin: 0 if it may now, 1 as a guess while one has to end first."""
        now = self._clock()
        while self._begun and now - self._begun[0] >= WINDOW:
            self._begun.popleft()
        if len(self._begun) >= self.per_minute:
            return WINDOW - (now - self._begun[0])
        return 1.0 if self._under_way >= self.together else 0.0

    def enter(self) -> None:
        self._begun.append(self._clock())
        self._under_way += 1

    def leave(self) -> None:
        self._under_way -= 1
