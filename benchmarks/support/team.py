"""A drill's team at work, by labctl's commands and the lab's public addresses alone."""

import json
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support.clicks import Known
from support.driving import Lab, say, wait_for

from lab import bank
from lab.runtime.state import State

ARMED_S, PAGED_S, SHOWN_S, COOL_S = 300.0, 120.0, 120.0, 125.0
TRIES = 4
INSTRUCTOR = ("--as", "instructor")
SPEC = "\n- What one incident has shown is promised from then on.\n"
PARTS = {"prevent": "The new rule, from today on.", "detect": "An alert on it.", "mitigate": "A runbook for it."}


class Team:
    """Whoever is in the latest drill of a lab."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.workspace = State(lab.name).workspace

    def do(self, *words: str) -> str:
        say(f"labctl drill {' '.join(words)[:90]}")
        return self.lab.labctl("drill", *words)

    def ask(self, *words: str) -> Any:
        return json.loads(self.do(*words, "--json"))

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.lab.labctl("drill", "status", "--json")))

    def phase(self) -> str:
        return str(self.status()["phase"])

    def start(self, scenario: str) -> str:
        """Until it is armed; gives the drill's id."""
        self.do("start", scenario, "--now", "--seed", "7", "--profile", "180", *INSTRUCTOR)
        now = wait_for(lambda: None if (now := self.status())["preparing"] else now, "it is armed", ARMED_S, 1.0)
        if now["phase"] not in ("armed", "alerting"):
            raise RuntimeError(f"{scenario} could not be prepared: it is {now['phase']}")
        return str(now["id"])

    def answer(self, severity: str, hurt: str) -> None:
        pages = wait_for(lambda: [one for one in self._pages() if one["status"] == "firing"], "the page", PAGED_S)
        for page in pages:
            say(self.lab.labctl("pages", "ack", page["id"]).strip())
        wait_for(lambda: self.phase() == "alerting", "the alerting phase", PAGED_S)
        self.do("assess", severity, hurt)
        self.do("note", "It began when the load turned.")

    def _pages(self) -> list[dict[str, Any]]:
        return list(json.loads(self.lab.labctl("pages", "--json")))

    def submit(self, component: str, mechanism: str, evidence: list[str]) -> bool:
        words = [word for one in evidence for word in ("--evidence", one)]
        said = ("--location", f"{component}/app.py", "--sentence", "That is why customers wait or pay wrongly.")
        found = self.ask("submit", "--component", component, "--mechanism", mechanism, *said, *words)
        return bool(found["accepted"])

    def trace(self, service: str, operation: str, at_least: str, number: int) -> str:
        """One that Jaeger's API finds, by its rank in length."""

        def found() -> list[dict[str, Any]]:
            asked = {"service": service, "operation": operation, "minDuration": at_least, "limit": 40}
            now = int(time.time() * 1e6)
            answer = self.lab.get("traces", "/api/traces", **asked, start=now - 240_000_000, end=now)
            return list((answer or {}).get("data") or ())

        traces = wait_for(lambda: some if len(some := found()) > number else None, "a long trace", SHOWN_S, 2.0)
        longest = sorted(traces, key=lambda one: -max(span["duration"] for span in one["spans"]))
        return str(longest[number]["traceID"])

    def find(self, known: Known) -> None:
        """Hands in the cause, with other traces if the first ones don't show it. Raises RuntimeError."""
        fixed = [f"metric:{known.metric}", *([f"sql:{known.sql}"] if known.sql else [])]
        for number in range(TRIES):
            traced = [f"trace:{self.trace(*known.trace, number)}"] if known.trace else []
            time.sleep(5)  # until its spans have ended, and are stored
            if self.submit(known.component, known.mechanism, [*traced, *fixed]):
                return
            time.sleep(COOL_S)
        raise RuntimeError(f"{known.scenario}: not accepted in {TRIES} tries")

    def review(self) -> None:
        """Accepts the first patch, and rejects the others for the first reason given."""
        first, *others = self.ask("review")["patches"]
        rejected = [word for one in others for word in ("--reject", f"{one['patch']}={one['conditions'][0]}")]
        self.do("review", "--accept", first["patch"], *rejected)

    def edit(self, scenario: str, fix: str) -> None:
        """The workspace with one of the bank's fixes."""
        for name, path in bank.load(scenario).fix(fix).patch.files().items():
            (self.workspace / name).parent.mkdir(parents=True, exist_ok=True)
            (self.workspace / name).write_bytes(path.read_bytes())

    def mend(self, known: Known) -> str:
        """The workspace with the fix, a line in the spec and the guardrail; gives the guardrail's path there."""
        self.workspace = Path(self.ask("workspace")["path"])
        self.edit(known.scenario, known.fix)
        with (self.workspace / "team-spec.md").open("a") as spec:
            spec.write(SPEC)
        path, text = known.guardrail.path, known.guardrail.text
        (self.workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (self.workspace / path).write_text(text)
        return path

    def learn(self, guardrail: str = "") -> None:
        with TemporaryDirectory() as folder:
            self.do("postmortem", "--to", folder)
        for part in self.ask("postmortem")["missing"]:
            self.do("write", part, PARTS.get(part, "Nobody had asked for it."))
        if guardrail:
            self.do("spec")
            self.do("guardrail", "try", guardrail)

    def runs(self) -> str:
        """The release that runs."""
        return str(next(one["release"] for one in self.ask("releases") if one["current"]))

    def git(self, *words: str) -> str:
        """Of the workspace."""
        command = ["git", *words]
        return subprocess.run(command, cwd=self.workspace, capture_output=True, text=True, check=True).stdout.strip()
