"""How much counters and gauges grew, step by step, from Prometheus: the same whoever asks, and whenever."""

import math
from collections.abc import Callable, Iterator

from lab.clients.prometheus import Prometheus

STEP = 2.0  # seconds, as often as Prometheus scrapes
CHUNK = 150  # steps that are asked for at once, so that an hour of them needs no room

Key = tuple[tuple[str, str], ...]  # a series' labels
Growth = dict[Key, float]


def growth(
    prometheus: Prometheus, expression: str, begin: float, end: float, *, gauge: bool = False
) -> Iterator[tuple[float, Growth]]:
    """For each step after `begin` and up to `end`, Unix times: when, and by how much each series has grown since the
    step before. Nothing for those that have not.

    A counter that goes back has begun anew, and one that appears has begun at nothing: a kind of answer that nobody
    has had before. A gauge that goes back or appears has not grown. Raises LabError.
    """
    known: dict[Key, float] = {}
    first = True
    for times in _chunks(begin, end):
        rows = _rows(prometheus, expression, times)
        for at in times:
            grown: Growth = {}
            for key, value in rows.get(at, {}).items():
                before = known.get(key)
                if before is None:
                    more = 0.0 if first or gauge else value
                else:
                    more = value - before if value >= before else (0.0 if gauge else value)
                if more:
                    grown[key] = more
                known[key] = value
            if not first:
                yield at, grown
            first = False


def total(
    prometheus: Prometheus,
    expression: str,
    begin: float,
    end: float,
    *,
    gauge: bool = False,
    without: Callable[[float], bool] = lambda at: False,
) -> float:
    """By how much all series together have grown, but for the steps that end at a moment `without`."""
    steps = growth(prometheus, expression, begin, end, gauge=gauge)
    return sum(sum(grown.values()) for at, grown in steps if not without(at))


def steps(begin: float, end: float) -> list[float]:
    """The steps from `begin` to `end`. They are the same for all who ask: multiples of STEP."""
    first, last = math.floor(begin / STEP), math.floor(end / STEP)
    return [STEP * n for n in range(first, last + 1)]


def _chunks(begin: float, end: float) -> Iterator[list[float]]:
    times = steps(begin, end)
    for start in range(0, len(times), CHUNK):
        yield times[start : start + CHUNK]


def _rows(prometheus: Prometheus, expression: str, times: list[float]) -> dict[float, dict[Key, float]]:
    """The values by time and series."""
    rows: dict[float, dict[Key, float]] = {}
    for series in prometheus.query_range(expression, times[0], times[-1], STEP):
        key = tuple(sorted(series.labels.items()))
        for at, value in series.points:
            if math.isfinite(value):
                rows.setdefault(STEP * round(at / STEP), {})[key] = value
    return rows
