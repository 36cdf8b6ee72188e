"""Stops calls to a service that is down."""

import threading
import time

from kit import Problem

THRESHOLD = 5  # failures in a row
REST = 2.0  # seconds


class Breaker:
    """Open after `THRESHOLD` failures in a row; one call is let through after each `REST`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    def check(self) -> None:
        """Raises Problem (503) while the breaker is open."""
        with self._lock:
            if self._failures >= THRESHOLD:
                if time.monotonic() < self._rests_until:
                    raise Problem(503, f"{self._name} unavailable", f"{self._name} is down; try again shortly.")
                self._rests_until = time.monotonic() + REST

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._rests_until = time.monotonic() + REST
