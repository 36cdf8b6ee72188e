"""Until customers of an ordinary day are served: what is judged then is judged for its own deeds."""

import time
from collections.abc import Callable

from warroom.verify.replay import EVERY, HEALTHY_RPS, HEALTHY_S
from warroom.verify.view import Counters, Labels, tally

STEADY_S = 3.0  # seconds of which nothing bad may be told
AT_LEAST = 0.75  # of the healthy load's answers
LATE = 0.05


def until_served(
    counters: Counters,
    require: Callable[[], None],
    within: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Were they, within so many seconds? Raises LabError where the load does not answer, and what `require` raises."""
    end = clock() + within
    readings = [(clock(), counters.read())]
    while True:
        require()
        sleep(EVERY)
        now, latest = clock(), counters.read()
        readings.append((now, latest))
        while len(readings) > 1 and readings[1][0] <= now - STEADY_S:
            readings.pop(0)
        since, first = readings[0]
        found = tally(first, latest, _healthy, fine=("2",))
        enough = found.answers >= AT_LEAST * HEALTHY_RPS * (now - since)
        late = found.slower(HEALTHY_S)
        if now - since >= STEADY_S and enough and not found.failed and late is not None and late <= LATE:
            return True
        if now > end:
            return False


def _healthy(labels: Labels) -> bool:
    return labels["profile"] == "healthy"
