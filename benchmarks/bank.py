"""What whole runs of the banks came to: `labctl validate ID --json`, kept in benchmarks/bank/.

It runs nothing, because a bank takes a quarter of an hour: that is what `labctl validate --all` is for. A fix has one
verdict if it got the same in each run; a wrong one may fail in more than one way, and which is seen first may differ.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from support.driving import ROOT, arguments, figure, report

FOLDER = ROOT / "benchmarks" / "bank"
LONGEST_S = 1200.0  # of one bank


def figures(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_scenario: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for run in runs:
        by_scenario[run["scenario"]].append(run)
    found = []
    for name, of in sorted(by_scenario.items()):
        verdicts: dict[str, set[str]] = defaultdict(set)
        for fix in (fix for run in of for fix in run["fixes"]):
            verdicts[fix["fix"]].add(fix["verdict"])
        failed = sum(not step["passed"] for run in of for step in run["steps"])
        found += [
            figure(f"{name}: runs", len(of), ""),
            figure(f"{name}: fixes tried in each", min(_fixes(run) for run in of), ""),
            figure(f"{name}: wrong fixes accepted", sum(len(run["wrong_accepted"]) for run in of), "", most=0),
            figure(f"{name}: right fixes rejected", sum(len(run["right_rejected"]) for run in of), "", most=0),
            figure(f"{name}: steps that did not pass", failed, "", most=0),
            figure(f"{name}: longest run", max(run["seconds"] for run in of), "s", most=LONGEST_S),
            figure(f"{name}: fixes with one verdict in all runs", sum(len(one) == 1 for one in verdicts.values()), ""),
        ]
    return found


def _fixes(run: dict[str, Any]) -> int:
    return sum(fix["fix"] is not None for fix in run["fixes"])


def read(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def main() -> None:
    arguments(__doc__)
    report(figures(read(FOLDER)))


if __name__ == "__main__":
    main()
