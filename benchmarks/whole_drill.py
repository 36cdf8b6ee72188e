"""A whole drill of each scenario by labctl's commands alone, from the page to the debrief, in whatever a lab runs.

The team knows the answer: what it hands in is in support/clicks.py, its fix and its guardrail are the bank's. All the
rest is asked of the lab as a team would. `passed` says that the drill closed with nothing owed and that its report has
every figure; the seconds are the drill's own and bound nothing.
"""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from support import books
from support.clicks import SCENARIOS, Known
from support.driving import Lab, arguments, figure, report, wait_for
from support.forgeries import KNOWN
from support.team import COOL_S, Team

CONTROL = "annual-invoices"
MITIGATED_S = 240.0
ORDINARY = 10  # by rank: not the longest, which is as long as this machine's worst moment


def incident(lab: Lab, known: Known) -> dict[str, Any]:
    team = Team(lab)
    team.start(known.scenario)
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
    team.start(CONTROL)
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


def closed(team: Team) -> dict[str, Any]:
    team.do("close")
    team.do("debrief")
    return dict(team.ask("report"))


def figures_of(scenario: str, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    times, harm = found["times"], found["harm"] or {}
    quiet = scenario == CONTROL
    bound: dict[str, float] = {"most": 0} if quiet else {"least": 0}  # a figure that is not known has not passed
    return [
        figure(f"{scenario}: complete, nothing owed", found["outcome"] == "complete", "", least=1),
        *(figure(f"{scenario}: {name}", times.get(name), "s", least=None if quiet else 0) for name in times),
        figure(f"{scenario}: root causes handed in", found["tries"], "", least=1),
        figure(f"{scenario}: outside the SLO", harm.get("out_of_slo_s"), "s", **bound),
        figure(f"{scenario}: orders lost", harm.get("orders_lost"), "", **bound),
        figure(f"{scenario}: money wrong", harm.get("money_wrong_cents"), "cents", **bound),
        *(
            []
            if quiet
            else [figure(f"{scenario}: verifications, until one said something", len(found["verdicts"]), "")]
        ),
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
