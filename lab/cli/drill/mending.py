"""workspace, diff: where a team changes the services, and what it has changed."""

import sys

import click

from lab.cli import options
from lab.cli.drill import session
from lab.errors import UsageError
from lab.runtime.base import Whose


@session.command(reads=True)
def workspace(name: str, whose: Whose | None, as_json: bool) -> None:
    """Where the services can be changed; opens the drill's branch if there is none yet."""
    with session.room(name, whose) as room:
        drill = room.status().get("id")
    found = session.workspace(name)
    if drill and not found.has(drill):
        found.open(drill)
    elif not found.exists():
        raise UsageError("There is no workspace yet; labctl drill start opens one.")
    if as_json:
        options.print_json({"path": str(found.path), "branch": found.branch, "changed": found.changed()})
        return
    changed = found.changed()
    click.echo(f"{found.path}\nbranch {found.branch or '(none)'}, {len(changed)} files changed")


@click.command()
@options.as_json
@options.name
def diff(name: str, as_json: bool) -> None:
    """What the workspace changes in the services as the drill began, committed or not."""
    found = session.workspace(name)
    if not found.exists():
        raise UsageError("There is no workspace yet; labctl drill start opens one.")
    if as_json:
        options.print_json({"branch": found.branch, "files": found.changed(), "patch": found.diff()})
        return
    click.echo(found.diff(colour=sys.stdout.isatty()) or "Nothing is changed.")
