"""A whole drill of each scenario by labctl's commands alone, from the page to the debrief, in whatever a lab runs.

The team knows the answer: what it hands in is in support/clicks.py, its fix and its guardrail are the bank's. All the
rest is asked of the lab as a team would. `passed` says that the drill closed with nothing owed and that its report has
every figure; the seconds are the drill's own and bound nothing.
"""

import json
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support import books
from support.clicks import SCENARIOS, Known
from support.driving import Lab, arguments, figure, report, say, wait_for
from support.forgeries import KNOWN

from lab import bank
from lab.runtime.state import State

CONTROL = "annual-invoices"
ARMED_S, PAGED_S, SHOWN_S, MITIGATED_S, COOL_S = 300.0, 120.0, 120.0, 240.0, 65.0
TRIES = 4
ORDINARY = 10  # by rank: not the longest, which is as long as this machine's worst moment
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

    def phase(self) -> str:
        return str(json.loads(self.lab.labctl("drill", "status", "--json"))["phase"])

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

        traces = wait_for(lambda: (some := found()) if len(found()) > number else None, "a long trace", SHOWN_S, 2.0)
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

    def mend(self, known: Known) -> str:
        """The workspace with the fix, a line in the spec and the guardrail; gives the guardrail's path there."""
        self.workspace = Path(self.ask("workspace")["path"])
        of = bank.load(known.scenario)
        for name, path in of.fix(known.fix).patch.files().items():
            (self.workspace / name).parent.mkdir(parents=True, exist_ok=True)
            (self.workspace / name).write_bytes(path.read_bytes())
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


def incident(lab: Lab, known: Known) -> dict[str, Any]:
    team = Team(lab)
    start(team, known.scenario)
    team.answer("critical", "Customers, since the load turned")
    team.find(known)
    team.do("act", "stop-job", known.job, "--why", "It began with it")
    if known.restart:
        team.do("act", "restart", *known.restart, "--why", "They answer nobody any more")
    team.do("brief")
    team.review()
    guardrail = team.mend(known)
    team.do("diff")
    wait_for(lambda: team.ask("report")["times"]["mitigate_s"] is not None, "mitigated", MITIGATED_S, 5.0)
    team.do("deploy")
    if known.levels:
        books.level(lab)
    for _ in range(2):  # what says nothing about the fix is asked for again
        if team.ask("verify")["verdict"] not in ("load-not-delivered", "infrastructure"):
            break
    team.learn(guardrail)
    return closed(team)


def control(lab: Lab) -> dict[str, Any]:
    team, known = Team(lab), KNOWN[CONTROL]
    start(team, CONTROL)
    team.answer("none", "Nobody: large invoices, rightly charged")
    wrong = [f"metric:{known.symptom}", f"sql:{known.rows[0]}"]
    if team.submit(known.component, "binary-money", wrong):
        raise RuntimeError("a root cause of nothing was accepted")
    time.sleep(COOL_S)
    evidence = [*known.always, f"trace:{team.trace('billing', 'POST /charges', '1ms', ORDINARY)}"]
    if not team.submit(known.component, known.mechanism, evidence):
        raise RuntimeError("that nothing is wrong was not accepted")
    team.learn()
    return closed(team)


def start(team: Team, scenario: str) -> None:
    team.do("start", scenario, "--now", "--seed", "7", "--profile", "180", *INSTRUCTOR)
    wait_for(lambda: team.phase() in ("armed", "alerting"), "it is armed", ARMED_S, 1.0)


def closed(team: Team) -> dict[str, Any]:
    team.do("close")
    team.do("debrief")
    return dict(team.ask("report"))


def figures_of(scenario: str, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    times, harm = found["times"], found["harm"] or {}
    quiet = scenario == CONTROL
    return [
        figure(f"{scenario}: complete, nothing owed", found["outcome"] == "complete", "", least=1),
        *(figure(f"{scenario}: {name}", times.get(name), "s", least=None if quiet else 0) for name in times),
        figure(f"{scenario}: root causes handed in", found["tries"], "", least=1),
        figure(f"{scenario}: outside the SLO", harm.get("out_of_slo_s"), "s", **({"most": 0} if quiet else {})),
        figure(f"{scenario}: orders lost", harm.get("orders_lost"), "", **({"most": 0} if quiet else {})),
        figure(f"{scenario}: money wrong", harm.get("money_wrong_cents"), "cents", **({"most": 0} if quiet else {})),
        *([] if quiet else [figure(f"{scenario}: a guardrail bites", _bites(found), "", least=1)]),
    ]


def _bites(found: Mapping[str, Any]) -> bool:
    return any(one["bites"] for one in found["guardrails"])


def measure(lab: Lab, only: str) -> list[dict[str, Any]]:
    walked = {known.scenario: partial(incident, lab, known) for known in SCENARIOS} | {CONTROL: partial(control, lab)}
    if only not in ("", *walked):
        raise SystemExit(f"There is no scenario {only!r}; there are {', '.join(walked)}.")
    return [one for name, walk in walked.items() if only in ("", name) for one in figures_of(name, walk())]


def main() -> None:
    given = arguments(__doc__, scenario="")
    with Lab.attach(given.name) as lab:
        report(measure(lab, given.scenario))


if __name__ == "__main__":
    main()
