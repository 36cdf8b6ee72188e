"""start: refused before anything is sent, followed until it is armed, and a branch in the workspace."""

import pytest

from lab import cli
from lab.cli.drill import start
from lab.workspace import Workspace

from .conftest import STATUS, Room

ARMED = STATUS | {"phase": "armed", "remaining_s": None, "preparing": ""}
PREPARING = ARMED | {"preparing": "restoring the database"}
INSTRUCTOR = ["--as", "instructor"]


def started(*words: str) -> int:
    return cli.main(["drill", "start", *words, *INSTRUCTOR])


def test_it_says_what_is_prepared_until_the_drill_is_armed(room: Room, lab, workspace: Workspace, capsys) -> None:
    room.says("POST /start", PREPARING, status=202)
    room.says("GET ", PREPARING, PREPARING | {"preparing": "waiting for health"}, ARMED)
    assert started("flash-sale", "--seed", "7", "--now", "--pace", "60", "--profile", "180", "--team", "night") == 0
    assert room.sent == [
        ("/start", {"scenario": "flash-sale", "seed": 7, "now": True, "pace": 60.0, "profile": "180", "team": "night"})
    ]
    assert set(room.tokens()) == {lab.token("instructor")}
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == [
        "  restoring the database",
        "  waiting for health",
        "Drill d-1 is armed. Nobody has been paged yet; the pager goes off by itself.",
    ]
    assert workspace.branch == "drill/d-1"


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["--random"], {"random": True}),
        (["--control", "--assessment"], {"control": True, "assessment": True}),
        (["--random", "--seed", "0"], {"random": True, "seed": 0}),
    ],
)
def test_only_what_is_said_is_sent(room: Room, workspace: Workspace, words: list[str], body: dict) -> None:
    room.says("POST /start", ARMED, status=202)
    assert started(*words) == 0
    assert room.sent == [("/start", body)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "one of them"),
        (["flash-sale", "--random"], "one of them"),
        (["--random", "--control"], "one of them"),
        (["no-such"], "There is no scenario 'no-such'; there are "),
        (["common"], "There is no scenario 'common'"),
        (["--random", "--pace", "0"], "pace"),
        (["--random", "--pace", "nan"], "pace"),
        (["--random", "--seed", "-1"], "seed"),
        (["--random", "--profile", "90"], "'60'"),
        (["--random", "--pace", "601"], "pace"),
        (["--random", "--team", " "], "cannot be called ' '"),
        (["--random", "--team", "x" * 41], "up to 40 letters"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_sent(room: Room, capsys, words: list[str], sentence: str) -> None:
    assert started(*words) == 2
    assert sentence in capsys.readouterr().err
    assert room.asked == []


def test_a_preparation_that_fails_says_why(room: Room, workspace: Workspace, capsys) -> None:
    room.says("POST /start", PREPARING, status=202)
    room.says("GET ", PREPARING, ARMED | {"phase": "aborted", "why": "The lab could not be prepared. Orders is away."})
    assert started("--random") == 1
    assert (
        "The drill was aborted: the lab could not be prepared. Orders is away; if customers are not served"
        in capsys.readouterr().err
    )
    assert not workspace.exists()


def test_a_preparation_without_end_is_given_up(room: Room, workspace: Workspace, monkeypatch, capsys) -> None:
    monkeypatch.setattr(start, "LIMIT_S", 0)
    room.says("POST /start", PREPARING, status=202)
    room.says("GET ", PREPARING)
    assert started("--random") == 1
    assert "not armed after 0 s (restoring the database)" in capsys.readouterr().err


def test_without_git_nothing_is_started(room: Room, monkeypatch, capsys) -> None:
    monkeypatch.setenv("PATH", "")
    assert started("--random") == 1
    assert "git is not on PATH; install it" in capsys.readouterr().err
    assert room.asked == []
