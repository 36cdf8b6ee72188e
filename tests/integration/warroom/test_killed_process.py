"""kill -9 of the war room itself in every phase, more than twenty times: what it has acknowledged is there when it is
back, and its clock has gone on."""

import contextlib
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from warroom import instants

from lab.drill import event as happened
from lab.releases import Releases
from tests.integration.warroom import test_kill as kills
from tests.integration.warroom.process import Process, war_room
from tests.processes import eventually

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
                assert shown["phase"] == kills.WITHIN.get(phase, phase)
                if paged_at is not None:
                    assert PACE * (earliest - paged_at) - 0.1 <= shown["elapsed_s"]
                    assert shown["elapsed_s"] <= PACE * (latest - paged_at) + 0.1
                said += note_until_killed(process, rng.randint(1, 5))
                events = process.drills.events()
                assert [one.number for one in events] == list(range(1, len(events) + 1))
                assert [one.what.text for one in events if one.what.kind == "noted"] == said
    assert kills.KILLS * len(STEPS) > 20


class Load:
    """A load of one profile; `stopping` is called before it is stopped."""

    def __init__(self, profile: str, figures: dict) -> None:
        self.profile = profile
        self.figures: dict | None = figures  # None: it does not run
        self.stopping: Callable[[], None] = lambda: None

    def answer(self, method: str, path: str, body: bytes) -> list[dict] | None:
        if method == "GET":
            return [{"profile": self.profile, "running": self.figures is not None}]
        if path.endswith("/stop"):
            self.stopping()
            self.figures = None
        elif self.profile in path:
            self.figures = json.loads(body)
        return None


@contextlib.contextmanager
def served(load: Load) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            content = json.dumps(load.answer(self.command, self.path, body)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_killed_in_the_middle_of_a_verification_it_lets_the_incident_go_on(tmp_path: Path):
    """The first thing that a verification does to the customers is to stop the incident. It is killed just then."""
    figures = {"size": 50}
    load = Load(kills.ARMED.scenario, figures)
    with served(load) as url, war_room(tmp_path, instead={"LOAD_URL": url}) as process:
        Releases(process.state.releases).lay_out(kills.ROOT / "services")
        steps = STEPS | {"triggered": [happened.Triggered(time=1, figures=figures)]}
        for phase in ("armed", "quiet", "triggered", "alerting", "dark-room", "ai-fix"):
            process.drills.record("lab", lambda _, whats=steps[phase]: whats)
        killed = threading.Semaphore(0)

        def kill() -> None:
            process.kill()
            load.figures = None  # it had heard of it
            killed.release()

        load.stopping = kill
        process.start()
        with contextlib.suppress(httpx.TransportError):  # it may be dead before it has answered
            httpx.post(f"{process.service.url}/api/drill/verify", headers=process.headers("team"), trust_env=False)
        assert killed.acquire(timeout=30) and process.drills.events()[-1].what.kind == "judging"
        load.stopping = lambda: None
        process.start()
        eventually(lambda: process.drills.events()[-1].what.kind == "judged", "the verification is over")
        assert load.figures == figures, "as large as before"
        assert "verified" not in [one.what.kind for one in process.drills.events()]
