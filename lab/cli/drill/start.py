"""start: a drill from the choice of a scenario until it is armed."""

import math
import re
import time
from typing import Any

import click

from lab import git, profile, scenario
from lab.cli import options
from lab.cli.drill import session
from lab.clients.drill import Drill
from lab.errors import LabError, UsageError
from lab.runtime.base import Whose, option

POLL_S = 0.5
LIMIT_S = 600
TEAM = r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}"


@session.command()
@click.argument("scenario_id", required=False, metavar="[ID]")
@click.option("--random", "at_random", is_flag=True, help="Any scenario but the team's last one.")
@click.option("--control", is_flag=True, help="A page that hurts nobody: is it told from an incident?")
@click.option("--seed", type=click.IntRange(0, 2**53 - 1), help="The same seed gives the same drill.")
@click.option("--now", is_flag=True, help="Let the load turn at once, for rehearsals.")
@click.option(
    "--pace",
    type=click.FloatRange(0, 600, min_open=True),
    help="The drill's seconds for a real one: 60 runs an hour in a minute.",
)
@click.option(
    "--profile", "minutes", type=click.Choice(profile.names()), help="Minutes that it takes at most.  [default: 60]"
)
@click.option("--assessment", is_flag=True, help="Counted; tell the team so beforehand.")
@click.option("--team", metavar="NAME", help="Whose drill it is, in the report and the history.")
def start(
    name: str,
    whose: Whose | None,
    scenario_id: str | None,
    at_random: bool,
    control: bool,
    minutes: str | None,
    **given: Any,
) -> None:
    """Start a drill: of the scenario ID, at random, or a control.

    It restores the first release and the database, and opens a fresh branch in the workspace. Work of earlier drills
    is kept. It is done when the drill is armed; the pager goes off by itself.
    """
    wanted = which(scenario_id, at_random, control)
    wanted |= {key: value for key, value in given.items() if value is not None and value is not False}
    if math.isnan(wanted.get("pace", 1)):
        raise UsageError("--pace is no number; 60 runs an hour in a minute.")
    if minutes:
        wanted["profile"] = minutes
    if not re.fullmatch(TEAM, wanted.get("team", "team")):
        raise UsageError(f"A team cannot be called {wanted['team']!r}: take up to 40 letters and digits.")
    git.program()
    with session.room(name, whose) as room:
        armed = follow(room, wanted)
    workspace = session.workspace(name)
    branch = workspace.open(armed["id"])
    console = options.console()
    console.print(f"[bold]Drill {armed['id']} is armed.[/] Nobody has been paged yet; the pager goes off by itself.")
    console.print(f"The team works in {workspace.path}, on branch {branch}.", highlight=False, soft_wrap=True)
    console.print(f"labctl drill status{option(name)} shows where it is.", highlight=False)


def which(scenario_id: str | None, at_random: bool, control: bool) -> dict[str, Any]:
    """What the war room is asked for. Raises UsageError unless it is exactly one of the three."""
    if (scenario_id is not None) + at_random + control != 1:
        raise UsageError("Say which drill: a scenario's ID, --random or --control, one of them.")
    if scenario_id is None:
        return {"random": True} if at_random else {"control": True}
    known = [one.id for one in scenario.load_all()]
    if scenario_id not in known:
        raise UsageError(f"There is no scenario {scenario_id!r}; there are {', '.join(known)}.")
    return {"scenario": scenario_id}


def follow(room: Drill, wanted: dict[str, Any]) -> dict[str, Any]:
    """Asks for the drill and says what is being prepared; gives the status once it is armed."""
    console = options.console()
    deadline = time.monotonic() + LIMIT_S
    said = ""
    with console.status("preparing"):
        status = room.start(wanted)
        while at := status.get("preparing"):
            if at != said:
                console.print(f"  {at}", highlight=False, markup=False, soft_wrap=True)
            if time.monotonic() > deadline:
                raise LabError(f"The drill is not armed after {LIMIT_S} s ({at}); see labctl drill status.")
            said = at
            time.sleep(POLL_S)
            status = room.status()
    if status["phase"] in session.ENDED:
        why = (status.get("why") or "no reason was given").rstrip(".")
        why = why[:1].lower() + why[1:]
        raise LabError(f"The drill was aborted: {why}; if customers are not served, labctl panic brings the lab back.")
    return status
