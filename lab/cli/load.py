"""load: profiles that are added to the healthy load and taken away again."""

import click
from rich.table import Table

from lab.cli import options
from lab.clients.load import Load

STEADY_S = 1.0  # a profile whose next customer is due sooner has no bursts


@click.group()
def load() -> None:
    """Add load profiles, take them away, see what is asked and achieved."""


@load.command()
@options.name
@click.argument("profile")
def start(name: str, profile: str) -> None:
    """Add PROFILE to the load."""
    _load(name).start(profile)
    click.echo(f"{profile} is on; labctl load status shows what it achieves, labctl pages what it sets off.")


@load.command()
@options.name
@click.argument("profile")
def stop(name: str, profile: str) -> None:
    """Take PROFILE away."""
    _load(name).stop(profile)
    click.echo(f"{profile} is off.")


@load.command()
@options.name
@options.as_json
def status(name: str, as_json: bool) -> None:
    """What each profile asks for and gets, over the last 10 s.

    A profile that comes in bursts asks for nothing between two; `next` says how long until then.
    """
    profiles = _load(name).profiles()
    if as_json:
        options.print_json(profiles)
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("profile")
    for column in ("running", "asked/s", "achieved/s", "failures", "p50", "p99", "next"):
        table.add_column(column, justify="right")
    for one in profiles:
        table.add_row(
            one["profile"],
            "yes" if one["running"] else "",
            f"{one['asked_rps']:.1f}",
            f"{one['achieved_rps']:.1f}",
            "" if one["failure_ratio"] is None else f"{one['failure_ratio']:.1%}",
            _milliseconds(one["p50_s"]),
            _milliseconds(one["p99_s"]),
            "" if one["next_s"] is None or one["next_s"] < STEADY_S else f"{one['next_s']:.0f} s",
        )
    options.console().print(table)


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:.0f} ms"


def _load(name: str) -> Load:
    return Load(options.endpoint(name, "load"))
