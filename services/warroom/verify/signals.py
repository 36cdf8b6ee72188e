"""Telemetry and alerts: what is not seen is not verified, and the pager has to be silent.

Of docs/company.md this holds each service to what a right fix of whatever design still tells, and names it below: what
counts under healthy load, what is there to be read, and which kinds of spans are in its traces. It leaves out what a
right fix may do without: the calls that inventory and promotions make, and the pool of promotions, which has no
database. What processor, partner and customers tell besides, no fix can touch.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from lab.clients.logs import Logs
from lab.clients.prometheus import Prometheus
from lab.clients.traces import Trace, Traces
from lab.drill.verdict import Check, Of, at_most
from lab.scenario import Alert

SERVICES = ("billing", "processor", "checkout", "inventory", "promotions", "orders", "partner")
WINDOW_S = 60
RESOLVED_WITHIN = 20.0  # seconds
WITH_DATABASE = ("billing", "processor", "checkout", "inventory", "orders")
CALLING = ("billing", "processor", "checkout", "orders")
TRACED_CALLS = ("billing", "checkout", "orders")  # the processor's, one in two seconds, are rare among its traces
# Counters, which must move.
MOVING = {
    "http_server_request_duration_seconds_count": SERVICES,
    "http_client_request_duration_seconds_count": CALLING,
    "db_client_operation_duration_seconds_count": WITH_DATABASE,
    "billing_charges_total": ("billing",),
    "billing_charged_cents_total": ("billing",),
    "orders_placed_total": ("checkout",),
}
# Gauges, whose value may be any.
THERE = {
    "http_server_requests_in_flight": SERVICES,
    "event_loop_lag_seconds": SERVICES,
    "worker_pool_size": WITH_DATABASE,
    "worker_pool_in_use": WITH_DATABASE,
    "worker_pool_waiting": WITH_DATABASE,
}
# Kinds of spans, by a tag that only they have together with the kind.
SPANS = {
    "requests": (("server", "http.request.method"), SERVICES),
    "calls": (("client", "http.request.method"), TRACED_CALLS),
    "statements": (("client", "db.system.name"), WITH_DATABASE),
}
TRACES = 20  # of a service, the latest


class Signals:
    """Raises LabError where one of the three does not answer."""

    def __init__(self, prometheus: Prometheus, traces: Traces, logs: Logs) -> None:
        self._prometheus = prometheus
        self._traces = traces
        self._logs = logs

    def telemetry(self) -> Iterator[Check]:
        """Is everything still told that MOVING, THERE and SPANS name, and log lines with their traces?"""
        down = sum(series.value == 0 for series in self._prometheus.query("up"))
        yield at_most("targets that Prometheus cannot reach", Of.PROMISE, down, 0, "targets")
        yield _none("metrics that stand still under load", list(self._missing(MOVING, self._moving)))
        yield _none("metrics that are not there any more", list(self._missing(THERE, self._there)))
        stale = [series.value for series in self._prometheus.query("time() - ledger_reconciled_timestamp_seconds")]
        yield at_most("age of the last comparison of the books", Of.PROMISE, round(max(stale, default=999), 1), 30, "s")
        since = int((time.time() - WINDOW_S) * 1_000_000)
        yield _none("services without spans of their requests, calls or statements", list(self._untraced(since)))
        unlogged = [name for name in SERVICES if not self._logged(name, since)]
        yield _none("services without log lines that carry a trace id", unlogged)

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

    def _missing(
        self, expected: Mapping[str, Iterable[str]], telling: Callable[[str], Collection[str | None]]
    ) -> Iterator[str]:
        for metric, services in expected.items():
            found = telling(metric)
            yield from (f"{service}: {metric}" for service in services if service not in found)

    def _moving(self, metric: str) -> set[str | None]:
        found = self._prometheus.query(f"sum by (service) (increase({metric}[{WINDOW_S}s]))")
        return {series.labels.get("service") for series in found if series.value > 0}

    def _there(self, metric: str) -> set[str | None]:
        return {series.labels.get("service") for series in self._prometheus.query(f"max by (service) ({metric})")}

    def _untraced(self, since: int) -> Iterator[str]:
        for service in SERVICES:
            found = {
                kind for one in self._traces.search(service, start=since, limit=TRACES) for kind in _kinds(one, service)
            }
            for what, (kind, services) in SPANS.items():
                if service in services and kind not in found:
                    yield f"{service}: {what}"

    def _logged(self, service: str, since: int) -> bool:
        records = self._logs.search(service=service, start=since, limit=20)
        return any(record.get("trace_id") for record in records)


def _kinds(trace: Trace, service: str) -> Iterator[tuple[str, str]]:
    """Of the service's spans in Jaeger's JSON: the kind of each with each of its tags."""
    processes = {name for name, one in trace["processes"].items() if one["serviceName"] == service}
    for span in trace["spans"]:
        if span["processID"] in processes:
            tags = {tag["key"]: tag["value"] for tag in span["tags"]}
            yield from ((tags.get("span.kind", ""), key) for key in tags)


def names(labels: dict[str, str]) -> tuple[str | None, str | None]:
    """An alert as scenarios name it."""
    return labels.get("alertname"), labels.get("service")


def _none(name: str, found: list[str], of: Of = Of.PROMISE) -> Check:
    return at_most(name, of, len(found), 0, "", ", ".join(found))
