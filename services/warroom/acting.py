"""What a team can do about the harm while it looks for the cause. An action is written down when it has worked."""

from collections.abc import Callable, Collection
from typing import Literal

from lab.clients.load import Load
from lab.drill.event import Acted, Happening, RolledBack
from lab.errors import LabError, UsageError
from warroom.releasing import EDITABLE, Health, Releases, known
from warroom.reset import HEALTHY

Action = Literal["restart", "stop-job", "shed", "rollback"]
HEALTHY_S = 45.0  # seconds that a restart may take; who asked is waiting
# Half of the checkouts that customers ask for on an ordinary day: the others are shown a page that says "later".
SHED = {"checkouts": 3.5}


class Acting:
    """`releases` is None where the lab keeps none. Raises UsageError for what there is not, LabError for failures."""

    def __init__(self, releases: Releases | None, health: Health, load: Load) -> None:
        self._releases = releases
        self._health = health
        self._load = load

    def act(self, action: Action, on: list[str], why: str, releases: Collection[str] = ()) -> list[Happening]:
        """Does it, and gives what is to be written down. `releases` are those that a rollback may go to, besides the
        baseline."""
        deeds: dict[Action, Callable[[list[str]], tuple[list[str], list[Happening]]]] = {
            "restart": self._restart,
            "stop-job": self._stop_job,
            "shed": self._shed,
            "rollback": lambda names: self._roll_back(names, why, releases),
        }
        done, more = deeds[action](on)
        return [Acted(action=action, on=done, why=why), *more]

    def _restart(self, names: list[str]) -> tuple[list[str], list[Happening]]:
        if not names:
            raise UsageError("Say which service to restart, or several of them.")
        known(names)
        wanted = self._kept().want(restart=names)
        self._health.wait(wanted, names, HEALTHY_S)
        return names, []

    def _stop_job(self, names: list[str]) -> tuple[list[str], list[Happening]]:
        running = [one["profile"] for one in self._load.profiles() if one["running"] and one["profile"] != HEALTHY]
        if HEALTHY in names:
            raise UsageError(f"{HEALTHY} is no job: those are the customers.")
        if not names or any(name not in running for name in names):
            jobs = f"what runs is {', '.join(running)}" if running else "no job runs just now"
            raise UsageError(f"Say which job to stop; {jobs}.")
        for name in names:
            self._load.stop(name)
        return names, []

    def _shed(self, names: list[str]) -> tuple[list[str], list[Happening]]:
        if names not in ([], ["checkout"]):
            raise UsageError("Only customers of checkout can be asked to come later.")
        self._load.start(HEALTHY, SHED)
        return ["checkout"], []

    def _roll_back(self, names: list[str], why: str, known: Collection[str]) -> tuple[list[str], list[Happening]]:
        if len(names) > 1:
            raise UsageError("Say which release to go back to, one of them; none means the baseline.")
        releases = self._kept()
        baseline = releases.baseline()
        name = names[0] if names and names[0] != "baseline" else baseline
        if name != baseline and name not in known:
            there = ", ".join(("baseline", *dict.fromkeys(known)))
            raise UsageError(f"This drill has no release {name!r} that was healthy; there are {there}.")
        self._health.wait(releases.want(name), EDITABLE, HEALTHY_S)
        shown = "baseline" if name == baseline else name
        return [shown], [RolledBack(release=shown, why=why)]

    def _kept(self) -> Releases:
        if self._releases is None:
            raise LabError("This lab keeps no releases: RELEASES_DIR is not set.")
        return self._releases
