"""The lab, as the referee asks it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from opentelemetry.instrumentation.utils import suppress_instrumentation

from lab.clients.logs import Logs
from lab.clients.prometheus import Prometheus
from lab.clients.traces import Traces, checked_id
from lab.drill import facts
from lab.drill.facts import Case, Entity, Line, Series, Table, Window
from warroom.causes import telemetry
from warroom.causes.database import Database
from warroom.causes.settings import CauseSettings

STEP_S = 2.0  # as often as Prometheus scrapes
MOST_LINES = 2_000
CUT_S = 2.0  # a request of quiet times is over by then


class LabSources:
    """lab.drill.sources.Sources over the lab's telemetry and database. What it asks leaves no span."""

    def __init__(self, traces: Traces, logs: Logs, prometheus: Prometheus, database: Database) -> None:
        self._traces = traces
        self._logs = logs
        self._prometheus = prometheus
        self._database = database
        self._kept: dict[tuple, object] = {}

    @classmethod
    @contextmanager
    def open(cls, settings: CauseSettings) -> Iterator[Self]:
        """For one submission: what was asked before is not asked again."""
        with (
            suppress_instrumentation(),
            Traces(settings.traces_url) as traces,
            Logs(settings.logs_url) as logs,
            Prometheus(settings.prometheus_api_url or settings.prometheus_url) as prometheus,
        ):
            yield cls(traces, logs, prometheus, Database(settings.reader_url))

    def trace(self, trace_id: str) -> facts.Trace | None:
        wanted = checked_id(trace_id)
        found = self._once(("trace", wanted), lambda: self._traces.find(wanted))
        return telemetry.trace(found) if found else None

    def traces(self, service: str, window: Window, limit: int) -> list[facts.Trace]:
        start, end = _microseconds(window)
        found = self._once(
            ("traces", service, window, limit),
            lambda: self._traces.search(service, start=start, end=end, limit=limit),
        )
        return [telemetry.trace(one) for one in found]

    def series(self, expression: str, window: Window) -> list[Series]:
        found = self._once(
            ("series", expression, window),
            lambda: self._prometheus.query_range(expression, window.start, window.end, STEP_S),
        )
        return [Series(one.labels, tuple(one.points)) for one in found]

    def lines(self, trace_id: str) -> list[Line]:
        wanted = checked_id(trace_id)
        found = self._once(("lines", wanted), lambda: self._logs.search(trace_id=wanted, limit=MOST_LINES))
        return [telemetry.line(one) for one in found]

    def requests(self, window: Window) -> list[list[Line]]:
        start, end = _microseconds(window)
        found = self._once(("requests", window), lambda: self._logs.search(start=start, end=end, limit=MOST_LINES))
        return telemetry.by_trace(found, window, CUT_S)

    def query(self, query: str, entities: Sequence[str], case: Case) -> tuple[Table, list[list[Entity]]]:
        key = ("query", query, tuple(entities))
        return self._once(key, lambda: self._database.query(query, entities, case))

    def entities(self, query: str, case: Case) -> list[Entity]:
        return self._database.entities(query, case)

    def _once(self, key: tuple, ask: Callable[[], object]) -> object:
        if key not in self._kept:
            self._kept[key] = ask()
        return self._kept[key]


def _microseconds(window: Window) -> tuple[int, int]:
    return int(window.start * 1e6), int(window.end * 1e6)
