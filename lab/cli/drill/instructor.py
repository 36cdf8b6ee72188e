"""pause, resume, advance, hint, gate, override, abort: what only an instructor may."""

import click

from lab.cli.drill import session, showing
from lab.runtime.base import Whose


@session.command()
@session.why("What has come between")
def pause(name: str, whose: Whose | None, why: str) -> None:
    """Stop the drill's clock."""
    with session.room(name, whose) as room:
        room.pause(why)
    click.echo("Paused; labctl drill resume --why REASON goes on.")


@session.command()
@session.why("What is settled")
def resume(name: str, whose: Whose | None, why: str) -> None:
    """Let the drill's clock run again."""
    with session.room(name, whose) as room:
        room.resume(why)
        _say_where(room.status())


@session.command()
def advance(name: str, whose: Whose | None) -> None:
    """End the present phase before its time."""
    with session.room(name, whose) as room:
        room.advance()
        _say_where(room.status())


@session.command()
def hint(name: str, whose: Whose | None) -> None:
    """Give the team the next hint; the first ones are questions."""
    with session.room(name, whose) as room:
        click.echo(room.hint()["text"])


@session.command()
@click.argument("turn", type=click.Choice(["open", "shut"]))
@session.why("What speaks for it")
def gate(name: str, whose: Whose | None, turn: str, why: str) -> None:
    """Shut the gate to AI, or open it again; where it was not shut, open it until this phase ends."""
    with session.room(name, whose) as room:
        room.gate(turn, why)
    click.echo(f"The gate is {turn}.")


@session.command()
@session.why("What the team has shown")
def override(name: str, whose: Whose | None, why: str) -> None:
    """Accept the root cause by hand; the report says so."""
    with session.room(name, whose) as room:
        room.override(why)
        _say_where(room.status())


@session.command()
@session.why("What makes an end of it")
def abort(name: str, whose: Whose | None, why: str) -> None:
    """End the drill at once; what happened so far is kept."""
    with session.room(name, whose) as room:
        room.abort(why)
    click.echo("Aborted; labctl drill report shows what there is.")


def _say_where(status: dict) -> None:
    left = f", {showing.clock(status['remaining_s'])} left" if status.get("remaining_s") is not None else ""
    click.echo(f"The drill is in {status['phase']}{left}.")
