import json

import httpx
import pytest

from lab.clients.traces import Traces
from lab.errors import LabError, UsageError


def client(answer) -> Traces:
    return Traces("http://store", transport=httpx.MockTransport(answer))


def envelope(data=None, *messages: str) -> dict:
    return {"data": data, "total": 0, "limit": 0, "offset": 0, "errors": [{"msg": text} for text in messages] or None}


def test_get() -> None:
    with client(lambda request: httpx.Response(200, json=envelope([{"traceID": request.url.path}]))) as traces:
        assert traces.get("FF") == {"traceID": f"/api/traces/{'ff'.zfill(32)}"}


def test_a_trace_that_is_not_there() -> None:
    # Jaeger says so as text/plain.
    answer = httpx.Response(404, text=json.dumps(envelope(None, "trace not found")) + "\n")
    with (
        client(lambda _: answer) as traces,
        pytest.raises(LabError, match=r"There is no trace 00ff: .* kept [(]4 hours"),
    ):
        traces.get("00ff")


@pytest.mark.parametrize("wrong", ["", "../services", "x", "00 ff", "0" * 33])
def test_what_is_no_trace_id_is_not_asked_for(wrong: str) -> None:
    with client(lambda _: pytest.fail("asked")) as traces, pytest.raises(UsageError, match="is no trace id"):
        traces.get(wrong)


def test_search_leaves_out_what_is_not_given() -> None:
    asked = {}

    def answer(request: httpx.Request) -> httpx.Response:
        asked.update(request.url.params)
        return httpx.Response(200, json=envelope([]))

    with client(answer) as traces:
        assert traces.search("orders", tags={"error": "true"}, min_duration="1s", limit=3) == []
    assert asked == {"service": "orders", "tags": '{"error": "true"}', "minDuration": "1s", "limit": "3"}


def test_null_is_an_empty_list() -> None:
    with client(lambda _: httpx.Response(200, json=envelope(None))) as traces:
        assert (traces.search("x"), traces.dependencies(end=1, lookback=1)) == ([], [])


def test_a_refusal_is_passed_on() -> None:
    answer = httpx.Response(400, text=json.dumps(envelope(None, "parameter 'service' is required")))
    with client(lambda _: answer) as traces, pytest.raises(UsageError, match="parameter 'service' is required"):
        traces.search("")


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"errors": null}', '{"data": 1'])
def test_an_answer_that_is_not_jaegers(body: str) -> None:
    for status in (200, 502):
        if (status, body) == (200, '{"errors": null}'):
            continue
        with (
            client(lambda _, s=status: httpx.Response(s, text=body)) as traces,
            pytest.raises(LabError, match="not Jaeger"),
        ):
            traces.search("x")


def test_nobody_answers() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    with client(refuse) as traces, pytest.raises(LabError, match="does not answer"):
        traces.search("x")
