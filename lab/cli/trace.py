"""trace: one trace as a waterfall."""

from collections.abc import Iterator
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from lab.cli import options
from lab.clients.traces import Traces

Span = dict[str, Any]
NARROWEST_BAR = 16


@click.command()
@options.name
@options.as_json
@click.argument("trace_id", metavar="ID")
def trace(name: str, as_json: bool, trace_id: str) -> None:
    """Show the trace ID as a waterfall; its JSON is Jaeger's own."""
    with Traces(options.endpoint(name, "traces")) as traces:
        found = traces.get(trace_id)
    if as_json:
        options.print_json(found)
        return
    console = options.console()
    console.print(waterfall(found, console.width))


def waterfall(trace: dict[str, Any], width: int) -> Table:
    """Spans under their parents in the order in which they began; the bar shows when, the last column what failed."""
    spans = trace["spans"]
    began = min(span["startTime"] for span in spans)
    whole = max(span["startTime"] + span["duration"] for span in spans) - began
    bar = max(NARROWEST_BAR, width // 3)
    title = f"trace {trace['traceID']}: {len(spans)} spans, {milliseconds(whole)}"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left", title_style="bold")
    table.add_column("service", no_wrap=True)
    table.add_column("operation", overflow="ellipsis", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("duration", justify="right", no_wrap=True)
    table.add_column("error")
    for depth, span in in_order(spans):
        failed = error_of(span)
        style = "red" if failed else "cyan"
        table.add_row(
            Text(trace["processes"][span["processID"]]["serviceName"]),
            Text("  " * depth + span["operationName"]),
            Text(bar_of(span["startTime"] - began, span["duration"], whole, bar), style=style),
            milliseconds(span["duration"]),
            Text(failed, style="red"),
        )
    return table


def in_order(spans: list[Span]) -> Iterator[tuple[int, Span]]:
    """Depth first, with the depth; a span whose parent is missing counts as a root."""
    known = {span["spanID"] for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span["startTime"]):
        children.setdefault(_parent(span, known), []).append(span)
    stack = [(0, span) for span in reversed(children.get(None, []))]
    while stack:
        depth, span = stack.pop()
        yield depth, span
        stack += [(depth + 1, child) for child in reversed(children.get(span["spanID"], []))]


def _parent(span: Span, known: set[str]) -> str | None:
    parents = [reference["spanID"] for reference in span.get("references") or []]
    return next((parent for parent in parents if parent in known and parent != span["spanID"]), None)


def bar_of(offset: int, duration: int, whole: int, width: int) -> str:
    """`width` characters for `whole` microseconds; the shortest span is still one character."""
    scale = width / max(whole, 1)
    left = min(int(offset * scale), width - 1)
    length = max(1, min(round(duration * scale), width - left))
    return " " * left + "█" * length


def error_of(span: Span) -> str:
    """'' for a span that did not fail, else what it says about it."""
    tags = {tag["key"]: tag["value"] for tag in span.get("tags") or []}
    if tags.get("error") not in (True, "true"):
        return ""
    for key in ("otel.status_description", "error.type", "http.response.status_code"):
        if tags.get(key):
            return str(tags[key])
    return "error"


def milliseconds(microseconds: int) -> str:
    return f"{microseconds / 1000:.1f} ms"
