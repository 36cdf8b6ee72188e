"""Who gets the brief, and when."""

import asyncio
from pathlib import Path

import httpx
import kit
import pytest
from kit import Problem
from starlette.requests import Request
from warroom.gateway import briefing

from lab.drill import event as happened
from lab.drill.clock import Clock
from lab.drill.drill import Drill
from lab.drill.instant import Instant
from lab.drill.phase import Phase

ROOT = Path(__file__).parents[4]
CLOCK = Clock(Instant(at=0, tick=0, boot="b"))


def cause(mechanism: str = "lost-update") -> happened.Submitted:
    return happened.Submitted(
        component="orders", mechanism=mechanism, location="", sentence="Because.", pieces=[], accepted=True
    )


class Fixed:
    def __init__(self, drill: Drill | None) -> None:
        self.drill = drill

    def current(self) -> Drill | None:
        return self.drill

    def record(self, *_: object) -> None:
        pass


def team(request: Request) -> None:
    if request.headers.get("authorization") != "Bearer team":
        raise Problem(401, "Unauthorized", "Send the team's token.")


def get(drill: Drill | None, token: str = "team") -> httpx.Response:
    app = kit.create_app(kit.Settings(service="warroom"), title="War room")
    places = {"services": ROOT / "services", "spec": ROOT / "docs" / "team-spec.md"}
    app.include_router(briefing(Fixed(drill), team, **places))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(base_url="http://warroom", transport=httpx.ASGITransport(app)) as client:
            return await client.get("/api/drill/brief", headers={"Authorization": f"Bearer {token}"})

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("drill", "reason"),
    [
        (None, "No drill is under way."),
        (Drill(CLOCK, Phase.DARK_ROOM), "root cause"),
        (Drill(CLOCK, Phase.AI_FIX, gate_shut=True), "shut the gate"),
        (Drill(CLOCK, Phase.POST_MORTEM), "over"),
        (Drill(CLOCK, Phase.POST_MORTEM, cause=cause(happened.NO_INCIDENT)), "no incident"),
    ],
)
def test_there_is_none_while_the_cause_is_open(drill: Drill | None, reason: str):
    answer = get(drill)
    assert answer.status_code == 423 and reason in answer.json()["detail"]


@pytest.mark.parametrize(
    "drill",
    [
        Drill(CLOCK, Phase.AI_FIX, cause=cause()),
        Drill(CLOCK, Phase.AI_FIX, cause=cause(), paused=True),
        Drill(CLOCK, Phase.POST_MORTEM, cause=cause()),
    ],
)
def test_an_accepted_cause_makes_one(drill: Drill):
    text = get(drill).json()["markdown"]
    assert "component: `orders`" in text and "- `orders/app.py`" in text and "7.25 %" in text


def test_a_guided_drill_has_one_without_a_cause():
    assert "None was accepted" in get(Drill(CLOCK, Phase.AI_FIX, guided=True)).json()["markdown"]


def test_it_is_the_teams():
    assert get(Drill(CLOCK, Phase.AI_FIX, cause=cause()), token="forged").status_code == 401
