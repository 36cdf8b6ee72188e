"""The client of the pager: what it sends, and what its refusals become."""

import httpx
import pytest

from lab.clients.warroom import Warroom
from lab.errors import LabError, UsageError


def answering(status: int, body: object = None) -> tuple[Warroom, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json=body)

    return Warroom("http://warroom", "secret", transport=httpx.MockTransport(answer)), asked


def test_pages_are_given_as_they_are() -> None:
    client, asked = answering(200, [{"id": "p-1"}])
    with client:
        assert client.pages(limit=5) == [{"id": "p-1"}]
    assert asked[0].url == "http://warroom/api/pages?limit=5"


def test_acknowledging_carries_the_token_and_quotes_the_id() -> None:
    client, asked = answering(200, {"id": "p-1"})
    client.acknowledge("p-1")
    client.acknowledge("../x")
    assert [request.url.raw_path for request in asked] == [b"/api/pages/p-1/ack", b"/api/pages/..%2Fx/ack"]
    assert asked[0].headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (401, LabError, "team token"),
        (403, LabError, "team token"),
        (404, UsageError, "labctl pages"),
        (500, LabError, "500"),
    ],
)
def test_refusals_are_sentences(status: int, error: type[LabError], sentence: str) -> None:
    client, _ = answering(status, {})
    with pytest.raises(error, match=sentence):
        client.acknowledge("p-1")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [({"detail": "The query is refused by the database: no such table; correct it."}, "no such table"), ([], "422")],
)
def test_what_the_database_refuses_is_said_in_its_words(body: object, sentence: str) -> None:
    client, asked = answering(422, body)
    with pytest.raises(UsageError, match=sentence):
        client.query("SELECT * FROM nowhere")
    assert (asked[0].url.path, asked[0].read()) == ("/api/sql", b'{"statement":"SELECT * FROM nowhere"}')


def test_nobody_there_is_one_sentence() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    with pytest.raises(LabError, match=r"does not answer \(connection refused\)"):
        Warroom("http://warroom", transport=httpx.MockTransport(refuse)).pages()
