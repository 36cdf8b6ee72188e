"""What is taken away comes back, and the time for it is there before it goes."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from warroom.verify import company as calling
from warroom.verify import dependency as module
from warroom.verify.company import Company, TimeIsUp
from warroom.verify.dependency import ASKED_S, LEAST_S, STARTED_S, check
from warroom.verify.replay import BACK_AFTER

from lab.trial import Dependency

DEPENDENCY = Dependency(
    stop="promotions", service="checkout", method="POST", path="/orders", statuses=[503], back=[201]
)


class World:
    """A shop that answers at once, or after as long as it is waited for; what is switched takes `switching` seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ends: float) -> None:
        self.now, self.ends = 0.0, ends
        self.away = False
        self.hangs = self.stays_away = False
        self.switching = 1.0
        self.switched: list[str] = []
        time = SimpleNamespace(monotonic=lambda: self.now, sleep=self.sleep)
        monkeypatch.setattr(module, "time", time)
        monkeypatch.setattr(calling, "time", time)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def left(self) -> float:
        return self.ends - self.now

    def off(self, service: str, within: float) -> None:
        self.switched.append("off")
        self.away = True
        self.now += min(self.switching, within)

    def on(self, service: str, within: float) -> None:
        self.switched.append("on")
        self.away = self.stays_away
        self.now += min(self.switching, within)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.hangs:
            self.now += request.extensions["timeout"]["read"] / (8 if self.away else 1)  # eight ask at once
            raise httpx.ReadTimeout("late", request=request)
        problem = {"content-type": "application/problem+json"}
        status = 503 if self.away else 201
        return httpx.Response(status, json={"detail": "Not now."}, headers=problem if self.away else {})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch, ends=LEAST_S)


def checked(world: World) -> list[Any]:
    with Company({"checkout": "http://checkout"}, "", transport=httpx.MockTransport(world.answer)) as company:
        return check(company.within(world.left), world, DEPENDENCY, world.left)


def test_what_is_taken_away_comes_back(world: World):
    assert all(one.passed for one in checked(world))
    assert world.switched == ["off", "on"]


def test_nothing_is_taken_away_that_might_not_be_back_in_time(world: World):
    world.now = 0.1
    with pytest.raises(TimeIsUp):
        checked(world)
    assert world.switched == []


def test_whoever_hangs_and_whatever_stands_still_it_ends_in_time_and_is_put_back(world: World):
    world.hangs, world.switching = True, 40.0
    with pytest.raises(TimeIsUp):
        checked(world)
    assert world.switched == ["off", "on"]
    assert world.now <= LEAST_S + ASKED_S + STARTED_S


def test_who_is_not_back_when_time_is_up_is_not_blamed(world: World):
    world.stays_away, world.switching = True, 7.0
    with pytest.raises(TimeIsUp):
        checked(world)
    world.now, world.ends, world.away, world.switching = 0.0, 100.0, False, 1.0
    assert [one.passed for one in checked(world)] == [True, True, False]
    assert world.now < BACK_AFTER + 10


def test_an_answer_that_does_not_end_is_none(monkeypatch: pytest.MonkeyPatch):
    world = World(monkeypatch, ends=60.0)

    def drips():
        for _ in range(100):
            world.now += 1
            yield b"."

    dripping = httpx.MockTransport(lambda _: httpx.Response(200, content=drips()))
    with Company({"checkout": "http://checkout"}, "", transport=dripping) as company:
        answer = company.call("checkout", "GET", "/orders/o-1")
        assert (answer.status, world.now) == (0, calling.PATIENCE + 1)
        world.now = 55.0
        with pytest.raises(TimeIsUp):  # waited for to the end, not for as long as customers are
            company.within(world.left).call("checkout", "GET", "/orders/o-1")
        assert world.now == 61.0
