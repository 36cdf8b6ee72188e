"""Spares a service that does not answer, and its callers the wait."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kit import Problem

THRESHOLD = 20  # failures in a row
REST = 1.0  # seconds


class Breaker:
    """Opens after `THRESHOLD` calls in a row that found the service down or too slow (503, 504).

    While it is open calls fail at once. After `REST` seconds one call is let through; its outcome closes it again, or
    gives another rest. A service's refusals are answers.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0
        self._trying = False

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around a call that raises Problem where it fails; raises one itself while the breaker is open."""
        trial = self._enter()
        failed = False
        try:
            yield
        except Problem as problem:
            failed = problem.status in (503, 504)
            raise
        finally:
            self._leave(trial, failed)

    def _enter(self) -> bool:
        with self._lock:
            if self._failures < THRESHOLD:
                return False
            if self._trying or self._clock() < self._rests_until:
                detail = f"{self._name} has not answered for a while; try again shortly."
                raise Problem(503, f"{self._name} unavailable", detail, headers={"Retry-After": "1"})
            self._trying = True
            return True

    def _leave(self, trial: bool, failed: bool) -> None:
        with self._lock:
            if trial:
                self._trying = False
            if not failed:
                self._failures = 0
                return
            self._failures += 1
            if self._failures >= THRESHOLD:
                self._rests_until = self._clock() + REST
