"""status, events, report, history, chain, debrief, brief: what there is to see of drills."""

import json
import time

import click
from rich.text import Text

from lab.cli import options
from lab.cli.drill import reporting, session, showing
from lab.clients.drill import Drill
from lab.runtime.base import Whose

POLL_S = 1.0
# What fits beside each other; --json has all of it.
COMPARED = ("id", "team", "scenario", "outcome", "cause_s", "verified_s", "out_of_slo_s", "orders_lost", "tries")


@session.command(reads=True)
def status(name: str, whose: Whose | None, as_json: bool) -> None:
    """The phase, what is left of it, and what is owed."""
    with session.room(name, whose) as room:
        found = room.status()
    if as_json:
        options.print_json(found)
        return
    if found["phase"] == "idle" and not found.get("preparing"):
        click.echo("No drill so far; an instructor starts one with labctl drill start.")
        return
    console = options.console()
    for line in showing.status(found):
        console.print(line, soft_wrap=True)


@session.command(reads=True)
@click.option("-f", "--follow", is_flag=True, help="Go on until the drill is over.")
def events(name: str, whose: Whose | None, as_json: bool, follow: bool) -> None:
    """What happened in the drill, the newest last; minutes and seconds are since the page.

    JSON is one array, with --follow one object a line.
    """
    with session.room(name, whose) as room:
        found = room.events()
        if as_json and not follow:
            options.print_json(found)
            return
        if not found and not follow:
            click.echo("Nothing has happened so far.")
        _print_events(room, found, as_json, follow)


def _print_events(room: Drill, found: list[dict], as_json: bool, follow: bool) -> None:
    console = options.console()
    last = 0
    while True:
        for one in found:
            last = one["number"]
            if as_json:
                click.echo(json.dumps(one))
            else:
                console.print(showing.event(one), soft_wrap=True)
        if not follow or (not found and room.status()["phase"] in session.ENDED):
            return
        time.sleep(0 if found else POLL_S)
        found = room.events(after=last)


@session.command(reads=True)
def report(name: str, whose: Whose | None, as_json: bool) -> None:
    """The drill in figures: times, harm, tries, verdicts, and what is owed."""
    with session.room(name, whose) as room:
        found = room.report()
    if as_json:
        options.print_json(found)
        return
    console = options.console()
    for line in reporting.lines(found):
        console.print(line, soft_wrap=True)


@session.command(reads=True)
def history(name: str, whose: Whose | None, as_json: bool) -> None:
    """This lab's drills, to compare."""
    with session.room(name, whose) as room:
        found = room.history()
    if as_json:
        options.print_json(found)
    elif found:
        rows = [one | {"outcome": one.get("outcome") or one.get("phase")} for one in found]
        options.console().print(showing.table([{name: one.get(name) for name in COMPARED} for one in rows]))
    else:
        click.echo("No drill so far.")


@session.command(reads=True)
def debrief(name: str, whose: Whose | None, as_json: bool) -> None:
    """The answer, and the causal chain with when each link first showed and when the team had it as evidence.

    After the end of the drill only.
    """
    with session.room(name, whose) as room:
        found = room.debrief()
    if as_json:
        options.print_json(found)
        return
    console = options.console()
    console.print(Text(found["text"]), soft_wrap=True)
    console.print(Text("How it came about", style="bold"))
    for number, one in enumerate(found["chain"], start=1):
        for line in showing.link(number, one):
            console.print(line, soft_wrap=True)


@session.command(reads=True)
def chain(name: str, whose: Whose | None, as_json: bool) -> None:
    """What happened, link by link, once the drill has turned guided."""
    with session.room(name, whose) as room:
        found = room.chain()
    if as_json:
        options.print_json(found)
        return
    console = options.console()
    for number, one in enumerate(found, start=1):
        for line in showing.link(number, one):
            console.print(line, soft_wrap=True)


@session.command()
def brief(name: str, whose: Whose | None) -> None:
    """What to give to an assistant, as Markdown, once AI is open."""
    with session.room(name, whose) as room:
        click.echo(room.brief())
