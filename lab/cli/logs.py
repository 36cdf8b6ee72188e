"""logs: what services logged, from the telemetry store, or from a process's own output where that has none."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
from rich.text import Text

from lab.cli import options, output
from lab.cli.output import LEVELS, Record
from lab.cli.since import Since
from lab.clients.logs import Logs
from lab.clients.traces import checked_id
from lab.errors import LabError, UsageError
from lab.runtime.programs import SERVICES

STYLES = {"WARN": "yellow", "ERROR": "red", "FATAL": "red"}
STANDING = ("ts", "level", "service", "event", "trace_id", "span_id")
FEW, MOST = 100, 10_000


@click.command()
@options.name
@options.as_json
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("--trace", "trace_id", metavar="ID", help="Only what was logged in this trace.")
@click.option(
    "--level",
    metavar="LEVEL",
    type=click.Choice([level.lower() for level in LEVELS], case_sensitive=False),
    help="This bad or worse: debug, info, warn, error or fatal.",
)
@click.option("--since", "start", type=Since(), metavar="WHEN", help="Not before: 10m, 90s or 2h ago, or a UTC time.")
@click.option("--grep", "text", metavar="TEXT", help="Only with TEXT in the event or a field, in any case of letters.")
@click.option("-f", "--follow", is_flag=True, help="Go on as more is logged, until Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(1, MOST),
    help=f"How many at most.  [default: {FEW}, with --since {MOST}]",
)
def logs(
    name: str,
    as_json: bool,
    services: tuple[str, ...],
    trace_id: str | None,
    level: str | None,
    start: int | None,
    text: str | None,
    follow: bool,
    lines: int | None,
) -> None:
    """What all services logged, or those that are named, the newest last.

    JSON is one array, with --follow one object a line. The logs of prometheus, alertmanager, postgres, telemetry and
    load are their own: name one of them alone.
    """
    wanted = {
        "trace_id": checked_id(trace_id) if trace_id is not None else None,
        "level": level.upper() if level else None,
        "text": text,
        "start": start,
    }
    found = records(name, services, wanted, follow, lines or (FEW if start is None else MOST))
    if as_json and not follow:
        options.print_json(list(found))
        return
    console = options.console()
    for record in found:
        if as_json:
            click.echo(json.dumps(record))
        else:
            console.print(readable(record, named=len(services) != 1), soft_wrap=True)


def records(name: str, services: Sequence[str], wanted: dict[str, Any], follow: bool, lines: int) -> Iterator[Record]:
    """From the store if it has the logs of all of them; else, and if the store is down, from one process's output."""
    own = [service for service in services if service not in SERVICES]
    if own and len(services) > 1:
        raise UsageError(f"{own[0]} does not log to the telemetry store; ask for it alone: labctl logs {own[0]}.")
    if not own:
        with Logs(options.endpoint(name, "logs")) as store:
            try:
                if follow:
                    yield from store.follow(service=services, **wanted, backlog=lines)
                else:
                    yield from store.search(service=services, **wanted, limit=lines)
                return
            except UsageError:
                raise
            except LabError as error:
                if len(services) != 1:
                    raise
                click.echo(f"labctl: {error} Until then, this is what the process itself wrote.", err=True)
    written = output.records(services[0], options.runtime(name).logs(services[0], follow=follow))
    matching = (record for record in written if output.matches(record, **wanted))
    yield from matching if follow else deque(matching, lines)


def readable(record: Record, *, named: bool = False) -> Text:
    """A line for people, in its level's colour; `named` says whose it is."""
    level = output.level_of(record)
    stamp = str(record.get("ts") or "")[11:23]
    text = Text(" ".join(filter(None, (stamp, f"{level:<5}" if level else ""))))
    text.stylize(STYLES.get(level, "dim"))
    if named:
        text.append(f" {record.get('service', ''):<10}", style="bold")
    text.append(f"{' ' if text else ''}{record.get('event', '')}")
    for key, value in _fields(record):
        text.append(f" {key}=", style="dim")
        text.append(str(value))
    return text


def _fields(record: Record) -> Iterable[tuple[str, Any]]:
    yield from ((key, value) for key, value in record.items() if key not in STANDING)
    if record.get("trace_id"):
        yield "trace", record["trace_id"]
