"""The client of the drill: what it sends, and what its refusals become."""

import json

import httpx
import pytest

from lab.clients.drill import Drill
from lab.errors import LabError, UsageError


def answering(status: int, body: object = None, whose: str = "team") -> tuple[Drill, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json=body)

    return Drill("http://warroom", "secret", whose, transport=httpx.MockTransport(answer)), asked


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        (lambda room: room.status(), "GET", "", None),
        (lambda room: room.start({"random": True}), "POST", "/start", {"random": True}),
        (lambda room: room.pause("lunch"), "POST", "/pause", {"why": "lunch"}),
        (lambda room: room.resume("back"), "POST", "/resume", {"why": "back"}),
        (lambda room: room.advance(), "POST", "/advance", {}),
        (lambda room: room.hint(), "POST", "/hint", {}),
        (lambda room: room.abort("fire"), "POST", "/abort", {"why": "fire"}),
        (lambda room: room.override("shown"), "POST", "/override", {"why": "shown"}),
        (lambda room: room.gate("shut", "talk"), "POST", "/gate/shut", {"why": "talk"}),
        (lambda room: room.assess("critical", "all"), "POST", "/assess", {"severity": "critical", "hurt": "all"}),
        (lambda room: room.note("so"), "POST", "/note", {"text": "so"}),
        (
            lambda room: room.act("restart", ["orders"], "stuck"),
            "POST",
            "/act",
            {"action": "restart", "on": ["orders"], "why": "stuck"},
        ),
        (lambda room: room.submit({"component": "x"}), "POST", "/submit", {"component": "x"}),
        (lambda room: room.probe({"path": "/"}), "POST", "/probes", {"path": "/"}),
        (lambda room: room.write("prevent", "tests"), "POST", "/write", {"part": "prevent", "text": "tests"}),
        (lambda room: room.close_drill(), "POST", "/close", {}),
        (lambda room: room.report(), "GET", "/report", None),
        (lambda room: room.history(), "GET", "/history", None),
        (lambda room: room.debrief(), "GET", "/debrief", None),
        (lambda room: room.deployment(), "GET", "/deploy", None),
        (lambda room: room.releases(), "GET", "/releases", None),
        (lambda room: room.verify(), "POST", "/verify", {}),
        (lambda room: room.verification(), "GET", "/verify", None),
        (lambda room: room.chain(), "GET", "/chain", None),
        (lambda room: room.bench(), "GET", "/review", None),
        (
            lambda room: room.settle({"patch-1": {"accept": True}}),
            "POST",
            "/review",
            {"decisions": {"patch-1": {"accept": True}}},
        ),
        (lambda room: room.proof(), "GET", "/guardrail", None),
        (lambda room: room.spec("# Spec"), "POST", "/spec", {"text": "# Spec"}),
        (lambda room: room.postmortem(), "GET", "/postmortem", None),
    ],
)
def test_each_call_is_one_request_with_the_token(call, method: str, path: str, body: object) -> None:
    room, asked = answering(200, {"answer": 1})
    with room:
        assert call(room) == {"answer": 1}
    (request,) = asked
    assert (request.method, request.url.path) == (method, f"/api/drill{path}")
    assert (json.loads(request.content) if request.content else None) == body
    assert request.headers["authorization"] == "Bearer secret"


def test_events_are_asked_for_from_where_one_was() -> None:
    room, asked = answering(200, [])
    room.events(after=7)
    assert asked[0].url == "http://warroom/api/drill/events?after=7"


def test_a_release_goes_as_it_was_packed() -> None:
    room, asked = answering(202, {"state": "running"})
    room.deploy(b"\x1f\x8b")
    assert (asked[0].content, asked[0].headers["content-type"]) == (b"\x1f\x8b", "application/gzip")


def test_a_guardrail_goes_with_its_workspace() -> None:
    room, asked = answering(202, {"running": True})
    room.prove(b"\x1f\x8b", "guardrails/lint/a.yml")
    assert (asked[0].content, asked[0].url.params["path"]) == (b"\x1f\x8b", "guardrails/lint/a.yml")


INSTRUCTORS = {
    "start a drill": lambda room: room.start({}),
    "pause the drill": lambda room: room.pause("x"),
    "let the drill go on": lambda room: room.resume("x"),
    "end a phase early": lambda room: room.advance(),
    "give a hint": lambda room: room.hint(),
    "abort the drill": lambda room: room.abort("x"),
    "accept a root cause by hand": lambda room: room.override("x"),
    "open the gate": lambda room: room.gate("open", "x"),
    "shut the gate": lambda room: room.gate("shut", "x"),
}


@pytest.mark.parametrize("may", INSTRUCTORS)
@pytest.mark.parametrize("status", [401, 403])
def test_what_only_an_instructor_may_says_how_to_be_one(may: str, status: int) -> None:
    room, _ = answering(status, {"detail": "This is not the instructor token of this lab."})
    with pytest.raises(UsageError) as raised:
        INSTRUCTORS[may](room)
    assert str(raised.value) == f"Only an instructor may {may}; add --as instructor."


def test_an_instructors_token_that_is_refused_is_not_told_to_become_one() -> None:
    room, _ = answering(403, {"detail": "This is not the instructor token of this lab."}, whose="instructor")
    with pytest.raises(LabError, match=r"does not take the instructor token: This is not") as raised:
        room.advance()
    assert not isinstance(raised.value, UsageError)


def test_a_team_that_is_refused_its_own_work_hears_why() -> None:
    room, _ = answering(401, {"detail": "Send the team token."})
    with pytest.raises(LabError, match="does not take the team token: Send the team token"):
        room.note("x")


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422, 423])
def test_a_refusal_is_the_callers_error_in_the_war_rooms_words(status: int) -> None:
    room, _ = answering(status, {"detail": "The drill is paused; hand it in when it goes on."})
    with pytest.raises(UsageError) as raised:
        room.submit({})
    assert str(raised.value) == "The drill is paused; hand it in when it goes on."


@pytest.mark.parametrize("body", [None, "no", {"detail": [{"loc": []}]}, {"detail": ""}])
def test_a_refusal_without_words_still_is_a_sentence(body: object) -> None:
    with pytest.raises(UsageError, match=r"refused .* 409"):
        answering(409, body)[0].advance()


def test_what_the_war_room_cannot_do_is_the_labs_error() -> None:
    with pytest.raises(LabError, match=r"could not \(503\): The database is away\.") as raised:
        answering(503, {"detail": "The database is away."})[0].report()
    assert not isinstance(raised.value, UsageError)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(httpx.ConnectError("refused"), r"does not answer \(refused\)"), (httpx.ReadTimeout("slow"), "took too long")],
)
def test_nobody_there_is_one_sentence(error: Exception, sentence: str) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(LabError, match=sentence):
        Drill("http://warroom", transport=httpx.MockTransport(fail)).status()


def test_another_program_on_that_port_is_seen() -> None:
    page = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>"))
    with pytest.raises(LabError, match="no JSON"):
        Drill("http://warroom", transport=page).status()
