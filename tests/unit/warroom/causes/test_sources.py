"""What the lab is asked, and how often."""

import json

import httpx
import pytest
from warroom.causes.database import Database
from warroom.causes.sources import LabSources

from lab.clients.logs import Logs
from lab.clients.prometheus import Prometheus
from lab.clients.traces import Traces
from lab.drill.facts import Window
from lab.errors import LabError, UsageError

WINDOW = Window(1_000.0, 1_060.0)
TRACE = {"traceID": "ab" * 16, "spans": [], "processes": {}}
LINE = {"ts": "2026-11-23T06:00:00Z", "service": "billing", "event": "request", "trace_id": "ab" * 16}
SERIES = {"metric": {"service": "billing"}, "values": [[1_000, "1"], [1_002, "NaN"]]}


class Lab:
    def __init__(self) -> None:
        self.asked: list[httpx.URL] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        match request.url.path.split("/"):
            case ["", "api", "traces", trace_id]:
                if trace_id != TRACE["traceID"]:
                    return httpx.Response(404, json={"data": [], "errors": [{"msg": "trace not found"}]})
                return httpx.Response(200, json={"data": [TRACE]})
            case ["", "api", "traces"]:
                return httpx.Response(200, json={"data": [TRACE]})
            case ["", "api", "logs"]:
                return httpx.Response(200, json={"data": [LINE], "cursor": "1"})
            case ["", "api", "v1", "query_range"]:
                body = {"status": "success", "data": {"resultType": "matrix", "result": [SERIES]}}
                return httpx.Response(200, text=json.dumps(body))
        raise AssertionError(request.url)


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture
def sources(lab: Lab) -> LabSources:
    asked = httpx.MockTransport(lab)
    url = "http://lab.test"
    return LabSources(
        Traces(url, transport=asked), Logs(url, transport=asked), Prometheus(url, transport=asked), Database("")
    )


def test_a_trace_is_found_or_there_is_none(sources):
    assert sources.trace("AB" * 16).id == TRACE["traceID"]
    assert sources.trace("cd" * 16) is None
    with pytest.raises(UsageError, match="no trace id"):
        sources.trace("it was slow")


def test_times_are_the_stores(sources, lab):
    sources.traces("billing", WINDOW, 7)
    sources.lines("ab" * 16)
    sources.requests(WINDOW)
    traces, lines, requests = (dict(url.params) for url in lab.asked)
    assert traces == {"service": "billing", "start": "1000000000", "end": "1060000000", "limit": "7"}
    assert lines["trace_id"] == "ab" * 16
    assert (requests["start"], requests["end"]) == ("1000000000", "1060000000")


def test_series_are_read_every_two_seconds(sources, lab):
    (found,) = sources.series("up", WINDOW)
    assert (found.labels, found.finite) == ({"service": "billing"}, [1.0])
    assert dict(lab.asked[0].params) == {"query": "up", "start": "1000.0", "end": "1060.0", "step": "2.0"}


def test_nothing_is_asked_twice(sources, lab):
    for _ in range(3):
        sources.trace("ab" * 16)
        sources.traces("billing", WINDOW, 7)
        sources.series("up", WINDOW)
        sources.requests(WINDOW)
    assert len(lab.asked) == 4
    sources.series("up", Window(1_100.0, 1_200.0))
    assert len(lab.asked) == 5


def test_a_store_that_is_away_is_no_mistake_of_the_team():
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    transport = httpx.MockTransport(away)
    url = "http://lab.test"
    broken = LabSources(
        Traces(url, transport=transport),
        Logs(url, transport=transport),
        Prometheus(url, transport=transport),
        Database(""),
    )
    for ask in (lambda: broken.trace("ab" * 16), lambda: broken.lines("ab" * 16), lambda: broken.series("up", WINDOW)):
        with pytest.raises(LabError, match="does not answer") as failed:
            ask()
        assert not isinstance(failed.value, UsageError)
