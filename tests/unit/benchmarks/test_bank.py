"""What is made of the runs of a bank."""

import json
from pathlib import Path
from typing import Any

import bank
import pytest


def run(scenario: str, seconds: float = 600.0, verified_s: float = 45.0, **verdicts: str | None) -> dict[str, Any]:
    fixes = [{"fix": None, "right": False, "verdict": "symptom-only", "seconds": 12.0}]
    fixes += [
        {"fix": name, "right": name == "right", "verdict": verdict, "seconds": verified_s}
        for name, verdict in verdicts.items()
    ]
    accepted = [name for name, verdict in verdicts.items() if verdict == "verified" and name != "right"]
    rejected = [name for name, verdict in verdicts.items() if verdict != "verified" and name == "right"]
    return {
        "scenario": scenario,
        "seconds": seconds,
        "steps": [{"name": "x", "passed": not (accepted or rejected), "seconds": 1.0}],
        "wrong_accepted": accepted,
        "right_rejected": rejected,
        "fixes": fixes,
    }


BANKS = {"a": {"right", "wrong"}}
GOOD = {"right": "verified", "wrong": "symptom-only"}


def values(*runs: dict[str, Any], banks: dict[str, set[str]] = BANKS) -> dict[str, tuple[float | None, bool | None]]:
    return {one["name"]: (one["value"], one["passed"]) for one in bank.figures(list(runs), banks)}


def missed(*runs: dict[str, Any]) -> set[str]:
    return {name.removeprefix("a: ") for name, (_, passed) in values(*runs).items() if passed is False}


def test_three_whole_runs_in_which_all_is_as_it_should_be():
    found = values(run("a", **GOOD), run("a", 700.0, **GOOD), run("a", **GOOD))
    assert all(passed for _, passed in found.values())
    assert found["a: runs"] == (3, True) and found["a: fixes tried in each"] == (2, True)
    assert found["a: longest run"] == (700.0, True)
    assert found["a: right fix in place and verified, longest"] == (45.0, True)


@pytest.mark.parametrize(
    ("third", "what"),
    [
        (None, {"runs"}),
        (run("a", right="verified"), {"fixes tried in each", "runs of another bank, or of a part"}),
        (run("a", **GOOD, new="symptom-only"), {"runs of another bank, or of a part"}),
        (run("a", 1200.1, **GOOD), {"longest run"}),
        (run("a", verified_s=90.1, **GOOD), {"right fix in place and verified, longest"}),
        (run("a", right="verified", wrong="regressed"), {"fixes with more than one verdict"}),
        (
            run("a", right="verified", wrong=None),
            {"fixes with more than one verdict", "fixes without a verdict"},
        ),
        (
            run("a", right="verified", wrong="verified"),
            {"wrong fixes accepted", "steps that did not pass", "fixes with more than one verdict"},
        ),
        (
            run("a", right="symptom-only", wrong="symptom-only"),
            {"right fixes rejected", "steps that did not pass", "fixes with more than one verdict"},
        ),
    ],
)
def test_what_is_missing_or_went_wrong_has_not_passed(third: dict[str, Any] | None, what: set[str]):
    assert missed(run("a", **GOOD), run("a", **GOOD), *([third] if third else [])) == what


def test_a_bank_alone_is_a_whole_one():
    runs = [run("a", **GOOD) for _ in range(3)]
    for one in runs:
        one["fixes"] = one["fixes"][1:]
    assert missed(*runs) == set()


def test_a_scenario_that_was_never_run_has_not_passed():
    found = values(run("a", **GOOD), banks={**BANKS, "b": {"x"}})
    assert found["b: runs"] == (0, False) and found["b: longest run"] == (None, False)


def test_all_scenarios_but_controls_have_a_bank():
    found = bank.known()
    assert {"flash-sale", "batch-export"} <= found.keys() and "annual-invoices" not in found
    assert all(len(fixes) >= 14 for fixes in found.values())


def test_what_is_read(tmp_path: Path):
    (tmp_path / "a-1.json").write_text(json.dumps(run("a")))
    (tmp_path / "all-1.json").write_text(json.dumps([run("a"), run("b")]))
    assert [one["scenario"] for one in bank.read(tmp_path)] == ["a", "a", "b"]


def test_without_runs_it_says_so_and_ends_with_3(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(bank, "FOLDER", tmp_path / "bank")
    monkeypatch.setattr("sys.argv", ["bank.py"])
    with pytest.raises(SystemExit) as ended:
        bank.main()
    said = capsys.readouterr()
    assert ended.value.code == 3 and json.loads(said.out)["figures"]
    assert f"There is no {tmp_path / 'bank'}: keep there what labctl validate" in said.err
