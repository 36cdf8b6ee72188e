"""How a drill is shown: times as m:ss, and facts one a line."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.cli import options

PHASES = {
    "idle": "dim",
    "armed": "yellow",
    "alerting": "bold red",
    "dark-room": "bold red",
    "ai-fix": "bold cyan",
    "post-mortem": "bold green",
    "closed": "dim",
    "aborted": "dim",
}


def clock(seconds: float | None) -> str:
    """m:ss, also for hours; a dash for what is not known."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def mark(passed: bool) -> Text:
    return Text("✓", style="green") if passed else Text("✗", style="red")


def status(found: Mapping[str, Any]) -> Iterator[Text]:
    """Phase and remaining time first; what there is nothing to say about is left out."""
    phase = found["phase"]
    first = Text(phase, style=PHASES.get(phase, "bold"))
    if found.get("paused"):
        first.append("  paused", style="bold yellow")
    if found.get("remaining_s") is not None:
        first.append(f"  {clock(found['remaining_s'])} left", style="bold")
    if phase not in ("idle", "armed"):
        first.append(f"  {clock(found.get('elapsed_s'))} since the page", style="dim")
    yield first
    for name, value in _lines(found):
        yield Text.assemble((f"{name:<12}", "dim"), value)


def _lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if found.get("preparing"):
        yield "preparing", found["preparing"]
    if found.get("id"):
        kind = "assessment" if found.get("assessment") else "practice"
        yield "drill", ", ".join(filter(None, (found["id"], found.get("team") and f"team {found['team']}", kind)))
    if found.get("outcome"):
        yield "outcome", found["outcome"]
    if found.get("why"):
        yield "aborted", found["why"]
    if found["phase"] in ("idle", "armed"):
        return
    if found.get("page"):
        yield "page", found["page"]
    cause = found.get("root_cause") or "open"
    if found.get("tries"):
        cause += f", {found['tries']} handed in"
    if found.get("cooldown_s"):
        cause += f", the next in {clock(found['cooldown_s'])}"
    yield "root cause", cause
    if found.get("guided"):
        yield "guided", "labctl drill chain shows what happened"
    if found.get("mitigated_s") is not None:
        back = found.get("back_s")
        again = "" if back is None else f"; the incident is back since {clock(back)}"
        yield "mitigated", clock(found["mitigated_s"]) + again
    if found.get("release"):
        verdict = found.get("verdict") or "not verified"
        yield "release", f"{found['release']}, {verdict}"
    if found.get("hints"):
        yield "hints", str(found["hints"])
    if "gate" in found:
        yield "AI", found["gate"] or "open"
    if found.get("owed"):
        yield "owed", "; ".join(found["owed"])


def event(found: Mapping[str, Any]) -> Text:
    """One line: when since the page, who, what."""
    what = dict(found["what"])
    since = found.get("elapsed_s")
    stamp = clock(since) if since is not None else _time_of_day(found)
    line = Text.assemble((f"{stamp:>8} ", "dim"), (f"{found['who']:<11}", "bold"), what.pop("kind").replace("-", " "))
    for name, value in what.items():
        if value not in (None, "", [], {}):
            line.append(f"  {_label(name)} ", style="dim")
            line.append(_value(name, value))
    return line


def link(number: int, found: Mapping[str, Any]) -> Iterator[Text]:
    """One of the causal chain; after the debrief's also when it showed, and when the team had it."""
    yield Text.assemble((f"{number}. ", "bold"), found["link"])
    dated = "shown_s" in found
    if dated and found["why"]:
        yield Text(f"   when it first showed cannot be told: {found['why']}", style="yellow")
    elif dated and found["shown_s"] is None:
        yield Text("   did not show in this drill", style="yellow")
    elif dated:
        after = f"{clock(found['shown_s'])} after the load turned"
        had = "" if found["had_s"] is None else f"; the team had it {clock(found['had_s'])} after the page"
        yield Text(f"   first showed {after}{had}", style="cyan")
    yield Text(f"   first shown by {found['first_shown_by']}", style="dim")


def _time_of_day(found: Mapping[str, Any]) -> str:
    at = found.get("at") or found.get("when")
    return at[11:19] if isinstance(at, str) else ""


def facts(found: Any, console: Console, title: str = "") -> None:
    """Any JSON object for people: a line a fact, a table for a list of objects, text as it is written."""
    if title:
        console.print(Text(f"\n{title}", style="bold"))
    if isinstance(found, str):
        console.print(Text(found), soft_wrap=True)
    elif isinstance(found, Mapping):
        simple = {name: value for name, value in found.items() if not _deep(value)}
        wide = max((len(_label(name)) for name in simple), default=0)
        for name, value in simple.items():
            console.print(Text.assemble((f"{_label(name):<{wide}}  ", "dim"), _value(name, value)), soft_wrap=True)
        for name, value in found.items():
            if _deep(value):
                facts(value, console, _label(name))
    elif found and all(isinstance(row, Mapping) for row in found):
        console.print(table(found))
    else:
        for value in found:
            console.print(Text(f"- {value}"), soft_wrap=True)


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """A column for each name that any of the rows has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    shown = Table(*map(_label, names), box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*(Text(_value(name, row.get(name))) for name in names))
    return shown


def _deep(value: Any) -> bool:
    """Does it take more than a line?"""
    if isinstance(value, str):
        return "\n" in value
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and any(isinstance(one, Mapping) or len(str(one)) > 60 for one in value)


def _label(name: str) -> str:
    return name.removesuffix("_s").replace("_", " ")


def _value(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_s") and isinstance(value, int | float):
        return clock(value)
    if name in ("since", "until") and isinstance(value, float):
        return datetime.fromtimestamp(value, UTC).strftime("%H:%M:%SZ")
    if isinstance(value, list):
        return ", ".join(_value(name, one) for one in value) or "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{_label(key)} {_value(key, one)}" for key, one in value.items()) or "–"
    return str(value)


def show(found: Any, as_json: bool) -> None:
    if as_json:
        options.print_json(found)
    else:
        facts(found, options.console())
