"""What the customers saw, from the load's own counters: no fix can touch them, and there is no scrape to wait for."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from lab.errors import LabError

DURATION = "customer_request_duration_seconds"
INFINITE = float("inf")

Labels = dict[str, str]


@dataclass(frozen=True)
class Reading:
    """`buckets` counts answers by labels and upper bound (seconds); `asked` and `sent` arrivals by profile."""

    buckets: Counter[tuple[tuple[str, str], ...]]
    asked: Counter[str]
    sent: Counter[str]


@dataclass(frozen=True)
class Tally:
    """Answers between two readings. `within` counts those up to each bound of the histogram, in seconds."""

    answers: float
    failed: float
    within: dict[float, float]

    def slower(self, bound: float) -> float | None:
        """Share of the answers that took longer than a bound of the histogram; None without answers."""
        return 1 - self.within[bound] / self.answers if self.answers else None

    @property
    def failing(self) -> float | None:
        return self.failed / self.answers if self.answers else None


class Load:
    """The customers: their profiles by `url`, their counters by `ops_url`. Raises LabError where they do not answer."""

    def __init__(self, url: str, ops_url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._ops_url = ops_url
        self._http = httpx.Client(timeout=5, trust_env=False, transport=transport)

    def close(self) -> None:
        self._http.close()

    def start(self, profile: str, changes: dict[str, Any] | None = None) -> None:
        """Begins the profile, with its own figures but for the changes."""
        self._ask("POST", f"{self._url}/profiles/{profile}/start", json=changes or {})

    def stop(self, profile: str) -> None:
        self._ask("POST", f"{self._url}/profiles/{profile}/stop")

    def running(self) -> set[str]:
        answer = self._ask("GET", f"{self._url}/profiles")
        return {one["profile"] for one in answer.json() if one["running"]}

    def read(self) -> Reading:
        return reading(self._ask("GET", f"{self._ops_url}/metrics").text)

    def _ask(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, url, **options).raise_for_status()
        except httpx.HTTPError as error:
            raise LabError(f"The customers do not answer ({error}); see labctl status and labctl logs load.") from error


def reading(exposition: str) -> Reading:
    """Reads Prometheus's text format."""
    found = Reading(Counter(), Counter(), Counter())
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name == f"{DURATION}_bucket":
                found.buckets[tuple(sorted(sample.labels.items()))] = sample.value
            elif sample.name == "customer_requests_asked_total":
                found.asked[sample.labels["profile"]] = sample.value
            elif sample.name == "customer_requests_sent_total":
                found.sent[sample.labels["profile"]] = sample.value
    return found


def tally(earlier: Reading, later: Reading, which: Callable[[Labels], bool] = lambda _: True) -> Tally:
    """The answers that came between the two and whose labels (profile, service, route, status) pass."""
    within: Counter[float] = Counter()
    failed = 0.0
    for key, value in later.buckets.items():
        labels = dict(key)
        if not which(labels):
            continue
        bound, more = float(labels["le"]), value - earlier.buckets[key]
        within[bound] += more
        if bound == INFINITE and not labels["status"].startswith(("2", "4")):
            failed += more
    return Tally(within[INFINITE], failed, dict(within))
