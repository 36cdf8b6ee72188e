"""The replay against a load whose counters are written down beforehand."""

from collections import Counter

import pytest
from warroom.verify import replay as module
from warroom.verify.replay import replay
from warroom.verify.view import Reading

from lab.trial import Dependency, Trial

DEPENDENCY = Dependency(stop="b", service="a", method="GET", path="/", statuses=[503], back=[200])
TRIAL = Trial(profile="p", changes={}, seconds=29, requests=80, every=15, components=["a"], dependency=DEPENDENCY)
BOUNDS = (0.5, 2.5, float("inf"))


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Customers:
    """Healthy ones come 21 a second; the profile's 40 at 0 and 15 s, each answered after `takes`."""

    def __init__(
        self, clock: Clock, *, takes=0.3, fail=0.0, hang=False, come=1.0, healthy=21.0, slow_from=None
    ) -> None:
        self.clock, self.takes, self.fail, self.hang = clock, takes, fail, hang
        self.come, self.healthy, self.slow_from = come, healthy, slow_from
        self.log: list[str] = []
        self.began = 0.0

    def start(self, profile, changes=None):
        self.log.append(f"start {profile}")
        self.began = self.clock.now

    def stop(self, profile):
        self.log.append(f"stop {profile}")

    def read(self) -> Reading:
        at = self.clock.now - self.began
        running = "start p" in self.log
        bursts = (1 + (at >= 15)) if running else 0
        sent = round(40 * self.come) * bursts
        answered = 0 if self.hang else sum(round(40 * self.come) for n in range(bursts) if at >= n * 15 + self.takes)
        found = Reading(Counter(), Counter(), Counter(p=sent, healthy=self.healthy * at))
        healthy = self.healthy * at
        slow = 0 if self.slow_from is None else max(0.0, at - self.slow_from) * self.healthy
        self._put(found, "healthy", "200", healthy - slow, 0.1)
        self._put(found, "healthy", "200", slow, 1.0)
        self._put(found, "p", "200", answered * (1 - self.fail), self.takes)
        self._put(found, "p", "503", answered * self.fail, self.takes)
        return found

    def _put(self, found: Reading, profile: str, status: str, count: float, seconds: float) -> None:
        for bound in BOUNDS:
            labels = {"profile": profile, "service": "a", "route": "/", "status": status, "le": str(bound)}
            found.buckets[tuple(sorted(labels.items()))] += count if seconds <= bound else 0


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def failed(customers: Customers) -> set[str]:
    return {check.name for check in replay(customers, customers, TRIAL, lambda _: None) if not check.passed}


def test_everybody_is_served(clock):
    customers = Customers(clock)
    assert failed(customers) == set()
    assert customers.log == ["stop p", "start healthy", "start p", "stop p"]


def test_failures_and_slowness_are_found(clock):
    assert failed(Customers(clock, fail=0.05)) == {"requests of the burst that failed"}
    assert failed(Customers(clock, takes=4.0)) == {"requests of everybody slower than 2.5 s"}


def test_requests_that_nobody_answers_are_found(clock):
    assert "requests of the burst that nobody answered" in failed(Customers(clock, hang=True))


def test_an_incident_that_goes_on_after_its_burst_is_found(clock):
    assert failed(Customers(clock, slow_from=26)) == {"requests slower than 500 ms, 10 s after a burst"}


def test_an_empty_shop_proves_nothing(clock):
    assert "requests of p sent" in failed(Customers(clock, come=0.5))
    assert "healthy requests sent meanwhile" in failed(Customers(clock, healthy=4))
