import json
from collections.abc import Callable
from pathlib import Path

import pytest
from warroom.chronicle import Chronicle
from warroom.drills import Drills

from lab import profile
from lab.drill import event as happened
from lab.drill.instant import Instant
from lab.drill.phase import Phase


class Clock:
    """A minute into the affected window of tests.facts."""

    def __init__(self) -> None:
        self.at = 1_300.0

    def __call__(self) -> Instant:
        return Instant(at=self.at, tick=self.at, boot="b")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def begun(tmp_path: Path, clock: Clock) -> Callable[..., Drills]:
    """A drill in its dark room, in the windows of tests.facts."""

    def begin(*, assessment: bool = False, dark: bool = True) -> Drills:
        drills = Drills(Chronicle(tmp_path / "drill.sqlite"), profile.load, clock)
        armed = happened.Armed(
            drill="d-1",
            scenario="shop",
            seed=1,
            profile="60",
            pace=1.0,
            assessment=assessment,
            team="blue",
            delay_s=60,
        )
        clock.at = 1_100.0
        drills.record("instructor", lambda _: [armed])
        drills.record("lab", lambda _: [happened.Quiet(since=1_000.0, until=1_060.0), happened.Triggered(time=1)])
        clock.at = 1_300.0
        page = happened.Paged(page="p-1", alertname="A", service="shop", severity="critical")
        drills.record("lab", lambda _: [page])
        if dark:
            drills.record("team", lambda _: [happened.Entered(phase=Phase.DARK_ROOM, why="assessed")])
        return drills

    return begin


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    """One scenario, `shop`, whose answer is lock-order at shop."""
    folder = tmp_path / "scenarios"
    private = folder / "shop" / "private"
    private.mkdir(parents=True)
    answers = [{"components": ["shop"], "mechanisms": ["lock-order"]}]
    (private / "scenario.yaml").write_text(json.dumps({"spoilers": ["x"], "recovery": {}, "answers": answers}))
    slow = {"spans": [{"service": "shop", "at_least_s": 2}]}
    evidence = {
        "symptoms": ["up"],
        "trace": [{"name": "slow", "shown": slow}],
        "log": [{"name": "logged", "lines": [{"service": "shop", "numbers": {"duration_ms": 2000}}]}],
    }
    (private / "evidence.yaml").write_text(json.dumps(evidence))
    return folder
