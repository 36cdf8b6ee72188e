"""assess, act, note: what a team does about the harm, and what it writes down meanwhile."""

import re

import click

from lab.cli.drill import session
from lab.drill.phase import Phase
from lab.errors import UsageError
from lab.runtime.base import Whose

SEVERITIES = ("critical", "warning", "none")
ACTIONS = ("restart", "stop-job", "shed", "rollback")
WITH_SERVICES = ("restart",)
LONGEST_HURT, LONGEST_NOTE = 500, 5_000  # characters


@session.command()
@click.argument("severity", type=click.Choice(SEVERITIES))
@click.argument("hurt")
def assess(name: str, whose: Whose | None, severity: str, hurt: str) -> None:
    """Say how bad it is and who is HURT, in a line. That ends the alerting phase; later it is still owed."""
    hurt = session.words(hurt, "HURT", LONGEST_HURT)
    with session.room(name, whose) as room:
        phase = room.assess(severity, hurt)["phase"]
    click.echo(f"{severity}: {hurt}")
    if phase == Phase.DARK_ROOM:
        click.echo("You are in the dark room: stop the harm, then find the cause.")


@session.command()
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("on", nargs=-1, metavar="[ON]...")
@session.why("What you expect of it")
def act(name: str, whose: Whose | None, action: str, on: tuple[str, ...], why: str) -> None:
    """Do something about the harm: restart services, stop a job, shed load, or go back a release.

    ON says what: services to restart, the job to stop.
    """
    if action in WITH_SERVICES and not on:
        raise UsageError(f"Say what to {action}, such as labctl drill act {action} checkout --why REASON.")
    if odd := [one for one in on if not re.fullmatch(r"[a-z][a-z0-9-]{0,60}", one)]:
        raise UsageError(f"{odd[0]!r} is no service and no job; labctl status and labctl load status list them.")
    with session.room(name, whose) as room:
        room.act(action, list(on), why)
    click.echo(f"{' '.join((action, *on))}: done; labctl load status shows whether customers are better off.")


@session.command()
@click.argument("text")
def note(name: str, whose: Whose | None, text: str) -> None:
    """Put TEXT on the timeline: what you see, what you think, what you rule out."""
    text = session.words(text, "The note", LONGEST_NOTE)
    with session.room(name, whose) as room:
        room.note(text)
    click.echo("Noted.")
