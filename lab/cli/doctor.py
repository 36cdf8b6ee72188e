"""doctor: can this machine run the lab?"""

import dataclasses

import click
from rich.table import Table

from lab.cli import options
from lab.errors import CheckFailed
from lab.runtime import checks, choice
from lab.runtime.compose import ComposeRuntime
from lab.runtime.guest import GuestRuntime
from lab.runtime.local import LocalRuntime
from lab.runtime.state import State


@click.command()
@options.name
@options.as_json
def doctor(name: str, as_json: bool) -> None:
    """Check what the lab needs of this machine, and say how to mend what is missing. Exit code 3 if something is."""
    state = State(name)
    lab = choice.of(state)
    if isinstance(lab, GuestRuntime):
        lab.refuse()
    found = checks.run(LocalRuntime(state), ComposeRuntime(state))
    if as_json:
        options.print_json([dataclasses.asdict(check) for check in found])
    else:
        table = Table("check", "", "found", "fix", box=None, pad_edge=False)
        for check in found:
            table.add_row(check.check, "[green]✓[/]" if check.ok else "[red]✗[/]", check.found, check.fix)
        options.console().print(table)
    if failed := [check for check in found if not check.ok]:
        raise CheckFailed(f"{failed[0].check} is not right: {failed[0].fix}.")
