"""A profile as Locust knows it: a user class whose single user opens the door to each arrival on time."""

import logging
import time
from collections.abc import Callable, Iterator

import gevent
from gevent.pool import Group
from locust import User, task

from loadgen.telemetry import ASKED, SENT
from loadgen.window import Window

# An arrival later than this was missed because this process itself was held up: sending all that were missed
# in one go would be a burst that nobody asked for.
LATE_S = 0.5

log = logging.getLogger("loadgen")


class Crowd(User):
    """Fires `timetable` in order of time; every arrival runs in a greenlet of its own and outlives a stop."""

    abstract = True
    name: str
    timetable: Callable[[], Iterator[tuple[float, str]]]
    customers: object
    window: Window
    outstanding: Group
    max_outstanding: int
    opens: Callable[[], None]  # returns when the first customer may come

    @task
    def serve(self) -> None:
        cls = type(self)
        cls.opens()
        cls.window.restart()
        begin = time.monotonic()
        for at, action in cls.timetable():
            wait = max(0.0, begin + at - time.monotonic())
            cls.window.expects(wait)
            gevent.sleep(wait)
            ASKED.labels(cls.name).inc()
            cls.window.asked()
            if time.monotonic() - begin - at > LATE_S or len(cls.outstanding) >= cls.max_outstanding:
                continue
            SENT.labels(cls.name).inc()
            cls.window.sent()
            cls.outstanding.spawn(self._visit, action)

    def _visit(self, action: str) -> None:
        try:
            getattr(type(self).customers, action)()
        except Exception:
            log.exception("visit failed", extra={"fields": {"profile": type(self).name, "action": action}})
