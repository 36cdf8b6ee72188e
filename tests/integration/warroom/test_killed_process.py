"""kill -9 of the war room itself in every phase, more than twenty times: what it has acknowledged is there when it is
back, and its clock has gone on."""

import itertools
import random
from pathlib import Path

import httpx
from warroom import instants

from tests.integration.warroom import test_kill as kills
from tests.integration.warroom.process import Process, war_room

PACE = 2
COUNT = itertools.count()
# Long phases: on a slow machine none may end by itself.
STEPS = kills.STEPS | {"armed": [kills.ARMED.model_copy(update={"profile": "180", "pace": PACE})]}


def note_until_killed(process: Process, notes: int) -> list[str]:
    """What was acknowledged; the last one is under way when it is killed."""
    said = []
    url, headers = f"{process.service.url}/api/drill/note", process.headers("team")
    with httpx.Client(trust_env=False, timeout=20) as client:
        for _ in range(notes):
            text = f"{process.pid}: {next(COUNT)}"
            client.post(url, json={"text": text}, headers=headers).raise_for_status()
            said.append(text)
    process.kill()
    return said


def status(process: Process) -> dict:
    return httpx.get(f"{process.service.url}/api/drill", trust_env=False).raise_for_status().json()


def test_it_is_killed_in_every_phase(tmp_path: Path):
    rng = random.Random(20)
    said: list[str] = []
    paged_at: float | None = None
    # Without that it prepares no drill, which would fail and end it: there is no lab here.
    with war_room(tmp_path, without=["WARDEN_URL"]) as process:
        for phase, steps in STEPS.items():
            process.drills.record("lab", lambda _, steps=steps: steps)
            if phase == "alerting":
                paged_at = process.drills.events()[-1].when.tick
            for _ in range(kills.KILLS):
                process.start()
                earliest = instants.now().tick
                shown = status(process)
                latest = instants.now().tick
                assert shown["phase"] == (phase if phase not in ("quiet", "triggered") else "armed")
                if paged_at is not None:
                    assert PACE * (earliest - paged_at) - 0.1 <= shown["elapsed_s"]
                    assert shown["elapsed_s"] <= PACE * (latest - paged_at) + 0.1
                said += note_until_killed(process, rng.randint(1, 5))
                events = process.drills.events()
                assert [one.number for one in events] == list(range(1, len(events) + 1))
                assert [one.what.text for one in events if one.what.kind == "noted"] == said
    assert kills.KILLS * len(STEPS) > 20
