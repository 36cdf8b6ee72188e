"""panic: whatever is going on, back to a lab in which customers are served."""

import time
from collections.abc import Callable

import click

from lab.cli import options
from lab.cli.lifecycle import Printed
from lab.clients.drill import Drill
from lab.clients.load import Load
from lab.clients.validation import Validation
from lab.drill.phase import Phase
from lab.errors import CheckFailed, LabError
from lab.releases import EDITABLE
from lab.runtime.base import Runtime
from lab.runtime.guest import GuestRuntime

HEALTHY = "healthy"
WHY = "labctl panic"
# The team spec's bounds, and how much of what is asked has to arrive.
ERROR_RATIO, P99_S, ACHIEVED = 0.01, 0.5, 0.9
SUSTAINED_S, LIMIT_S, POLL_S = 10, 45, 1.0


@click.command()
@options.name
def panic(name: str) -> None:
    """End the drill, stop its load and restore the first release. Exit code 3 if customers are still not served.

    Works without the war room too. Nobody's work is lost, and it is done when customers have been served inside their
    objectives for 10 s.
    """
    lab = options.runtime(name)
    if isinstance(lab, GuestRuntime):
        lab.refuse()
    said = Printed(options.console())
    load = Load(lab.endpoint("load"))  # a lab that is down says so here
    steps: list[tuple[str, Callable[[], None]]] = [
        ("the drill is ended", lambda: end_drill(lab)),
        ("no validation is under way", lambda: end_validation(lab)),
        ("only the healthy load is on", lambda: calm(load)),
        ("the baseline release is wanted", lab.restore),
        ("what a release consists of is restarted", lambda: lab.restart(EDITABLE, said)),
    ]
    # Twice if need be: a war room that was dead comes back meanwhile, and with it the drill and its load.
    for again in (True, False):
        for what, step in steps:
            try_step(said, what, step)
        try:
            with options.console().status("are customers served?"):
                verify(load)
            break
        except CheckFailed:
            if not again:
                raise
            said.note("customers are not served yet: once more")
    click.echo("Customers are served.")


def try_step(said: Printed, what: str, step: Callable[[], None]) -> None:
    """One step that fails does not keep the others from being taken; what counts is the check at the end."""
    try:
        step()
        said.note(what)
    except LabError as error:
        said.note(f"not so: {what}. {error}")


def end_drill(lab: Runtime) -> None:
    """First of all, because a drill under way brings its load back."""
    with Drill(lab.endpoint("warroom"), lab.token("instructor"), "instructor") as room:
        if under_way(room):
            room.abort(WHY)


def under_way(room: Drill) -> bool:
    return Phase(room.status()["phase"]).running


def end_validation(lab: Runtime) -> None:
    """It brings a load too, and releases of its own."""
    with Validation(lab.endpoint("warroom"), lab.token("instructor")) as room:
        room.end()


def calm(load: Load) -> None:
    for one in load.profiles():
        if one["running"] and one["profile"] != HEALTHY:
            load.stop(one["profile"])
    load.start(HEALTHY)  # as many customers as ever: some may have been asked to come later


def verify(load: Load) -> None:
    """Waits until customers have been inside the bounds for a while. Raises CheckFailed with the last figures."""
    deadline = time.monotonic() + LIMIT_S
    well_since: float | None = None
    while True:
        found = next((one for one in load.profiles() if one["profile"] == HEALTHY), None)
        now = time.monotonic()
        well_since = (now if well_since is None else well_since) if served(found) else None
        if well_since is not None and now - well_since >= SUSTAINED_S:
            return
        if now > deadline:
            raise CheckFailed(f"Customers are not served well ({figures(found)}); labctl down and up begin anew.")
        time.sleep(POLL_S)


def served(found: dict | None) -> bool:
    """Does the healthy profile get what it asks for, within the team spec's bounds?"""
    if not found or not found["asked_rps"] or found["failure_ratio"] is None or found["p99_s"] is None:
        return False
    enough = found["achieved_rps"] >= ACHIEVED * found["asked_rps"]
    return enough and found["failure_ratio"] <= ERROR_RATIO and found["p99_s"] <= P99_S


def figures(found: dict | None) -> str:
    if not found or found["failure_ratio"] is None or found["p99_s"] is None:
        return "no answers at all"
    return f"{found['failure_ratio']:.1%} failed, P99 {1000 * found['p99_s']:.0f} ms"
