"""When something first showed, of stores that give no more than so much at once and forget."""

import json
from collections.abc import Iterator

import httpx
import pytest
from warroom.causes import firsts
from warroom.causes.firsts import Firsts, Gone
from warroom.causes.settings import CauseSettings

from lab.drill.chain import Link, Sign
from lab.drill.facts import Window
from lab.errors import LabError

WINDOW = Window(1_000.0, 1_100.0)
SLOW = {
    "trace": {
        "said": "a request to shop of two seconds",
        "service": "shop",
        "spans": [{"service": "shop", "at_least_s": 2}],
    }
}
LATE = {"log": {"said": "shop, event request, that took long", "service": "shop", "numbers": {"duration_ms": 2000}}}
TWICE = {
    "log": {"said": "shop, accepted twice with one key", "service": "shop", "event": "accepted", "repeated": "key"}
}


class Stores:
    """Answers as Jaeger, the log store and Prometheus do; `traces` are (start, seconds), `lines` (at, fields)."""

    def __init__(self) -> None:
        self.traces: list[tuple[float, float]] = []
        self.lines: list[tuple[float, dict]] = []
        self.points: list[tuple[float, str]] = []
        self.up = True
        self.asked: list[httpx.QueryParams] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        self.asked.append(asked)
        if request.url.path == "/api/v1/query_range":
            points = self.points if asked["query"] != "count(up)" else [(1_000, "7")] * self.up
            rows = [{"metric": {}, "values": points}] if points else []
            return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": rows}})
        start, end, limit = (float(asked["start"]) / 1e6, float(asked["end"]) / 1e6, int(asked["limit"]))
        if request.url.path == "/api/traces":
            found = [_trace(at, seconds) for at, seconds in sorted(self.traces) if start <= at <= end][-limit:]
            return httpx.Response(200, json={"data": found})
        found = [_record(at, fields) for at, fields in self.lines if start <= at <= end][-limit:]
        return httpx.Response(200, json={"data": found, "cursor": ""})


def _trace(at: float, seconds: float) -> dict:
    span = {
        "spanID": "01",
        "operationName": "GET /",
        "references": [],
        "startTime": int(at * 1e6),
        "duration": int(seconds * 1e6),
        "tags": [],
        "processID": "p1",
    }
    return {"traceID": "ab" * 16, "spans": [span], "processes": {"p1": {"serviceName": "shop", "tags": []}}}


def _record(at: float, fields: dict) -> dict:
    stamp = f"1970-01-01T00:{int(at) // 60:02}:{at % 60:06.3f}+00:00"
    return {"ts": stamp, "service": "shop", "event": "request", "trace_id": "ab" * 16, "span_id": None} | fields


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def asking(stores: Stores) -> Iterator[Firsts]:
    with Firsts.open(CauseSettings(), httpx.MockTransport(stores)) as found:
        yield found


def first(asking: Firsts, sign: object) -> float | None:
    return asking.first(Sign.model_validate(sign), WINDOW, 900.0)


def test_an_expression_shows_from_its_first_value_on(asking: Firsts, stores: Stores):
    stores.points = [(1_010, "NaN"), (1_012, "3"), (1_014, "4")]
    assert first(asking, "metric:max(waiting) > 2") == 1_012
    assert stores.asked[0]["query"] == "max(waiting) > 2"
    stores.points = []
    assert first(asking, "metric:max(waiting) > 2") is None


def test_the_first_of_many_traces_is_found(asking: Firsts, stores: Stores, monkeypatch: pytest.MonkeyPatch):
    """The store gives the latest; so much fits into a piece that it has to be looked at in smaller ones."""
    monkeypatch.setattr(firsts, "MOST_TRACES", 4)
    stores.traces = [(1_000 + n, 0.1) for n in range(100)] + [(1_047.3, 2.5), (1_052.0, 3.0), (1_090.0, 3.0)]
    assert first(asking, SLOW) == pytest.approx(1_047.3)


def test_where_there_is_little_much_time_is_looked_through_at_once(asking: Firsts, stores: Stores):
    stores.traces = [(1_001, 0.1), (9_990, 2.5)]
    assert asking.first(Sign.model_validate(SLOW), Window(1_000, 11_000), 900.0) == pytest.approx(9_990)
    assert len(stores.asked) < 12


def test_it_does_not_look_for_ever(asking: Firsts, stores: Stores, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(firsts, "MOST_TRACES", 1)
    monkeypatch.setattr(firsts, "MOST_ASKED", 20)
    stores.traces = [(1_000 + n, 0.1) for n in range(100)]
    with pytest.raises(LabError, match=r"more than can be looked through, from \d+ s on"):
        first(asking, SLOW)


def test_a_line_and_one_that_says_again_what_another_trace_said(asking: Firsts, stores: Stores):
    stores.lines = [(1_003, {"duration_ms": 3}), (1_044.5, {"duration_ms": 2500}), (1_060, {"duration_ms": 2600})]
    assert first(asking, LATE) == pytest.approx(1_044.5)
    stores.lines = [
        (at, {"event": "accepted", "key": key, "trace_id": trace * 16})
        for at, key, trace in ((1_001, "k-1", "aa"), (1_002, "k-1", "aa"), (1_050, "k-2", "bb"), (1_071, "k-1", "cc"))
    ]
    assert first(asking, TWICE) == pytest.approx(1_071)


def test_what_did_not_show_is_told_from_what_is_gone(asking: Firsts, stores: Stores):
    stores.traces, stores.lines = [(1_001, 0.1)], [(1_001, {})]
    assert first(asking, SLOW) is first(asking, LATE) is first(asking, "metric:x > 1") is None
    stores.traces, stores.lines, stores.up = [], [], False
    for sign, what in ((SLOW, "traces"), (LATE, "logs"), ("metric:x > 1", "metrics")):
        with pytest.raises(Gone, match=f"The {what} of that time are gone"):
            first(asking, sign)


@pytest.mark.parametrize(
    "sign",
    ["up", "trace:something", {}, {"metric": "up", "sql": "SELECT 1"}, {"trace": {"said": "x" * 20, "service": "a"}}],
)
def test_what_cannot_be_looked_for_is_no_sign(sign: object):
    with pytest.raises(ValueError):
        Sign.model_validate(sign)


def test_people_are_told_what_was_looked_for():
    signs = ["metric: up > 1", "sql:SELECT 1", SLOW, LATE]
    told = [str(Link(link="x" * 20, first_shown_by=sign).first_shown_by) for sign in signs]
    assert told[:2] == ["metric:up > 1", "sql:SELECT 1"]
    assert told[2] == "trace:a request to shop of two seconds" and told[3].startswith("log:shop, event")
    assert json.dumps(told)
