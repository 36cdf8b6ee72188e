"""verify: the incident once more, against the fix."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from lab.cli import options
from lab.cli.drill import session, showing, work
from lab.drill.verdict import bound, measured
from lab.errors import CheckFailed
from lab.runtime.base import Whose

# These say nothing about the fix.
NOT_JUDGED = ("load-not-delivered", "infrastructure")


@session.command(reads=True)
@click.option("--status", "only_status", is_flag=True, help="Follow the one under way, or see how the last one went.")
def verify(name: str, whose: Whose | None, as_json: bool, only_status: bool) -> None:
    """Replay the incident against what runs, at four times its size. Exit code 3 unless it is verified."""
    with session.room(name, whose) as room:
        begun = room.verification() if only_status else room.verify()
        found = work.follow("verifying", begun, room.verification)
    if as_json:
        options.print_json(found)
    else:
        options.console().print(checks(found["checks"]))
    verdict = found["verdict"]
    if verdict in NOT_JUDGED:
        raise CheckFailed(f"{verdict}: that says nothing about {found['release']}; try again.")
    if verdict != "verified":
        raise CheckFailed(f"{found['release']} is not verified: {verdict}.")
    if not as_json:
        click.echo(
            f"{found['release']} is verified, in {showing.clock(found['seconds'])}.\n"
            "Next: labctl drill postmortem, the line for the team spec, and labctl drill guardrail new."
        )


def checks(found: Sequence[Mapping[str, Any]]) -> Table:
    """What was measured beside what it is held to."""
    table = Table(box=None, pad_edge=False)
    for column, justify in (("", "left"), ("check", "left"), ("figure", "right"), ("bound", "right"), ("", "left")):
        table.add_column(column, justify=justify)
    for one in found:
        figure = "–" if one["figure"] is None else measured(one)
        table.add_row(showing.mark(one["passed"]), Text(one["name"]), figure, bound(one), Text(one.get("note") or ""))
    return table
