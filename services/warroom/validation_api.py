"""A scenario's proof over HTTP, for an instructor: what `labctl validate` is made of. No drill knows of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from kit import Problem

from lab import scenario
from lab.drill import rules
from warroom.room import Room
from warroom.validating import Validating

ScenarioId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
Seed = Annotated[int, Query(ge=0, lt=2**31)]


def router(room: Room, validating: Validating | None) -> APIRouter:
    """Without `validating`, since the lab is not set up for drills, all of it is refused."""
    api = APIRouter(prefix="/api/validation", dependencies=[Depends(room.access.instructor)])

    def parts() -> Validating:
        if validating is None:
            missing = ", ".join(room.missing) or "RUNNER or READER_URL"
            raise rules.Refused(f"This lab is not set up for drills: {missing} is not set for the war room.")
        return validating

    def known(scenario_id: str) -> str:
        ids = [one.id for one in scenario.load_all(room.settings.scenarios_dir)]
        if scenario_id not in ids:
            raise Problem(404, "Not Found", f"There is no scenario {scenario_id!r}; there are {', '.join(ids)}.")
        return scenario_id

    @api.get("")
    def latest() -> dict[str, Any]:
        """How what was begun last fares: `{running, step, seconds, result, why}`."""
        found = parts().latest()
        if found is None:
            raise Problem(404, "Not Found", "Nothing has been validated since the war room started.")
        return found

    @api.delete("", status_code=204)
    def end() -> None:
        """What is under way ends at its next step, and the pager is not held back any longer."""
        parts().end()

    @api.post("", status_code=202)
    def make_new() -> dict[str, Any]:
        """Begins to make the lab as new: the baseline's code, the baseline's data, healthy load alone."""
        return parts().make_new()

    @api.get("/{scenario_id}")
    def describe(scenario_id: ScenarioId) -> dict[str, Any]:
        """What there is to be proved: `{control, recovery, fixes: [{name, right, title}]}`."""
        return parts().described(known(scenario_id))

    @api.post("/{scenario_id}/mitigation", status_code=202)
    def mitigate(scenario_id: ScenarioId) -> dict[str, Any]:
        """Begins to end the incident: its load stops, and what the scenario names is done."""
        return parts().mitigate(known(scenario_id))

    @api.post("/{scenario_id}/trial", status_code=202)
    def try_out(
        scenario_id: ScenarioId, fix: Annotated[str | None, Query(max_length=60)] = None, seed: Seed = 1
    ) -> dict[str, Any]:
        """Begins to judge a fix of the bank as a verification would, or without one what the lab ships."""
        return parts().try_out(known(scenario_id), fix, seed)

    return api
