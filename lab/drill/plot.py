"""A line chart as SVG: what happened over a drill, with marks where somebody did something."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

WIDTH, HEIGHT = 860, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 34, 28  # room for labels
NAME = 130  # room for the name of a line
COLOURS = ("#2f6fde", "#d9480f", "#2b8a3e", "#9c36b5", "#c2255c", "#0b7285")
STEPS = (1, 2, 2.5, 5, 10)
MARKS = 14  # more would lie on top of each other


@dataclass(frozen=True)
class Line:
    """`points` are (seconds since the page, value), oldest first; a value that is not finite makes a gap."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Mark:
    """Something that happened, `at` seconds since the page."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """`bound` is drawn as a dashed line; `unit` stands at the axis."""

    title: str
    unit: str
    lines: Sequence[Line]
    marks: Sequence[Mark] = ()
    bound: float | None = None

    def shown(self) -> dict[str, Any]:
        """As JSON takes it: what is not finite is None."""
        lines = [
            {"name": one.name, "points": [(at, value if math.isfinite(value) else None) for at, value in one.points]}
            for one in self.lines
        ]
        marks = [{"at": one.at, "text": one.text} for one in self.marks]
        return {"title": self.title, "unit": self.unit, "bound": self.bound, "lines": lines, "marks": marks}

    def svg(self) -> str:
        """The chart, or a sentence where nothing was measured."""
        points = [(at, value) for line in self.lines for at, value in line.points if math.isfinite(value)]
        if not points:
            return f"<p><strong>{escape(self.title)}</strong>: nothing was measured.</p>"
        left = min(at for at, _ in points)
        right = max(max(at for at, _ in points), left + 1)
        top = ceiling(max([value for _, value in points] + ([self.bound] if self.bound else [])))

        def x(at: float) -> float:
            return LEFT + (at - left) / (right - left) * (WIDTH - LEFT - RIGHT)

        def y(value: float) -> float:
            return HEIGHT - BOTTOM - min(max(value, 0.0) / top, 1.0) * (HEIGHT - TOP - BOTTOM)

        parts = [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.title, quote=True)}">',
            _text("title", LEFT, 14, f"{escape(self.title)} <tspan>{escape(self.unit)}</tspan>"),
        ]
        for value in (0, top / 2, top):
            parts.append(_rule("grid", LEFT, WIDTH - RIGHT, y(value), y(value)))
            parts.append(_text("value", LEFT - 6, y(value) + 4, f"{value:g}"))
        parts += [_text("time", x(at), HEIGHT - 10, clock(at)) for at in ticks(left, right)]
        for number, mark in enumerate(_shown(self.marks, left, right), 1):
            title = f"{escape(mark.text)}, {clock(mark.at)}"
            parts.append(_rule("mark", x(mark.at), x(mark.at), TOP, HEIGHT - BOTTOM, title))
            parts.append(_text("mark", x(mark.at), TOP - 4, str(number)))
        if self.bound is not None:
            parts.append(_rule("bound", LEFT, WIDTH - RIGHT, y(self.bound), y(self.bound)))
        for number, line in enumerate(self.lines):
            colour, name = COLOURS[number % len(COLOURS)], escape(line.name)
            for run in runs(line.points):
                path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in run)
                parts.append(f'<polyline points="{path}" stroke="{colour}"><title>{name}</title></polyline>')
            where = WIDTH - RIGHT - NAME * (len(self.lines) - number)
            parts.append(f'<text class="name" x="{where}" y="14" fill="{colour}">{name}</text>')
        return "".join([*parts, "</svg>"])


def _text(kind: str, x: float, y: float, markup: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{markup}</text>'


def _rule(kind: str, x1: float, x2: float, y1: float, y2: float, title: str = "") -> str:
    inside = f"<title>{title}</title>" if title else ""
    return f'<line class="{kind}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}">{inside}</line>'


def clock(seconds: float) -> str:
    """`-65` is -1:05."""
    minutes, rest = divmod(round(abs(seconds)), 60)
    return f"{'-' if seconds <= -0.5 else ''}{minutes}:{rest:02d}"


def ceiling(value: float) -> float:
    """The next round number, for an axis; never 0."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in STEPS if value <= step * power * (1 + 1e-9))


def ticks(left: float, right: float, most: int = 8) -> list[float]:
    """Round times in between."""
    step = next((one for one in (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800) if (right - left) / one <= most), 3600)
    first = math.ceil(left / step) * step
    return [first + n * step for n in range(int((right - first) // step) + 1)]


def runs(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """The stretches without a gap."""
    found: list[list[tuple[float, float]]] = [[]]
    for at, value in points:
        if math.isfinite(value):
            found[-1].append((at, value))
        elif found[-1]:
            found.append([])
    return [run for run in found if run]


def _shown(marks: Sequence[Mark], left: float, right: float) -> list[Mark]:
    return [mark for mark in marks if left <= mark.at <= right][:MARKS]
