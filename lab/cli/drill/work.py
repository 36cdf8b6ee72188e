"""What the war room is at for minutes: its step while it runs, and its result."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import click
from rich.text import Text

from lab.cli import options
from lab.errors import LabError

POLL_S = 0.5
LIMIT_S = 900  # a review runs four patches, each for a minute or more


def follow(what: str, found: Mapping[str, Any], look: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """From `found` on, until it does not run any more. Raises LabError where it did not end well."""
    deadline = time.monotonic() + LIMIT_S
    console, said = options.console(), ""
    with console.status(what) as shown:
        while found["running"]:
            shown.update(Text(f"{what}: {found['step']}"))
            # Where nothing turns, each step is a line of its own; seconds that run down are no step.
            if not console.is_terminal and (step := re.sub(r"\d+ s\b.*", "", found["step"])) != said:
                said = step
                click.echo(f"{what}: {found['step']}", err=True)
            if time.monotonic() > deadline:
                raise LabError(f"It is not done after {LIMIT_S} s ({found['step']}); see labctl logs warroom.")
            time.sleep(POLL_S)
            found = look()
    if found.get("why"):
        raise LabError(found["why"])
    return found
