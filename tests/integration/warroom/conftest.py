"""A war room in a world of its own, which a test moves on."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from warroom import conductor, room
from warroom.app import Settings, serve
from warroom.notification import Alert

from lab.drill.event import Event
from lab.scenario import FOLDER
from tests.integration.warroom.world import Waiting, World

TOKENS = {"team": "t" * 48, "instructor": "i" * 48, "webhook": "w" * 48}
YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)
HINTS = (
    "What is it that customers see?",
    "Who waits for whom here?",
    "What of it is idle meanwhile?",
    "Which request comes back?",
)
CHAIN = tuple(
    {"link": f"{what} had come about by then.", "first_shown_by": "metric:ledger_difference_cents"}
    for what in ("The beginning", "The middle of it", "The end of it")
)
SCENARIOS = {"flash-sale": False, "batch-export": False, "month-end-import": False, "calm-day": True}
PAGES = {"flash-sale": ("CustomerErrorsHigh", "checkout"), "calm-day": ("CustomerLatencyHigh", "promotions")}


class Stage:
    """The war room, the world around it, and who asks."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.world = World()
        self.world.pass_(100)
        for name, token in TOKENS.items():
            (folder / name).write_text(token)
        self.settings = Settings(
            webhook_token_file=folder / "webhook",
            team_token_file=folder / "team",
            state_dir=folder / "state",
            scenarios_dir=write_scenarios(folder / "scenarios"),
            **{
                "instructor_token_file": folder / "instructor",
                "alertmanager_url": "http://alertmanager",
                "prometheus_url": "http://prometheus",
                "load_url": "http://load",
                "warden_url": "postgresql://warden@postgres/lab",
                **settings,
            },
        )
        self.releases: Any = self.world.releases
        self.open()

    def open(self) -> None:
        """As after a restart of the process."""
        self.room = room.build(
            self.settings,
            now=lambda: self.world.now,
            stopping=Waiting(self.world),
            transport=self.world.transport(),
            releases=self.releases,
            empty=lambda _: None,
        )
        self.app = serve(self.room)

    def ask(self, method: str, path: str, body: Any = None, *, whose: str | None = "team") -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKENS[whose]}"} if whose else {}

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(base_url="http://warroom", transport=httpx.ASGITransport(self.app)) as client:
                return await client.request(method, path, json=body, headers=headers)

        return asyncio.run(ask())

    def get(self, path: str = "", *, whose: str | None = "team") -> Any:
        answer = self.ask("GET", f"/api/drill{path}", whose=whose)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, *, whose: str = "team") -> Any:
        answer = self.ask("POST", f"/api/drill{path}", body or {}, whose=whose)
        assert answer.status_code in (200, 202), answer.text
        return answer.json()

    def refused(self, path: str, body: Any = None, *, whose: str = "team") -> tuple[int, str]:
        answer = self.ask("POST", f"/api/drill{path}", body or {}, whose=whose)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        assert "\n" not in answer.json()["detail"]
        return answer.status_code, answer.json()["detail"]

    def tick(self, seconds: float = 0.0) -> None:
        """Time passes with a look at everything every two seconds."""
        for _ in range(round(seconds / 2)):
            self.world.pass_(2)
            self.room.conductor.tick()
        self.room.conductor.tick()

    def until(self, what: Callable[[], Any], seconds: float = 600) -> None:
        for _ in range(round(seconds / 2)):
            if what():
                return
            self.tick(2)
        raise AssertionError(f"not within {seconds} s; {self.get()}")

    def prepared(self) -> None:
        """The reset has its own thread, which passes the world's time."""
        self.room.conductor.tick()
        thread = self.room.conductor._resetting
        if thread:
            thread.join(20)
        self.room.conductor.tick()

    def page(self, alertname: str = "CustomerErrorsHigh", service: str = "checkout", fingerprint: str = "a1") -> str:
        before = {one.id for one in self.room.pages.list(100)}
        labels = {"alertname": alertname, "service": service, "severity": "critical"}
        at = datetime.fromtimestamp(self.world.seconds, UTC)
        alert = Alert(
            status="firing", labels=labels, annotations={}, startsAt=at, endsAt=YEAR_1, fingerprint=fingerprint
        )
        self.room.pages.receive([alert])
        return next(one.id for one in self.room.pages.list(100) if one.id not in before)

    def start(self, **asked: Any) -> None:
        """A drill whose load has turned."""
        self.post("/start", {"scenario": "flash-sale", "now": True, "seed": 7, **asked}, whose="instructor")
        self.prepared()
        self.until(lambda: self.kinds()[-1] == "triggered")

    def paged(self, **asked: Any) -> str:
        self.start(**asked)
        self.tick(10)
        name = self.page(*PAGES[asked.get("scenario", "flash-sale")])
        self.tick()
        return name

    def dark(self, **asked: Any) -> None:
        self.paged(**asked)
        self.post("/assess", {"severity": "critical", "hurt": "buyers"})

    def kinds(self) -> list[str]:
        return [one.what.kind for one in self.events()]

    def events(self) -> list[Event]:
        return self.room.drills.events()

    def last(self, kind: str) -> Any:
        return next(one.what for one in reversed(self.events()) if one.what.kind == kind)


def write_scenarios(folder: Path) -> Path:
    """Three and a day on which nothing is wrong, with the profiles that are shipped."""
    (folder / "common").mkdir(parents=True)
    (folder / "common" / "profiles").symlink_to(FOLDER / "common" / "profiles")
    for name, control in SCENARIOS.items():
        alertname, service = PAGES.get(name, ("BooksDisagree", "processor"))
        public = {
            "id": name,
            "title": "A day",
            "severity": "critical",
            "profile": name if name != "calm-day" else "batch-export",
            "figures": {"size": [30, 34], "interval_s": [40.0, 50.0]},
            "alerts": [{"alertname": alertname, "service": service}],
        }
        answers = [{"components": ["checkout"], "mechanisms": ["circular-wait"]}]
        private = {"spoilers": ["x"], "recovery": {}, "answers": answers, "control": control}
        files = {
            "scenario.yaml": yaml.safe_dump(public),
            "private/scenario.yaml": yaml.safe_dump(private),
            "private/hints.yaml": yaml.safe_dump([*HINTS]),
            "private/chain.yaml": yaml.safe_dump([one | {"evidence": ["page"]} for one in CHAIN]),
            "private/debrief.md": "# What it was\n",
        }
        for path, text in files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(text)
    return folder


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(conductor, "LOOK_EVERY", 1)
    return Stage(tmp_path)
