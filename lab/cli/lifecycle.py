"""up, down, restart, status."""

import contextlib
import dataclasses
import time
from datetime import UTC, datetime
from typing import Literal

import click
from rich.console import Console
from rich.table import Table

from lab.cli import options
from lab.errors import CheckFailed, UsageError
from lab.runtime import choice
from lab.runtime.base import Kind, Runtime, Service, option
from lab.runtime.state import State

STYLES = {"healthy": "green", "starting": "yellow", "unhealthy": "red", "stopped": "dim"}
AGES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


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
@click.option(
    "--runtime",
    type=click.Choice(["auto", "local", "compose"]),
    default="auto",
    show_default=True,
    envvar="LAB_RUNTIME",
    show_envvar=True,
    help="Containers or processes of this machine; auto takes containers if Docker answers and images can be had.",
)
@click.option("--no-load", is_flag=True, help="Start without customers.")
@click.option(
    "--port-base", type=int, envvar="LAB_PORT_BASE", show_envvar=True, help="First port of the lab's block of 100."
)
def up(name: str, runtime: Literal["auto"] | Kind, no_load: bool, port_base: int | None) -> None:
    """Start the lab and wait until all of it is healthy. Harmless when it is up already.

    An AI provider (docs/ai-gateway.md) and who else is paged (docs/onward.md) are taken from the environment and
    remembered.
    """
    console = options.console()
    began = time.monotonic()
    with console.status("looking for Docker"):
        lab, why = choice.for_up(State(name), runtime)
    console.print(f"Lab [bold]{name}[/], {lab.kind} runtime ({why})", highlight=False, soft_wrap=True)
    with console.status("starting"):
        lab.up(Printed(console), load=not no_load, port_base=port_base)
    console.print(f"[bold]Up in {time.monotonic() - began:.1f} s.[/]\n", highlight=False)
    _addresses(console, name, lab)


def _addresses(console: Console, name: str, lab: Runtime) -> None:
    shown = set()
    for title, service, path in (
        ("Pager", "warroom", "/"),
        ("Grafana", "grafana", "/"),
        ("Prometheus", "prometheus", "/alerts"),
        ("Alertmanager", "alertmanager", "/"),
        ("Jaeger", "jaeger", "/"),
        ("Load", "load", "/"),
        ("Traces (Jaeger's query API)", "traces", "/api/services"),
    ):
        with contextlib.suppress(UsageError):  # not in this runtime, or not turned on
            url = lab.endpoint(service)
            if url not in shown:  # with containers it is Jaeger itself that answers Jaeger's queries
                console.print(f"  {title:<28} {url}{path}", highlight=False, soft_wrap=True)
            shown.add(url)
    steps = {
        f"status{option(name)}": "who is healthy",
        "scenarios": "what can be started",
        f"load start flash-sale{option(name)}": "then wait for the pager, or look with pages",
        f"down{option(name)}": "when you have had enough",
    }
    console.print("\nNext:", highlight=False)
    for command, what in steps.items():
        padded = f"{command:<{max(map(len, steps)) + 2}}"
        console.print(f"  python3 labctl.py {padded}[dim]{what}[/]", highlight=False, soft_wrap=True)


@click.command()
@options.name
@click.option("--purge", is_flag=True, help="Forget data, logs and tokens as well; a team's workspace is moved aside.")
def down(name: str, purge: bool) -> None:
    """End the lab, also what a crash has left of it."""
    console = options.console()
    lab = options.runtime(name)
    if not lab.exists():
        console.print(f"There is no lab {name}.", highlight=False)
        return
    with console.status("stopping"):
        lab.down(Printed(console), purge=purge)
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
    lab = options.runtime(name)
    exists = lab.exists()
    found = lab.status()
    if as_json:
        options.print_json(dataclasses.asdict(found))
    elif exists:
        _table(found.services)
    if not exists:
        raise CheckFailed(f"There is no lab {name}; labctl up{option(name)} starts one.")
    if not found.ready:
        raise CheckFailed(f"Lab {name} is not all healthy; labctl up{option(name)} starts what is missing.")


def _table(services: list[Service]) -> None:
    table = Table(box=None, pad_edge=False)
    for column, justify in (
        ("service", "left"),
        ("state", "left"),
        ("pid", "right"),
        ("memory", "right"),
        ("since", "left"),
        ("url", "left"),
    ):
        table.add_column(column, justify=justify)
    for one in services:
        memory = f"{one.memory_bytes / 2**20:.0f} MB" if one.memory_bytes else ""
        state = f"[{STYLES[one.state]}]{one.state}[/]"
        table.add_row(one.name, state, str(one.pid or ""), memory, _since(one.started_at), one.url or "")
    total = sum(one.memory_bytes or 0 for one in services)
    table.add_row("[bold]total[/]", "", "", f"[bold]{total / 2**20:.0f} MB[/]", "", "")
    options.console().print(table)


def _since(started_at: str | None) -> str:
    """The time in UTC and how long ago that is."""
    if started_at is None:
        return ""
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(started_at)).total_seconds())
    size, unit = next(((size, unit) for size, unit in AGES if seconds >= size), AGES[-1])
    return f"{started_at[11:19]}Z ({max(seconds, 0) // size} {unit})"
