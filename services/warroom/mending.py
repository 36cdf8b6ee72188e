"""Deploys and verifications of the drill under way: each in a thread of its own, the latest of each to look at."""

import threading
from collections.abc import Callable
from typing import Any

from lab.drill import event as happened
from lab.drill import rules
from lab.drill.drill import Drill
from lab.drill.event import Actor
from lab.drill.verdict import Verdict
from lab.errors import UsageError
from lab.releases import BASELINE, Releases
from warroom.deploy.deployment import Deployer, Deployment
from warroom.drills import Drills
from warroom.verify.verifier import Case, Progress, Verifier


class Mending:
    """One of both at a time: a release that changes while it is judged would be judged for another's deeds."""

    def __init__(
        self,
        drills: Drills,
        releases: Releases,
        deployer: Deployer,
        verifier: Verifier,
        case: Callable[[Drill, str], Case],
    ) -> None:
        """`case` makes what is to be judged of a drill and the name of a release."""
        self._drills = drills
        self._releases = releases
        self._deployer = deployer
        self._verifier = verifier
        self._case = case
        self._one = threading.Lock()
        self.deployment: Deployment | None = None
        self.verification: Progress | None = None

    @property
    def busy(self) -> bool:
        """Is the load needed for something else than the incident?"""
        return self._one.locked()

    def deploy(self, who: Actor, packed: bytes) -> Deployment:
        """Begins; raises UsageError where it may not."""
        rules.require_mending(self._drills.current())
        deployment = Deployment()

        def recorded(release: str, services: list[str], healthy: bool) -> None:
            what = happened.Deployed(release=release, services=services, healthy=healthy)
            self._drills.record(who, lambda drill: rules.deployed(drill, what))

        self._begin("deploy", lambda: self._deployer.run(packed, deployment, recorded))
        self.deployment = deployment
        return deployment

    def verify(self, who: Actor) -> Progress:
        """Begins; raises UsageError where it may not."""
        drill = self._drills.current()
        rules.require_mending(drill)
        assert drill is not None
        name = self._releases.wanted().release
        case = self._case(drill, name)
        progress = Progress("baseline" if name.startswith(BASELINE) else name)

        def run() -> None:
            verdict = self._verifier.run(case, progress)
            self._record(who, progress, verdict)

        self._begin("verify", run)
        self.verification = progress
        return progress

    def _record(self, who: Actor, progress: Progress, verdict: Verdict) -> None:
        checks: list[dict[str, Any]] = [check.model_dump(mode="json") for check in progress.checks]
        what = happened.Verified(release=progress.release, verdict=verdict.value, checks=checks)
        self._drills.record(who, lambda drill: rules.verified(drill, what))

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        if not self._one.acquire(blocking=False):
            raise UsageError("A deploy or a verification is under way; wait until it is over.")

        def run() -> None:
            try:
                work()
            finally:
                self._one.release()

        threading.Thread(target=run, name=name, daemon=True).start()
