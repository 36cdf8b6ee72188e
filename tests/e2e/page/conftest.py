"""Browsers, and a war room for them that needs no lab: nothing is measured there, and what happens is what is said."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser
from warroom import room as rooms
from warroom.app import Settings, serve

from lab.drill import event as happened
from lab.drill.event import Actor, Happening
from lab.drill.phase import Phase
from lab.releases import EDITABLE, SERVICES, Releases
from lab.workspace import ROOT
from tests import browsers
from tests.browsers import Viewer
from tests.processes import eventually

TOKENS = {"team": "t" * 48, "instructor": "i" * 48, "webhook": "w" * 48}
PAGED = happened.Paged(page="p-1", alertname="CustomerErrorsHigh", service="checkout", severity="critical")
ASSESSED = happened.Assessed(severity="critical", hurt="everybody who buys")
# A lab of somebody's may run at the usual addresses.
NOBODY = [f"{name}_url" for name in (*SERVICES, "traces", "logs")]
LOAD = {
    "profile": "healthy",
    "running": True,
    "asked_rps": 20,
    "achieved_rps": 20,
    "failure_ratio": 0,
    "p50_s": 0,
    "p99_s": 0,
}


def elsewhere(request: httpx.Request) -> httpx.Response:
    """Prometheus without a series, Alertmanager without an alert, the load of an ordinary day."""
    if request.url.host == "prometheus":
        kind = "matrix" if request.url.path.endswith("query_range") else "vector"
        data = {"resultType": kind, "result": [], "activeTargets": []}
        return httpx.Response(200, json={"status": "success", "data": data})
    return httpx.Response(200, json=[LOAD] if request.url.host == "load" else [])


class Room:
    """A war room that answers at `url`. What happens in its drill is what a test says."""

    def __init__(self, folder: Path, answers: Callable[[httpx.Request], httpx.Response] = elsewhere) -> None:
        for name, token in TOKENS.items():
            (folder / name).write_text(token)
        (folder / "releases").mkdir()
        self.releases = Releases(folder / "releases")
        self.releases.lay_out(ROOT / "services")
        settings = Settings(
            webhook_token_file=folder / "webhook",
            team_token_file=folder / "team",
            instructor_token_file=folder / "instructor",
            state_dir=folder / "state",
            releases_dir=folder / "releases",
            alertmanager_url="http://alertmanager",
            prometheus_url="http://prometheus",
            load_url="http://load",
            warden_url="postgresql://warden@postgres/lab",
            reader_url="postgresql://reader@postgres/lab",
            runner=f"unix:{folder / 'nobody'}",
            **dict.fromkeys(NOBODY, "http://127.0.0.1:9"),
        )
        self.parts = rooms.build(
            settings,
            transport=httpx.MockTransport(answers),
            empty=lambda _: None,
        )
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(serve(self.parts), log_config=None, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()
        eventually(lambda: self._server.started, "the war room listens")

    def say(self, *whats: Happening, who: Actor = "team") -> None:
        for what in whats:
            self.parts.drills.record(who, lambda _, what=what: [what])

    def paged(self, scenario: str = "flash-sale", **armed: Any) -> None:
        """A drill whose page has come."""
        known = {
            "drill": "d-1",
            "seed": 7,
            "profile": "60",
            "pace": 1,
            "assessment": False,
            "team": "blue",
            "delay_s": 1,
        }
        at = time.time()
        self.say(
            happened.Armed(scenario=scenario, **known | armed),
            happened.Quiet(since=at - 60, until=at - 30),
            happened.Triggered(time=1, figures={"size": 40}),
            PAGED,
            who="lab",
        )

    def dark(self, **armed: Any) -> None:
        self.paged(**armed)
        self.say(ASSESSED, happened.Entered(phase=Phase.DARK_ROOM, why="assessed"))

    def fixing(self, **armed: Any) -> None:
        self.dark(**armed)
        self.say(
            happened.Overridden(why="it was shown"),
            happened.Entered(phase=Phase.AI_FIX, why="overridden"),
            who="instructor",
        )

    def learning(self, **armed: Any) -> None:
        self.fixing(**armed)
        self.say(happened.Entered(phase=Phase.POST_MORTEM, why="advanced"), who="instructor")

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Until the last test of a file: while Playwright runs, nothing else in this process can have an event loop."""
    with browsers.chromium() as browser:
        yield browser


@pytest.fixture
def look(chromium: Browser) -> Iterator[Callable[..., Viewer]]:
    """`look(url, "team")` is somebody in a browser of their own; an error in its console fails the test."""
    viewers: list[Viewer] = []

    def begin(url: str, whose: str = "team", token: str | None = None, **more: Any) -> Viewer:
        known = TOKENS[whose] if whose and token is None else token or ""
        viewers.append(viewer := browsers.look(chromium, url, known, **more))
        return viewer

    yield begin
    for viewer in viewers:
        viewer.page.context.close()
    assert [error for viewer in viewers for error in viewer.errors] == []


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.close()


def workspace(folder: Path, changes: dict[str, str] | None = None) -> Path:
    """A team's folder as labctl exports it, with some files of their own."""
    from lab.workspace import files

    for name, path in files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(path.read_bytes())
    for name, text in (changes or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert all((folder / name / "app.py").is_file() for name in EDITABLE)
    return folder
