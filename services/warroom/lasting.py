"""What is to outlive the drill: the team spec, changed, and the post-mortem."""

import difflib
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from lab.clients.prometheus import Prometheus
from lab.drill import event as happened
from lab.drill import postmortem, timeline
from lab.drill.drill import Drill
from lab.drill.event import Event
from lab.drill.plot import Line, Plot
from lab.errors import LabError, UsageError

SHELL = (Path(__file__).parent / "postmortem.html").read_text()
LONGEST_SPEC = 100_000  # characters
STEP_S, MOST_POINTS = 2.0, 900
BEFORE_S = 60.0  # seconds before the trigger that the plots begin with
SLO_S = 0.5
CUSTOMERS = "customer_request_duration_seconds"
PLOTS: Sequence[tuple[str, str, float | None, dict[str, str]]] = (
    (
        "Requests that failed, as customers see it",
        "%",
        1.0,
        {"failed": f'100 * sum(rate({CUSTOMERS}_count{{status!~"2..|4.."}}[10s])) / sum(rate({CUSTOMERS}_count[10s]))'},
    ),
    (
        "P99 by service, as customers see it",
        "s",
        SLO_S,
        {
            name: f"histogram_quantile(0.99, sum by (le) (rate({CUSTOMERS}_bucket"
            f'{{service="{name}",route!="/exports"}}[10s])))'
            for name in ("billing", "checkout", "orders")
        },
    ),
    ("Between the books", "cents", None, {"difference": "sum(ledger_difference_cents)"}),
    (
        "Load",
        "requests/s",
        None,
        {
            "asked": "sum(rate(customer_requests_asked_total[10s]))",
            "sent": "sum(rate(customer_requests_sent_total[10s]))",
        },
    ),
)
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def spec_change(shipped: str, text: str) -> happened.SpecChanged:
    """What the team has made of the spec. Raises UsageError if that is nothing, or no text."""
    if len(text) > LONGEST_SPEC:
        raise UsageError(f"The team spec has {len(text)} characters; {LONGEST_SPEC} are the most.")
    before, after = shipped.splitlines(), text.splitlines()
    diff = list(difflib.unified_diff(before, after, "team-spec.md", "team-spec.md", lineterm="", n=1))
    added = [line for line in diff[2:] if line.startswith("+") and line[1:].strip()]
    if not added:
        raise UsageError("The team spec has no new line; add what the incident showed to be missing.")
    return happened.SpecChanged(lines=len(added), diff="\n".join(diff)[:LONGEST_SPEC])


def markdown(title: str, report: dict[str, Any], told: list[dict[str, Any]], events: Sequence[Event]) -> str:
    changes = [one.what.diff for one in events if isinstance(one.what, happened.SpecChanged)]
    return postmortem.markdown(title, report, told, changes[-1] if changes else "")


def page(title: str, text: str, plots: Sequence[Plot]) -> str:
    """One self-contained page: the Markdown, and the plots after the impact."""
    body = _markdown.render(text)
    charts = "".join(f"<figure>{plot.svg()}</figure>" for plot in plots)
    marks = plots[0].marks if plots else ()
    legend = "".join(f"<li>{html.escape(mark.text)}</li>" for mark in marks)
    drawn = f"<h2>What it looked like</h2>{charts}<ol>{legend}</ol>"
    body = body.replace("<h2>How long it took</h2>", f"{drawn}<h2>How long it took</h2>", 1)
    return SHELL.replace("{{title}}", html.escape(title)).replace("{{body}}", body)


def plots(prometheus: Prometheus, drill: Drill, events: Sequence[Event], told: list[dict[str, Any]]) -> list[Plot]:
    """From a minute before the trigger to the end, or to now; times are real seconds since the page. One that cannot be
    drawn says so in its place."""
    paged = next((one.when.at for one in events if isinstance(one.what, happened.Paged)), None)
    if paged is None:
        return []
    triggered = next((one.when.at for one in events if isinstance(one.what, happened.Triggered)), paged)
    begin, end = triggered - BEFORE_S, events[-1].when.at if not drill.phase.running else drill.clock.read.at
    step = max(STEP_S, (end - begin) / MOST_POINTS)
    pace = drill.clock.pace
    marks = [mark.__class__(mark.at / pace, mark.text) for mark in timeline.marks(told)]
    found = []
    for title, unit, bound, expressions in PLOTS:
        lines = []
        for name, expression in expressions.items():
            try:
                series = prometheus.query_range(expression, begin, end, step)
            except LabError:
                series = []
            lines += [Line(name, [(at - paged, value) for at, value in one.points]) for one in series]
        found.append(Plot(title, unit, lines, marks, bound))
    return found
