"""up, down, restart, status."""

import dataclasses
import time

import click
from rich.console import Console
from rich.table import Table

from lab.cli import options
from lab.errors import CheckFailed
from lab.runtime.base import Service

STYLES = {"healthy": "green", "starting": "yellow", "unhealthy": "red", "stopped": "dim"}


class Printed:
    """Progress, a line an event."""

    def __init__(self, console: Console):
        self.console = console

    def note(self, text: str) -> None:
        self.console.print(f"  {text}", highlight=False, soft_wrap=True)

    def healthy(self, service: str, seconds: float) -> None:
        self.console.print(f"  [green]✓[/] {service:<14}[dim]{seconds:5.1f} s[/]", highlight=False)


@click.command()
@options.name
@click.option("--runtime", type=click.Choice(["auto", "local"]), default="auto", show_default=True)
@click.option("--no-load", is_flag=True, help="Start without customers.")
@click.option(
    "--port-base", type=int, envvar="LAB_PORT_BASE", show_envvar=True, help="First port of the lab's block of 100."
)
def up(name: str, runtime: str, no_load: bool, port_base: int | None) -> None:
    """Start the lab and wait until all of it is healthy. Harmless when it is up already."""
    console = options.console()
    lab = options.runtime(name)
    began = time.monotonic()
    why = "asked for" if runtime == "local" else "the only one so far; containers come later"
    console.print(f"Lab [bold]{name}[/], local runtime ({why})", highlight=False)
    with console.status("starting"):
        lab.up(Printed(console), load=not no_load, port_base=port_base)
    console.print(f"[bold]Up in {time.monotonic() - began:.1f} s.[/]\n", highlight=False)
    _addresses(console, name, lab)


def _addresses(console: Console, name: str, lab) -> None:
    for title, service, path in (
        ("Pager", "warroom", "/"),
        ("Prometheus", "prometheus", "/alerts"),
        ("Alertmanager", "alertmanager", "/"),
        ("Load", "load", "/"),
        ("Traces (Jaeger's query API)", "telemetry", "/api/services"),
    ):
        console.print(f"  {title:<28} {lab.endpoint(service)}{path}", highlight=False, soft_wrap=True)
    option = "" if name == "main" else f" --name {name}"
    steps = {
        f"status{option}": "who is healthy",
        "scenarios": "what can be started",
        f"load start flash-sale{option}": "then wait for the pager, or look with pages",
        f"down{option}": "when you have had enough",
    }
    console.print("\nNext:", highlight=False)
    for command, what in steps.items():
        padded = f"{command:<{max(map(len, steps)) + 2}}"
        console.print(f"  python3 labctl.py {padded}[dim]{what}[/]", highlight=False, soft_wrap=True)


@click.command()
@options.name
@click.option("--purge", is_flag=True, help="Forget data, logs and tokens as well.")
def down(name: str, purge: bool) -> None:
    """End the lab, also what a crash has left of it."""
    console = options.console()
    with console.status("stopping"):
        options.runtime(name).down(Printed(console), purge=purge)
    console.print(f"Lab {name} is down{' and forgotten' if purge else ''}.", highlight=False)


@click.command()
@options.name
@click.argument("services", nargs=-1, required=True, metavar="SERVICE...")
def restart(name: str, services: tuple[str, ...]) -> None:
    """Restart services and wait until they are healthy again."""
    console = options.console()
    with console.status("restarting"):
        options.runtime(name).restart(services, Printed(console))


@click.command()
@options.name
@options.as_json
def status(name: str, as_json: bool) -> None:
    """Who is healthy, where it answers, and how much memory it takes. Exit code 3 if not all is healthy."""
    found = options.runtime(name).status()
    if as_json:
        options.print_json(dataclasses.asdict(found))
    else:
        _table(found.services)
    if not found.ready:
        option = "" if name == "main" else f" --name {name}"
        raise CheckFailed(f"Lab {name} is not all healthy; labctl up{option} starts what is missing.")


def _table(services: list[Service]) -> None:
    table = Table(box=None, pad_edge=False)
    for column, justify in (
        ("service", "left"),
        ("state", "left"),
        ("pid", "right"),
        ("memory", "right"),
        ("url", "left"),
    ):
        table.add_column(column, justify=justify)
    for one in services:
        memory = f"{one.memory_bytes / 2**20:.0f} MB" if one.memory_bytes else ""
        state = f"[{STYLES[one.state]}]{one.state}[/]"
        table.add_row(one.name, state, str(one.pid or ""), memory, one.url or "")
    total = sum(one.memory_bytes or 0 for one in services)
    table.add_row("[bold]total[/]", "", "", f"[bold]{total / 2**20:.0f} MB[/]", "")
    options.console().print(table)
