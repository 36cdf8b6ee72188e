"""What a team does to a drill's code, and what the lab makes of it: deploys, verifications, reviews, guardrails.

Each takes a while and runs in a thread of its own, for one drill: when that is over, what is under way ends at its next
step and nothing of it is written down.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Protocol

import psycopg

from lab.bank import Bank, Fix
from lab.clients.load import Load
from lab.drill import event as happened
from lab.drill import rules
from lab.drill.drill import Drill
from lab.drill.event import Actor, Happening, Triggered
from lab.drill.verdict import Check, Of, Verdict
from lab.errors import LabError
from lab.releases import BASELINE, EDITABLE
from warroom.changes import Changes, known
from warroom.deploy.deployment import Deployer, Deployment
from warroom.drills import Drills
from warroom.fleet import Fleet
from warroom.proving import Prover
from warroom.reviewing import Bench, Decision, draw
from warroom.verify import books
from warroom.verify.company import Company
from warroom.verify.verifier import Case, Progress, Verifier

log = logging.getLogger("warroom")

RETRY_S = 1.0
LEVELLED_WITHIN_S = 120.0  # after a crash; services begin anew meanwhile
OVER = "The drill that it was for is over, so nothing came of it."


class Over(Exception):
    """The drill that something was done for is over."""


class Shown(Protocol):
    def shown(self) -> dict[str, Any]: ...


@dataclass
class Work:
    """A review or a proof: `result` is what came of it, `why` what kept it from ending well."""

    step: str = "beginning"
    running: bool = True
    result: Any = None
    why: str = ""

    def shown(self) -> dict[str, Any]:
        return {"running": self.running, "step": self.step, "result": self.result, "why": self.why}


class Mending:
    """One thing at a time: a release that changes while it is judged would be judged for another's deeds. Whatever may
    not be done now raises rules.Refused."""

    def __init__(
        self,
        drills: Drills,
        fleet: Fleet,
        deployer: Deployer,
        verifier: Verifier,
        prover: Prover,
        changes: Changes,
        *,
        case: Callable[[Drill, str], Case],
        bank: Callable[[Drill], Bank],
        company: Company,
        load: Load,
        one: "threading.Lock | None" = None,
    ) -> None:
        """`case` makes what is to be judged of a drill and a release's name, `bank` gives the drill's. Whoever else
        changes what runs holds the same `one` meanwhile."""
        self._drills = drills
        self._fleet = fleet
        self._releases = fleet.releases
        self._deployer = deployer
        self._verifier = verifier
        self._prover = prover
        self._changes = changes
        self._case = case
        self._bank = bank
        self._company = company
        self._load = load
        self._one = one or threading.Lock()
        self._latest: dict[str, tuple[str, Shown]] = {}  # by kind: of which drill, and what

    @property
    def busy(self) -> bool:
        """Are load and services needed for something else than the incident?"""
        return self._one.locked()

    def latest(self, kind: str) -> dict[str, Any] | None:
        """How the latest of this drill fares; None if there was none since the war room started."""
        drill = self._drills.current()
        whose, found = self._latest.get(kind, ("", None))
        return found.shown() if found and drill and drill.armed and whose == drill.armed.drill else None

    def deploy(self, who: Actor, packed: bytes) -> dict[str, Any]:
        drill = self._mendable()
        deployment = Deployment()

        def recorded(release: str, services: list[str], healthy: bool) -> None:
            what = happened.Deployed(release=release, services=services, healthy=healthy)
            self._record(who, drill, lambda now: rules.deployed(now, what))

        def run() -> None:
            try:
                self._deployer.run(packed, deployment, recorded, lambda: self._require(drill))
            except Over:
                deployment.state, deployment.why = "failed", OVER
            except Exception as error:
                deployment.state, deployment.why = "failed", f"It broke off ({error!r}); see labctl logs warroom."
                raise

        return self._begin("deploy", drill, deployment, run)

    def verify(self, who: Actor, *, hasty: bool = False) -> dict[str, Any]:
        drill = self._mendable()
        name = self._releases.wanted().release
        case = self._case(drill, name)
        progress = Progress(_named(name))

        def run() -> None:
            try:
                with self._judging(drill, "verify", case.trial.profile):
                    verdict = self._verifier.run(case, progress, hasty=hasty, require=lambda: self._require(drill))
                    if self._releases.wanted().release != name:
                        verdict = Verdict.INFRASTRUCTURE  # something else ran at the end than at the beginning
                    checks = [check.model_dump(mode="json") for check in progress.checks]
                    what = happened.Verified(release=progress.release, verdict=verdict.value, checks=checks)
                    self._record(who, drill, lambda now: rules.verified(now, what))
                    progress.end(verdict)
            except Over:
                progress.end(Verdict.INFRASTRUCTURE)
            except Exception as error:
                progress.checks.append(Check(name="the lab itself", of=Of.LAB, passed=False, note=repr(error)))
                progress.end(Verdict.INFRASTRUCTURE)
                raise

        return self._begin("verify", drill, progress, run)

    def bench(self) -> list[dict[str, Any]]:
        """The patches to decide on: what is proposed, and under which conditions it might fail."""
        return self._bench(self._mendable()).shown(self._releases.path(self._releases.baseline()))

    def settle(self, who: Actor, decisions: Mapping[str, Decision]) -> dict[str, Any]:
        """Runs the patches of the bench once they have all been decided on, which is once in a drill and before its
        first deploy: who has seen a fix judged, perhaps one of these, does not decide by reading."""
        drill = self._mendable()
        bench = self._bench(drill)
        bench.check(decisions)
        kinds = {event.what.kind for event in self._drills.events()}
        if "reviewed" in kinds:
            raise rules.Refused("The review of this drill is over; labctl drill report shows it.")
        if "deployed" in kinds:
            raise rules.Refused(
                "Patches are decided on before anything is deployed; read them, and go on with your fix."
            )
        work = Work()

        def run() -> None:
            before = self._releases.wanted().release
            with self._judging(drill, "review", self._case(drill, before).trial.profile):
                found = bench.settle(
                    decisions, lambda fix: self._try_out(drill, fix, before), lambda text: self._note(drill, work, text)
                )
                self._record(who, drill, lambda now: rules.reviewed(now, found))
            work.result = [one.model_dump(exclude={"kind"}) for one in found]

        return self._begin("review", drill, work, lambda: self._work(work, run))

    def prove(self, who: Actor, packed: bytes, path: str) -> dict[str, Any]:
        drill = self._mendable()
        work = Work()

        def run() -> None:
            baseline = self._releases.path(self._releases.baseline())
            name = self._releases.wanted().release
            running = self._releases.path(name)
            bank = self._bank(drill)
            proof = self._prover.prove(
                packed, path, bank, baseline, running, lambda text: self._note(drill, work, text)
            )
            what = happened.GuardrailProven(name=path, release=_named(name), bites=proof.bites, found=proof.shown())
            self._record(who, drill, lambda now: rules.proven(now, what))
            work.result = proof.shown()

        return self._begin("guardrail", drill, work, lambda: self._work(work, run))

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

    def diff(self, release: str = "") -> dict[str, Any]:
        """What a release of this drill changes, or without a name the one that runs."""
        mine = self.releases()
        name = known(release, [one["release"] for one in mine]) if release else self._running(mine)
        folder = self._releases.baseline() if name == "baseline" else name
        return {"release": name, **self._changes.of_release(folder)}

    def diff_of(self, packed: bytes) -> dict[str, Any]:
        """What a bundle would change. Raises UsageError if it is none."""
        return {"release": None, **self._changes.of_bundle(packed)}

    @staticmethod
    def _running(releases: list[dict[str, Any]]) -> str:
        # One that is being tried out is none of the drill's.
        return next((one["release"] for one in reversed(releases) if one["current"]), "baseline")

    def recover(self) -> None:
        """After a crash of this process: what the log says runs, runs, and what was taken away is back. A judgement
        that was broken off ends as it would have, but without a verdict; until then nothing else begins."""
        drill = self._drills.current()
        if drill is None or not drill.phase.timed:
            return
        wanted = self._releases.wanted()
        release = self._releases.baseline() if drill.release == "baseline" else drill.release
        if wanted.release != release or wanted.stopped:
            log.warning("a crash is made up for", extra={"release": drill.release, "stopped": list(wanted.stopped)})
            self._releases.want(release, start=wanted.stopped)
        if drill.judging:
            self._begin("recovery", drill, Work(), lambda: self._end_judgement(drill))

    def _end_judgement(self, drill: Drill) -> None:
        """The replay's load goes, wrong charges are levelled, and the incident goes on if it did. Who is needed for
        that may have crashed too, and is waited for."""
        assert drill.judging
        goes_on, since = drill.judging.goes_on, drill.judging.since

        def level() -> None:
            self._fleet.until_healthy(EDITABLE)
            books.level(self._company, since)

        try:
            profile = self._case(drill, self._releases.wanted().release).trial.profile
            self._patiently(drill, lambda: self._load.stop(profile))
            if since is not None:
                self._patiently(drill, level, LEVELLED_WITHIN_S)
            self._patiently(drill, lambda: self._go_on(drill, profile, goes_on))
        finally:  # whatever that came to: a drill that is judged for ever can't go on
            self._drills.record("lab", rules.judged)

    def _patiently(self, drill: Drill, step: Callable[[], None], seconds: float = math.inf) -> None:
        """Again until it succeeds, its time is up or the drill is over."""
        end, said = time.monotonic() + seconds, ""
        while self._is_under_way(drill):
            try:
                return step()
            except (LabError, psycopg.Error) as error:
                if said != str(error):  # not once a second
                    log.warning("a judgement that was broken off is not made up for yet: %s", error)
                said = str(error)
            if time.monotonic() > end:
                return
            time.sleep(RETRY_S)

    def _mendable(self) -> Drill:
        drill = self._drills.current()
        rules.require_mending(drill)
        assert drill is not None
        if drill.control:
            raise rules.Refused("Nobody was hurt in this drill, so there is nothing to mend.")
        return drill

    def _bench(self, drill: Drill) -> Bench:
        assert drill.armed is not None
        return draw(self._bank(drill), drill.armed.seed)

    def _try_out(self, drill: Drill, fix: Fix, before: str) -> Verdict:
        """Runs the patch as if it had been deployed. Afterwards what ran before runs again, and money that the patch
        charged wrongly is put right."""
        since = books.watermark(self._company)
        with TemporaryDirectory(prefix="patch-") as folder:
            fix.patch.overlay(self._releases.path(self._releases.baseline()), Path(folder))
            name = self._releases.add(Path(folder))
        try:
            self._run(name)
            return self._verifier.run(
                self._case(drill, name), Progress(name), hasty=True, require=lambda: self._require(drill)
            )
        except LabError:  # it does not even start
            return Verdict.REGRESSED
        finally:
            if self._is_under_way(drill):
                self._run(before)
                books.level(self._company, since)

    def _run(self, release: str) -> None:
        before = self._releases.wanted().release
        self._fleet.run(release, self._releases.differing(before, release))

    @contextmanager
    def _judging(self, drill: Drill, what: Literal["verify", "review"], profile: str) -> Iterator[None]:
        """While something is tried out on the customers. The incident goes on afterwards, if it did before and is not
        mended."""
        since = books.watermark(self._company) if what == "review" else None
        judging = happened.Judging(what=what, goes_on=self._is_on(profile), since=since)
        self._record("lab", drill, lambda now: rules.judging(now, judging))
        try:
            yield
        finally:
            self._go_on(drill, profile, judging.goes_on)
            self._drills.record("lab", rules.judged)

    def _go_on(self, drill: Drill, profile: str, goes_on: bool) -> None:
        now = self._drills.current()
        if goes_on and now and not now.fixed and self._is_under_way(drill):
            self._turn(profile)

    def _is_on(self, profile: str) -> bool:
        return any(one["profile"] == profile and one["running"] for one in self._load.profiles())

    def _turn(self, profile: str) -> None:
        """The incident goes on with the load that it had."""
        figures = [one.what.figures for one in self._drills.events() if isinstance(one.what, Triggered)]
        self._load.start(profile, figures[-1] if figures else {})

    def _is_under_way(self, drill: Drill) -> bool:
        now = self._drills.current()
        same = now is not None and now.armed is not None and drill.armed is not None
        return same and now.armed.drill == drill.armed.drill and now.phase.running

    def _require(self, drill: Drill) -> None:
        if not self._is_under_way(drill):
            raise Over

    def _note(self, drill: Drill, work: Work, text: str) -> None:
        self._require(drill)
        work.step = text

    def _record(self, who: Actor, drill: Drill, decide: Callable[[Drill | None], list[Happening]]) -> None:
        self._require(drill)
        self._drills.record(who, decide)

    @staticmethod
    def _work(work: Work, run: Callable[[], None]) -> None:
        try:
            run()
        except Over:
            work.why = OVER
        except LabError as error:
            work.why = str(error)
        except Exception as error:
            log.exception("it broke off")
            work.why = f"It broke off ({error!r}); see labctl logs warroom."
        finally:
            work.running = False

    def _begin(self, kind: str, drill: Drill, what: Shown, work: Callable[[], None]) -> dict[str, Any]:
        if not self._one.acquire(blocking=False):
            raise rules.Refused("A deploy, verification, review or proof is under way; wait until it is over.")
        assert drill.armed is not None
        self._latest[kind] = (drill.armed.drill, what)

        def run() -> None:
            try:
                work()
            except Exception:
                log.exception("%s broke off", kind)
            finally:
                self._one.release()

        threading.Thread(target=run, name=kind, daemon=True).start()
        return what.shown()


def _named(release: str) -> str:
    """As the log and the team call it."""
    return "baseline" if release.startswith(BASELINE) else release
