"""What a team does to a drill's code, and what the lab makes of it: deploys, verifications, reviews, guardrails.

Each takes a while and runs in a thread of its own; the latest of each kind can be looked at.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lab.bank import Bank, Fix
from lab.drill import event as happened
from lab.drill import rules
from lab.drill.drill import Drill
from lab.drill.event import Actor
from lab.drill.verdict import Verdict
from lab.errors import LabError, UsageError
from lab.releases import BASELINE
from warroom.deploy.deployment import Deployer, Deployment
from warroom.drills import Drills
from warroom.fleet import Fleet
from warroom.proving import Prover
from warroom.reviewing import Bench, Decision, draw
from warroom.verify import books
from warroom.verify.company import Company
from warroom.verify.verifier import Case, Progress, Verifier


@dataclass
class Work:
    """A review or a proof: `result` is what came of it, `why` what kept it from ending well."""

    step: str = "beginning"
    running: bool = True
    result: Any = None
    why: str = ""

    def note(self, text: str) -> None:
        self.step = text

    def shown(self) -> dict[str, Any]:
        return {"running": self.running, "step": self.step, "result": self.result, "why": self.why}


class Mending:
    """One thing at a time: a release that changes while it is judged would be judged for another's deeds. Whatever may
    not be done now raises UsageError."""

    def __init__(
        self,
        drills: Drills,
        fleet: Fleet,
        deployer: Deployer,
        verifier: Verifier,
        prover: Prover,
        *,
        case: Callable[[Drill, str], Case],
        bank: Callable[[Drill], Bank],
        company: Company,
    ) -> None:
        """`case` makes what is to be judged of a drill and a release's name, `bank` gives the drill's."""
        self._drills = drills
        self._fleet = fleet
        self._releases = fleet.releases
        self._deployer = deployer
        self._verifier = verifier
        self._prover = prover
        self._case = case
        self._bank = bank
        self._company = company
        self._one = threading.Lock()
        self.deployment: Deployment | None = None
        self.verification: Progress | None = None
        self.review: Work | None = None
        self.proof: Work | None = None

    @property
    def busy(self) -> bool:
        """Is the load needed for something else than the incident?"""
        return self._one.locked()

    def deploy(self, who: Actor, packed: bytes) -> Deployment:
        self._mendable()
        deployment = Deployment()

        def recorded(release: str, services: list[str], healthy: bool) -> None:
            what = happened.Deployed(release=release, services=services, healthy=healthy)
            self._drills.record(who, lambda drill: rules.deployed(drill, what))

        self._begin("deploy", lambda: self._deployer.run(packed, deployment, recorded))
        self.deployment = deployment
        return deployment

    def verify(self, who: Actor, *, hasty: bool = False) -> Progress:
        drill = self._mendable()
        name = self._releases.wanted().release
        case = self._case(drill, name)
        progress = Progress("baseline" if name.startswith(BASELINE) else name)

        def run() -> None:
            verdict = self._verifier.run(case, progress, hasty=hasty)
            checks = [check.model_dump(mode="json") for check in progress.checks]
            what = happened.Verified(release=progress.release, verdict=verdict.value, checks=checks)
            self._drills.record(who, lambda drill: rules.verified(drill, what))

        self._begin("verify", run)
        self.verification = progress
        return progress

    def bench(self) -> list[dict[str, Any]]:
        """The patches to decide on: what is proposed, and under which conditions it might fail."""
        return self._bench().shown(self._releases.path(self._releases.baseline()))

    def settle(self, who: Actor, decisions: Mapping[str, Decision]) -> Work:
        """Runs the patches of the bench once they have all been decided on, which is once in a drill."""
        bench = self._bench()
        bench.check(decisions)
        if any(event.what.kind == "reviewed" for event in self._drills.events()):
            raise UsageError("The review of this drill is over; labctl drill report shows it.")
        drill = self._mendable()
        work = Work()

        def run() -> None:
            before = self._releases.wanted().release
            try:
                found = bench.settle(decisions, lambda fix: self._try_out(drill, fix), work.note)
            finally:
                work.note("bringing back what ran before")
                self._run(before)
            self._drills.record(who, lambda drill: rules.reviewed(drill, found))
            work.result = [one.model_dump(exclude={"kind"}) for one in found]

        self._begin("review", lambda: self._work(work, run))
        self.review = work
        return work

    def prove(self, who: Actor, packed: bytes, path: str) -> Work:
        drill = self._mendable()
        work = Work()

        def run() -> None:
            baseline = self._releases.path(self._releases.baseline())
            running = self._releases.path(self._releases.wanted().release)
            proof = self._prover.prove(packed, path, self._bank(drill), baseline, running, work.note)
            what = happened.GuardrailProven(name=path, bites=proof.bites, found=proof.shown())
            self._drills.record(who, lambda drill: rules.proven(drill, what))
            work.result = proof.shown()

        self._begin("prove", lambda: self._work(work, run))
        self.proof = work
        return work

    def releases(self) -> list[dict[str, Any]]:
        """Those of the drill, the oldest first, the baseline before all."""
        running, baseline = self._releases.wanted().release, self._releases.baseline()
        first = {"release": "baseline", "at": None, "services": [], "healthy": True, "current": running == baseline}
        later = [
            {
                "release": event.what.release,
                "at": event.when.iso(),
                "services": event.what.services,
                "healthy": event.what.healthy,
                "current": running == event.what.release,
            }
            for event in self._drills.events()
            if isinstance(event.what, happened.Deployed)
        ]
        return [first, *later]

    def _mendable(self) -> Drill:
        drill = self._drills.current()
        rules.require_mending(drill)
        assert drill is not None
        if drill.control:
            raise UsageError("Nobody was hurt in this drill, so there is nothing to mend.")
        return drill

    def _bench(self) -> Bench:
        drill = self._mendable()
        return draw(self._bank(drill), drill.armed.seed)

    def _try_out(self, drill: Drill, fix: Fix) -> Verdict:
        """Runs the patch as if it had been deployed; money that it charges wrongly is put right again."""
        since = books.watermark(self._company)
        with TemporaryDirectory(prefix="patch-") as folder:
            fix.patch.overlay(self._releases.path(self._releases.baseline()), Path(folder))
            name = self._releases.add(Path(folder))
        try:
            self._run(name)
        except LabError:  # it does not even start
            return Verdict.REGRESSED
        verdict = self._verifier.run(self._case(drill, name), Progress(name), hasty=True)
        books.level(self._company, since)
        return verdict

    def _run(self, release: str) -> None:
        before = self._releases.wanted().release
        self._fleet.run(release, self._releases.differing(before, release))

    @staticmethod
    def _work(work: Work, run: Callable[[], None]) -> None:
        try:
            run()
        except LabError as error:
            work.why = str(error)
        except Exception as error:
            work.why = f"It broke off ({error!r}); see labctl logs warroom."
            raise
        finally:
            work.running = False

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        if not self._one.acquire(blocking=False):
            raise UsageError("A deploy, verification, review or proof is under way; wait until it is over.")

        def run() -> None:
            try:
                work()
            finally:
                self._one.release()

        threading.Thread(target=run, name=name, daemon=True).start()
