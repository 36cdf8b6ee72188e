"""One scenario's proof of itself: it comes and is told, only what mends it passes, it goes, and it comes back."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab.cli.panic import served
from lab.drill.verdict import bound, measured
from lab.errors import LabError
from lab.scenario import Scenario

HEALTHY_WITHIN_S = 120.0
HEALTHY_FOR_S = 5.0
PAGED_WITHIN_S = 60.0
RECOVERED_WITHIN_S = 120.0
UNHURT_FOR_S = 15.0  # of a page from which nobody suffers
DEED_WITHIN_S = 300.0
POLL_S = 0.5
TRIES = 2  # of a trial that says nothing about the fix
NOT_JUDGED = ("load-not-delivered", "infrastructure")
DIFFERENCE = "max(ledger_difference_cents)"

Json = Mapping[str, Any]


class Room(Protocol):
    """lab.clients.validation.Validation; what is begun is told of by `latest`."""

    def described(self, scenario: str) -> Json: ...
    def make_new(self) -> Json: ...
    def mitigate(self, scenario: str) -> Json: ...
    def try_out(self, scenario: str, fix: str | None, seed: int) -> Json: ...
    def latest(self) -> Json: ...
    def end(self) -> None: ...


class Watch(Protocol):
    """What the lab tells of itself."""

    def alerts(self) -> Sequence[Json]:
        """Pending and firing ones, as Prometheus has them."""

    def pages(self) -> Sequence[Json]: ...

    def profiles(self) -> Sequence[Json]: ...

    def cents(self) -> float | None:
        """Between the two books."""

    def start(self, profile: str) -> None: ...


class Told(Protocol):
    """Whoever watches: `doing` while a step goes on, `step` when it is over."""

    def doing(self, text: str) -> None: ...
    def step(self, step: "Step") -> None: ...


@dataclass(frozen=True)
class Step:
    name: str
    passed: bool
    seconds: float
    detail: str = ""

    def shown(self) -> dict[str, Any]:
        return {"name": self.name, "passed": self.passed, "seconds": round(self.seconds, 1), "detail": self.detail}


class Broken(Exception):
    """A step without which the rest proves nothing did not pass."""


@dataclass
class Proof:
    """`clock` gives seconds. Raises LabError where the lab cannot do its part, UsageError where it is needed for
    something else."""

    scenario: Scenario
    room: Room
    watch: Watch
    told: Told
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    steps: list[Step] = field(default_factory=list)
    fixes: list[dict[str, Any]] = field(default_factory=list)

    def run(self, names: Sequence[str], seed: int, *, incident: bool = True) -> dict[str, Any]:
        """All of it with the fixes of these names: `{scenario, steps, wrong_accepted, right_rejected, fixes, …}`.
        Without `incident` only the fixes, on a lab as new."""
        began = self.clock()
        described = self.room.described(self.scenario.id)
        wanted = sorted((fix for fix in described["fixes"] if fix["name"] in names), key=lambda fix: fix["right"])
        begun = self.room.make_new()  # a refusal is the caller's: nothing has been begun, and nothing is proved
        try:
            self._step("the lab is as new", lambda: self._done(begun))
            self._step("healthy and silent", self._healthy)
            if incident:
                self._comes(described, seed)
            for fix in wanted:
                verb = "accepted" if fix["right"] else "rejected"
                self._trial(f"{fix['name']} is {verb}", fix["name"], fix["right"], seed)
            self.room.end()
            if incident:
                self._comes_back(described)
        except Broken:
            pass
        return {
            "scenario": self.scenario.id,
            "seed": seed,
            "seconds": round(self.clock() - began, 1),
            "passed": all(step.passed for step in self.steps),
            "steps": [step.shown() for step in self.steps],
            "wrong_accepted": self._named(right=False, accepted=True),
            "right_rejected": self._named(right=True, accepted=False),
            "fixes": self.fixes,
        }

    def _named(self, *, right: bool, accepted: bool) -> list[str]:
        of = [fix for fix in self.fixes if fix["fix"] and fix["right"] is right]
        return [fix["fix"] for fix in of if (fix["verdict"] == "verified") is accepted]

    # steps

    def _comes(self, described: Json, seed: int) -> None:
        self._step("the load brings the page", self._paged)
        if described["control"]:
            self._step("nobody is hurt", self._unhurt)
        self._step("over when the load has stopped", lambda: self._over(described["recovery"]))
        if not described["control"]:
            self._trial("what the lab ships is not fixed", None, False, seed)

    def _comes_back(self, described: Json) -> None:
        self._step("healthy and silent again", self._healthy)
        self._step("the load brings the page again", self._paged)
        self._step("over once more", lambda: self._over(described["recovery"]))

    def _step(self, name: str, work: Callable[[], str]) -> None:
        """`work` gives half a sentence on what was seen, or raises LabError."""
        began = self.clock()
        self.told.doing(name)
        try:
            step = Step(name, True, 0.0, work())
        except LabError as error:
            step = Step(name, False, 0.0, str(error))
        self._add(step, began)
        if not step.passed:
            raise Broken

    def _add(self, step: Step, began: float) -> None:
        step = Step(step.name, step.passed, self.clock() - began, step.detail)
        self.steps.append(step)
        self.told.step(step)

    def _healthy(self) -> str:
        """Served for a while, with no alert even pending and no page open."""
        since: float | None = None

        def well() -> bool:
            nonlocal since
            quiet = not self._disquiet() and served(self._healthy_load())
            since = (self.clock() if since is None else since) if quiet else None
            return since is not None and self.clock() - since >= HEALTHY_FOR_S

        self._until(well, HEALTHY_WITHIN_S, lambda: self._disquiet() or "customers are not served well")
        return "no alert, no page"

    def _paged(self) -> str:
        known = {page["id"] for page in self.watch.pages()}
        expected = {(alert.alertname, alert.service) for alert in self.scenario.alerts}
        began = self.clock()
        self.watch.start(self.scenario.profile)

        def new() -> list[Json]:
            return [page for page in self.watch.pages() if page["id"] not in known]

        self._until(lambda: any(_of(page) in expected for page in new()), PAGED_WITHIN_S, lambda: "no page of it came")
        if strays := [" of ".join(_of(page)) for page in new() if _of(page) not in expected]:
            raise LabError(f"There came a page that is none of this incident's: {strays[0]}.")
        page = next(page for page in new() if _of(page) in expected)
        return f"{' of '.join(_of(page))}, {self.clock() - began:.0f} s after the load"

    def _unhurt(self) -> str:
        end = self.clock() + UNHURT_FOR_S
        while self.clock() < end:
            found = self._healthy_load()
            if not served(found):
                raise LabError("Customers were hurt, though this page is of nothing that hurts.")
            self.sleep(POLL_S)
        if cents := self.watch.cents():
            raise LabError(f"The books are {cents:.0f} cents apart, though this page is of nothing that hurts.")
        return "customers inside their objectives, the books agree"

    def _over(self, recovery: Json) -> str:
        """What the scenario names is enough, and is done by the war room."""
        self._done(self.room.mitigate(self.scenario.id))
        self._until(
            lambda: not self._disquiet() and served(self._healthy_load()),
            RECOVERED_WITHIN_S,
            lambda: self._disquiet() or "customers are not served well",
        )
        restart = f"after a restart of {', '.join(recovery['restart'])}" if recovery["restart"] else "by itself"
        return f"{restart}{', the books levelled' if recovery['level_books'] else ''}"

    def _trial(self, name: str, fix: str | None, right: bool, seed: int) -> None:
        began, tries = self.clock(), 0
        while True:
            tries += 1
            try:
                deed = self._followed(self.room.try_out(self.scenario.id, fix, seed + tries - 1))
            except LabError as error:
                self._add(Step(name, False, 0.0, str(error)), began)
                raise Broken from error
            found = deed["result"]
            judged = found and (found["verdict"] in found["expected"] or found["verdict"] not in NOT_JUDGED)
            if judged or tries == TRIES:
                break
        if not found:
            found = {"fix": fix, "right": right, "verdict": None, "expected": [], "settled_by": None, "checks": []}
        passed = found["verdict"] in found["expected"]
        self._add(Step(name, passed, 0.0, deed["why"] or _told(found)), began)
        checks = [check for check in found.pop("checks") if found["verdict"] == "verified" or not check["passed"]]
        self.fixes.append({**found, "tries": tries, "seconds": deed["seconds"], "checks": checks})

    # waiting

    def _done(self, begun: Json) -> str:
        deed = self._followed(begun)
        if deed["why"]:
            raise LabError(deed["why"])
        return ""

    def _followed(self, deed: Json) -> Json:
        end = self.clock() + DEED_WITHIN_S
        while deed["running"]:
            if self.clock() > end:
                raise LabError(f"It is not done after {DEED_WITHIN_S:g} s ({deed['step']}); see labctl logs warroom.")
            self.told.doing(deed["step"])
            self.sleep(POLL_S)
            deed = self.room.latest()
        return deed

    def _until(self, condition: Callable[[], bool], seconds: float, otherwise: Callable[[], str]) -> None:
        end = self.clock() + seconds
        while not condition():
            if self.clock() > end:
                raise LabError(f"Not within {seconds:g} s: {otherwise()}.")
            self.sleep(POLL_S)

    def _disquiet(self) -> str:
        """What is not silent; empty if all is."""
        alerts = [f"{' of '.join(_of(alert['labels']))} is {alert['state']}" for alert in self.watch.alerts()]
        pages = [f"a page is open: {' of '.join(_of(one))}" for one in self.watch.pages() if one["status"] == "firing"]
        return next(iter([*alerts, *pages]), "")

    def _healthy_load(self) -> dict[str, Any] | None:
        return next((dict(one) for one in self.watch.profiles() if one["profile"] == "healthy"), None)


def _of(labels: Json) -> tuple[str, str]:
    return str(labels.get("alertname")), str(labels.get("service"))


def _told(found: Json) -> str:
    settled = found["settled_by"]
    if settled is None:
        return str(found["verdict"])
    figures = ", ".join(filter(None, (measured(settled), bound(settled))))
    return f"{found['verdict']}: {settled['name']}: {figures}"
