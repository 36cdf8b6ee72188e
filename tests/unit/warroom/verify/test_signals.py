"""Which silence of a service is noticed, of a lab that tells all and of one that tells all but one thing."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from warroom.verify.signals import MOVING, SERVICES, SPANS, THERE, Signals

from lab.clients.prometheus import Series


class Lab:
    """Prometheus, traces and logs of a healthy lab, without what `silent` names: (service, metric or kind of span)."""

    def __init__(self, *silent: tuple[str, str]) -> None:
        self.silent = {*silent}

    def query(self, expression: str) -> list[Series]:
        told = [*MOVING.items(), *THERE.items()]
        for metric, services in told:
            if metric in re.findall(r"[a-z_]+", expression):
                still = metric in MOVING  # a counter that stands still is there all the same
                values = {one: 0.0 if (one, metric) in self.silent else 5.0 for one in services}
                return [Series({"service": one}, [(0.0, value)]) for one, value in values.items() if still or value]
        return [Series({}, [(0.0, 1.0)])]

    def find(self, service: str) -> dict[str, Any]:
        spans = [
            {"processID": "p1", "tags": [{"key": "span.kind", "value": kind}, {"key": tag, "value": "x"}]}
            for what, ((kind, tag), services) in SPANS.items()
            if service in services and (service, what) not in self.silent
        ]
        # The caller's spans are in the same trace.
        others = [
            {"processID": "p2", "tags": [*({"key": k, "value": v} for k, v in (("span.kind", kind), (tag, "x")))]}
            for (kind, tag), _ in SPANS.values()
        ]
        processes = {"p1": {"serviceName": service}, "p2": {"serviceName": "customers"}}
        return {"processes": processes, "spans": spans + others}

    def search(self, service: str, **how: Any) -> list[dict[str, Any]]:
        return [self.find(service)]


class Logs:
    def search(self, **_: Any) -> list[dict[str, Any]]:
        return [{"ts": datetime.fromtimestamp(time.time(), UTC).isoformat(), "trace_id": "a" * 32}]


def failing(*silent: tuple[str, str]) -> list[str]:
    lab = Lab(*silent)
    return [check.note for check in Signals(lab, lab, Logs()).telemetry() if not check.passed]


def test_who_tells_everything_passes():
    assert failing() == []


@pytest.mark.parametrize(
    "silent",
    [
        ("checkout", "http_client_request_duration_seconds_count"),
        ("orders", "db_client_operation_duration_seconds_count"),
        ("inventory", "worker_pool_waiting"),
        ("orders", "event_loop_lag_seconds"),
        ("promotions", "http_server_requests_in_flight"),
        ("billing", "billing_charged_cents_total"),
        ("orders", "calls"),
        ("billing", "statements"),
        ("promotions", "requests"),
    ],
)
def test_what_falls_silent_is_named(silent):
    assert failing(silent) == [": ".join(silent)]


def test_what_a_right_fix_may_do_without_is_not_asked_for():
    """Who passes the cart along asks checkout no more, and needs no workers for it."""
    for service, what in (
        ("promotions", "http_client_request_duration_seconds_count"),
        ("promotions", "worker_pool_size"),
    ):
        assert service in SERVICES and service not in (MOVING | THERE)[what]
    assert "promotions" not in SPANS["calls"][1] and "inventory" not in SPANS["calls"][1]
