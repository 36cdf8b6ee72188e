"""Open pages whose alerts Alertmanager no longer has: over after a while, and only if it could be asked."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from warroom.endings import PATIENCE, Endings
from warroom.notification import Alert
from warroom.pages import Pages

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


class World:
    """Alertmanager's list, and the time."""

    def __init__(self, path: Path) -> None:
        self.now = START
        self.alerts: set[str] | None = {"abc1"}
        self.asked = 0
        self.pages = Pages(path, lambda: self.now)
        client = httpx.AsyncClient(base_url="http://alertmanager", transport=httpx.MockTransport(self._answer))
        self._endings = Endings(self.pages, client, lambda: self.now)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v2/alerts"
        self.asked += 1
        if self.alerts is None:
            return httpx.Response(503)
        return httpx.Response(200, json=[{"fingerprint": name} for name in self.alerts])

    def page(self) -> None:
        year_1 = datetime(1, 1, 1, tzinfo=UTC)
        alert = {"labels": {"alertname": "A"}, "startsAt": START, "endsAt": year_1, "fingerprint": "abc1"}
        self.pages.receive([Alert(status="firing", **alert)])

    def look(self, after: float) -> str:
        self.now += timedelta(seconds=after)
        asyncio.run(self._endings.look())
        return self.pages.list(1)[0].status


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "pages.sqlite")
    world.page()
    return world


def test_a_page_lasts_as_long_as_its_alert(world: World) -> None:
    assert world.look(3600) == "firing"


def test_a_page_is_over_when_its_alert_has_been_gone_for_a_while(world: World) -> None:
    world.look(60)
    world.alerts = set()
    assert world.look(3) == "firing"
    assert world.look(PATIENCE - 1) == "firing"
    assert world.look(1) == "resolved"
    assert world.pages.list(1)[0].resolved_at == "2026-11-23T03:01:03.000Z"


def test_an_alert_that_is_back_was_never_over(world: World) -> None:
    world.alerts = set()
    world.look(3)
    world.alerts = {"abc1"}
    world.look(PATIENCE - 1)
    world.alerts = set()
    assert world.look(3) == "firing"
    assert world.look(3) == "firing"


def test_an_alertmanager_that_cannot_be_asked_ends_nothing(world: World) -> None:
    world.alerts = set()
    world.look(3)
    world.alerts = None
    assert world.look(PATIENCE * 10) == "firing"
    world.alerts = set()
    assert world.look(3) == "firing"


def test_nobody_is_asked_while_no_page_is_open(world: World) -> None:
    world.pages.resolve("abc1", START)
    world.look(3)
    assert world.asked == 0
