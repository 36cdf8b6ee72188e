"""In which order a fix is looked at, and when that ends."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from warroom.verify import verifier as module
from warroom.verify.company import TimeIsUp
from warroom.verify.verifier import LAST_S, LONGEST_S, Case, Progress, Verifier

from lab.drill.verdict import Check, Of, Verdict
from lab.errors import LabError
from lab.releases import EDITABLE

TRIAL = SimpleNamespace(
    profile="p",
    money=None,
    orders_at_once=0,
    exports_at_once=0,
    components=["checkout"],
    dependency=SimpleNamespace(stop="b"),
)
PARTS = ("charges", "sales", "history", "during", "books", "telemetry", "resolved", "dependency")


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


class Lab:
    """Each part gives one check, after `takes` seconds of it; `failing` says of what those are that do not pass."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.failing: dict[str, Of] = {}
        self.takes: dict[str, float] = {}
        self.asked: list[str] = []

    def part(self, name: str) -> Iterator[Check]:
        self.asked.append(name)
        self.clock.now += self.takes.get(name, 1.0)
        yield Check(name=name, of=self.failing.get(name, Of.PROMISE), passed=name not in self.failing)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    clock = Clock()
    lab = Lab(clock)
    monkeypatch.setattr(module.time, "monotonic", clock.monotonic)
    given = {"charges": "charges", "sales": "sales", "history": "history", "books": "books", "dependency": "dependency"}
    for where, name in given.items():
        monkeypatch.setattr(getattr(module, where), "check", lambda *_, name=name, **__: lab.part(name))
    monkeypatch.setattr(module.books, "watermark", lambda _: 0)
    monkeypatch.setattr(module.sales, "during", lambda *_: lab.part("during"))
    monkeypatch.setattr(module, "replay", lambda *_: lab.part("replay"))
    return lab


def judged(lab: Lab, *, hasty: bool = False, touched: bool = True, require=lambda: None) -> tuple[Verdict, Progress]:
    signals = SimpleNamespace(telemetry=lambda: lab.part("telemetry"), resolved=lambda *_: next(lab.part("resolved")))
    load = SimpleNamespace(stop=lambda _: None)
    company = SimpleNamespace(within=lambda _: None)
    verifier = Verifier(company, load, None, signals, None, contextlib.nullcontext)
    case: Any = SimpleNamespace(trial=TRIAL, seed=1, touched=touched, scenario=SimpleNamespace(alerts=[]))
    progress = Progress("r-1", began=lab.clock.now)
    return verifier.run(case, progress, hasty=hasty, require=require), progress


def test_all_of_it_is_looked_at(lab: Lab):
    verdict, progress = judged(lab)
    assert verdict is Verdict.VERIFIED
    assert [check.name for check in progress.checks] == lab.asked
    assert lab.asked == ["charges", "sales", "history", "replay", *PARTS[3:]]


def test_what_fails_does_not_end_it_unless_it_is_hasty(lab: Lab):
    lab.failing = {"sales": Of.PROMISE, "books": Of.PROMISE}
    assert judged(lab)[0] is Verdict.REGRESSED and lab.asked[-1] == "dependency"
    lab.asked.clear()
    assert judged(lab, hasty=True)[0] is Verdict.REGRESSED and lab.asked == ["charges", "sales"]


def test_nothing_is_taken_away_while_the_incident_is_there(lab: Lab):
    lab.failing = {"replay": Of.INCIDENT}
    assert judged(lab)[0] is Verdict.SYMPTOM_ONLY and "dependency" not in lab.asked


@pytest.mark.parametrize("part", ["sales", "replay", "books"])
def test_when_the_time_is_over_what_has_failed_is_the_verdict(lab: Lab, part: str):
    lab.failing, lab.takes = {"charges": Of.INCIDENT}, {part: LONGEST_S}
    assert judged(lab)[0] is Verdict.SYMPTOM_ONLY and lab.asked[-1] == part


def test_without_a_failure_a_verification_that_takes_too_long_says_nothing(lab: Lab):
    lab.takes = {"sales": LONGEST_S}
    verdict, progress = judged(lab)
    assert verdict is Verdict.INFRASTRUCTURE and "did not end within" in progress.checks[-1].note


def test_what_is_asked_knows_how_much_time_there_is(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    lefts: list[float] = []

    def check(*given: Any) -> Iterator[Check]:
        lefts.append(given[-1]())
        return lab.part("dependency")

    monkeypatch.setattr(module.dependency, "check", check)
    lab.takes = {"replay": 50.0}
    judged(lab)
    assert lefts == [LONGEST_S - LAST_S - 50 - 7]  # seven other parts before it


def test_where_nobody_can_be_asked_any_longer_what_has_failed_is_the_verdict(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    def late(*_: Any) -> Iterator[Check]:
        raise TimeIsUp("No time.")
        yield

    monkeypatch.setattr(module.history, "check", late)
    assert judged(lab)[0] is Verdict.INFRASTRUCTURE
    lab.failing = {"sales": Of.PROMISE}
    assert judged(lab)[0] is Verdict.REGRESSED


def test_a_lab_that_does_not_answer_says_nothing_of_the_fix(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    def away(*_: Any) -> Iterator[Check]:
        raise LabError("The load does not answer.")

    monkeypatch.setattr(module, "replay", away)
    lab.failing = {"charges": Of.INCIDENT}
    assert judged(lab)[0] is Verdict.INFRASTRUCTURE


def test_whoever_does_not_wait_any_longer_ends_it(lab: Lab):
    class Away(Exception): ...

    def require() -> None:
        if "sales" in lab.asked:
            raise Away

    with pytest.raises(Away):
        judged(lab, require=require)
    assert lab.asked[-1] == "sales"


@pytest.mark.parametrize(
    ("changed", "touched"), [([], True), (["checkout"], True), (["billing"], False), (["billing", "checkout"], True)]
)
def test_who_mends_something_else_has_another_cause_and_who_mends_nothing_none(
    tmp_path: Path, changed: list[str], touched: bool
):
    for release in ("before", "after"):
        for name in EDITABLE:
            (tmp_path / release / name).mkdir(parents=True)
            (tmp_path / release / name / "app.py").write_text(release if name in changed else "")
    case = Case(SimpleNamespace(), TRIAL, "r-1", tmp_path / "after", tmp_path / "before", 1)
    assert case.touched is touched
