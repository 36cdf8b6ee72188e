"""write, close: the part of the post-mortem that people write, and the end of the drill."""

import re

import click

from lab.cli.drill import session
from lab.errors import CheckFailed, UsageError
from lab.runtime.base import Whose

LONGEST_PART = 20_000  # characters


@session.command()
@click.argument("part")
@click.argument("text", required=False)
@click.option(
    "--file", type=click.File("r", encoding="utf-8"), help="Take the text from a file; - is what is piped in."
)
def write(name: str, whose: Whose | None, part: str, text: str | None, file: click.File | None) -> None:
    """Write one PART of the post-mortem, or write it anew; labctl drill report says which are owed."""
    if not re.fullmatch(r"[a-z][a-z-]{0,40}", part):
        raise UsageError(f"{part!r} is no part of a post-mortem: it is a word such as prevent or surprised.")
    if (text is None) == (file is None):
        raise UsageError("Give the part's text as an argument or with --file, one of them.")
    text = session.words(text if file is None else session.written(file, "--file"), "The text", LONGEST_PART)
    with session.room(name, whose) as room:
        room.write(part, text)
    click.echo(f"{part} is written, {len(text.split())} words.")


@session.command()
def close(name: str, whose: Whose | None) -> None:
    """End the drill after its post-mortem, whatever is owed. Exit code 3 if something is."""
    with session.room(name, whose) as room:
        owed = room.close_drill().get("owed")
    if owed:
        raise CheckFailed(f"The drill is closed, and owes {', '.join(owed)}.")
    click.echo("The drill is closed and complete; labctl drill debrief shows the answer.")
