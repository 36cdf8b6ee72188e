"""The golden signals and the map: what is asked of Prometheus and of the traces, and what is made of the answers."""

import itertools
import json

import httpx
import pytest
from warroom.calls import Calls
from warroom.golden import KEPT, SIGNALS, STEP_S, Golden

from lab.clients.prometheus import Prometheus
from lab.clients.traces import Traces
from lab.errors import LabError


class Stores:
    """Prometheus and the traces; `values` gives a signal's value by (service, signal)."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.values: dict[tuple[str, str], float] = {("billing", "rps"): 6.66666}
        self.edges = [{"parent": "customers", "child": "billing", "callCount": 3}]
        self.away = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.away:
            raise httpx.ConnectError("no route")
        if request.url.path == "/api/dependencies":
            return httpx.Response(200, json={"data": self.edges})
        asked = request.url.params
        if request.url.path.endswith("query_range"):
            start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
            times = [start + step * n for n in range(round((end - start) / step) + 1)]
            result = [
                {"metric": {"service": name, "signal": signal}, "values": [[at, str(value)] for at in times]}
                for (name, signal), value in self.values.items()
            ]
            return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": result}})
        result = [
            {"metric": {"service": "customers", "peer": "billing", "signal": signal}, "value": [0, value]}
            for signal, value in (("rps", "6.5"), ("errors", "NaN"))
        ]
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": result}})


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def prometheus(stores: Stores) -> Prometheus:
    return Prometheus("http://prometheus", transport=httpx.MockTransport(stores))


class Clock:
    now = 1_000_001.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_past_is_asked_for_once_and_then_only_what_is_new(
    prometheus: Prometheus, stores: Stores, clock: Clock
) -> None:
    golden = Golden(prometheus, clock)
    past = golden.history()
    assert len(past["at"]) == KEPT and past["at"][-1] == 1_000_000.0
    assert past["services"]["billing"]["rps"] == [6.667] * KEPT
    assert past["services"]["billing"]["errors"] == [None] * KEPT
    clock.now += STEP_S
    assert golden.latest() == {"at": 1_000_002.0, "services": {"billing": {"rps": 6.667}}}
    asked = [request.url.params for request in stores.asked]
    assert (asked[-1]["start"], asked[-1]["end"]) == ("1000002.0", "1000002.0")
    assert len(golden.history()["at"]) == KEPT
    assert len(asked) == 2


def test_within_a_step_nobody_is_asked_again(prometheus: Prometheus, stores: Stores, clock: Clock) -> None:
    golden = Golden(prometheus, clock)
    first = golden.latest()
    clock.now += 0.5
    assert golden.latest() == first
    assert len(stores.asked) == 1


def test_after_a_while_without_viewers_the_gap_is_filled(prometheus: Prometheus, stores: Stores, clock: Clock) -> None:
    golden = Golden(prometheus, clock)
    golden.latest()
    clock.now += 100
    at = golden.history()["at"]
    assert [b - a for a, b in itertools.pairwise(at)] == [STEP_S] * (KEPT - 1)
    clock.now += 100 * KEPT
    assert len(golden.history()["at"]) == KEPT


def test_what_is_no_figure_is_left_out(prometheus: Prometheus, stores: Stores, clock: Clock) -> None:
    stores.values = {("billing", "p99_s"): float("nan"), ("orders", "p99_s"): float("inf"), ("orders", "rps"): 0.0}
    found = Golden(prometheus, clock).history()
    assert "billing" not in found["services"]
    assert found["services"]["orders"]["p99_s"] == [None] * KEPT
    json.dumps(found, allow_nan=False)


def test_without_prometheus_there_is_a_sentence_and_later_the_whole_past(
    prometheus: Prometheus, stores: Stores, clock: Clock
) -> None:
    golden = Golden(prometheus, clock)
    stores.away = True
    with pytest.raises(LabError, match="Prometheus does not answer"):
        golden.latest()
    stores.away = False
    assert len(golden.history()["at"]) == KEPT
    assert set(found := golden.history()["services"]["billing"]) == set(SIGNALS), found


def test_the_map_is_drawn_from_traces_now_and_then_and_its_figures_each_time(
    prometheus: Prometheus, stores: Stores, clock: Clock
) -> None:
    stores.edges.append({"parent": "warroom", "child": "orders", "callCount": 1})
    calls = Calls(Traces("http://traces", transport=httpx.MockTransport(stores)), prometheus, clock)
    assert calls.latest() == [
        {"caller": "customers", "callee": "billing", "rps": 6.5, "errors": None, "p99_s": None},
    ]
    clock.now += 2
    calls.latest()
    paths = [request.url.path for request in stores.asked]
    assert paths == ["/api/dependencies", "/api/v1/query", "/api/v1/query"]
    clock.now += 10
    calls.latest()
    assert paths.count("/api/dependencies") + 1 == sum(
        request.url.path == "/api/dependencies" for request in stores.asked
    )


def test_without_figures_it_is_still_a_map(stores: Stores, clock: Clock) -> None:
    away = Prometheus("http://prometheus", transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    calls = Calls(Traces("http://traces", transport=httpx.MockTransport(stores)), away, clock)
    assert calls.latest() == [{"caller": "customers", "callee": "billing", "rps": None, "errors": None, "p99_s": None}]
