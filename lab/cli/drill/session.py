"""What the drill's commands have in common: whose voice they speak with, and what they ask of words."""

import os
import re
from collections.abc import Callable
from typing import Any

import click

from lab.cli import options
from lab.clients.drill import Drill
from lab.errors import UsageError
from lab.runtime.base import WHOSE, Whose
from lab.runtime.guest import TOKEN
from lab.runtime.state import State
from lab.workspace import Workspace

LONGEST_WHY = 500  # characters
ENDED = ("closed", "aborted")

speaker = click.option(
    "--as", "whose", type=click.Choice(WHOSE), help=f"Who you are.  [default: whose token {TOKEN} holds, else team]"
)


def command(*, reads: bool = False) -> Callable[[Callable[..., Any]], click.Command]:
    """A command that takes --name and --as, and --json too if it reads."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        for option in (*([options.as_json] if reads else []), speaker, options.name):
            function = option(function)
        return click.command(function)

    return decorate


def why(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--why, which stands in the report."""
    return click.option("--why", required=True, metavar="REASON", callback=_words, help=f"{what}; it is in the report.")


def _words(context: click.Context, parameter: click.Parameter, value: str) -> str:
    return words(value, f"--{parameter.name}", LONGEST_WHY)


def words(text: str, what: str, longest: int) -> str:
    """The text without space around it. Raises UsageError if nothing is left, or too much."""
    text = text.strip()
    if not text:
        raise UsageError(f"{what} is empty; say it in a few words.")
    if len(text) > longest:
        raise UsageError(f"{what} has {len(text)} characters; say it in {longest} at most.")
    return text


def room(name: str, whose: Whose | None) -> Drill:
    """The war room of that lab, spoken to as the team or the instructor."""
    url = options.endpoint(name, "warroom")
    if whose is None and (token := os.environ.get(TOKEN, "").strip()):
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            raise UsageError(f"{TOKEN} holds no token; labctl token instructor prints it.")
        return Drill(url, token, TOKEN)
    return Drill(url, options.token(name, whose or "team"), whose or "team")


def workspace(name: str) -> Workspace:
    return Workspace(State(name).workspace)


def written(file: click.File, what: str) -> str:
    """A text file's content. Raises UsageError if it is none."""
    try:
        return file.read()
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is no text in UTF-8; save it as such.") from error
