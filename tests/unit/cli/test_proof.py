"""What a scenario's proof asks of the lab, in which order, and what it makes of the answers."""

from typing import Any

import pytest

from lab.cli.proof import HEALTHY_WITHIN_S, PAGED_WITHIN_S, Proof, Step
from lab.errors import UsageError
from lab.scenario import Alert, Scenario

SERVED = {"asked_rps": 21.0, "achieved_rps": 20.8, "failure_ratio": 0.0, "p99_s": 0.2}
HURT = {**SERVED, "failure_ratio": 0.3}
SCENARIO = Scenario(
    id="one", title="One", severity="critical", profile="sale", alerts=[Alert(alertname="Errors", service="shop")]
)
FAILED = {"name": "late answers", "passed": False, "figure": 0.5, "bound": 0.01, "unit": "of 1", "note": ""}
WRONG, RIGHT = "silence-it", "mend-it"


class Lab:
    """The war room and what is watched, by a clock of its own. An incident is told after `pages_after` seconds, as
    `told`, and lasts until it is mitigated, which works if it `heals`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self.began: float | None = None
        self.pages_after, self.told, self.heals = 15.0, ("Errors", "shop"), True
        self.control, self.hurts, self.books = False, True, 0.0
        self.verdicts: dict[str | None, list[str]] = {
            None: ["wrong-cause"],
            WRONG: ["symptom-only"],
            RIGHT: ["verified"],
        }
        self.whys: dict[str | None, str] = {}
        self.count = 0
        self._deeds: list[dict] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @property
    def shows(self) -> bool:
        return self.began is not None and self.now - self.began >= self.pages_after

    # the war room

    def described(self, scenario: str) -> dict[str, Any]:
        bank = [] if self.control else [{"name": n, "right": n == RIGHT, "title": n} for n in (RIGHT, WRONG)]
        return {"control": self.control, "recovery": {"restart": ["shop"], "level_books": False}, "fixes": bank}

    def make_new(self) -> dict[str, Any]:
        self.asked.append("new")
        return self._deed(None)

    def mitigate(self, scenario: str) -> dict[str, Any]:
        self.asked.append("mitigate")
        self.began = None if self.heals else self.began
        return self._deed(None)

    def try_out(self, scenario: str, fix: str | None, seed: int) -> dict[str, Any]:
        self.asked.append(f"try {fix} {seed}")
        if why := self.whys.get(fix):
            return self._deed(None, why)
        verdicts = self.verdicts[fix]
        verdict = verdicts.pop(0) if len(verdicts) > 1 else verdicts[0]
        expected = ["verified"] if fix == RIGHT else ["symptom-only", "wrong-cause"]
        checks = [{**FAILED, "passed": True}] if verdict == "verified" else [FAILED]
        settled = None if verdict == "verified" else FAILED
        result = {"fix": fix, "right": fix == RIGHT, "verdict": verdict, "expected": expected, "checks": checks}
        return self._deed({**result, "settled_by": settled})

    def latest(self) -> dict[str, Any]:
        return self._deeds[-1]

    def end(self) -> None:
        self.asked.append("end")

    def _deed(self, result: Any, why: str = "") -> dict[str, Any]:
        done = {"running": False, "step": "done", "seconds": 9.0, "result": result, "why": why}
        self._deeds.append(done)
        return {**done, "running": True}

    # what is watched

    def alerts(self) -> list[dict]:
        name, service = self.told
        return [{"labels": {"alertname": name, "service": service}, "state": "firing"}] if self.shows else []

    def pages(self) -> list[dict]:
        name, service = self.told
        now = [{"id": f"p-{self.count}", "alertname": name, "service": service, "status": "firing"}]
        old = [{**now[0], "id": f"p-{n}", "status": "resolved"} for n in range(1, self.count)]
        return [*old, *(now if self.shows else [])]

    def profiles(self) -> list[dict]:
        return [{"profile": "healthy", **(HURT if self.shows and self.hurts else SERVED)}]

    def cents(self) -> float | None:
        return self.books

    def start(self, profile: str) -> None:
        self.asked.append(f"start {profile}")
        self.began, self.count = self.now, self.count + 1


class Told:
    def __init__(self) -> None:
        self.steps: list[Step] = []

    def doing(self, text: str) -> None: ...

    def step(self, step: Step) -> None:
        self.steps.append(step)


@pytest.fixture
def lab() -> Lab:
    return Lab()


def proved(lab: Lab, names: tuple[str, ...] = (WRONG, RIGHT)) -> dict[str, Any]:
    proof = Proof(SCENARIO, lab, lab, Told(), clock=lambda: lab.now, sleep=lab.sleep)
    return proof.run(names, seed=7)


def test_it_comes_is_told_goes_and_comes_back(lab: Lab):
    result = proved(lab)
    assert result["passed"] and (result["wrong_accepted"], result["right_rejected"]) == ([], [])
    assert lab.asked == [
        *("new", "start sale", "mitigate"),
        *("try None 7", f"try {WRONG} 7", f"try {RIGHT} 7"),
        *("end", "start sale", "mitigate"),
    ]
    assert [step["name"] for step in result["steps"]] == [
        "the lab is as new",
        "healthy and silent",
        "the load brings the page",
        "over when the load has stopped",
        "what the lab ships is not fixed",
        f"{WRONG} is rejected",
        f"{RIGHT} is accepted",
        "healthy and silent again",
        "the load brings the page again",
        "over once more",
    ]
    assert all(set(step) == {"name", "passed", "seconds", "detail"} for step in result["steps"])


def test_of_a_fix_what_settled_it_is_told(lab: Lab):
    result = proved(lab)
    wrong = next(fix for fix in result["fixes"] if fix["fix"] == WRONG)
    assert (wrong["verdict"], wrong["settled_by"], wrong["checks"]) == ("symptom-only", FAILED, [FAILED])
    step = next(step for step in result["steps"] if step["name"].startswith(WRONG))
    assert step["detail"] == "symptom-only: late answers: 0.5, at most 0.01"


def test_a_wrong_fix_that_is_accepted(lab: Lab):
    lab.verdicts[WRONG] = ["verified"]
    result = proved(lab)
    assert (result["passed"], result["wrong_accepted"], result["right_rejected"]) == (False, [WRONG], [])
    assert lab.asked[-1] == "mitigate", "the rest is proved all the same"


def test_a_right_fix_that_is_rejected(lab: Lab):
    lab.verdicts[RIGHT] = ["symptom-only"]
    result = proved(lab)
    assert (result["passed"], result["wrong_accepted"], result["right_rejected"]) == (False, [], [RIGHT])


def test_a_wrong_fix_that_is_rejected_for_something_else(lab: Lab):
    lab.verdicts[WRONG] = ["regressed"]
    result = proved(lab)
    assert (result["passed"], result["wrong_accepted"]) == (False, [])


def test_what_the_lab_ships_must_not_pass(lab: Lab):
    lab.verdicts[None] = ["verified"]
    result = proved(lab)
    assert not result["passed"] and result["wrong_accepted"] == []


@pytest.mark.parametrize("verdict", ["load-not-delivered", "infrastructure"])
def test_what_says_nothing_of_the_fix_is_tried_once_more(lab: Lab, verdict: str):
    lab.verdicts[RIGHT] = [verdict, "verified"]
    result = proved(lab)
    assert result["passed"] and [fix["tries"] for fix in result["fixes"]] == [1, 1, 2]
    lab.verdicts[RIGHT] = [verdict]
    assert proved(lab)["right_rejected"] == [RIGHT]


def test_a_trial_that_broke_off_is_neither(lab: Lab):
    lab.whys[WRONG] = "It broke off."
    result = proved(lab)
    assert not result["passed"] and result["wrong_accepted"] == []
    assert [step["detail"] for step in result["steps"] if not step["passed"]] == ["It broke off."]
    lab.whys = {RIGHT: "It broke off."}
    assert proved(lab)["right_rejected"] == [RIGHT], "what was not accepted was not accepted"


def test_only_what_was_asked_for_is_tried(lab: Lab):
    assert [fix["fix"] for fix in proved(lab, (RIGHT,))["fixes"]] == [None, RIGHT]


def test_the_bank_alone(lab: Lab):
    proof = Proof(SCENARIO, lab, lab, Told(), clock=lambda: lab.now, sleep=lab.sleep)
    assert proof.run((WRONG, RIGHT), seed=7, incident=False)["passed"]
    assert lab.asked == ["new", f"try {WRONG} 7", f"try {RIGHT} 7", "end"]


def test_a_page_that_does_not_come(lab: Lab):
    lab.pages_after = PAGED_WITHIN_S + 20
    result = proved(lab)
    assert not result["passed"] and result["fixes"] == []
    assert result["steps"][-1]["detail"] == f"Not within {PAGED_WITHIN_S:g} s: no page of it came."


def test_a_page_of_another_incident(lab: Lab):
    lab.told = ("Errors", "another")
    assert "no page of it came" in proved(lab)["steps"][-1]["detail"]


def test_a_lab_that_is_not_silent_proves_nothing(lab: Lab):
    lab.began = -100.0
    result = proved(lab)
    assert [step["name"] for step in result["steps"]] == ["the lab is as new", "healthy and silent"]
    assert result["steps"][-1]["detail"] == f"Not within {HEALTHY_WITHIN_S:g} s: Errors of shop is firing."


def test_what_is_refused_at_the_beginning_is_the_callers_to_know(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    def refuse() -> None:
        raise UsageError("A drill is under way.")

    monkeypatch.setattr(lab, "make_new", refuse)
    with pytest.raises(UsageError, match="A drill is under way"):
        proved(lab)
    assert lab.asked == []


def test_what_does_not_go_away(lab: Lab):
    lab.heals = False
    result = proved(lab)
    assert result["steps"][-1]["name"] == "over when the load has stopped" and not result["passed"]


def test_a_control_has_no_bank_and_hurts_nobody(lab: Lab):
    lab.control, lab.hurts = True, False
    result = proved(lab)
    assert result["passed"] and result["fixes"] == []
    assert "nobody is hurt" in [step["name"] for step in result["steps"]]


@pytest.mark.parametrize("how", ["customers", "books"])
def test_a_control_that_hurts(lab: Lab, how: str):
    lab.control, lab.hurts, lab.books = True, how == "customers", 3.0 if how == "books" else 0.0
    assert proved(lab)["steps"][-1]["name"] == "nobody is hurt"
