"""The client of the proof: what it sends, and what its refusals become."""

import httpx
import pytest

from lab.clients.validation import Validation
from lab.errors import LabError, UsageError


def answering(status: int, body: object = None) -> tuple[Validation, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json=body) if body is not None else httpx.Response(status)

    return Validation("http://warroom", "secret", transport=httpx.MockTransport(answer)), asked


@pytest.mark.parametrize(
    ("call", "method", "path"),
    [
        (lambda room: room.described("one"), "GET", "/one"),
        (lambda room: room.make_new(), "POST", ""),
        (lambda room: room.mitigate("one"), "POST", "/one/mitigation"),
        (lambda room: room.try_out("one", None, 3), "POST", "/one/trial?seed=3"),
        (lambda room: room.try_out("one", "mend-it", 3), "POST", "/one/trial?seed=3&fix=mend-it"),
        (lambda room: room.latest(), "GET", ""),
        (lambda room: room.end(), "DELETE", ""),
    ],
)
def test_what_is_asked(call, method: str, path: str):
    room, asked = answering(200, {"running": True})
    with room:
        call(room)
    (request,) = asked
    assert (request.method, request.url.raw_path.decode()) == (method, f"/api/validation{path}")
    assert request.headers["authorization"] == "Bearer secret"


def test_only_what_was_taken_on_has_begun():
    room, _ = answering(202, {"running": True})
    assert not room.begun
    room.make_new()
    assert room.begun
    room, _ = answering(409, {"detail": "A drill is under way."})
    with pytest.raises(UsageError):
        room.make_new()
    assert not room.begun


def test_the_end_needs_no_answer():
    assert answering(204)[0].end() is None


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (409, {"detail": "A drill is under way."}, UsageError, "A drill is under way"),
        (404, {"detail": "There is no scenario 'x'."}, UsageError, "no scenario"),
        (404, ["?"], UsageError, "refused it with 404"),
        (403, {"detail": "no"}, LabError, "instructor token"),
        (503, {"detail": "Prometheus is away."}, LabError, "Prometheus is away"),
    ],
)
def test_refusals(status: int, body: object, error: type[LabError], words: str):
    with pytest.raises(error, match=words):
        answering(status, body)[0].latest()


def test_nobody_answers():
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(LabError, match="does not answer"):
        Validation("http://warroom", "secret", transport=httpx.MockTransport(refuse)).latest()
