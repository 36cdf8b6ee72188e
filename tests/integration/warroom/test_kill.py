"""kill -9 in every phase: no acknowledged event is lost, and the clock is right."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from warroom import instants
from warroom.chronicle import Chronicle
from warroom.drills import Drills

from lab import profile
from lab.drill import event as happened
from lab.drill import rules
from lab.drill.event import Happening
from lab.drill.phase import Phase

ROOT = Path(__file__).parents[3]
ARMED = happened.Armed(
    drill="d-1", scenario="flash-sale", seed=7, profile="60", pace=3, assessment=False, team="blue", delay_s=90
)
PAGE = happened.Paged(page="p-1", alertname="A", service="checkout", severity="critical")
CAUSE = happened.Submitted(component="x", mechanism="y", location="z", sentence="…", pieces=[], accepted=True)
# What leads into each phase from the one before.
STEPS: dict[str, list[Happening]] = {
    "armed": [ARMED],
    "quiet": [happened.Quiet(since=1, until=31)],
    "triggered": [happened.Triggered(time=1)],
    "alerting": [PAGE],
    "dark-room": [
        happened.Assessed(severity="critical", hurt="buyers"),
        happened.Entered(phase=Phase.DARK_ROOM, why="assessed"),
    ],
    "ai-fix": [CAUSE, happened.Entered(phase=Phase.AI_FIX, why="accepted")],
    "judging": [happened.Judging(what="verify", goes_on=True)],
    "post-mortem": [happened.Entered(phase=Phase.POST_MORTEM, why="verified")],
}
WITHIN = {"quiet": "armed", "triggered": "armed", "judging": "ai-fix"}  # what is no phase of its own is in which
KILLS = 3  # in each of the eight


def kill_after(path: Path, acknowledgements: int) -> int:
    """Runs the program until it has acknowledged so many, kills it, and gives the last that it acknowledged."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'services'}"}
    command = [sys.executable, str(Path(__file__).with_name("appending.py")), str(path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
        lines = [program.stdout.readline() for _ in range(acknowledgements)]
        program.kill()
        lines += program.stdout.readlines()
    whole = [int(line) for line in lines if line.endswith("\n")]
    assert len(whole) >= acknowledgements, "the program ended by itself"
    return whole[-1]


@pytest.mark.parametrize("round_", range(KILLS))
def test_nothing_acknowledged_is_lost_and_the_clock_is_right(tmp_path: Path, round_: int) -> None:
    rng = random.Random(round_)
    path = tmp_path / "drill.sqlite"
    began = None
    for phase, steps in STEPS.items():
        Drills(Chronicle(path), profile.load, instants.now).record("lab", lambda _, steps=steps: steps)
        acknowledged = kill_after(path, rng.randint(1, 40))

        drills = Drills(Chronicle(path), profile.load, instants.now)
        events = drills.events()
        assert [one.number for one in events] == list(range(1, len(events) + 1))
        assert acknowledged <= len(events) <= acknowledged + 1  # the last may have been written and not yet said
        if phase == "alerting":
            began = next(one.when.tick for one in events if one.what.kind == "paged")
        earliest = instants.now()
        drill = drills.current()
        latest = instants.now()
        assert str(drill.phase) == WITHIN.get(phase, phase)
        assert (drill.judging is not None) == (phase in ("judging", "post-mortem"))
        if began is not None:
            assert 3 * (earliest.tick - began) - 1e-6 <= drill.clock.total_s <= 3 * (latest.tick - began) + 1e-6
        drills.record("lab", lambda drill: rules.note(drill, "it goes on"))
