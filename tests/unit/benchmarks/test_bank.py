"""What is made of the runs of a bank."""

import json
from pathlib import Path
from typing import Any

import bank


def run(scenario: str, seconds: float = 600.0, **verdicts: str) -> dict[str, Any]:
    fixes = [{"fix": None, "right": False, "verdict": "symptom-only"}]
    fixes += [{"fix": name, "right": name == "right", "verdict": verdict} for name, verdict in verdicts.items()]
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


def values(*runs: dict[str, Any]) -> dict[str, tuple[float, bool | None]]:
    return {one["name"]: (one["value"], one["passed"]) for one in bank.figures(list(runs))}


def test_runs_of_one_scenario_are_taken_together():
    found = values(
        run("a", right="verified", wrong="symptom-only"), run("a", 700.0, right="verified", wrong="regressed")
    )
    assert found["a: runs"] == (2, None) and found["a: fixes tried in each"] == (2, None)
    assert found["a: wrong fixes accepted"] == found["a: right fixes rejected"] == (0, True)
    assert found["a: longest run"] == (700.0, True)
    assert found["a: fixes with one verdict in all runs"][0] == 2, "the lab's own and the right one"


def test_what_went_wrong_is_not_passed():
    found = values(run("a", 1300.0, right="symptom-only", wrong="verified"), run("b", right="verified"))
    assert found["a: wrong fixes accepted"] == found["a: right fixes rejected"] == (1, False)
    assert found["a: steps that did not pass"] == (1, False) and found["a: longest run"] == (1300.0, False)
    assert found["b: steps that did not pass"] == (0, True)


def test_what_is_read(tmp_path: Path):
    (tmp_path / "a-1.json").write_text(json.dumps(run("a")))
    assert [one["scenario"] for one in bank.read(tmp_path)] == ["a"]
