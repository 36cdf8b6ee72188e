"""What only an instructor sees and does, and what the live stream keeps to itself."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from warroom import room as rooms
from warroom import topics
from warroom.app import Settings, serve
from warroom.room import Room

from lab.drill import event as happened
from lab.drill.event import Happening
from lab.drill.phase import Phase

ARMED = happened.Armed(
    drill="d-1", scenario="flash-sale", seed=7, profile="60", pace=1, assessment=False, team="blue", delay_s=1
)
PAGED = happened.Paged(page="p-1", alertname="CustomerErrorsHigh", service="checkout", severity="critical")
PROFILE = {"asked_rps": 6.0, "achieved_rps": 6.0, "failure_ratio": 0.0, "p50_s": 0.1, "p99_s": 0.2, "next_s": 40.0}
Ask = Callable[..., httpx.Response]


class Elsewhere:
    """The load, and a Prometheus that knows nobody."""

    def __init__(self) -> None:
        self.load = {"healthy": True, "flash-sale": True, "batch-export": False}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "load":
            data = {"resultType": "vector", "result": [], "activeTargets": []}
            return httpx.Response(200, json={"status": "success", "data": data})
        if request.method == "POST":
            _, _, name, verb = request.url.path.split("/")
            self.load[name] = verb == "start"
        return httpx.Response(200, json=[{"profile": name, "running": on, **PROFILE} for name, on in self.load.items()])


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def room(tmp_path: Path, elsewhere: Elsewhere) -> Room:
    for name in ("webhook", "team", "instructor"):
        (tmp_path / name).write_text(name[0] * 48)
    tokens = {f"{name}_token_file": tmp_path / name for name in ("webhook", "team", "instructor")}
    settings = Settings(**tokens, state_dir=tmp_path / "state", load_url="http://load", prometheus_url="http://p")
    return rooms.build(settings, transport=httpx.MockTransport(elsewhere))


@pytest.fixture
def ask(room: Room) -> Ask:
    app = serve(room)

    def ask(method: str, path: str, whose: str = "") -> httpx.Response:
        async def asked() -> httpx.Response:
            headers = {"Authorization": f"Bearer {whose[0] * 48}"} if whose else {}
            async with httpx.AsyncClient(base_url="http://w", transport=httpx.ASGITransport(app)) as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(asked())

    return ask


def say(room: Room, *whats: Happening) -> None:
    for what in whats:
        room.drills.record("lab", lambda _, what=what: [what])


READ = ("offers", "answer", "ai/live")
DONE = ("start", "pause", "resume", "advance", "abort", "override", "hint", "gate/shut", "gate/open")
PRIVATE = [
    *(("GET", f"/api/drill/{name}") for name in READ),
    *(("POST", f"/api/drill/{name}") for name in DONE),
    ("POST", "/api/panic"),
]


def test_a_team_is_refused_all_that_is_an_instructor_s(room: Room, ask: Ask) -> None:
    say(room, ARMED)
    for method, path in PRIVATE:
        refused = ask(method, path, "team")
        assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json"), path
        assert "Only an instructor" in refused.json()["detail"]
        assert ask(method, path).status_code == 401, path
    assert room.drills.last == 1


def test_an_instructor_is_told_what_can_be_started(ask: Ask) -> None:
    offers = ask("GET", "/api/drill/offers", "instructor").json()
    assert {one["id"]: one["control"] for one in offers["scenarios"]}["annual-invoices"] is True
    assert "60" in offers["profiles"]


def test_the_answer_is_told_while_it_is_looked_for(room: Room, ask: Ask) -> None:
    assert ask("GET", "/api/drill/answer", "instructor").status_code == 404
    say(room, ARMED)
    answer = ask("GET", "/api/drill/answer", "instructor").json()
    assert answer["scenario"] == "flash-sale"
    assert answer["answers"] and answer["chain"] and answer["hints"] and answer["text"]


def test_panic_does_what_can_be_done(room: Room, ask: Ask, elsewhere: Elsewhere) -> None:
    say(room, ARMED)
    elsewhere.load["healthy"] = False
    steps = ask("POST", "/api/panic", "instructor").json()
    assert [bool(one["why"]) for one in steps] == [False, False, True]
    assert steps[2]["why"] == "This lab keeps no releases: RELEASES_DIR is not set."
    assert room.drills.current().phase is Phase.ABORTED
    assert elsewhere.load == {"healthy": True, "flash-sale": False, "batch-export": False}
    assert [bool(one["why"]) for one in ask("POST", "/api/panic", "instructor").json()] == [False, False, True]


def told(room: Room) -> dict[str, Any]:
    """What a new viewer is told of each topic."""
    live = topics.live(room, None, lambda: {})

    async def first() -> str:
        running, stream, heard = asyncio.create_task(live.run()), live.watch(), ""
        try:
            while "event: load" not in heard:  # which is measured, and told when it is there
                heard += await asyncio.wait_for(anext(stream), 30)
        finally:
            running.cancel()
            await asyncio.wait([running])
        return heard

    events = asyncio.run(first()).split("\n\n")
    pairs = (one.removeprefix("event: ").split("\ndata: ") for one in events if one)
    return {name: json.loads(data) for name, data in pairs}


def test_that_it_has_begun_is_for_the_pager_to_say(room: Room) -> None:
    say(room, ARMED)
    assert [one["profile"] for one in told(room)["load"]] == ["healthy"]
    say(room, happened.Triggered(time=1), PAGED)
    found = told(room)
    assert [one["profile"] for one in found["load"]] == ["healthy", "flash-sale"]
    assert "next_s" not in found["load"][0], "when it comes back is not told"
    assert found["events"] == {"last": 3}


def test_what_changes_is_told_at_once(room: Room) -> None:
    told(room)
    nudged = []
    room.pages.changed = room.drills.changed = lambda: nudged.append(1)
    say(room, ARMED)
    room.pages.receive([])
    room.pages.acknowledge("p-1")
    assert len(nudged) == 3
