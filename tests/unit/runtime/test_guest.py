"""A lab that runs elsewhere: where its parts are, who asks, and what is not a guest's to do."""

from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from lab.cli import labctl, sql
from lab.clients.warroom import Warroom
from lab.errors import UsageError
from lab.runtime import choice
from lab.runtime.base import Silent
from lab.runtime.guest import GuestRuntime
from lab.runtime.state import State

HERE = "http://127.0.0.1:8400"


def answering(status: int) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(status, json={"data": []}))


def nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_URL", HERE)
    monkeypatch.setenv("LAB_TOKEN", "t" * 48)


def test_the_environment_says_that_one_is_a_guest(guest: None, tmp_path: Path) -> None:
    assert choice.of(State("main", tmp_path)).kind == "guest"


def test_an_empty_address_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAB_URL", " ")
    assert choice.of(State("main", tmp_path)).kind != "guest"


@pytest.mark.parametrize(
    ("url", "service", "there"),
    [
        (HERE, "warroom", "http://127.0.0.1:8400"),
        (f"{HERE}/", "prometheus", "http://127.0.0.1:8490"),
        ("http://127.0.0.1:8700", "logs", "http://127.0.0.1:8709"),
        ("https://lab.example:8400", "load", "https://lab.example:8408"),
        ("http://[::1]:8400", "billing", "http://[::1]:8401"),
        (HERE, "grafana", "http://127.0.0.1:8491"),
        (HERE, "postgres", "http://127.0.0.1:8400/api/sql"),
    ],
)
def test_everything_lies_beside_the_war_room(url: str, service: str, there: str) -> None:
    assert GuestRuntime("main", url).endpoint(service) == there


@pytest.mark.parametrize(
    ("transport", "port"), [(answering(200), 8494), (answering(502), 8409), (httpx.MockTransport(nobody), 8409)]
)
def test_traces_are_where_jaegers_api_answers(transport: httpx.MockTransport, port: int) -> None:
    assert GuestRuntime("main", HERE, transport=transport).endpoint("traces") == f"http://127.0.0.1:{port}"


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(UsageError, match="there are warroom, billing"):
        GuestRuntime("main", HERE).endpoint("mainframe")


@pytest.mark.parametrize("url", ["127.0.0.1:8400", "http://127.0.0.1", "ftp://x:8400", "http://x:8400/y", "http://x:z"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no war room's address"):
        GuestRuntime("main", url)


@pytest.mark.parametrize("token", ["", "two words"])
def test_without_a_token_it_says_who_has_one(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("LAB_TOKEN", token)
    with pytest.raises(UsageError, match="labctl token team"):
        GuestRuntime("main", HERE).token("team")


def test_the_token_is_the_environments(guest: None) -> None:
    assert GuestRuntime("main", HERE).token("instructor") == "t" * 48


def test_what_is_not_a_guests_is_refused() -> None:
    lab = GuestRuntime("main", HERE)
    for ask in (
        lambda: lab.up(Silent()),
        lambda: lab.down(Silent(), purge=True),
        lambda: lab.restart(["billing"], Silent()),
        lambda: lab.stop(["billing"]),
        lab.restore,
        lab.status,
        lambda: lab.logs("billing"),
    ):
        with pytest.raises(UsageError, match="for whoever runs it"):
            ask()


@pytest.mark.parametrize("words", ["up", "down", "panic", "status", "restart billing", "logs prometheus"])
def test_a_command_that_is_not_a_guests_says_so(guest: None, words: str) -> None:
    with pytest.raises(UsageError, match=f"runs elsewhere, at {HERE}"):
        CliRunner().invoke(labctl, words.split(), catch_exceptions=False)


def test_a_guests_query_goes_by_the_war_room(
    guest: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"columns": ["n"], "rows": [["1"], [None]], "whole": False})

    def warroom(url: str, token: str) -> Warroom:
        return Warroom(url, token, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(sql, "Warroom", warroom)
    assert sql.by_the_war_room("main", "SELECT 1") == (["n"], [("1",), (None,)])
    assert (asked[0].url, asked[0].headers["authorization"]) == (f"{HERE}/api/sql", f"Bearer {'t' * 48}")
    assert "the first 2 rows" in capsys.readouterr().err
