"""A lab that is up, with a war room that answers what it was told to."""

import functools
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab.cli import options
from lab.cli.drill import release, session, start
from lab.clients.drill import Drill
from lab.runtime.base import Silent
from lab.workspace import Workspace
from tests.runtimes import FakeRuntime
from tests.workspaces import checkout

STATUS = {
    "id": "d-1",
    "phase": "dark-room",
    "elapsed_s": 510.0,
    "remaining_s": 1290.4,
    "paused": False,
    "page": "p-3",
    "root_cause": "open",
    "release": "baseline",
    "verdict": None,
    "owed": ["an accepted root cause", "a verified fix"],
    "team": "night shift",
    "assessment": False,
    "gate": "AI opens when a root cause has been accepted: labctl drill submit.",
    "mitigated_s": None,
    "tries": 0,
    "cooldown_s": 0,
    "hints": 0,
}


class Room:
    """Answers in the order in which it was told to, the last one again and again; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self._answers: dict[str, list[httpx.Response]] = {}
        self.says("GET ", STATUS)

    def says(self, what: str, *bodies: Any, status: int = 200) -> None:
        """`what` is a method and a path below /api/drill, such as 'POST /start'."""
        self._answers[what] = [httpx.Response(status, json=body) for body in bodies]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        what = f"{request.method} {request.url.path.removeprefix('/api/drill')}"
        answers = self._answers.get(what)
        if answers is None:
            return httpx.Response(404, json={"detail": f"Not Found: {what}."})
        return answers.pop(0) if len(answers) > 1 else answers[0]

    @property
    def sent(self) -> list[tuple[str, Any]]:
        """What was posted: paths below /api/drill with their bodies."""
        posted = [one for one in self.asked if one.method == "POST"]
        return [(one.url.path.removeprefix("/api/drill"), json.loads(one.content)) for one in posted]

    def tokens(self) -> list[str]:
        return [one.headers["authorization"].removeprefix("Bearer ") for one in self.asked]


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    lab = FakeRuntime()
    lab.up(Silent())
    monkeypatch.delenv("LAB_TOKEN", raising=False)
    monkeypatch.setattr(options, "runtime", lambda name: lab)
    return lab


@pytest.fixture
def room(lab: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> Room:
    room = Room()
    monkeypatch.setattr(session, "Drill", functools.partial(Drill, transport=httpx.MockTransport(room)))
    for module in (start, release):
        monkeypatch.setattr(module, "POLL_S", 0)
    return room


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """That of the lab, not opened yet, of a checkout of its own that may be changed."""
    workspace = Workspace(tmp_path / "workspace", checkout(tmp_path / "checkout"))
    monkeypatch.setattr(session, "workspace", lambda name: workspace)
    return workspace
