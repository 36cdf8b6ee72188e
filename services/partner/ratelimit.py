"""A token bucket: calls may come in a burst, and at a steady rate after it."""

import time
from collections.abc import Callable


class TokenBucket:
    """Holds at most `burst` tokens and gains `rate` of them a second; a call takes one."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._at = clock()

    def take(self) -> float:
        """Takes a token and gives 0, or takes none and gives the seconds until there is one."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0
