"""logs: what a service logged, from the telemetry store, or from the process's own output where that has none."""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import click
from rich.text import Text

from lab.cli import options
from lab.clients.logs import Logs
from lab.errors import LabError, UsageError
from lab.runtime.programs import SERVICES

LEVELS = {"WARN": "yellow", "WARNING": "yellow", "ERROR": "red", "FATAL": "red", "CRITICAL": "red"}
STANDING = ("ts", "level", "service", "event", "trace_id", "span_id")
Record = dict[str, Any]


@click.command()
@options.name
@options.as_json
@click.argument("service")
@click.option("--trace", "trace_id", metavar="ID", help="Only what was logged in this trace.")
@click.option("-f", "--follow", is_flag=True, help="Go on as more is logged, until Ctrl-C.")
@click.option("-n", "--lines", default=100, show_default=True, type=click.IntRange(1, 10_000), help="How many at most.")
def logs(name: str, as_json: bool, service: str, trace_id: str | None, follow: bool, lines: int) -> None:
    """What SERVICE logged, the newest last. JSON is one array, with --follow one object a line."""
    found = records(name, service, trace_id, follow, lines)
    if as_json and not follow:
        options.print_json(list(found))
        return
    console = options.console()
    for record in found:
        if as_json:
            click.echo(json.dumps(record))
        else:
            console.print(readable(record), soft_wrap=True)


def records(name: str, service: str, trace_id: str | None, follow: bool, lines: int) -> Iterator[Record]:
    if service in SERVICES:
        with Logs(options.endpoint(name, "logs")) as store:
            try:
                if follow:
                    yield from store.follow(service=service, trace_id=trace_id, backlog=lines)
                else:
                    yield from store.search(service=service, trace_id=trace_id, limit=lines)
                return
            except UsageError:
                raise
            except LabError as error:
                click.echo(f"labctl: {error} Until then, this is what the process itself wrote.", err=True)
    written = (parse(service, line) for line in options.runtime(name).logs(service, follow=follow))
    matching = (record for record in written if trace_id in (None, record.get("trace_id")))
    yield from matching if follow else deque(matching, lines)


def parse(service: str, line: str) -> Record:
    """One line of a process's output: a JSON object as it is, anything else as the event."""
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    return record if isinstance(record, dict) else {"service": service, "event": line}


def readable(record: Record) -> Text:
    level = str(record.get("level") or "")
    text = Text(" ".join(filter(None, (str(record.get("ts") or "")[11:23], f"{level:<5}" if level else ""))))
    text.stylize(LEVELS.get(level, "dim"))
    text.append(f"{' ' if text else ''}{record.get('event', '')}")
    for key, value in _fields(record):
        text.append(f" {key}=", style="dim")
        text.append(str(value))
    return text


def _fields(record: Record) -> Iterable[tuple[str, Any]]:
    yield from ((key, value) for key, value in record.items() if key not in STANDING)
    if record.get("trace_id"):
        yield "trace", record["trace_id"]
