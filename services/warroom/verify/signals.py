"""Telemetry and alerts: what is not seen is not verified, and the pager has to be silent."""

import time
from collections.abc import Callable, Collection, Iterable

from lab.clients.logs import Logs
from lab.clients.prometheus import Prometheus
from lab.clients.traces import Traces
from lab.drill.verdict import Check, Of, at_most
from lab.scenario import Alert

SERVICES = ("billing", "processor", "checkout", "inventory", "promotions", "orders", "partner")
WINDOW_S = 60
RESOLVED_WITHIN = 20.0  # seconds
EXPECTED = {
    "http_server_request_duration_seconds_count": SERVICES,
    "billing_charges_total": ("billing",),
    "orders_placed_total": ("checkout",),
}


class Signals:
    """Raises LabError where one of the three does not answer."""

    def __init__(self, prometheus: Prometheus, traces: Traces, logs: Logs) -> None:
        self._prometheus = prometheus
        self._traces = traces
        self._logs = logs

    def telemetry(self) -> list[Check]:
        """Is everything still told that docs/company.md names?"""
        down = sum(series.value == 0 for series in self._prometheus.query("up"))
        silent = [
            f"{service}: {metric}"
            for metric, services in EXPECTED.items()
            for service in self._missing(metric, services)
        ]
        stale = [series.value for series in self._prometheus.query("time() - ledger_reconciled_timestamp_seconds")]
        since = int((time.time() - WINDOW_S) * 1_000_000)
        untraced = [name for name in SERVICES if not self._traces.search(name, start=since, limit=1)]
        unlogged = [name for name in SERVICES if not self._logged(name, since)]
        return [
            at_most("targets that Prometheus cannot reach", Of.PROMISE, down, 0, "targets"),
            _none("metrics that stand still under load", silent),
            at_most("age of the last comparison of the books", Of.PROMISE, round(max(stale, default=999), 1), 30, "s"),
            _none("services without traces", untraced),
            _none("services without log lines that carry a trace id", unlogged),
        ]

    def resolved(self, alerts: Collection[Alert], note: Callable[[str], None]) -> Check:
        """None of the incident's alerts may be pending or firing, soon after the replay."""
        wanted = {(alert.alertname, alert.service) for alert in alerts}
        end = time.monotonic() + RESOLVED_WITHIN
        while True:
            active = wanted & {names(alert["labels"]) for alert in self._prometheus.alerts()}
            if not active or time.monotonic() > end:
                break
            note("waiting until the incident's alerts are over")
            time.sleep(1)
        left = [f"{name} of {service}" for name, service in sorted(active)]
        return _none("alerts of the incident that are not over", left, Of.INCIDENT)

    def _missing(self, metric: str, services: Iterable[str]) -> list[str]:
        expression = f"sum by (service) (increase({metric}[{WINDOW_S}s]))"
        moving = {series.labels.get("service") for series in self._prometheus.query(expression) if series.value > 0}
        return [service for service in services if service not in moving]

    def _logged(self, service: str, since: int) -> bool:
        records = self._logs.search(service=service, start=since, limit=20)
        return any(record.get("trace_id") for record in records)


def names(labels: dict[str, str]) -> tuple[str | None, str | None]:
    """An alert as scenarios name it."""
    return labels.get("alertname"), labels.get("service")


def _none(name: str, found: list[str], of: Of = Of.PROMISE) -> Check:
    return at_most(name, of, len(found), 0, "", ", ".join(found))
