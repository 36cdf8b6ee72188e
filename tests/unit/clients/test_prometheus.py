"""The client of Prometheus, against answers in its documented form."""

import math
from typing import Any

import httpx
import pytest

from lab.clients.prometheus import Prometheus, Series
from lab.errors import LabError


def answering(body: Any, status: int = 200) -> tuple[Prometheus, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json=body) if not isinstance(body, str) else httpx.Response(status, text=body)

    return Prometheus("http://prometheus", transport=httpx.MockTransport(answer)), asked


def vector(*values: str) -> dict:
    result = [{"metric": {"service": f"s{n}"}, "value": [1700000000.5, value]} for n, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def test_query_gives_labels_and_numbers() -> None:
    client, asked = answering(vector("1.5", "NaN", "+Inf"))
    with client:
        first, second, third = client.query("up > 0", at=1700000000.5)
    assert first == Series({"service": "s0"}, [(1700000000.5, 1.5)])
    assert math.isnan(second.value) and third.value == math.inf
    assert dict(asked[0].url.params) == {"query": "up > 0", "time": "1700000000.5"}


def test_query_without_a_time_leaves_it_to_prometheus() -> None:
    client, asked = answering(vector())
    assert client.query("up") == []
    assert "time" not in asked[0].url.params


def test_query_range_gives_points_in_order() -> None:
    result = [{"metric": {}, "values": [[10, "1"], [12, "2"]]}]
    client, asked = answering({"status": "success", "data": {"resultType": "matrix", "result": result}})
    (series,) = client.query_range("up", 10, 12, 2)
    assert (series.points, series.value) == ([(10.0, 1.0), (12.0, 2.0)], 2.0)
    assert dict(asked[0].url.params) == {"query": "up", "start": "10", "end": "12", "step": "2"}


def test_alerts_and_targets_are_given_as_they_are() -> None:
    client, _ = answering({"status": "success", "data": {"alerts": [{"state": "firing"}]}})
    assert client.alerts() == [{"state": "firing"}]
    client, _ = answering({"status": "success", "data": {"activeTargets": [{"health": "up"}], "droppedTargets": []}})
    assert client.targets() == [{"health": "up"}]


def test_a_scalar_is_no_vector() -> None:
    client, _ = answering({"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}})
    with pytest.raises(LabError, match="1 gives a scalar where a vector is needed"):
        client.query("1")


def test_a_refused_query_says_why() -> None:
    client, _ = answering({"status": "error", "errorType": "bad_data", "error": "parse error at char 3"}, 400)
    with pytest.raises(LabError, match="parse error at char 3"):
        client.query("up{")


@pytest.mark.parametrize("status", [200, 503])
def test_something_else_on_the_port_is_no_answer(status: int) -> None:
    client, _ = answering("Service Unavailable", status)
    with pytest.raises(LabError, match="does not answer"):
        client.alerts()


def test_nobody_there_is_one_sentence() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    with pytest.raises(LabError, match=r"does not answer \(connection refused\); see labctl status"):
        Prometheus("http://prometheus", transport=httpx.MockTransport(refuse)).alerts()
