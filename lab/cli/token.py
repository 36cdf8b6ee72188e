"""token: what the war room asks for."""

import click

from lab.cli import options
from lab.runtime.base import WHOSE, Whose


@click.command()
@options.name
@click.argument("whose", type=click.Choice(WHOSE))
def token(name: str, whose: Whose) -> None:
    """Print the team's or the instructor's token, for the pager in the browser."""
    click.echo(options.token(name, whose))
