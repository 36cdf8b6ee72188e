"""A small world around the war room: Prometheus, the load, Alertmanager and services, as answers to its requests.

It has a clock of its own. Prometheus answers from counters that grow as this world's customers are served.
"""

import json
import math
import re
import threading
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx

from lab.drill.instant import Instant

ROUTES = {
    ("billing", "/charges"): 3,
    ("billing", "/accounts/{id}"): 2,
    ("checkout", "/orders"): 7,
    ("inventory", "/stock/{sku}"): 2,
    ("orders", "/accounts/{account}/orders"): 6,
    ("promotions", "/promotions"): 1,
}
SERVICES = ("billing", "checkout", "inventory", "promotions", "orders", "processor", "partner")
STEP = 2


class Wanted(NamedTuple):
    release: str
    generations: Mapping[str, int]
    stopped: tuple[str, ...]


class Releases:
    """A folder of them."""

    def __init__(self) -> None:
        self.state = Wanted("baseline-0123456789ab", {}, ())
        self.log: list[str] = []

    def names(self) -> list[str]:
        return [self.baseline(), "r-1"]

    def baseline(self) -> str:
        return "baseline-0123456789ab"

    def wanted(self) -> Wanted:
        return self.state

    def want(
        self,
        release: str | None = None,
        *,
        restart: Collection[str] = (),
        stop: Collection[str] = (),
        start: Collection[str] = (),
    ) -> Wanted:
        generations = dict(self.state.generations)
        for name in restart:
            generations[name] = generations.get(name, 0) + 1
        stopped = tuple(sorted({*self.state.stopped, *stop} - {*start, *restart}))
        self.log += [*(["stop"] if stop else []), *([f"start {release}"] if start else [])]
        self.state = Wanted(release or self.state.release, generations, stopped)
        return self.state


@dataclass
class World:
    """`failing`, `slow` and `absent` name (service, route): how its customers fare from now on."""

    seconds: float = 1_700_000_000.0
    running: dict[str, dict | None] = field(default_factory=lambda: {"healthy": {}})
    failing: set = field(default_factory=set)
    slow: set = field(default_factory=set)
    absent: set = field(default_factory=set)
    wrong_cents_a_second: float = 0.0
    alerts: int = 0  # pending or firing
    silences: dict[str, dict] = field(default_factory=dict)
    unhealthy: set = field(default_factory=set)
    down: set = field(default_factory=set)  # hosts that do not answer
    releases: Releases = field(default_factory=Releases)
    requests: list[tuple[str, str]] = field(default_factory=list)
    # by time: {(metric, labels): value}
    history: dict[int, dict] = field(default_factory=dict)
    counters: dict = field(default_factory=lambda: defaultdict(float))

    @property
    def now(self) -> Instant:
        return Instant(at=self.seconds, tick=self.seconds - 1_600_000_000, boot="b")

    def at(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        for _ in range(math.ceil(seconds / STEP)):
            self.seconds += STEP
            self._scrape()

    def _scrape(self) -> None:
        served = "healthy" in self.running and not self.releases.state.stopped
        count = self.counters
        if "healthy" in self.running:
            count["asked", ()] += STEP * 21
        for route, rate in ROUTES.items():
            if not served or route in self.absent:
                continue
            failing, slow = route in self.failing, route in self.slow
            count["failed" if failing else "ok", route] += STEP * rate
            if not (failing or slow):
                count["in_time", route] += STEP * rate
        count["books", ()] += STEP * self.wrong_cents_a_second
        count["alerts", ()] = self.alerts
        self.history[round(self.seconds)] = dict(count)

    # answers

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        host, path = request.url.host, request.url.path
        self.requests.append((request.method, f"{host}{path}"))
        if host in self.down:
            raise httpx.ConnectError("refused")
        return getattr(self, f"_{host}")(request, path)

    def _prometheus(self, request: httpx.Request, path: str) -> httpx.Response:
        asked = request.url.params
        if path == "/api/v1/targets":
            targets = [{"labels": {"service": one}, "scrapeUrl": f"http://ops/{one}/metrics"} for one in SERVICES]
            data = {"activeTargets": targets}
        elif path == "/api/v1/query":
            data = {"resultType": "vector", "result": [{"metric": {}, "value": [float(asked["time"]), "5"]}]}
        else:
            data = {"resultType": "matrix", "result": self._matrix(asked)}
        return httpx.Response(200, json={"status": "success", "data": data})

    def _matrix(self, asked: httpx.QueryParams) -> list[dict]:
        begin, end = float(asked["start"]), float(asked["end"])
        found: dict = defaultdict(list)
        for at in range(round(begin), round(end) + 1, STEP):
            for key, value in self._values(asked["query"], self.history.get(at, {})).items():
                found[key].append([at, str(value)])
        return [
            {"metric": dict(zip(("service", "route"), key, strict=False)), "values": points}
            for key, points in found.items()
        ]

    def _values(self, query: str, counters: dict) -> dict:
        def of(*kinds: str) -> dict:
            sums: dict = defaultdict(float)
            for (kind, key), value in counters.items():
                if kind in kinds:
                    sums[key] += value
            return sums

        if query == "count by (alertname, service) (ALERTS)":
            return {key: value for key, value in of("alerts").items() if value}
        if query.startswith("sum(customer_request_duration_seconds_count{service="):
            lost = of("failed").get(("checkout", "/orders"))
            return {} if lost is None else {(): lost}  # no series before the first failure
        if "asked_total" in query:
            return of("asked")
        if "ledger" in query:
            return of("books")
        if "_bucket" in query:
            return of("in_time")
        if "status!~" in query:
            return of("failed")
        assert re.search(r"customer_request_duration_seconds_count(\)|{route)", query), query
        return of("ok", "failed")

    def _load(self, request: httpx.Request, path: str) -> httpx.Response:
        if path == "/profiles":
            names = {"healthy", "flash-sale", "batch-export", "month-end-import"}
            figures = dict.fromkeys(("asked_rps", "achieved_rps", "failure_ratio", "p50_s", "p99_s"))
            found = [{"profile": one, "running": one in self.running, **figures} for one in names]
            return httpx.Response(200, json=found)
        _, _, name, verb = path.split("/")
        if verb == "start":
            self.running[name] = json.loads(request.content)
        else:
            self.running.pop(name, None)
        return httpx.Response(200, json={"profile": name, "running": verb == "start"})

    def _alertmanager(self, request: httpx.Request, path: str) -> httpx.Response:
        if request.method == "POST":
            name = f"s-{len(self.silences) + 1}"
            self.silences[name] = json.loads(request.content) | {"id": name, "status": {"state": "active"}}
            return httpx.Response(200, json={"silenceID": name})
        if request.method == "DELETE":
            self.silences[path.rpartition("/")[2]]["status"] = {"state": "expired"}
            return httpx.Response(200)
        return httpx.Response(200, json=list(self.silences.values()))

    def _ops(self, request: httpx.Request, path: str) -> httpx.Response:
        name = path.split("/")[1]
        wanted = self.releases.state
        if name in wanted.stopped:
            raise httpx.ConnectError("refused")
        release = None if name in ("processor", "partner") else "the one it began with"
        told = {"service": name, "release": release, "generation": wanted.generations.get(name, 0)}
        told["status"] = "starting" if name in self.unhealthy else "ok"
        return httpx.Response(200, json=told)


class Waiting(threading.Event):
    """Waits by the world's clock."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def wait(self, timeout: float | None = None) -> bool:
        self._world.pass_(timeout or 0)
        return self.is_set()
