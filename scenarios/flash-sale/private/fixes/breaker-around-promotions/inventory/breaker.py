"""Stops calls to a service that fails."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kit import Problem

THRESHOLD = 5  # failures
REST = 30.0  # seconds


class Breaker:
    """Opens after `THRESHOLD` failures, for `REST` seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    @contextmanager
    def call(self) -> Iterator[None]:
        with self._lock:
            if time.monotonic() < self._rests_until:
                raise Problem(503, f"{self._name} unavailable", f"{self._name} fails at present; try again shortly.")
        try:
            yield
        except Problem:
            with self._lock:
                self._failures += 1
                if self._failures >= THRESHOLD:
                    self._rests_until = time.monotonic() + REST
            raise
