import json

import httpx
import pytest

from lab.clients.load import Load
from lab.errors import LabError, UsageError


def load(answer) -> Load:
    return Load("http://load", transport=httpx.MockTransport(answer))


def test_it_starts_and_stops_by_name():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path, request.content and json.loads(request.content)))
        return httpx.Response(200, json={})

    client = load(answer)
    client.start("flash-sale", {"size": 48})
    client.stop("flash-sale")
    assert asked == [
        ("POST", "/profiles/flash-sale/start", {"size": 48}),
        ("POST", "/profiles/flash-sale/stop", b""),
    ]


def test_what_the_load_refuses_is_the_callers_error_in_the_loads_words():
    client = load(lambda request: httpx.Response(404, json={"detail": "There is no profile 'x'."}))
    with pytest.raises(UsageError, match="There is no profile 'x'"):
        client.start("x")


def test_a_refusal_without_words_still_is_a_sentence():
    with pytest.raises(UsageError, match="refused the request with 405"):
        load(lambda request: httpx.Response(405, text="no")).start("x")


def test_a_load_that_is_away_or_broken_is_the_labs_error():
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    for answer in (away, lambda request: httpx.Response(500)):
        with pytest.raises(LabError, match="labctl logs load") as raised:
            load(answer).profiles()
        assert not isinstance(raised.value, UsageError)
