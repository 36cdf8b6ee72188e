"""What several commands have in common: --name, --json, and how a lab is found."""

import json
from typing import Any

import click

from lab.runtime.base import Runtime
from lab.runtime.local import LocalRuntime
from lab.runtime.state import State

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
    """The runtime of a lab that exists or is about to."""
    return LocalRuntime(State(name))


def endpoint(name: str, service: str) -> str:
    return runtime(name).endpoint(service)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
