"""One verification from beginning to end."""

import random
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from lab.clients.load import Load
from lab.drill.verdict import Check, Of, Verdict, verdict
from lab.errors import LabError
from lab.releases import EDITABLE
from lab.scenario import Scenario
from lab.trial import Trial
from warroom.trees import differ
from warroom.verify import books, charges, dependency, history, sales
from warroom.verify.company import Company, TimeIsUp
from warroom.verify.dependency import Switch
from warroom.verify.replay import replay
from warroom.verify.signals import Signals
from warroom.verify.view import Counters

LONGEST_S = 90.0
TOO_LONG = f"The verification did not end within {LONGEST_S:g} s; see labctl status and try again."
LAST_S = 4.0  # what is asked last, of the database or of telemetry, may take so long


@dataclass(frozen=True)
class Case:
    """What is judged: a release of a scenario's services, in `release` and as the lab shipped it in `baseline`."""

    scenario: Scenario
    trial: Trial
    name: str
    release: Path
    baseline: Path
    seed: int

    @property
    def touched(self) -> bool:
        """Does it change a component that an acceptable cause names? Who changes nothing at all has not looked for the
        cause elsewhere."""
        changed = [name for name in EDITABLE if differ(self.baseline / name, self.release / name)]
        return not changed or bool({*changed} & {*self.trial.components})


@dataclass
class Progress:
    """Read by whoever watches, while another thread verifies."""

    release: str
    step: str = "beginning"
    checks: list[Check] = field(default_factory=list)
    verdict: Verdict | None = None  # set when it has been written down
    seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def end(self, verdict: Verdict) -> None:
        self.seconds = time.monotonic() - self.began
        self.step, self.verdict = "done", verdict

    def shown(self) -> dict[str, Any]:
        return {
            "release": self.release,
            "running": self.verdict is None,
            "step": self.step,
            "seconds": round(self.seconds or time.monotonic() - self.began, 1),
            "verdict": self.verdict,
            "checks": [check.model_dump(mode="json") for check in list(self.checks)],
        }


class _Settled(Exception):
    """The verdict is known."""


class Verifier:
    """`quiet` keeps the pager silent while something is taken away on purpose; it is a context manager's factory."""

    def __init__(
        self,
        company: Company,
        load: Load,
        counters: Counters,
        signals: Signals,
        switch: Switch,
        quiet: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._company = company
        self._load = load
        self._counters = counters
        self._signals = signals
        self._switch = switch
        self._quiet = quiet
        self._one = threading.Lock()

    def run(
        self, case: Case, progress: Progress, *, hasty: bool = False, require: Callable[[], None] = lambda: None
    ) -> Verdict:
        """All checks, in an order in which the cheap ones come first; one verification at a time.

        What fails early does not end it, since people want to see everything that is wrong, unless it is `hasty`: then
        the first check that settles it is the last. It ends within LONGEST_S: nobody is waited for when they are nearly
        over, nothing is begun that they would not do for, and what has failed until then settles it.
        Raises LabError if another runs, and what `require` raises, which is asked at every step.
        """
        if not self._one.acquire(blocking=False):
            raise LabError("A verification runs already; wait for its verdict.")
        try:
            self._all(case, progress, hasty, require)
        except _Settled:
            pass
        except TimeIsUp:
            if all(check.passed for check in progress.checks):
                progress.checks.append(Check(name="the lab itself", of=Of.LAB, passed=False, note=TOO_LONG))
        except (LabError, psycopg.Error) as error:
            sentence = " ".join(str(error).split())
            progress.checks.append(Check(name="the lab itself", of=Of.LAB, passed=False, note=sentence))
        finally:
            self._one.release()
        return verdict(progress.checks, touched=case.touched)

    def _all(self, case: Case, progress: Progress, hasty: bool, require: Callable[[], None]) -> None:
        trial, rng = case.trial, random.Random(f"{case.seed}/verify")

        def left() -> float:
            return LONGEST_S - LAST_S - (time.monotonic() - progress.began)

        def note(text: str) -> None:
            require()
            progress.step = text
            if left() < 0:
                raise TimeIsUp(TOO_LONG)

        def add(checks: Iterable[Check]) -> None:
            for check in checks:
                progress.checks.append(check)
                if hasty and not check.passed:
                    raise _Settled
                note(progress.step)

        company = self._company.within(left)
        note("asking the services what they promise")
        self._load.stop(trial.profile)
        since = books.watermark(company)
        add(charges.check(company, rng, trial.money))
        note("ordering")
        add(sales.check(company, rng, trial.orders_at_once))
        note("reading order histories")
        add(history.check(company, rng, trial.exports_at_once))
        begun = datetime.now(UTC)
        add(replay(self._load, self._counters, trial, note))
        note("looking at what was ordered")
        add(sales.during(company, begun))
        note("comparing the books")
        add(books.check(company, since, incident=trial.money is not None))
        add(self._signals.telemetry())
        add([self._signals.resolved(case.scenario.alerts, note)])
        if any(check.of is Of.INCIDENT and not check.passed for check in progress.checks):
            return  # what is down already would be blamed on what is taken away
        note(f"taking {trial.dependency.stop} away")
        with self._quiet():
            add(dependency.check(company, self._switch, trial.dependency, left))
