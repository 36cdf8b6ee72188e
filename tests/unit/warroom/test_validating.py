"""What is done to the lab to try out a fix of the bank, and what is left of it afterwards: nothing."""

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from warroom import validating as module
from warroom.chronicle import Chronicle
from warroom.drills import Drills
from warroom.fleet import Fleet
from warroom.validating import STARTS, Validating
from warroom.verify import books

from lab import profile
from lab.bank import Bank, Fix, Patch
from lab.drill import event as happened
from lab.drill.instant import Instant
from lab.drill.rules import Refused
from lab.drill.verdict import Check, Of, Verdict
from lab.errors import LabError, UsageError
from lab.private import Recovery
from lab.releases import EDITABLE, Releases
from lab.scenario import Alert, Scenario
from tests.unit.warroom.deploy.test_deployment import Services

ARMED = happened.Armed(
    drill="d-1", scenario="x", seed=1, profile="60", pace=1, assessment=False, team="blue", delay_s=1
)
SCENARIO = Scenario(
    id="x", title="X", severity="critical", profile="sale", alerts=[Alert(alertname="Errors", service="billing")]
)
WORDS = {"title": "Make billing different", "why": "Because it is as it is, and so on."}
WRONG = {"right": False, "condition": "a", "verdicts": ["symptom-only"]}


class Verifier:
    """Gives a verdict by the text of billing's code, and notes what was the case when it was asked."""

    def __init__(self, stage: "Stage") -> None:
        self.stage = stage
        self.verdicts = {"x = 'right'\n": Verdict.VERIFIED}
        self.seen: list[dict[str, Any]] = []
        self.waits: threading.Event | None = None

    def run(self, case, progress, *, hasty=False, require=lambda: None) -> Verdict:
        text = (case.release / "billing" / "app.py").read_text()
        wanted = self.stage.releases.wanted()
        self.seen.append(
            {
                "text": text,
                "runs": wanted.release == case.name,
                "stopped": wanted.stopped,
                "load": set(self.stage.on),
                "began": progress.began,
            }
        )
        assert hasty
        if self.waits:
            self.waits.wait(10)
        require()
        verdict = self.verdicts.get(text, Verdict.SYMPTOM_ONLY)
        progress.checks.append(Check(name="late answers", of=Of.INCIDENT, passed=verdict is Verdict.VERIFIED))
        return verdict


class Stage:
    """A lab of which `on` are the load profiles, and `done` what was done to it beside releases."""

    def __init__(self, folder: Path) -> None:
        source, releases = folder / "source", folder / "releases"
        for name in EDITABLE:
            (source / name).mkdir(parents=True)
            (source / name / "app.py").write_text("x = 1\n")
        releases.mkdir()
        self.folder = folder
        self.releases = Releases(releases)
        self.releases.lay_out(source)
        self.services = Services(self.releases)
        self.drills = Drills(
            Chronicle(folder / "drill.sqlite"), profile.load, lambda: Instant(at=1_000.0, tick=10.0, boot="b")
        )
        self.on: set[str] = set()
        self.done: list[str] = []
        self.fixes: dict[str, Fix] = {}
        self.recovery = Recovery()
        self.control = False
        self.verifier = Verifier(self)
        self.lingers = 0
        self.looks: list[frozenset[str]] = []
        self.validating = Validating(
            self.drills,
            Fleet(self.releases, self.services),
            self.verifier,
            one=threading.Lock(),
            reset=SimpleNamespace(make_new=self._make_new),
            counters=None,
            company=None,
            load=SimpleNamespace(start=self.on.add, stop=self.on.discard),
            prometheus=SimpleNamespace(alerts=self._alerts),
            silences=SimpleNamespace(
                begin=lambda seconds, why, alert="": self.done.append(f"silence {alert}".strip()),
                end=lambda: self.done.append("sound"),
            ),
            case=self._case,
            profile=lambda _: SCENARIO.profile,
            bank=lambda _: Bank("x", self.fixes, {}),
            private=lambda _: SimpleNamespace(recovery=self.recovery, control=self.control),
        )

    def _alerts(self) -> list[dict]:
        self.looks.append(frozenset(self.on))
        alert = {"labels": {"alertname": "Errors", "service": "billing"}}
        return [alert] if "sale" in self.on or len(self.looks) <= self.lingers else []

    def _make_new(self) -> None:
        self.done.append("make new")
        self.releases.want(self.releases.baseline())

    def _case(self, scenario_id: str, name: str, seed: int) -> SimpleNamespace:
        trial = SimpleNamespace(profile="sale")
        return SimpleNamespace(scenario=SCENARIO, trial=trial, name=name, release=self.releases.path(name), seed=seed)

    def has(self, name: str, text: str | None = None, *files: str, **says: Any) -> None:
        folder = self.folder / "bank" / name
        for file, content in {**({"billing/app.py": text} if text else {}), **dict.fromkeys(files, "SELECT 1")}.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(content)
        self.fixes[name] = Fix(name=name, patch=Patch(folder), **WORDS, **says)

    def tried(self, name: str | None) -> dict[str, Any]:
        self.validating.try_out("x", name, 5)
        return self.ended()

    def ended(self) -> dict[str, Any]:
        for thread in threading.enumerate():
            if thread.name == "validate":
                thread.join(10)
        found = self.validating.latest()
        assert found and not found["running"]
        return found


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(module, "until_served", lambda *_: True)
    monkeypatch.setattr(module, "GOES_ON_S", 0.0)
    monkeypatch.setattr(books, "level", lambda *_: 0)
    monkeypatch.setattr(books, "apart", lambda *_: 0)
    stage = Stage(tmp_path)
    stage.has("right", "x = 'right'\n", right=True)
    stage.has("wrong", "x = 'wrong'\n", **WRONG)
    return stage


def as_before(stage: Stage) -> bool:
    wanted = stage.releases.wanted()
    baseline = stage.releases.baseline()
    return (wanted.release, wanted.stopped) == (baseline, ()) and stage.releases.names() == [baseline] and not stage.on


def test_a_fix_is_judged_while_it_runs_and_is_gone_then(stage: Stage):
    for name, verdict in (("right", "verified"), ("wrong", "symptom-only")):
        found = stage.tried(name)["result"]
        assert (found["fix"], found["right"], found["verdict"]) == (name, name == "right", verdict)
        assert found["expected"] == [verdict] and len(found["checks"]) == 1
        assert as_before(stage)
    assert [{key: one[key] for key in one if key != "began"} for one in stage.verifier.seen] == [
        {"text": f"x = '{name}'\n", "runs": True, "stopped": (), "load": set()} for name in ("right", "wrong")
    ]


def test_what_the_lab_ships_is_judged_too(stage: Stage):
    found = stage.tried(None)["result"]
    assert (found["fix"], found["right"], found["verdict"]) == (None, False, "symptom-only")
    assert "verified" not in found["expected"]
    assert stage.verifier.seen[0]["text"] == "x = 1\n"


def test_what_settled_it(stage: Stage):
    assert stage.tried("wrong")["result"]["settled_by"]["name"] == "late answers"
    assert stage.tried("right")["result"]["settled_by"] is None


def test_a_release_that_does_not_start(stage: Stage):
    stage.services.ill["billing"] = "r-1"
    found = stage.tried("wrong")
    assert (found["result"]["verdict"], found["result"]["settled_by"]["name"]) == ("regressed", STARTS)
    assert not stage.verifier.seen and as_before(stage)


def test_actions_are_done_to_an_incident_that_is_on(stage: Stage):
    stage.has("restart", deploy=False, actions=[{"restart": "billing"}, {"silence": "Errors"}], **WRONG)
    before = stage.releases.wanted().generations.get("billing", 0)
    stage.tried("restart")
    assert stage.verifier.seen[0]["load"] == {"sale"} and "silence Errors" in stage.done
    assert stage.releases.wanted().generations["billing"] == before + 1 and as_before(stage)
    stage.has("stop", deploy=False, actions=[{"stop": "partner"}, {"load_stop": "sale"}], **WRONG)
    stage.tried("stop")
    assert (stage.verifier.seen[1]["stopped"], stage.verifier.seen[1]["load"]) == (("partner",), set())
    assert as_before(stage)


def test_an_alert_of_the_trial_before_is_none_of_this_incident(stage: Stage):
    stage.lingers = 2  # looks, for which Prometheus keeps it firing
    stage.has("restart", deploy=False, actions=[{"restart": "billing"}], **WRONG)
    before = time.monotonic()
    stage.tried("restart")
    assert ["sale" in on for on in stage.looks] == [False, False, False, True]
    assert stage.verifier.seen[0]["began"] >= before + 1.0, "two waits of half a second are no part of the 90"
    assert stage.verifier.seen[0]["load"] == {"sale"}


def test_what_a_migration_did_is_undone(stage: Stage):
    stage.has("migrated", "x = 'right'\n", "billing/migrations/0002.more.sql", right=True)
    assert stage.tried("migrated")["result"]["verdict"] == "verified"
    assert stage.done.count("make new") == 1 and as_before(stage)
    assert stage.verifier.seen[0]["load"] == set(), "the incident came before it, for its data"
    stage.tried("right")
    assert stage.done.count("make new") == 1


def test_after_what_was_not_verified_the_scenario_s_mitigation_is_done(stage: Stage):
    stage.recovery = Recovery(restart=["inventory"])
    stage.tried("right")
    assert "inventory" not in stage.releases.wanted().generations
    stage.tried("wrong")
    assert stage.releases.wanted().generations["inventory"] == 1


def test_books_that_cannot_be_levelled_go_with_the_database(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    stage.recovery = Recovery(level_books=True)
    levelled: list[int] = []
    monkeypatch.setattr(books, "level", lambda _, since: levelled.append(since) or 2 - len(levelled))
    stage.tried("wrong")
    assert len(levelled) == 2 and "make new" not in stage.done, "once more, until nothing is left"
    monkeypatch.setattr(books, "apart", lambda _: 7)
    stage.tried("wrong")
    assert "make new" in stage.done


def test_mitigation_alone(stage: Stage):
    stage.recovery = Recovery(restart=["checkout"])
    stage.on.add("sale")
    stage.validating.mitigate("x")
    assert stage.ended()["why"] == "" and not stage.on
    assert stage.releases.wanted().generations == {"checkout": 1}


def test_who_does_not_wait_gets_the_baseline_back(stage: Stage):
    stage.verifier.waits = threading.Event()
    stage.validating.try_out("x", "wrong", 1)
    while not stage.verifier.seen:
        threading.Event().wait(0.01)
    stage.validating.end()
    stage.verifier.waits.set()
    found = stage.ended()
    assert "ended" in found["why"] and found["result"] is None and as_before(stage)


def test_what_fails_says_why_and_leaves_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any, **__: Any) -> Verdict:
        raise LabError("Prometheus is away.")

    monkeypatch.setattr(stage.verifier, "run", fail)
    assert stage.tried("wrong")["why"] == "Prometheus is away." and as_before(stage)


def test_one_thing_at_a_time_and_none_in_a_drill(stage: Stage):
    stage.verifier.waits = threading.Event()
    stage.validating.try_out("x", "wrong", 1)
    with pytest.raises(Refused, match="under way already"):
        stage.validating.make_new()
    stage.verifier.waits.set()
    stage.ended()
    stage.drills.record("lab", lambda _: [ARMED])
    for begin in (stage.validating.make_new, lambda: stage.validating.try_out("x", "wrong", 1)):
        with pytest.raises(Refused, match="drill is under way"):
            begin()
    assert [event.what.kind for event in stage.drills.events()] == ["armed"], "nothing of it is on the log"


def test_the_silences_of_a_drill_are_not_ended(stage: Stage):
    stage.drills.record("lab", lambda _: [ARMED])
    stage.validating.end()
    assert stage.done == []
    stage.drills.record("lab", lambda _: [happened.Aborted(why="enough")])
    stage.validating.end()
    assert stage.done == ["sound"]


def test_what_there_is_not(stage: Stage):
    with pytest.raises(UsageError, match="no fix 'magic'"):
        stage.validating.try_out("x", "magic", 1)


def test_what_there_is_to_prove(stage: Stage):
    found = stage.validating.described("x")
    assert {fix["name"]: fix["right"] for fix in found["fixes"]} == {"right": True, "wrong": False}
    stage.control = True
    assert stage.validating.described("x")["fixes"] == []
