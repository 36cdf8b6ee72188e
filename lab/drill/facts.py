"""What the lab has measured, as plain values: all that evidence is judged by. Times are seconds since the epoch."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Window:
    """A stretch of time, ends included."""

    start: float
    end: float

    def __contains__(self, at: float) -> bool:
        return self.start <= at <= self.end

    @property
    def seconds(self) -> float:
        return max(0.0, self.end - self.start)


@dataclass(frozen=True)
class Span:
    """`kind` is server, client, producer, consumer or internal; `parent` the id of a span that may not be there."""

    id: str
    parent: str | None
    service: str
    name: str
    kind: str
    start: float
    seconds: float
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    failed: bool = False


@dataclass(frozen=True)
class Trace:
    id: str
    spans: tuple[Span, ...]

    @property
    def start(self) -> float:
        return min((span.start for span in self.spans), default=math.nan)

    @cached_property
    def _by_id(self) -> dict[str, Span]:
        return {span.id: span for span in self.spans}

    def parent(self, span: Span) -> Span | None:
        return self._by_id.get(span.parent or "")

    def ancestors(self, span: Span) -> Iterator[Span]:
        """From the parent up; a chain that comes back to itself ends there."""
        seen = {span.id}
        above = self.parent(span)
        while above and above.id not in seen:
            seen.add(above.id)
            yield above
            above = self.parent(above)


@dataclass(frozen=True)
class Series:
    """Points are (time, value), oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def finite(self) -> list[float]:
        """The values that are numbers; a quantile of nothing is none."""
        return [value for _, value in self.points if math.isfinite(value)]


@dataclass(frozen=True)
class Line:
    """One log record; `fields` are the event's own."""

    at: float
    service: str
    event: str
    trace_id: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """What a query gave, as text; `touched` are the tables that it reads, with their schemas, and `plan` is how, in
    words of the database, which has worked out constants. `whole` is false where there were more rows than are looked
    at."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    touched: frozenset[str]
    whole: bool = True
    plan: str = ""


@dataclass(frozen=True)
class Entity:
    """One row that the referee knows of: the ids by which a query can name it, when it came to be as it is, and
    whether the incident has touched it."""

    ids: frozenset[str]
    at: float
    affected: bool


@dataclass(frozen=True)
class Exchange:
    """A request that the lab sent for the team, and its answer; `status` is 0 where there was none."""

    id: str
    service: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    status: int
    answer: str
    seconds: float
    trace_id: str
    at: float


@dataclass(frozen=True)
class Case:
    """The drill as the referee needs it: the quiet time before its trigger, the time since, what was tried in it."""

    quiet: Window
    affected: Window
    exchanges: tuple[Exchange, ...] = ()
