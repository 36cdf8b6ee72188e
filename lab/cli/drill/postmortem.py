"""postmortem, write, spec, close: what is learnt, and the end of the drill."""

from pathlib import Path

import click
from rich.text import Text

from lab.cli import options
from lab.cli.drill import guardrail, session
from lab.drill.postmortem import PARTS
from lab.errors import CheckFailed, LabError, UsageError
from lab.runtime.base import Whose

LONGEST_PART = 20_000  # characters


@session.command(reads=True)
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), default=".", help="Into this folder.")
def postmortem(name: str, whose: Whose | None, as_json: bool, folder: Path) -> None:
    """Write the post-mortem as far as it is known, as Markdown and as a page with plots, and ask for the rest."""
    with session.room(name, whose) as room:
        found = room.postmortem()
        drill = room.status()["id"]
    if as_json:
        options.print_json(found)
        return
    console = options.console()
    for kind, suffix in (("markdown", "md"), ("html", "html")):
        path = folder / f"postmortem-{drill}.{suffix}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(found[kind], encoding="utf-8")
        except OSError as error:
            raise LabError(f"{path} cannot be written ({error.strerror}); name another folder with --to.") from error
        console.print(Text(str(path)), soft_wrap=True)
    if found["missing"]:
        console.print("\nOnly you know this; labctl drill write PART TEXT:", highlight=False)
    for part in found["missing"]:
        console.print(Text.assemble((f"  {part:<15}", "bold"), found["parts"][part]), soft_wrap=True)


@session.command()
@click.argument("part", type=click.Choice(list(PARTS)), metavar="PART")
@click.argument("text", required=False)
@click.option(
    "--file", type=click.File("r", encoding="utf-8"), help="Take the text from a file; - is what is piped in."
)
def write(name: str, whose: Whose | None, part: str, text: str | None, file: click.File | None) -> None:
    """Write one PART of the post-mortem, or write it anew; labctl drill postmortem says what is missing."""
    if (text is None) == (file is None):
        raise UsageError("Give the part's text as an argument or with --file, one of them.")
    text = session.words(text if file is None else session.written(file, "--file"), "The text", LONGEST_PART)
    with session.room(name, whose) as room:
        room.write(part, text)
    click.echo(f"{part} is written, {len(text.split())} words.")


@session.command()
def spec(name: str, whose: Whose | None) -> None:
    """Hand in the team spec as it is in the workspace."""
    path = guardrail.opened(name) / "team-spec.md"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read; bring it back there with git checkout refs/lab/baseline -- team-spec.md."
        ) from error
    with session.room(name, whose) as room:
        lines = room.spec(text)["lines"]
    click.echo(f"The team spec has changed in {lines} lines.")


@session.command()
def close(name: str, whose: Whose | None) -> None:
    """End the drill after its post-mortem, whatever is owed. Exit code 3 if something is."""
    with session.room(name, whose) as room:
        owed = room.close_drill().get("owed")
    if owed:
        raise CheckFailed(f"The drill is closed, and owes {', '.join(owed)}.")
    click.echo("The drill is closed and complete; labctl drill debrief shows the answer.")
