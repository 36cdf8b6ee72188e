"""What whole runs of the banks came to: `labctl validate ID --json`, kept in benchmarks/bank/.

Exit code 3 if not all of it holds.

It runs nothing, because a bank takes a quarter of an hour: that is what `labctl validate --all` is for. Each scenario
with a bank needs three runs of all of its fixes; one of a part (--fix, --sample) is none. In all of them a fix gets the
same verdict, and it gets one: what broke off proves nothing.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Set
from pathlib import Path
from statistics import median
from typing import Any

from support.driving import ROOT, arguments, figure, report, say

from lab import bank, private, scenario
from lab.errors import CheckFailed

FOLDER = ROOT / "benchmarks" / "bank"
RUNS = 3
LONGEST_S = 1200.0  # of one bank
TYPICALLY_S, NEVER_OVER_S = 60.0, 90.0  # of a verification


def figures(runs: list[dict[str, Any]], banks: Mapping[str, Set[str]]) -> list[dict[str, Any]]:
    """`banks` has the names of each scenario's fixes."""
    return [one for name, fixes in sorted(banks.items()) for one in _of_one(name, _runs_of(name, runs), fixes)]


def _of_one(name: str, runs: list[dict[str, Any]], fixes: Set[str]) -> list[dict[str, Any]]:
    verdicts: dict[str, set[str | None]] = defaultdict(set)
    for fix in (fix for run in runs for fix in run["fixes"]):
        verdicts[fix["fix"]].add(fix["verdict"])
    right = [fix["seconds"] for run in runs for fix in run["fixes"] if fix["verdict"] == "verified"]
    failed = sum(not step["passed"] for run in runs for step in run["steps"])
    several = sum(len(one) > 1 for one in verdicts.values())
    none = sum(None in one for one in verdicts.values())
    return [
        figure(f"{name}: runs", len(runs), "", least=RUNS),
        figure(
            f"{name}: fixes tried in each", min((len(_tried(run)) for run in runs), default=0), "", least=len(fixes)
        ),
        figure(f"{name}: runs of another bank, or of a part", sum(_tried(run) != fixes for run in runs), "", most=0),
        figure(f"{name}: wrong fixes accepted", sum(len(run["wrong_accepted"]) for run in runs), "", most=0),
        figure(f"{name}: right fixes rejected", sum(len(run["right_rejected"]) for run in runs), "", most=0),
        figure(f"{name}: steps that did not pass", failed, "", most=0),
        figure(f"{name}: longest run", max((run["seconds"] for run in runs), default=None), "s", most=LONGEST_S),
        figure(
            f"{name}: right fix in place and verified, median",
            median(right) if right else None,
            "s",
            most=TYPICALLY_S,
        ),
        figure(f"{name}: right fix in place and verified, longest", max(right, default=None), "s", most=NEVER_OVER_S),
        figure(f"{name}: fixes with more than one verdict", several, "", most=0),
        figure(f"{name}: fixes without a verdict", none, "", most=0),
    ]


def _runs_of(name: str, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [run for run in runs if run["scenario"] == name]


def _tried(run: dict[str, Any]) -> set[str]:
    return {
        fix["fix"] for fix in run["fixes"] if fix["fix"] is not None
    }  # the one without a name is the lab's own code


def known() -> dict[str, Set[str]]:
    """The banks that there are; a control has none."""
    ids = [one.id for one in scenario.load_all() if not private.load(one.id).control]
    return {one: set(bank.load(one).fixes) for one in ids}


def read(folder: Path) -> list[dict[str, Any]]:
    """All runs that are kept: a file has one, or the list that `validate --all` prints."""
    if not folder.is_dir():
        say(f"There is no {folder}: keep there what labctl validate --all --json prints, {RUNS} times.")
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return [run for one in found for run in (one if isinstance(one, list) else [one])]


def main() -> None:
    arguments(__doc__)
    found = figures(read(FOLDER), known())
    report(found)
    if any(one["passed"] is False for one in found):
        sys.exit(CheckFailed.exit_code)


if __name__ == "__main__":
    main()
