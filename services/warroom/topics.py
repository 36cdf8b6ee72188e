"""What the live stream is about: the drill, its pages, and how the company does."""

import time
import zlib
from collections.abc import Callable
from typing import Any

from lab.drill.phase import Phase
from warroom.calls import Calls
from warroom.golden import Golden
from warroom.live import Live
from warroom.mending import Mending
from warroom.reset import HEALTHY
from warroom.room import Room
from warroom.telling import UNTOLD

PAGES = 50
WORKS = ("deploy", "verify", "review", "guardrail")
LOAD = ("profile", "running", "asked_rps", "achieved_rps", "failure_ratio", "p50_s", "p99_s")


def live(room: Room, mending: Mending | None, status: Callable[[], dict[str, Any]]) -> Live:
    """The stream, which anybody may follow: nothing in it is only for some."""
    golden = Golden(room.prometheus, time.time)
    calls = Calls(room.traces, room.prometheus, time.time)

    def pages() -> list[dict[str, Any]]:
        return [page.model_dump() for page in room.pages.list(PAGES)]

    def events() -> dict[str, int]:
        """The number of the last one: who may read events asks for those after what it has."""
        drill = room.drills.current()
        if drill is None or drill.page is not None:
            return {"last": room.drills.last}
        return {
            "last": max((one.number for one in room.drills.events() if not isinstance(one.what, UNTOLD)), default=0)
        }

    def work() -> dict[str, Any]:
        """What is under way, and of each kind a mark that changes with it."""
        found = {kind: mending.latest(kind) if mending else None for kind in WORKS}
        marks = {kind: zlib.crc32(repr(shown).encode()) if shown else 0 for kind, shown in found.items()}
        return {"busy": bool(mending and mending.busy), **marks}

    def load() -> list[dict[str, Any]]:
        drill = room.drills.current()
        # That it has begun is for the pager to say; of one that ended before its page the load is about to go.
        going = drill is not None and drill.triggers > 0 and drill.harm is None
        secret = drill is not None and drill.page is None and (drill.phase is Phase.ARMED or going)
        running = [one for one in room.load.profiles() if one["running"]]
        return [{name: one[name] for name in LOAD} for one in running if not secret or one["profile"] == HEALTHY]

    stream = Live(
        {"pages": pages, "status": status, "events": events, "work": work},
        {"load": load, "signals": golden.latest, "calls": calls.latest},
        {"history": golden.history},
    )
    room.pages.changed = room.drills.changed = stream.nudge
    return stream
