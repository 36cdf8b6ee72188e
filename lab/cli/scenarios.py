"""scenarios: what can be started."""

import click
from rich.table import Table

from lab import scenario
from lab.cli import options


@click.command()
@options.as_json
def scenarios(as_json: bool) -> None:
    """List the scenarios and the load profile that starts each."""
    found = [one.model_dump(include={"id", "title", "severity", "profile"}) for one in scenario.load_all()]
    if as_json:
        options.print_json(found)
        return
    table = Table("id", "title", "severity", "profile", box=None, pad_edge=False)
    for one in found:
        table.add_row(*one.values())
    options.console().print(table)
