"""Who calls whom: the map of the company as real traces draw it, with what the calls came to in the last seconds.

It is drawn from the latest traces of each service, and kept. Jaeger's own answer (/api/dependencies) has Badger read
the keys of all spans that it keeps, which took a whole core and all of its memory.
"""

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

from lab.clients.prometheus import Prometheus
from lab.clients.traces import Trace, Traces
from lab.errors import LabError
from warroom.golden import CALL_FAILED, CALLS, CUSTOMERS, FAILED, p99, rate, ratio

KEPT_S = 600.0  # a caller that has not called for longer is not drawn
ANEW_S = 10.0  # the map is drawn that often; its figures come with every tick
SEEN_S = 60.0  # how old the latest traces may be
TRACES = 10  # of a service, each time
ASKING = "customers"  # what the load calls itself in traces

OURS = 'service!="warroom"'


def _customers(expression: str) -> str:
    peer = f'label_replace({expression}, "peer", "$1", "service", "(.*)")'
    return f'label_replace({peer}, "service", "{ASKING}", "", "")'


PARTS = {
    "rps": (_customers(rate("service", f"{CUSTOMERS}_count")), rate("service, peer", f"{CALLS}_count", OURS)),
    "errors": (
        _customers(ratio("service", f"{CUSTOMERS}_count", "", FAILED)),
        ratio("service, peer", f"{CALLS}_count", OURS, CALL_FAILED),
    ),
    "p99_s": (
        _customers(p99("service", f"{CUSTOMERS}_bucket", 'route!="/exports"')),
        p99("service, peer", f"{CALLS}_bucket", OURS),
    ),
}
EXPRESSION = " or ".join(
    f'label_replace({part}, "signal", "{signal}", "", "")' for signal, parts in PARTS.items() for part in parts
)


class Calls:
    """`clock` is Unix time. Any thread may call it."""

    def __init__(self, traces: Traces, prometheus: Prometheus, clock: Callable[[], float]) -> None:
        self._traces = traces
        self._prometheus = prometheus
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], float] = {}  # caller and callee → when last
        self._drawn_at = -math.inf

    def latest(self) -> list[dict[str, Any]]:
        """`[{caller, callee, rps, errors, p99_s}]`; a figure is None where nobody called. Raises LabError."""
        with self._lock:
            now = self._clock()
            if now - self._drawn_at >= ANEW_S:
                self._draw(now)
                self._drawn_at = now
            edges = sorted(self._seen)
        figures = self._figures()
        return [
            {"caller": caller, "callee": callee} | {name: figures.get((caller, callee, name)) for name in PARTS}
            for caller, callee in edges
        ]

    def _draw(self, now: float) -> None:
        start, end = (round(1_000_000 * at) for at in (now - SEEN_S, now))
        for service in self._traces.services():
            for trace in self._traces.search(service, start=start, end=end, limit=TRACES):
                self._seen |= dict.fromkeys(_edges(trace), now)
        self._seen = {edge: at for edge, at in self._seen.items() if now - at <= KEPT_S}

    def _figures(self) -> dict[tuple[str, str, str], float]:
        try:
            series = self._prometheus.query(EXPRESSION)
        except LabError:  # without figures it is still a map
            return {}
        return {
            (one.labels.get("service", ""), one.labels.get("peer", ""), one.labels["signal"]): float(f"{one.value:.4g}")
            for one in series
            if math.isfinite(one.value)
        }


def _edges(trace: Trace) -> Iterator[tuple[str, str]]:
    """Of a trace in Jaeger's JSON: each service that calls another, with the other."""
    names = {name: one["serviceName"] for name, one in trace["processes"].items()}
    of = {span["spanID"]: names[span["processID"]] for span in trace["spans"]}
    for span in trace["spans"]:
        for reference in span.get("references") or ():
            caller, callee = of.get(reference["spanID"]), of[span["spanID"]]
            # What the war room itself asks for is no part of the company.
            if caller and caller != callee and "warroom" not in (caller, callee):
                yield caller, callee
