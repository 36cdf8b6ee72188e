"""Which drill is started: what an instructor asked for, completed from the seed."""

import secrets
from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from lab.drill import seeds
from lab.drill.event import Armed
from lab.drill.profile import Profile
from lab.errors import UsageError
from lab.shape import Shape
from warroom.drills import Drills

TeamName = Annotated[
    str,
    Shape(
        r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$",
        "is 1 to 40 letters, digits, spaces, dots, underscores and hyphens, a letter or digit first",
    ),
]


class Start(BaseModel):
    """One of `scenario`, `random` and `control`. `pace` is the drill's seconds for a real one; `now` leaves out the
    wait between the quiet window and the trigger."""

    model_config = ConfigDict(extra="forbid")

    scenario: str | None = None
    random: bool = False
    control: bool = False
    seed: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    now: bool = False
    pace: Annotated[float, Field(gt=0, le=600)] = 1.0
    profile: str = "60"
    assessment: bool = False
    team: TeamName = "team"


class Casting:
    """`scenarios` gives all ids and whether there is no incident in it; `profiles` the profile of a name."""

    def __init__(
        self, drills: Drills, scenarios: Callable[[], dict[str, bool]], profiles: Callable[[str], Profile]
    ) -> None:
        self._drills = drills
        self._scenarios = scenarios
        self._profiles = profiles

    def cast(self, asked: Start) -> Armed:
        """Raises UsageError for what there is not."""
        profile = self._profiles(asked.profile)
        seed = secrets.randbelow(2**31) if asked.seed is None else asked.seed
        return Armed(
            drill=self._drills.next_id(),
            scenario=self._scenario(asked, seed),
            seed=seed,
            profile=asked.profile,
            pace=asked.pace,
            assessment=asked.assessment,
            team=asked.team,
            delay_s=0.0 if asked.now else seeds.delay(seed, profile),
        )

    def _scenario(self, asked: Start, seed: int) -> str:
        if (asked.scenario is not None) + asked.random + asked.control != 1:
            raise UsageError("Say which drill: a scenario by its id, random or control, one of them.")
        scenarios = self._scenarios()
        if asked.scenario is not None:
            if asked.scenario not in scenarios:
                raise UsageError(f"There is no scenario {asked.scenario!r}; there are {', '.join(scenarios)}.")
            return asked.scenario
        # A team that has just had one would know it again.
        last = self._last(asked.team) if asked.random else None
        fitting = [name for name, control in scenarios.items() if control == asked.control and name != last]
        if not fitting:
            kind = "control drill" if asked.control else f"scenario that team {asked.team} has not just had"
            raise UsageError(f"There is no {kind}; name one by its id.")
        return seeds.one_of(seed, fitting)

    def _last(self, team: str) -> str | None:
        armed = [events[0].what for events in self._drills.history().values()]
        return next((one.scenario for one in reversed(armed) if one.team == team), None)
