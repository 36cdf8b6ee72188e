"""verify: what was measured beside what it is held to, and an exit code for the verdict."""

import json

import pytest

from lab import cli
from lab.cli.drill import work

from .conftest import Room

CHECKS = [
    {"name": "P99 in the burst", "passed": True, "figure": 0.912, "bound": 2.5, "unit": "s", "note": ""},
    {"name": "charged once", "passed": False, "figure": None, "bound": 0, "unit": "", "note": "nothing to measure"},
]
RUNNING = {"release": "r-1", "running": True, "step": "burst", "seconds": 3.0, "verdict": None, "checks": []}


def ended(verdict: str) -> dict:
    return RUNNING | {"running": False, "seconds": 61.2, "verdict": verdict, "checks": CHECKS}


@pytest.fixture
def room(room: Room, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(work, "POLL_S", 0)
    room.says("POST /verify", RUNNING, status=202)
    return room


@pytest.mark.parametrize(
    ("verdict", "code", "said"),
    [
        ("verified", 0, ""),
        ("symptom-only", 3, "r-1 is not verified: symptom-only."),
        ("infrastructure", 3, "infrastructure: that says nothing about r-1; try again."),
    ],
)
def test_only_verified_ends_with_0(room: Room, capsys, verdict: str, code: int, said: str) -> None:
    room.says("GET /verify", RUNNING, ended(verdict))
    assert cli.main(["drill", "verify"]) == code
    assert said in capsys.readouterr().err
    assert room.sent == [("/verify", {})]


def test_figures_stand_beside_their_bounds(room: Room, capsys) -> None:
    room.says("GET /verify", ended("verified"))
    assert cli.main(["drill", "verify"]) == 0
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert said[1] == ["✓", "P99", "in", "the", "burst", "0.912", "s", "at", "most", "2.5"]
    assert said[2] == ["✗", "charged", "once", "–", "at", "most", "0", "nothing", "to", "measure"]
    assert said[3] == ["r-1", "is", "verified,", "in", "1:01."]


def test_json_is_the_war_rooms_own(room: Room, capsys) -> None:
    room.says("GET /verify", RUNNING, ended("regressed"))
    assert cli.main(["drill", "verify", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == ended("regressed")


def test_the_last_one_can_be_seen_without_another(room: Room) -> None:
    room.says("GET /verify", ended("verified"))
    assert cli.main(["drill", "verify", "--status"]) == 0
    assert room.sent == []


def test_one_without_end_is_given_up(room: Room, monkeypatch, capsys) -> None:
    monkeypatch.setattr(work, "LIMIT_S", 0)
    assert cli.main(["drill", "verify"]) == 1
    assert "not done after 0 s (burst)" in capsys.readouterr().err
