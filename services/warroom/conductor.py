"""What nobody does by hand in a drill: time passes, the load turns, pages are noticed, harm is counted.

All of it is decided from the drill as it stands, so a conductor that was killed goes on where it was.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import datetime

from opentelemetry.instrumentation.utils import suppress_instrumentation

from lab.clients.load import Load
from lab.drill import rules, seeds
from lab.drill.drill import Drill
from lab.drill.event import Happening, Paged
from lab.drill.judgement import back, covered
from lab.drill.phase import Phase
from lab.errors import LabError
from lab.scenario import Scenario
from warroom.customers import Customers
from warroom.drills import Drills
from warroom.harm import Harm
from warroom.pages import Page, Pages, stamp_of
from warroom.releasing import Interrupted
from warroom.reset import HEALTHY, Reset

TICK_S = 0.5
CONTENT_S = 60.0  # seconds inside their SLO, after which customers are out of harm's way
JUDGED_WITHIN_S = 300.0  # real seconds that the end of a drill waits for what is under way
LOOK_EVERY = 4  # ticks between looks at the customers, of whom there is news every 2 s

log = logging.getLogger("warroom")


class Conductor:
    """`scenario` reads one by its id; `reset` is None where the lab is not set up for drills."""

    def __init__(
        self,
        drills: Drills,
        pages: Pages,
        *,
        scenario: Callable[[str], Scenario],
        load: Load,
        customers: Customers,
        harm: Harm,
        reset: Reset | None,
    ) -> None:
        self._drills = drills
        self._pages = pages
        self._scenario = scenario
        self._load = load
        self._customers = customers
        self._harm = harm
        self._reset = reset
        self._resetting: threading.Thread | None = None
        self._calmed = ""  # the drill that is over and whose load was stopped
        self._ticks = 0
        self._said: dict[str, str] = {}  # what does not work, by step
        # Is the load needed for something else just now? A trigger that is due waits.
        self.held: Callable[[], bool] = lambda: False

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            await asyncio.to_thread(self.tick)

    def tick(self) -> None:
        """One look at everything. What fails costs one line in the log, and keeps nothing else from being done."""
        self._ticks += 1
        steps = [self._prepare, self._page, self._pass, self._trigger, self._calm, self._count]
        if self._ticks % LOOK_EVERY == 0:
            steps.append(self._mitigate)
        with suppress_instrumentation():  # a look twice a second is no trace
            for step in steps:
                self._try(step)

    @property
    def preparing(self) -> str:
        """What is being done to make the lab as new; empty when nothing is."""
        busy = self._resetting is not None and self._resetting.is_alive()
        return (self._reset.doing or "beginning") if self._reset and busy else ""

    def _try(self, step: Callable[[Drill], None]) -> None:
        try:
            if drill := self._drills.current():
                step(drill)
            self._said.pop(step.__name__, None)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            if self._said.get(step.__name__) != said:  # not twice a second
                known = isinstance(error, LabError)
                log.error("the drill is held up: %s", error, exc_info=None if known else error)
            self._said[step.__name__] = said

    def _record(self, decide: Callable[[Drill | None], list[Happening]]) -> Drill | None:
        return self._drills.record("lab", decide)

    # before the trigger

    def _prepare(self, drill: Drill) -> None:
        if drill.phase is not Phase.ARMED or drill.quiet is not None or self.preparing:
            return
        if self._reset is None:
            raise LabError("The lab is not set up for drills: RELEASES_DIR or WARDEN_URL is missing.")
        # A thread that ends with the process: a reset waits for much, and nobody waits for it.
        self._resetting = threading.Thread(target=self._make_new, args=(drill, self._reset), daemon=True)
        self._resetting.start()

    def _make_new(self, drill: Drill, reset: Reset) -> None:
        name = drill.armed.drill if drill.armed else ""

        def wanted() -> bool:
            now = self._drills.current()
            return now is not None and now.phase is Phase.ARMED and now.armed.drill == name

        with suppress_instrumentation():
            try:
                if quiet := reset.run(wanted):
                    self._record(lambda drill: rules.quiet(drill, quiet))
            except Interrupted:
                log.info("the lab will be made as new when the war room is back")
            except Exception as error:
                log.error("the lab could not be made as new: %s", error, exc_info=not isinstance(error, LabError))
                self._give_up(name, f"The lab could not be prepared. {error}"[:500])

    def _give_up(self, name: str, why: str) -> None:
        def decide(drill: Drill | None) -> list[Happening]:
            still = drill and drill.phase is Phase.ARMED and drill.armed.drill == name
            return rules.abort(drill, why) if still else []

        try:
            self._record(decide)
        except LabError as error:
            log.error("the drill cannot be aborted: %s", error)

    # while it is under way

    def _pass(self, drill: Drill) -> None:
        """What time alone brings about."""
        profile = self._drills.profile(drill)
        while happenings := rules.due(drill, profile):
            if drill.phase is Phase.POST_MORTEM and self.held():
                # What is being judged belongs to this drill, which would close; nothing that is judged takes so long.
                over_s = (drill.clock.phase_s - (profile.cap(drill.phase) or 0.0)) / drill.clock.pace
                if over_s < JUDGED_WITHIN_S:
                    return
            if any(one.kind == "escalated" for one in happenings):
                log.critical("nobody has acknowledged the page", extra={"page": drill.page.page if drill.page else ""})
            drill = self._record(lambda now: rules.due(now, profile)) or drill

    def _page(self, drill: Drill) -> None:
        """The first page after the trigger that the scenario may cause, and its acknowledgement."""
        if drill.phase is Phase.ARMED and drill.triggered_at:
            since = stamp_of(drill.triggered_at.at)
            expected = {(one.alertname, one.service) for one in self._scenario(drill.armed.scenario).alerts}
            page = self._pages.first(since, expected)
            if page:
                late = _seconds_since(page.delivered_at, drill) * drill.clock.pace
                self._record(lambda now: rules.paged(now, _paged(page, late)))
        elif drill.phase.running and drill.page and drill.acknowledged_s is None:
            page = self._pages.get(drill.page.page)
            if page and page.acknowledged_at:
                late = _seconds_since(page.acknowledged_at, drill) * drill.clock.pace
                self._drills.record("team", lambda now: rules.acknowledge(now, page.id, late))

    def _trigger(self, drill: Drill) -> None:
        """First the load, then the event: a crash in between turns the load on twice, with the same figures."""
        if self.held() or not rules.trigger_due(drill):
            return
        scenario = self._scenario(drill.armed.scenario)
        time = drill.triggers + 1
        figures = seeds.figures(drill.armed.seed, time, scenario.figures)
        turned = drill.clock.read
        self._load.start(scenario.profile, figures)
        after = self._record(lambda now: rules.triggered(now, figures, turned))
        if after is None or after.triggers < time:  # ended in that moment
            self._load.stop(scenario.profile)

    def _mitigate(self, drill: Drill) -> None:
        # What a judgement does to customers, or spares them, nobody on the team did: it counts neither way.
        if self.held() or not rules.mitigatable(drill) or not drill.turned_at or not drill.paged_at:
            return
        now, apart = drill.clock.read.at, drill.apart
        since = back(now, CONTENT_S, apart)
        if since < max(drill.turned_at.at, drill.paged_at.at):
            return
        if self._customers.content(since, now, lambda at: covered(at, apart)):
            again = seeds.again(drill.armed.seed, drill.triggers, self._drills.profile(drill))
            self._record(lambda one: rules.mitigated(one, again))

    # when it is over

    def _calm(self, drill: Drill) -> None:
        """The load that the drill has brought goes, and what was shed comes back."""
        over = not drill.phase.running and drill.harm is None
        if not over or self._calmed == drill.armed.drill or self.preparing:
            return
        self._load.stop(self._scenario(drill.armed.scenario).profile)
        self._load.start(HEALTHY)
        self._calmed = drill.armed.drill

    def _count(self, drill: Drill) -> None:
        if self._calmed != drill.armed.drill or not drill.ended_at or drill.harm:
            return
        if harm := self._harm.of(drill):
            self._record(lambda now: rules.harmed(now, harm))


def _paged(page: Page, late_s: float) -> Paged:
    return Paged(page=page.id, alertname=page.alertname, service=page.service, severity=page.severity, late_s=late_s)


def _seconds_since(stamped: str, drill: Drill) -> float:
    return max(0.0, drill.clock.read.at - datetime.fromisoformat(stamped).timestamp())
