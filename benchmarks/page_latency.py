"""For each scenario: load start → symptom over its threshold → page delivered; then load stop → health again.

Beside the seconds from symptom to page stands their floor: `for` and `group_wait` as configured. A trigger passes when
the expected page came within 60 s and 1.3 × that floor after the symptom, no page told another story, and recovery
went as the scenario's private file says. Nothing is asserted; `passed` and `unexpected pages` are figures.

It takes the lab named by `--name` as it is, or starts it in `--runtime` (auto, local or compose).
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from support import books
from support.driving import Lab, arguments, figure, report, say, wait_for
from support.floors import floor

from lab import private
from lab.private import Recovery
from lab.scenario import Alert, Scenario, load_all

PAGE_WITHIN_S = 60.0
RECOVERED_WITHIN_S = 60.0
STAYS_S = 30.0  # more than an alert keeps firing after its end
QUIET_WITHIN_S = 120.0


def epoch(moment: str) -> float:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


@dataclass
class Trigger:
    """One run of one scenario; seconds, None for what did not happen."""

    to_symptom: float | None = None
    to_page: float | None = None
    recovered: float | None = None
    unexpected: set[str] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)

    @property
    def after_symptom(self) -> float | None:
        return None if self.to_page is None or self.to_symptom is None else self.to_page - self.to_symptom


def is_of(alert: Alert, labels: dict) -> bool:
    return (labels.get("alertname"), labels.get("service")) == (alert.alertname, alert.service)


def trigger(lab: Lab, scenario: Scenario) -> Trigger:
    """Start the load, wait for the page, stop the load, bring health back."""
    run = Trigger()
    expected = scenario.alerts[0]
    recovery = private.load(scenario.id).recovery
    try:
        wait_for(lab.quiet, "no alert and no open page before the trigger", QUIET_WITHIN_S)
    except TimeoutError as late:
        run.trouble.append(str(late))
        start_afresh(lab)
        return run
    known = {page["id"] for page in lab.pages()}
    began = time.time()
    lab.load(scenario.profile, "start")
    try:
        wait_for(lambda: _look(lab, run, expected, known, began), "the expected page", PAGE_WITHIN_S + 10)
    except TimeoutError as late:
        run.trouble.append(str(late))
    lab.load(scenario.profile, "stop")
    try:
        recover(lab, run, recovery)
    except TimeoutError as late:
        run.trouble.append(str(late))
        start_afresh(lab)
    run.unexpected = {
        f"{page['alertname']} {page['service']}"
        for page in lab.pages()
        if page["id"] not in known and not any(is_of(alert, page) for alert in scenario.alerts)
    }
    if run.to_page is not None and run.to_page > PAGE_WITHIN_S:
        run.trouble.append(f"the page took {run.to_page:.0f} s")
    if run.after_symptom is not None and run.after_symptom > 1.3 * floor(expected.alertname).after_symptom:
        run.trouble.append(f"{run.after_symptom:.1f} s from symptom to page")
    return run


def start_afresh(lab: Lab) -> None:
    """So that the next trigger finds a lab that the last one left in trouble in order."""
    lab.labctl("restart", "checkout", "inventory", "promotions", "orders")


def _look(lab: Lab, run: Trigger, expected: Alert, known: set[str], began: float) -> bool:
    """Notes when Prometheus first saw the symptom and when the page was delivered; true once it was."""
    if run.to_symptom is None:
        seen = [epoch(alert["activeAt"]) for alert in lab.alerts() if is_of(expected, alert["labels"])]
        run.to_symptom = seen[0] - began if seen else None
    delivered = [page for page in lab.pages() if page["id"] not in known and is_of(expected, page)]
    if delivered:
        run.to_page = epoch(delivered[0]["delivered_at"]) - began
    return bool(delivered)


def recover(lab: Lab, run: Trigger, recovery: Recovery) -> None:
    """Load has stopped: what the scenario names is done, and health must follow. Raises TimeoutError."""
    began = time.time()
    if recovery.restart:
        time.sleep(STAYS_S)
        healthy = next(one for one in lab.get("load", "/profiles") if one["profile"] == "healthy")
        if not healthy["failure_ratio"]:
            run.trouble.append(f"it healed by itself within {STAYS_S:g} s of load stop")
        began = time.time()
        lab.labctl("restart", *recovery.restart)
    wait_for(lab.quiet, "health after load stop", began + RECOVERED_WITHIN_S - time.time())
    run.recovered = time.time() - began
    if recovery.level_books:
        if not lab.difference_cents():
            run.trouble.append("the books agree although nobody levelled them")
        books.level(lab)


def summarise(scenario: Scenario, runs: list[Trigger]) -> list[dict]:
    bounds = floor(scenario.alerts[0].alertname)
    figures = []
    for name, unit, values, beside in (
        ("load start to symptom", "s", [run.to_symptom for run in runs], None),
        ("symptom to page", "s", [run.after_symptom for run in runs], bounds.after_symptom),
        ("load start to page", "s", [run.to_page for run in runs], bounds.whole),
        ("recovery", "s", [run.recovered for run in runs], None),
    ):
        for which, value in zip(("median", "worst"), _median_and_worst(values), strict=True):
            figures.append(figure(f"{scenario.id}: {name}, {which}", value, unit, beside=beside))
    unexpected = sum(len(run.unexpected) for run in runs)
    passed = sum(not run.trouble and not run.unexpected and run.to_page is not None for run in runs)
    figures.append(figure(f"{scenario.id}: unexpected pages", unexpected, "", most=0))
    figures.append(figure(f"{scenario.id}: passed", passed, f"of {len(runs)}", least=len(runs)))
    return figures


def _median_and_worst(values: list[float | None]) -> tuple[float | None, float | None]:
    """The worst of what did not always happen is not a number of seconds: None."""
    there = sorted(value for value in values if value is not None)
    if not there:
        return None, None
    return median(there), there[-1] if len(there) == len(values) else None


def main() -> None:
    options = arguments(__doc__, times=1, scenario="", runtime="auto")
    lab = Lab.attach(options.name, options.runtime)
    figures = []
    for scenario in load_all():
        if options.scenario and scenario.id != options.scenario:
            continue
        runs = []
        for n in range(options.times):
            run = trigger(lab, scenario)
            runs.append(run)
            say(
                f"{scenario.id} {n + 1}/{options.times}: symptom {run.to_symptom}, page {run.to_page}, recovered "
                f"{run.recovered}, unexpected {sorted(run.unexpected)}, trouble {run.trouble}"
            )
        figures += summarise(scenario, runs)
    report(figures)


if __name__ == "__main__":
    main()
