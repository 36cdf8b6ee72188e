"""A scenario's bank tried out beside any drill: what `labctl validate` asks for, one thing at a time.

Nothing of it is on a drill's log. Afterwards the baseline runs, the books are level, and what a migration has done to
the database is undone by making it anew.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lab.bank import Action, Bank, Fix
from lab.clients.load import Load
from lab.clients.prometheus import Prometheus
from lab.drill import rules
from lab.drill.verdict import Check, Of, Verdict
from lab.errors import LabError
from lab.private import Private
from warroom.drills import Drills
from warroom.fleet import Fleet
from warroom.reset import Reset
from warroom.silences import Silences
from warroom.verify import books
from warroom.verify.company import Company
from warroom.verify.served import until_served
from warroom.verify.signals import names
from warroom.verify.verifier import Case, Progress, Verifier
from warroom.verify.view import Counters

log = logging.getLogger("warroom")

SILENT_S = 300.0  # seconds: a trial takes no longer, and the next one begins it again
SHOWN_WITHIN_S = 45.0  # seconds in which an incident shows
GONE_WITHIN_S = 90.0  # and in which the alerts of the one before end
GOES_ON_S = 10.0  # seconds for which it then goes on where a migration is to meet its data
SERVED_WITHIN_S = 15.0
LEVEL_TRIES = 4
STARTS = "the release starts"


class Ended(Exception):
    """Whoever asked for it does not wait for it any longer."""


@dataclass
class Deed:
    """One of them, read by whoever watches: `result` is what came of it, `why` what kept it from ending well."""

    step: str = "beginning"
    running: bool = True
    result: dict[str, Any] | None = None
    why: str = ""
    ended: bool = False
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    progress: Progress | None = None

    def note(self, text: str) -> None:
        self.require()
        self.step = text

    def require(self) -> None:
        if self.ended:
            raise Ended

    def shown(self) -> dict[str, Any]:
        return {
            "running": self.running,
            "step": self.progress.step if self.progress else self.step,
            "seconds": round(self.seconds or time.monotonic() - self.began, 1),
            "result": self.result,
            "why": self.why,
        }


class Validating:
    """Raises rules.Refused while a drill is under way or `one` is held."""

    def __init__(
        self,
        drills: Drills,
        fleet: Fleet,
        verifier: Verifier,
        *,
        one: threading.Lock,
        reset: Reset,
        counters: Counters,
        company: Company,
        load: Load,
        prometheus: Prometheus,
        silences: Silences,
        case: Callable[[str, str, int], Case],
        profile: Callable[[str], str],
        bank: Callable[[str], Bank],
        private: Callable[[str], Private],
    ) -> None:
        """`case` makes what is to be judged of a scenario, a release's name and a seed; `profile` is the scenario's
        load, `bank` and `private` are what else it says. All of these raise LabError."""
        self._drills = drills
        self._fleet = fleet
        self._releases = fleet.releases
        self._verifier = verifier
        self._one = one
        self._reset = reset
        self._counters = counters
        self._company = company
        self._load = load
        self._prometheus = prometheus
        self._silences = silences
        self._case = case
        self._profile = profile
        self._bank = bank
        self._private = private
        self._latest: Deed | None = None

    def described(self, scenario_id: str) -> dict[str, Any]:
        """What there is to be proved of a scenario."""
        said = self._private(scenario_id)
        fixes = {} if said.control else self._bank(scenario_id).fixes
        return {
            "control": said.control,
            "recovery": said.recovery.model_dump(),
            "fixes": [{"name": fix.name, "right": fix.right, "title": fix.title} for fix in fixes.values()],
        }

    def latest(self) -> dict[str, Any] | None:
        return self._latest.shown() if self._latest else None

    def end(self) -> None:
        """What is under way ends at its next step; the pager is not held back any longer, unless a drill does so."""
        if self._latest:
            self._latest.ended = True
        if not self._drill_under_way():
            self._silences.end()

    def make_new(self) -> dict[str, Any]:
        """The baseline's code and data, and healthy load alone."""

        def run(deed: Deed) -> None:
            deed.note("making the lab as new")
            self._silences.begin(SILENT_S, "The lab is made as new for a validation.")
            try:
                self._reset.make_new()
                self._settle(deed)
            finally:
                self._silences.end()

        return self._begin(run)

    def mitigate(self, scenario_id: str) -> dict[str, Any]:
        """The incident's load stops, and what the scenario names is done."""
        said, profile = self._private(scenario_id), self._profile(scenario_id)

        def run(deed: Deed) -> None:
            deed.note(f"stopping {profile}")
            self._load.stop(profile)
            if said.recovery.restart:
                deed.note(f"restarting {', '.join(said.recovery.restart)}")
                self._releases.want(restart=said.recovery.restart)
                self._fleet.until_healthy(said.recovery.restart)
            if said.recovery.level_books:
                self._level(deed)

        return self._begin(run)

    def try_out(self, scenario_id: str, name: str | None, seed: int) -> dict[str, Any]:
        """Judges a fix of the bank, or without a name the baseline as it is."""
        fix = None if name is None else self._bank(scenario_id).fix(name)
        return self._begin(lambda deed: self._try_out(deed, scenario_id, fix, seed))

    def _try_out(self, deed: Deed, scenario_id: str, fix: Fix | None, seed: int) -> None:
        baseline = self._releases.baseline()
        self._hold_pager()
        release = self._laid_out(fix) if fix and fix.deploy else baseline
        case = self._case(scenario_id, release, seed)
        verdict = None
        progress = Progress(fix.name if fix else "baseline")
        try:
            if fix and (fix.actions or _migrates(fix)):
                self._settle(deed)
                self._bring_about(deed, case, GOES_ON_S if _migrates(fix) else 0.0)
            if fix and _migrates(fix):  # what the incident has left is what it is applied to
                self._load.stop(case.trial.profile)
                self._level_if_needed(deed, scenario_id)
            verdict = self._judged(deed, case, fix, progress)
        finally:
            self._restore(deed, case, scenario_id, fix, well=verdict is Verdict.VERIFIED)
            if release != baseline:
                self._releases.remove(release)
        checks = [check.model_dump(mode="json") for check in progress.checks]
        expected = [one.value for one in fix.verdicts] if fix else [Verdict.SYMPTOM_ONLY]
        deed.result = {
            "fix": fix.name if fix else None,
            "right": fix.right if fix else False,
            "verdict": verdict,
            "expected": [Verdict.VERIFIED] if fix and fix.right else expected,
            "settled_by": next((one for one in checks if not one["passed"]), None),
            "checks": checks,
        }

    def _judged(self, deed: Deed, case: Case, fix: Fix | None, progress: Progress) -> Verdict:
        deed.note("deploying" if fix and fix.deploy else "beginning")
        try:
            self._run(case.name)
        except LabError as error:
            progress.checks.append(Check(name=STARTS, of=Of.PROMISE, passed=False, note=str(error)))
            return Verdict.REGRESSED
        for action in fix.actions if fix else ():
            deed.note("acting")
            self._act(action)
        if not (fix and fix.actions):
            self._settle(deed)
        deed.progress = progress
        progress.began = time.monotonic()  # bringing the incident about and deploying are no part of its 90 s
        try:
            return self._verifier.run(case, progress, hasty=True, require=deed.require)
        finally:
            deed.progress = None

    def _laid_out(self, fix: Fix) -> str:
        with TemporaryDirectory(prefix="fix-") as folder:
            fix.patch.overlay(self._releases.path(self._releases.baseline()), Path(folder))
            return self._releases.add(Path(folder))

    def _run(self, release: str) -> None:
        before = self._releases.wanted().release
        self._fleet.run(release, self._releases.differing(before, release))

    def _hold_pager(self) -> None:
        self._silences.end()
        self._silences.begin(SILENT_S, "A fix is tried out in a validation.")

    def _settle(self, deed: Deed) -> None:
        """Customers are served before anything is judged; who never serves them is judged by their answers."""
        deed.note("waiting until customers are served")
        until_served(self._counters, deed.require, SERVED_WITHIN_S)

    def _bring_about(self, deed: Deed, case: Case, goes_on_s: float) -> None:
        """The incident is on, and has left its marks."""
        wanted = {(alert.alertname, alert.service) for alert in case.scenario.alerts}

        def shows() -> bool:
            return bool(wanted & {names(alert["labels"]) for alert in self._prometheus.alerts()})

        # An alert of the trial before would pass for one of this incident, which then is not there when it is judged.
        deed.note("waiting until the alerts of the last incident are over")
        self._until(deed, lambda: not shows(), GONE_WITHIN_S, f"alerts of {case.scenario.id} were not over")
        deed.note("bringing the incident about")
        self._load.start(case.scenario.profile)
        self._until(deed, shows, SHOWN_WITHIN_S, f"{case.scenario.id} did not show")
        end = time.monotonic() + goes_on_s
        while time.monotonic() < end:
            deed.require()
            time.sleep(0.5)

    def _until(self, deed: Deed, condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
        end = time.monotonic() + seconds
        while not condition():
            deed.require()
            if time.monotonic() > end:
                raise LabError(f"{otherwise} within {seconds:g} s; see labctl pages and labctl load status.")
            time.sleep(0.5)

    def _act(self, action: Action) -> None:
        if action.restart:
            self._releases.want(restart=[action.restart])
            self._fleet.until_healthy([action.restart])
        if action.stop:
            self._fleet.off(action.stop)
        if action.silence:
            self._silences.begin(SILENT_S, "So a fix of the bank has it.", action.silence)
        if action.load_stop:
            self._load.stop(action.load_stop)

    def _restore(self, deed: Deed, case: Case, scenario_id: str, fix: Fix | None, *, well: bool) -> None:
        """The baseline runs and nothing is left of what was tried, whatever became of it."""
        deed.step = "restoring the baseline"
        self._load.stop(case.trial.profile)
        if fix and _migrates(fix):
            self._reset.make_new()
            return
        before = self._releases.wanted()
        baseline = self._releases.baseline()
        restart = () if well else self._private(scenario_id).recovery.restart
        self._releases.want(baseline, restart=restart, start=before.stopped)
        changed = self._releases.differing(before.release, baseline)
        self._fleet.until_healthy({*changed, *restart, *before.stopped})
        if not well:
            self._level_if_needed(deed, scenario_id)

    def _level_if_needed(self, deed: Deed, scenario_id: str) -> None:
        if self._private(scenario_id).recovery.level_books:
            self._level(deed)

    def _level(self, deed: Deed) -> None:
        """By compensating entries, as teams do; what these cannot put right goes with the database."""
        deed.step = "levelling the books"
        for _ in range(LEVEL_TRIES):  # what is under way between the books may still come to differ
            if not books.level(self._company, -1):
                break
        if books.apart(self._company):
            self._reset.make_new()

    def _drill_under_way(self) -> bool:
        drill = self._drills.current()
        return drill is not None and drill.phase.running

    def _begin(self, run: Callable[[Deed], None]) -> dict[str, Any]:
        if self._drill_under_way():
            raise rules.Refused(rules.UNDER_WAY)
        if not self._one.acquire(blocking=False):
            raise rules.Refused("Something is under way already; wait until it is over.")
        self._latest = deed = Deed()

        def work() -> None:
            try:
                run(deed)
            except Ended:
                deed.why = "It was ended before it was done."
            except LabError as error:
                deed.why = str(error)
            except Exception as error:
                log.exception("a validation broke off")
                deed.why = f"It broke off ({error!r}); see labctl logs warroom."
            finally:
                deed.seconds = time.monotonic() - deed.began
                self._one.release()
                deed.running = False

        threading.Thread(target=work, name="validate", daemon=True).start()
        return deed.shown()


def _migrates(fix: Fix) -> bool:
    return any("/migrations/" in name for name in fix.patch.files())
