"""What the live stream, which anybody may follow, tells of a drill that nobody has been paged for."""

from types import SimpleNamespace
from typing import Any

import pytest
from warroom import topics

from lab.drill.phase import Phase
from tests.integration.warroom.conftest import Stage

WHY = {"why": "a fire alarm"}


@pytest.fixture
def told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Its topics by name."""
    monkeypatch.setattr(topics, "Live", lambda *groups: SimpleNamespace(nudge=lambda: None, groups=groups))
    stream = topics.live(stage.room, None, dict)
    return {name: make for group in stream.groups for name, make in group.items()}


def loads(told: dict[str, Any]) -> set[str]:
    return {one["profile"] for one in told["load"]()}


def test_neither_the_trigger_nor_its_load_is_told_before_the_page(stage: Stage, told: dict[str, Any]) -> None:
    stage.start()
    stage.world.failing.add(("checkout", "/orders"))
    stage.tick(20)
    assert stage.room.drills.current().triggers and "flash-sale" in stage.world.running
    assert told["events"]() == {"last": stage.get("/events")[-1]["number"]} and loads(told) == {"healthy"}

    stage.post("/abort", WHY, whose="instructor")  # its load goes with the next tick
    assert "flash-sale" in stage.world.running and loads(told) == {"healthy"}
    stage.tick(4)
    assert stage.room.drills.current().harm and told["events"]() == {"last": stage.get("/events")[-1]["number"]}
    stage.world.running["batch-export"] = {}  # somebody's own
    assert loads(told) == {"healthy", "batch-export"}


def test_with_the_page_all_is_told(stage: Stage, told: dict[str, Any]) -> None:
    stage.dark()
    assert stage.room.drills.current().phase is Phase.DARK_ROOM
    assert told["events"]() == {"last": stage.room.drills.last} and loads(told) == {"healthy", "flash-sale"}
