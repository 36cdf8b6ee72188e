"""What the customers saw, from the load's own counters: no fix can touch them, and there is no scrape to wait for."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

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


class Counters:
    """`ops_url` is the load's, asked for at each reading: ports change with a restart. Raises LabError where it does
    not answer."""

    def __init__(self, ops_url: Callable[[], str], *, transport: httpx.BaseTransport | None = None) -> None:
        self._ops_url = ops_url
        self._http = httpx.Client(timeout=5, trust_env=False, transport=transport)

    def read(self) -> Reading:
        try:
            return reading(self._http.get(f"{self._ops_url()}/metrics").raise_for_status().text)
        except httpx.HTTPError as error:
            raise LabError(f"The load does not answer ({error}); see labctl status and labctl logs load.") from error


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


def tally(
    earlier: Reading,
    later: Reading,
    which: Callable[[Labels], bool] = lambda _: True,
    *,
    fine: tuple[str, ...] = ("2", "4"),
) -> Tally:
    """The answers that came between the two and whose labels (profile, service, route, status) pass. They have failed
    unless their status begins with one of `fine`."""
    within: Counter[float] = Counter()
    failed = 0.0
    for key, value in later.buckets.items():
        labels = dict(key)
        if not which(labels):
            continue
        bound, more = float(labels["le"]), value - earlier.buckets[key]
        within[bound] += more
        if bound == INFINITE and not labels["status"].startswith(fine):
            failed += more
    return Tally(within[INFINITE], failed, dict(within))
