"""review: four proposed patches, to be decided on before any is run."""

from typing import Any

import click
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from lab.cli import options
from lab.cli.drill import session, showing, work
from lab.errors import UsageError
from lab.runtime.base import Whose


@session.command(reads=True)
@click.option("--accept", "accepted", multiple=True, metavar="PATCH", help="It is right; may be repeated.")
@click.option("--reject", "rejected", multiple=True, metavar="PATCH=CONDITION", help="It fails then; may be repeated.")
def review(name: str, whose: Whose | None, as_json: bool, accepted: tuple[str, ...], rejected: tuple[str, ...]) -> None:
    """Show four proposed patches; with a decision on each of them, settle it by running them.

    At least two are wrong although their tests pass. A rejection names the condition under which the patch fails. It is
    for before the first deploy, and once in a drill.
    """
    decisions = decided(accepted, rejected)
    with session.room(name, whose) as room:
        if not decisions:
            _show(room.bench(), as_json)
            return
        found = work.follow("running the patches", room.settle(decisions), lambda: room.bench()["outcome"])
    if as_json:
        options.print_json(found["result"])
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for one in found["result"]:
        decision = "accepted" if one["accepted"] else f"rejected: {one['condition']}"
        table.add_row(showing.mark(one["right"]), one["patch"], Text(decision))
    options.console().print(table)


def decided(accepted: tuple[str, ...], rejected: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """As the war room takes them. Raises UsageError for a rejection without its condition, or two decisions on one."""
    decisions: dict[str, dict[str, Any]] = {}
    for text in (*accepted, *rejected):
        patch, equals, condition = text.partition("=")
        if bool(equals and condition) is (text in accepted):
            raise UsageError(f"{text!r} is no decision: write --accept PATCH, or --reject PATCH=CONDITION.")
        if patch in decisions:
            raise UsageError(f"There are two decisions on {patch}; leave one out.")
        decisions[patch] = {"accept": text in accepted, "condition": condition}
    return decisions


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        options.print_json(found)
        return
    console = options.console()
    for one in found["patches"]:
        console.print(Text.assemble((f"{one['patch']}  ", "bold"), one["title"]), soft_wrap=True)
        console.print(Text(f"fails perhaps: {', '.join(one['conditions'])}", style="dim"), soft_wrap=True)
        console.print(Syntax(one["diff"], "diff", background_color="default"))
    console.print("Decide on all: labctl drill review --accept PATCH --reject PATCH=CONDITION …", highlight=False)
