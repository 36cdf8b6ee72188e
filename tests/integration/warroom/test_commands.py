"""The drill's commands against the war room itself: what one says, the other understands."""

import asyncio
import functools
import json
from typing import Any

import httpx
import pytest

from lab import cli
from lab.cli import options
from lab.cli.drill import session, start
from lab.clients.drill import Drill
from lab.workspace import Workspace
from tests.integration.warroom.conftest import TOKENS, Stage
from tests.workspaces import checkout

INSTRUCTOR = ("--as", "instructor")


@pytest.fixture
def stage(stage: Stage, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """With commands that find it. Whoever looks at the status gives it the time to prepare a drill."""

    def answer(request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(stage.app)) as client:
                return await client.request(
                    request.method, request.url, content=request.content, headers=request.headers
                )

        given = asyncio.run(ask())
        if (request.method, request.url.path) == ("GET", "/api/drill"):
            stage.prepared()
        return httpx.Response(given.status_code, content=given.content, headers=given.headers)

    monkeypatch.delenv("LAB_TOKEN", raising=False)
    monkeypatch.setattr(options, "endpoint", lambda name, service: f"http://{service}")
    monkeypatch.setattr(options, "token", lambda name, whose: TOKENS[whose])
    monkeypatch.setattr(session, "Drill", functools.partial(Drill, transport=httpx.MockTransport(answer)))
    monkeypatch.setattr(start, "POLL_S", 0)
    workspace = Workspace(tmp_path / "workspace", checkout(tmp_path / "checkout"))
    monkeypatch.setattr(session, "workspace", lambda name: workspace)
    return stage


@pytest.fixture
def drill(stage: Stage, capsys):
    """`drill("status", code=0)` gives what the command printed and complained of."""

    def run(*words: str, code: int = 0) -> str:
        assert cli.main(["drill", *words]) == code
        said = capsys.readouterr()
        return said.out + said.err

    return run


def of(printed: str) -> Any:
    return json.loads(printed)


def test_a_drill_by_commands_alone(stage: Stage, drill) -> None:
    assert "No drill so far" in drill("status")
    assert "Only an instructor may start a drill; add --as instructor." in drill("start", "flash-sale", code=2)
    said = drill("start", "flash-sale", "--now", "--seed", "7", "--team", "blue", "--assessment", *INSTRUCTOR)
    assert "Drill d-1 is armed." in said and "on branch drill/d-1" in said
    assert drill("status").startswith("armed\n")
    assert "A drill is under way" in drill("start", "--random", *INSTRUCTOR, code=2)
    assert "nobody has been paged yet" in drill("assess", "critical", "buyers", code=2)

    stage.until(lambda: stage.kinds()[-1] == "triggered")
    stage.page()
    stage.tick()
    assert drill("status").startswith("alerting  5:00 left  0:00 since the page\n")
    drill("assess", "critical", "Everybody who buys.")
    assert drill("hint", *INSTRUCTOR) == "What is it that customers see?\n"
    drill("note", "Pools are full.")
    assert "what runs is flash-sale" in drill("act", "stop-job", "nightly", "--why", "looks odd", code=2)
    assert "stop-job flash-sale: done" in drill("act", "stop-job", "flash-sale", "--why", "stops the harm")
    drill("pause", "--why", "lunch", *INSTRUCTOR)
    assert drill("status").startswith("dark-room  paused  ")
    drill("resume", "--why", "eaten", *INSTRUCTOR)
    assert "The answer is told when the drill is over." in drill("debrief", code=2)
    assert "in ai-fix" in drill("override", "--why", "shown on paper", *INSTRUCTOR)
    drill("gate", "shut", "--why", "talk first", *INSTRUCTOR)
    assert "The instructor has shut the gate." in drill("status")
    drill("gate", "open", "--why", "talked", *INSTRUCTOR)
    assert "baseline runs again." in drill("rollback", "--why", "to be sure")
    assert "in post-mortem" in drill("advance", *INSTRUCTOR)
    drill("write", "prevent", "Pass it along.")
    assert "owes a verified fix" in drill("close", code=3)

    status = of(drill("status", "--json"))
    assert (status["phase"], status["team"], status["outcome"]) == ("closed", "blue", "incomplete")
    kinds = [one["what"]["kind"] for one in of(drill("events", "--json"))]
    assert kinds[:2] == ["armed", "quiet"] and {"assessed", "noted", "acted", "rolled-back", "closed"} <= set(kinds)
    assert len(drill("events").splitlines()) == len(kinds)
    report = of(drill("report", "--json"))
    assert (report["hints"], report["outcome"]) == (1, "incomplete")
    assert "Prevent\nPass it along." in drill("report") and "d-1" in drill("history")
    assert "# What it was" in drill("debrief") and "1. The beginning had come about" in drill("chain")


def test_following_ends_when_the_drill_does(stage: Stage, drill) -> None:
    drill("start", "--random", *INSTRUCTOR)
    drill("abort", "--why", "fire alarm", *INSTRUCTOR)
    assert "aborted  why fire alarm" in drill("events", "--follow")
    assert "fire alarm" in drill("status")


def test_a_drill_that_cannot_be_prepared_says_why(stage: Stage, drill) -> None:
    stage.world.down.add("load")
    said = drill("start", "flash-sale", *INSTRUCTOR, code=1)
    assert "The drill was aborted: the lab could not be prepared." in said


def test_a_lab_without_drills_says_what_is_missing(stage: Stage, drill) -> None:
    stage.releases = None
    stage.open()
    assert "RELEASES_DIR" in drill("start", "--random", *INSTRUCTOR, code=1)


def test_a_token_that_is_nobodys_is_said_to_be(stage: Stage, drill, monkeypatch) -> None:
    monkeypatch.setenv("LAB_TOKEN", "x" * 48)
    assert "does not take the LAB_TOKEN token: This is neither" in drill("note", "hello", code=1)
