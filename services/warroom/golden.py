"""The golden signals of each service over the last minutes, as those who call it see them."""

import math
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from lab.clients.prometheus import Prometheus

STEP_S = 2.0  # as often as Prometheus scrapes
KEPT = 300  # steps: ten minutes
WINDOW = "10s"

# Customers call five of the services; what stands for other companies is called by services.
CUSTOMERS, CALLS = "customer_request_duration_seconds", "http_client_request_duration_seconds"
OUTSIDE = 'peer=~"partner|processor"'
FAILED, CALL_FAILED = 'status=~"5..|timeout|error"', 'status=~"5..|error"'


def _as_service(expression: str) -> str:
    return f'label_replace({expression}, "service", "$1", "peer", "(.*)")'


def rate(by: str, metric: str, selector: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{{{selector}}}[{WINDOW}]))"


def ratio(by: str, metric: str, selector: str, failed: str) -> str:
    everything = rate(by, metric, selector)
    both = ", ".join(filter(None, (selector, failed)))
    return f"({rate(by, metric, both)} or 0 * {everything}) / ({everything} > 0)"


def p99(by: str, metric: str, selector: str) -> str:
    return f"histogram_quantile(0.99, {rate(f'{by}, le', metric, selector)})"


SIGNALS = {
    "rps": (rate("service", f"{CUSTOMERS}_count"), _as_service(rate("peer", f"{CALLS}_count", OUTSIDE))),
    "errors": (
        ratio("service", f"{CUSTOMERS}_count", "", FAILED),
        _as_service(ratio("peer", f"{CALLS}_count", OUTSIDE, CALL_FAILED)),
    ),
    # Exports are promised no time.
    "p99_s": (
        p99("service", f"{CUSTOMERS}_bucket", 'route!="/exports"'),
        _as_service(p99("peer", f"{CALLS}_bucket", OUTSIDE)),
    ),
    "in_flight": ('sum by (service) (http_server_requests_in_flight{service!="warroom"})',),
    "pool": ("max by (service) (worker_pool_in_use / worker_pool_size)",),
}
EXPRESSION = " or ".join(
    f'label_replace({part}, "signal", "{signal}", "", "")' for signal, parts in SIGNALS.items() for part in parts
)

Step = dict[str, dict[str, float]]  # by service, by signal


class Golden:
    """Asks Prometheus only for what it does not know yet, one query each time. `clock` is Unix time. Any thread may
    call it; raises LabError where Prometheus does not answer."""

    def __init__(self, prometheus: Prometheus, clock: Callable[[], float]) -> None:
        self._prometheus = prometheus
        self._clock = clock
        self._lock = threading.Lock()
        self._steps: deque[tuple[float, Step]] = deque(maxlen=KEPT)

    def latest(self) -> dict[str, Any]:
        """`{at, services: {name: {signal: value}}}`; `at` is Unix time, what nobody knows is left out."""
        with self._lock:
            self._read()
            at, step = self._steps[-1]
            return {"at": at, "services": step}

    def history(self) -> dict[str, Any]:
        """`{step_s, at: [Unix time], services: {name: {signal: [value or null]}}}`, oldest first."""
        with self._lock:
            self._read()
            steps = list(self._steps)
        names = sorted({name for _, step in steps for name in step})
        series = {
            name: {signal: [step.get(name, {}).get(signal) for _, step in steps] for signal in SIGNALS}
            for name in names
        }
        return {"step_s": STEP_S, "at": [at for at, _ in steps], "services": series}

    def _read(self) -> None:
        end = STEP_S * math.floor(self._clock() / STEP_S)
        begin = end - (KEPT - 1) * STEP_S
        if self._steps:
            begin = max(begin, self._steps[-1][0] + STEP_S)
        if begin > end:
            return
        steps: dict[float, Step] = {begin + STEP_S * n: {} for n in range(round((end - begin) / STEP_S) + 1)}
        for series in self._prometheus.query_range(EXPRESSION, begin, end, STEP_S):
            service, signal = series.labels.get("service", ""), series.labels["signal"]
            for at, value in series.points:
                step = steps.get(STEP_S * round(at / STEP_S))
                if service and step is not None and math.isfinite(value):
                    step.setdefault(service, {})[signal] = float(f"{value:.4g}")
        self._steps.extend(steps.items())
