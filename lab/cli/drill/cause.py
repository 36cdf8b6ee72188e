"""mechanisms, probe, submit: what a root cause is made of, and handing one in."""

import json
import re
from collections.abc import Mapping
from typing import Any

import click
import yaml
from rich.table import Table
from rich.text import Text

from lab.cli import options
from lab.cli.drill import session, showing
from lab.clients.traces import checked_id
from lab.drill import cause, selector
from lab.errors import CheckFailed, UsageError
from lab.runtime.base import Whose
from lab.runtime.programs import SERVICES

METHODS = ("GET", "POST")
PROBED = tuple(name for name in SERVICES if name != "warroom")
PARTS = ("component", "mechanism", "location", "sentence", "evidence")


@click.command()
@options.as_json
def mechanisms(as_json: bool) -> None:
    """The closed list that a root cause's mechanism is from; most of it is not wrong here."""
    if as_json:
        options.print_json([{"mechanism": name, "meaning": text} for name, text in cause.MECHANISMS.items()])
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, text in cause.MECHANISMS.items():
        table.add_row(f"[bold]{name}[/]", text)
    options.console().print(table)


@session.command(reads=True)
@click.argument("service", type=click.Choice(PROBED), metavar="SERVICE")
@click.argument("method", type=click.Choice(METHODS, case_sensitive=False), metavar="METHOD")
@click.argument("path")
@click.option("--header", "headers", multiple=True, metavar="K:V", help="Send this header too; may be repeated.")
@click.option("--data", metavar="JSON", help="Send this body.")
def probe(
    name: str,
    whose: Whose | None,
    as_json: bool,
    service: str,
    method: str,
    path: str,
    headers: tuple[str, ...],
    data: str,
) -> None:
    """Send a request to a service and have it recorded, so that it can be evidence."""
    wanted = {"service": service, "method": method, "path": path, "headers": dict(map(_header, headers))}
    if not re.fullmatch(r"/[!-~]{0,1999}", path):
        raise UsageError(f"{path!r} is no path: begin it with /, as in /accounts/a-017.")
    if data is not None:
        wanted["body"] = _json(data)
    with session.room(name, whose) as room:
        found = room.probe(wanted)
    if as_json:
        options.print_json(found)
        return
    console = options.console()
    status = found["status"] or "no answer"
    trace = f"  trace {found['trace_id']}" if found.get("trace_id") else ""
    console.print(f"[bold]{found['ref']}[/]  {status}  {found['seconds']:.3f} s{trace}", highlight=False)
    body = found.get("body")
    console.print(
        body if isinstance(body, str) else json.dumps(body, indent=2), markup=False, highlight=False, soft_wrap=True
    )


@session.command(reads=True)
@click.option("--component", help="The service that the cause is in.")
@click.option("--mechanism", help="One of labctl drill mechanisms.")
@click.option("--location", help="File and line or function.")
@click.option("--sentence", help="Why customers are hurt by it, in a sentence.")
@click.option(
    "--evidence",
    multiple=True,
    metavar="REF",
    help="trace:ID, metric:EXPRESSION, log:SERVICE:TRACE, sql:QUERY or probe:ID; at least two, of different kinds.",
)
@click.option(
    "--file", type=click.File("r", encoding="utf-8"), help="The same five by name in YAML; - is what is piped in."
)
def submit(name: str, whose: Whose | None, as_json: bool, file: click.File | None, **flags: Any) -> None:
    """Hand in a root cause with evidence. Exit code 3 if it is not accepted."""
    given = {part: value for part, value in flags.items() if value}
    if file is not None and given:
        raise UsageError(f"Give the root cause with --file or by flags, not both: leave out --{next(iter(given))}.")
    one = checked(from_yaml(session.written(file, "--file")) if file is not None else given)
    with session.room(name, whose) as room:
        found = room.submit(one.model_dump(exclude={"evidence"}) | {"evidence": [piece.ref for piece in one.evidence]})
    if as_json:
        options.print_json(found)
    else:
        _print_pieces(found)
    if not found["accepted"]:
        wait = found.get("cooldown_s")
        after = f" in {showing.clock(wait)}" if wait else ""
        raise CheckFailed(f"The root cause is not accepted; look again, and hand in the next{after}.")


def checked(data: Mapping[str, Any]) -> cause.Submission:
    """What can be seen to be wrong before anybody is asked. Raises UsageError."""
    if missing := [part for part in PARTS if part != "location" and not data.get(part)]:
        raise UsageError(f"A root cause needs {', '.join(missing)}; see labctl drill submit --help.")
    one = cause.submission(data)
    for piece in one.evidence:
        if piece.kind == "metric":
            selector.parse(piece.value)
        elif piece.kind == "trace":
            checked_id(piece.value)
        elif piece.kind == "log":
            service, colon, trace = piece.value.partition(":")
            if not colon or service not in SERVICES:
                raise UsageError(
                    f"{piece.ref!r} is no log evidence: write log:SERVICE:TRACE, as in log:billing:4bf92f."
                )
            checked_id(trace)
    return one


def from_yaml(text: str) -> dict[str, Any]:
    """A mapping of strings; evidence may be written `- trace: ID` as well. Raises UsageError."""
    try:
        # every scalar as it is written: a trace id of digits alone is no number
        found = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise UsageError(f"--file is no YAML ({' '.join(str(error).split())}); correct it.") from error
    if not isinstance(found, dict):
        raise UsageError(f"--file is no mapping: name {', '.join(PARTS)} in it, each with its value.")
    evidence = found.get("evidence")
    if isinstance(evidence, list):
        found["evidence"] = [_reference(one) for one in evidence]
    return found


def _reference(one: Any) -> Any:
    if isinstance(one, dict) and len(one) == 1:
        ((kind, value),) = one.items()
        return f"{kind}:{value}"
    return one


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[\x20-\x7e]*", value):
        raise UsageError(f"{text!r} is no header: write it as Idempotency-Key:inv-2041.")
    return name, value.strip()


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise UsageError(
            f'--data is no JSON ({error}); put it in single quotes, as in \'{{"cart_id": "c-0017"}}\'.'
        ) from error


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number there")


def _print_pieces(found: Mapping[str, Any]) -> None:
    console = options.console()
    console.print("[bold green]Accepted.[/]" if found["accepted"] else "[bold red]Not accepted.[/]", highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    for piece in found["pieces"]:
        table.add_row(showing.mark(piece["held"]), Text(piece["ref"][:70]), Text(piece["why"] or ""))
    console.print(table)
    if found.get("why"):
        console.print(found["why"], markup=False, highlight=False)
    if found.get("points") is not None:
        console.print(f"{found['points']} points", highlight=False)
    if found["accepted"]:
        console.print("Next: labctl drill status says which phase it is, and what is left of it.", highlight=False)
