"""What becomes of a fix that is deployed, judged or tried out while its drill goes on, and while it does not."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from warroom import mending
from warroom.changes import Changes
from warroom.chronicle import Chronicle
from warroom.deploy.deployment import Deployer
from warroom.drills import Drills
from warroom.fleet import Fleet
from warroom.mending import OVER, Mending
from warroom.reviewing import Decision
from warroom.verify import books

from lab import profile
from lab.bank import Bank, Fix, Patch
from lab.drill import event as happened
from lab.drill.instant import Instant
from lab.drill.phase import Phase
from lab.drill.rules import Refused
from lab.drill.verdict import Check, Of, Verdict
from lab.errors import LabError, UsageError
from lab.releases import EDITABLE, Releases
from tests.unit.warroom.deploy.test_bundle import packed
from tests.unit.warroom.deploy.test_deployment import Services

ARMED = happened.Armed(
    drill="d-1", scenario="x", seed=1, profile="60", pace=1, assessment=False, team="blue", delay_s=1
)
PAGED = happened.Paged(page="p-1", alertname="A", service="billing", severity="critical")
TO_FIX = happened.Entered(phase=Phase.AI_FIX, why="advanced")
CONDITIONS = ["a", "b", "c", "d"]


class Verifier:
    """Gives the verdict of the release that runs; stands still at the step for which `waits` is set."""

    def __init__(self, releases: Releases) -> None:
        self.releases = releases
        self.verdicts: dict[str, Verdict] = {}
        self.waits: threading.Event | None = None
        self.seen: list[str] = []

    def run(self, case, progress, *, hasty=False, require: Callable[[], None] = lambda: None) -> Verdict:
        self.seen.append(text := (self.releases.path(case.name) / "billing" / "app.py").read_text())
        if self.waits:
            self.waits.wait(10)
        require()
        progress.checks.append(Check(name="x", of=Of.INCIDENT, passed=True))
        return self.verdicts.get(text, Verdict.SYMPTOM_ONLY)


class Load:
    def __init__(self) -> None:
        self.on: dict[str, dict] = {}

    def profiles(self) -> list[dict]:
        return [{"profile": "p", "running": "p" in self.on}]

    def start(self, profile: str, figures: dict) -> None:
        self.on[profile] = figures

    def stop(self, profile: str) -> None:
        self.on.pop(profile, None)


class Stage:
    def __init__(self, folder: Path) -> None:
        source, releases = folder / "source", folder / "releases"
        for name in EDITABLE:
            (source / name).mkdir(parents=True)
            (source / name / "app.py").write_text("x = 1\n")
        releases.mkdir()
        self.releases = Releases(releases)
        self.releases.lay_out(source)
        (folder / "spec.md").write_text("- Money is right.\n")
        self.services = Services(self.releases)
        self.now = Instant(at=1_000.0, tick=10.0, boot="b")
        self.drills = Drills(Chronicle(folder / "drill.sqlite"), profile.load, lambda: self.now)
        self.verifier = Verifier(self.releases)
        self.load = Load()
        self.gate = threading.Event()
        self.bank = Bank("x", {}, {})
        fleet = Fleet(self.releases, self.services)
        self.mending = Mending(
            self.drills,
            fleet,
            Deployer(fleet, [self._gatekeeper()], sleep=lambda _: None),
            self.verifier,
            SimpleNamespace(prove=None),
            Changes(self.releases, folder / "workspace", folder / "spec.md"),
            case=lambda drill, name: SimpleNamespace(name=name, trial=SimpleNamespace(profile="p")),
            bank=lambda drill: self.bank,
            company=None,
            load=self.load,
        )
        self.gate.set()
        self.say(ARMED, PAGED, TO_FIX)

    def _gatekeeper(self):
        def wait(bundle: Path, running: Path) -> str:
            self.gate.wait(10)
            return ""

        wait.name = "tests"
        return wait

    def say(self, *whats) -> None:
        for what in whats:
            self.drills.record("lab", lambda _, what=what: [what])

    def kinds(self) -> list[str]:
        return [event.what.kind for event in self.drills.events()]

    def wait(self) -> None:
        for thread in threading.enumerate():
            if thread.name in ("deploy", "verify", "review", "guardrail", "recovery"):
                thread.join(10)
        assert not self.mending.busy


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


NEW = packed({"billing/app.py": b"x = 2\n"})


def test_a_deploy_is_written_down(stage: Stage):
    assert stage.mending.deploy("team", NEW)["state"] == "running"
    stage.wait()
    assert stage.mending.latest("deploy")["state"] == "deployed"
    assert stage.kinds()[-1] == "deployed" and stage.drills.current().release == "r-1"
    assert [one["current"] for one in stage.mending.releases()] == [False, True]


def test_what_a_release_changes_is_shown_of_this_drills_alone(stage: Stage):
    assert stage.mending.diff() == {"release": "baseline", "files": [], "patch": ""}
    stage.mending.deploy("team", NEW)
    stage.wait()
    found = stage.mending.diff()
    assert found["release"] == "r-1" and found["files"] == [{"path": "billing/app.py", "added": 1, "removed": 1}]
    assert found == stage.mending.diff("r-1") and stage.mending.diff("baseline")["files"] == []
    elsewhere = stage.releases.add(stage.releases.path("r-1"))
    for name in (elsewhere, "../r-1"):
        with pytest.raises(UsageError, match="This drill has no release"):
            stage.mending.diff(name)


def test_what_is_tried_out_is_not_taken_for_the_drills_own(stage: Stage):
    stage.releases.want(stage.releases.add(stage.releases.path(stage.releases.baseline())))
    assert stage.mending.diff()["release"] == "baseline"


def test_what_a_workspace_would_change_is_shown_before_it_is_deployed(stage: Stage):
    sent = packed({"billing/app.py": b"x = 2\n", "team-spec.md": b"- Money is right.\n"})
    found = stage.mending.diff_of(sent)
    assert found["release"] is None and [one["path"] for one in found["files"]] == ["billing/app.py"]
    assert "-x = 1\n+x = 2\n" in found["patch"] and stage.kinds()[-1] == "entered"
    with pytest.raises(UsageError, match="cannot be unpacked"):
        stage.mending.diff_of(b"none")


def test_nothing_runs_beside_something_else(stage: Stage):
    stage.gate.clear()
    stage.mending.deploy("team", NEW)
    for other in (lambda: stage.mending.deploy("team", NEW), lambda: stage.mending.verify("team")):
        with pytest.raises(UsageError, match="under way"):
            other()
    stage.gate.set()
    stage.wait()


def test_a_drill_that_was_aborted_meanwhile_gets_no_release(stage: Stage):
    stage.gate.clear()
    stage.mending.deploy("team", NEW)
    before = stage.releases.wanted()
    stage.say(happened.Aborted(why="enough"))
    stage.gate.set()
    stage.wait()
    assert stage.releases.wanted() == before and stage.kinds()[-1] == "aborted"


def test_a_verdict_is_shown_when_it_is_written_down(stage: Stage):
    stage.verifier.verdicts["x = 1\n"] = Verdict.VERIFIED
    stage.mending.verify("team")
    stage.wait()
    found = stage.mending.latest("verify")
    assert (found["verdict"], found["running"], found["release"]) == ("verified", False, "baseline")
    assert "verified" in stage.kinds() and stage.drills.current().fixed


def test_a_verdict_that_comes_too_late_counts_for_no_drill(stage: Stage):
    stage.verifier.verdicts["x = 1\n"] = Verdict.VERIFIED
    stage.verifier.waits = threading.Event()
    stage.mending.verify("team")
    stage.say(happened.Aborted(why="enough"), ARMED.model_copy(update={"drill": "d-2"}), PAGED, TO_FIX)
    stage.verifier.waits.set()
    stage.wait()
    assert "verified" not in stage.kinds() and stage.mending.latest("verify") is None


def test_the_incident_goes_on_after_a_verdict_that_is_none(stage: Stage):
    stage.say(happened.Triggered(time=1, figures={"size": 7}))
    stage.load.on["p"] = {"size": 160}
    stage.mending.verify("team")
    stage.wait()
    assert stage.load.on["p"] == {"size": 7}


@pytest.mark.parametrize("on", [True, False])
def test_the_log_says_from_when_to_when_a_fix_was_judged_and_whether_the_incident_goes_on(stage: Stage, on: bool):
    if on:
        stage.load.on["p"] = {}
    stage.mending.verify("team")
    stage.wait()
    assert stage.kinds()[-3:] == ["judging", "verified", "judged"]
    (judging,) = [one.what for one in stage.drills.events() if one.what.kind == "judging"]
    assert (judging.what, judging.goes_on) == ("verify", on)
    assert len(stage.drills.current().judgements) == 1


def test_a_judgement_that_a_crash_broke_off_is_over(stage: Stage):
    stage.say(happened.Judging(what="verify", goes_on=False))
    for _ in range(2):
        stage.mending.recover()
        stage.wait()
    assert stage.kinds().count("judged") == 1


@pytest.mark.parametrize("replayed", [True, False])
@pytest.mark.parametrize(
    ("goes_on", "verdict", "left"),
    [(True, None, {"p": {"size": 7}}), (False, None, {}), (True, "verified", {})],
)
def test_the_load_is_as_a_judgement_would_have_left_it(
    stage: Stage, replayed: bool, goes_on: bool, verdict: str | None, left: dict
):
    """Killed before the replay the incident is gone, in the middle it is four times its size."""
    stage.say(happened.Triggered(time=1, figures={"size": 7}), happened.Judging(what="verify", goes_on=goes_on))
    if replayed:
        stage.load.on["p"] = {"size": 160}
    if verdict:
        stage.say(happened.Verified(release="baseline", verdict=verdict, checks=[]))
    stage.mending.recover()
    stage.wait()
    assert stage.load.on == left and stage.kinds()[-1] == "judged"


def test_what_a_patch_charged_before_the_crash_is_levelled_before_the_incident_goes_on(stage: Stage, monkeypatch):
    levelled = []

    def level(_, since: int) -> None:
        levelled.append((since, dict(stage.load.on), stage.releases.wanted().release))
        if len(levelled) == 1:
            raise LabError("Billing is not there yet.")

    monkeypatch.setattr(books, "level", level)
    monkeypatch.setattr(mending, "RETRY_S", 0.01)
    stage.say(happened.Triggered(time=1), happened.Judging(what="review", goes_on=True, since=42))
    stage.load.on["p"] = {"size": 160}
    stage.releases.want(stage.releases.add(stage.releases.path(stage.releases.baseline())))
    stage.mending.recover()
    stage.wait()
    assert levelled == [(42, {}, stage.releases.baseline())] * 2
    assert stage.load.on == {"p": {}} and stage.kinds()[-1] == "judged"


def test_nothing_begins_before_a_crash_is_made_up_for(stage: Stage, monkeypatch):
    """The load is dead as well: the incident waits for it, and so does everybody else."""
    asked, back = threading.Event(), threading.Event()

    def stop(_: str) -> None:
        asked.set()
        if not back.is_set():
            raise LabError("The load does not answer.")

    monkeypatch.setattr(mending, "RETRY_S", 0.01)
    monkeypatch.setattr(stage.load, "stop", stop)
    stage.say(happened.Judging(what="verify", goes_on=True))
    stage.mending.recover()
    assert asked.wait(10) and stage.mending.busy and stage.kinds()[-1] == "judging"
    with pytest.raises(Refused, match="under way"):
        stage.mending.verify("team")
    back.set()
    stage.wait()
    assert stage.load.on == {"p": {}} and stage.kinds()[-1] == "judged"


def test_a_review_remembers_since_when_it_levels(stage: Stage, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(books, "watermark", lambda _: 42)
    monkeypatch.setattr(books, "level", lambda *_: None)
    names = ("one", "two", "three", "four")
    stage.bank = Bank("x", {name: fix(tmp_path / name, name, right=name == "one") for name in names}, {})
    stage.mending.settle("team", {one["patch"]: Decision(False, "a") for one in stage.mending.bench()})
    stage.wait()
    (judging,) = [one.what for one in stage.drills.events() if one.what.kind == "judging"]
    assert (judging.what, judging.since) == ("review", 42)


def test_the_incident_goes_on_after_a_review(stage: Stage, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(books, "watermark", lambda _: 0)
    monkeypatch.setattr(books, "level", lambda *_: None)
    names = {"one": True, "two": False, "three": False, "four": False}
    stage.bank = Bank("x", {name: fix(tmp_path / name, name, right=right) for name, right in names.items()}, {})
    stage.say(happened.Triggered(time=1, figures={"size": 7}))
    stage.load.on["p"] = {"size": 160}
    stage.mending.settle("team", {one["patch"]: Decision(False, "a") for one in stage.mending.bench()})
    stage.wait()
    assert stage.load.on["p"] == {"size": 7}
    assert stage.kinds()[-6:] == ["judging", *["reviewed"] * 4, "judged"]


def test_a_fix_that_was_taken_back_is_none_any_more(stage: Stage):
    stage.mending.deploy("team", NEW)
    stage.wait()
    stage.verifier.verdicts["x = 2\n"] = Verdict.VERIFIED
    stage.mending.verify("team")
    stage.wait()
    assert "a verified fix" not in stage.drills.current().owed
    stage.say(happened.RolledBack(release="baseline", why="no"))
    assert "a verified fix" in stage.drills.current().owed


def fix(folder: Path, name: str, *, right: bool) -> Fix:
    (folder / "billing").mkdir(parents=True)
    (folder / "billing" / "app.py").write_text(f"x = {name!r}\n")
    wrong = {} if right else {"condition": "a", "verdicts": ["symptom-only"]}
    words = {"title": f"Make {name} so", "why": "Because it is as it is, and so on."}
    return Fix(name=name, patch=Patch(folder), right=right, conditions=CONDITIONS, review=True, **words, **wrong)


def test_a_review_is_run_and_what_ran_before_runs_again(stage: Stage, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(books, "watermark", lambda _: 0)
    monkeypatch.setattr(books, "level", lambda *_: None)
    names = {"one": True, "two": False, "three": False, "four": False}
    fixes = {name: fix(tmp_path / name, name, right=right) for name, right in names.items()}
    stage.bank = Bank("x", fixes, {})
    stage.verifier.verdicts["x = 'one'\n"] = Verdict.VERIFIED
    before = stage.releases.wanted().release
    patches = stage.mending.bench()
    decisions = {one["patch"]: Decision(False, "a") for one in patches}
    stage.mending.settle("team", decisions)
    stage.wait()
    outcome = stage.mending.latest("review")
    assert outcome["why"] == "" and sum(one["right"] for one in outcome["result"]) == 3
    assert stage.releases.wanted().release == before
    assert stage.kinds().count("reviewed") == 4
    with pytest.raises(UsageError, match="is over"):
        stage.mending.settle("team", decisions)


def test_patches_are_decided_on_before_anything_is_deployed(stage: Stage, tmp_path: Path):
    names = ("one", "two", "three", "four")
    stage.bank = Bank("x", {name: fix(tmp_path / name, name, right=name == "one") for name in names}, {})
    stage.mending.deploy("team", NEW)
    stage.wait()
    patches = stage.mending.bench()
    assert len(patches) == 4, "they can still be read"
    with pytest.raises(Refused, match="before anything is deployed"):
        stage.mending.settle("team", {one["patch"]: Decision(False, "a") for one in patches})


def test_a_review_ends_with_its_drill(stage: Stage, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(books, "watermark", lambda _: 0)
    monkeypatch.setattr(books, "level", lambda *_: None)
    fixes = {name: fix(tmp_path / name, name, right=name == "one") for name in ("one", "two", "three", "four")}
    stage.bank = Bank("x", fixes, {})
    stage.verifier.waits = threading.Event()
    decisions = {one["patch"]: Decision(False, "a") for one in stage.mending.bench()}
    stage.mending.settle("team", decisions)
    work = stage.mending._latest["review"][1]
    while not stage.verifier.seen:
        threading.Event().wait(0.01)
    stage.say(happened.Aborted(why="enough"))
    stage.releases.want(stage.releases.baseline())  # as panic does
    stage.verifier.waits.set()
    stage.wait()
    assert work.shown()["why"] == OVER and len(stage.verifier.seen) == 1
    assert stage.releases.wanted().release == stage.releases.baseline()


def test_what_a_crash_left_is_made_up_for(stage: Stage):
    stage.mending.deploy("team", NEW)
    stage.wait()
    stage.releases.want(stage.releases.baseline(), stop=["partner"])
    stage.mending.recover()
    assert (stage.releases.wanted().release, stage.releases.wanted().stopped) == ("r-1", ())


def test_a_guardrail_is_proven_on_the_release_that_runs(stage: Stage, monkeypatch):
    tried = []

    def prove(packed, path, bank, baseline, fix, note):
        tried.append((fix / "billing" / "app.py").read_text())
        return SimpleNamespace(bites=True, shown=dict)

    monkeypatch.setattr(stage.mending, "_prover", SimpleNamespace(prove=prove))
    stage.mending.prove("team", NEW, "g")
    stage.wait()
    stage.mending.deploy("team", NEW)
    stage.wait()
    stage.mending.prove("team", NEW, "h")
    stage.wait()
    assert tried == ["x = 1\n", "x = 2\n"]
    assert stage.drills.current().guardrails == {"g": "baseline", "h": "r-1"}


def test_where_nobody_was_hurt_nothing_is_mended(stage: Stage):
    cause = happened.Submitted(
        component="billing", mechanism=happened.NO_INCIDENT, location="", sentence="…", pieces=[], accepted=True
    )
    stage.say(cause)
    with pytest.raises(UsageError, match="nothing to mend"):
        stage.mending.verify("team")


def test_before_the_cause_is_known_nothing_is_mended(tmp_path: Path):
    stage = Stage(tmp_path)
    stage.say(happened.Aborted(why="again"), ARMED.model_copy(update={"drill": "d-2"}), PAGED)
    with pytest.raises(Refused, match="First the root cause"):
        stage.mending.deploy("team", NEW)
