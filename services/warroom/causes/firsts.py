"""When something first showed, from what the lab's telemetry and database still have."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx
from opentelemetry.instrumentation.utils import suppress_instrumentation

from lab.clients.logs import Logs
from lab.clients.prometheus import Prometheus
from lab.clients.traces import Traces
from lab.drill.chain import LineSign, Sign, TraceSign
from lab.drill.facts import Window
from lab.errors import LabError
from warroom.causes import telemetry
from warroom.causes.database import Database
from warroom.causes.settings import CauseSettings
from warroom.causes.sources import MOST_LINES, STEP_S

PIECE_S = 20.0  # seconds that are looked through at once, to begin with
MOST_ASKED = 200  # pieces
MOST_TRACES = 100
SHORTEST_S = 0.5  # where more than that fit into so little, the latest of them will do


class Gone(LabError):
    """What would tell is not kept any more."""


class Firsts:
    """Windows are seconds since the epoch. Raises LabError, also Gone, where it cannot be told."""

    def __init__(self, traces: Traces, logs: Logs, prometheus: Prometheus, database: Database) -> None:
        self._traces = traces
        self._logs = logs
        self._prometheus = prometheus
        self._database = database

    @classmethod
    @contextmanager
    def open(cls, settings: CauseSettings, transport: httpx.BaseTransport | None = None) -> Iterator[Self]:
        """`transport` stands in for the network in tests."""
        metrics = settings.prometheus_api_url or settings.prometheus_url
        with (
            suppress_instrumentation(),
            Traces(settings.traces_url, transport=transport) as traces,
            Logs(settings.logs_url, transport=transport) as logs,
            Prometheus(metrics, transport=transport) as prometheus,
        ):
            yield cls(traces, logs, prometheus, Database(settings.reader_url))

    def first(self, sign: Sign, window: Window, since: float) -> float | None:
        """The first moment of the window in which it shows; None if in none. `since` is when the quiet time began."""
        if sign.metric:
            return self._metric(sign.metric, window)
        if sign.sql:
            at = self._database.moment(sign.sql, since)
            return at if at is not None and at in window else None
        if sign.trace:
            return self._trace(sign.trace, window)
        assert sign.log
        return self._line(sign.log, window)

    def _metric(self, expression: str, window: Window) -> float | None:
        found = self._prometheus.query_range(expression, window.start, window.end, STEP_S)
        moments = [at for series in found for at, value in series.points if math.isfinite(value)]
        if not moments and not self._prometheus.query_range("count(up)", window.start, window.end, STEP_S):
            raise Gone("The metrics of that time are gone.")
        return min(moments, default=None)

    def _trace(self, sign: TraceSign, window: Window) -> float | None:
        least = f"{sign.at_least_s}s" if sign.at_least_s else None

        def ask(piece: Window) -> list[Any]:
            start, end = _microseconds(piece)
            return self._traces.search(
                sign.service, operation=sign.operation, min_duration=least, start=start, end=end, limit=MOST_TRACES
            )

        for found in _pieces(window, ask, MOST_TRACES):
            if starts := [one.start for one in map(telemetry.trace, found) if sign.holds(one)]:
                return min(starts)
        start, end = _microseconds(window)
        if not self._traces.search(sign.service, start=start, end=end, limit=1):
            raise Gone("The traces of that time are gone.")
        return None

    def _line(self, sign: LineSign, window: Window) -> float | None:
        def ask(piece: Window, limit: int = MOST_LINES) -> list[Any]:
            start, end = _microseconds(piece)
            return self._logs.search(service=sign.service, start=start, end=end, limit=limit)

        seen: dict[object, str] = {}  # value of the field that is to be repeated → trace
        for found in _pieces(window, ask, MOST_LINES):
            for line in sign.found(map(telemetry.line, found)):
                value = line.fields.get(sign.repeated)
                if not sign.repeated or seen.setdefault(value, line.trace_id) != line.trace_id:
                    return line.at
        if not ask(window, 1):
            raise Gone("The logs of that time are gone.")
        return None


def _pieces(window: Window, ask: Callable[[Window], list[Any]], most: int) -> Iterator[list[Any]]:
    """What there is in the window, piece by piece, so that nothing is left out for being more than `most`: in smaller
    ones where there is much, in larger ones where there is little."""
    start, length, asked = window.start, PIECE_S, 0
    while start < window.end:
        end = min(start + length, window.end)
        while len(found := ask(Window(start, end))) >= most and end - start > SHORTEST_S:
            end = start + (end - start) / 2
            asked += 1
        asked += 1
        if asked > MOST_ASKED:
            raise LabError(f"There is more than can be looked through, from {start - window.start:.0f} s on.")
        yield found
        length = (end - start) * (2 if len(found) < most / 4 else 1)
        start = end


def _microseconds(window: Window) -> tuple[int, int]:
    return int(window.start * 1e6), int(window.end * 1e6)
