"""Who calls whom: the map of the company as real traces draw it, with what the calls came to in the last seconds."""

import math
import threading
from collections.abc import Callable
from typing import Any

from lab.clients.prometheus import Prometheus
from lab.clients.traces import Traces
from lab.errors import LabError
from warroom.golden import CALL_FAILED, CALLS, CUSTOMERS, FAILED, p99, rate, ratio

LOOK_BACK_MS = 600_000  # a caller that has not called for longer is not drawn
ANEW_S = 10.0  # the map is drawn that often; its figures come with every tick
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
        self._edges: list[tuple[str, str]] = []
        self._drawn_at = -math.inf

    def latest(self) -> list[dict[str, Any]]:
        """`[{caller, callee, rps, errors, p99_s}]`; a figure is None where nobody called. Raises LabError."""
        with self._lock:
            now = self._clock()
            if now - self._drawn_at >= ANEW_S:
                self._edges = self._draw(now)
                self._drawn_at = now
            edges = self._edges
        figures = self._figures()
        return [
            {"caller": caller, "callee": callee} | {name: figures.get((caller, callee, name)) for name in PARTS}
            for caller, callee in edges
        ]

    def _draw(self, now: float) -> list[tuple[str, str]]:
        found = self._traces.dependencies(end=round(1000 * now), lookback=LOOK_BACK_MS)
        # What the war room itself asks for is no part of the company.
        return sorted((one["parent"], one["child"]) for one in found if "warroom" not in (one["parent"], one["child"]))

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
