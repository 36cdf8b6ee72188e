"""What several commands have in common: --name, --json, and how a lab is found."""

import json
import sys
from typing import Any

import click
from rich.console import Console

from lab.runtime import choice
from lab.runtime.base import Runtime, Whose
from lab.runtime.state import State

WIDTH_IN_A_PIPE = 160

name = click.option(
    "--name",
    default="main",
    envvar="LAB_NAME",
    show_default=True,
    show_envvar=True,
    help="Which lab, where there are several.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


def runtime(name: str) -> Runtime:
    """The runtime that a lab is in; for one that nobody knows of the local one, which then says so."""
    return choice.of(State(name))


def endpoint(name: str, service: str) -> str:
    return runtime(name).endpoint(service)


def token(name: str, whose: Whose) -> str:
    return runtime(name).token(whose)


def console() -> Console:
    """On a terminal as wide as that; in a pipe wide enough for our tables."""
    return Console() if sys.stdout.isatty() else Console(width=WIDTH_IN_A_PIPE)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
