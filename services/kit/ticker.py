"""Something done again and again, by a thread of its own."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("kit")


class Ticker:
    """Calls `action` every so many seconds until it is stopped, and once more then.

    A call that fails ends nothing; the first failure of a row of them is logged.
    """

    def __init__(self, name: str, seconds: float, action: Callable[[], object]) -> None:
        self._seconds = seconds
        self._action = action
        self._stopped = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Has the next call made at once."""
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """Waits so many seconds at most for the last call."""
        self._stopped = True
        self._wake.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        failing = False
        while not self._stopped:
            self._wake.wait(self._seconds)
            self._wake.clear()
            try:
                self._action()
            except Exception:
                if not failing:
                    log.exception("%s failed; it is tried again every %g s", self._thread.name, self._seconds)
                failing = True
            else:
                failing = False
