"""Facts made by hand, and a lab that knows nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lab.drill.facts import Case, Entity, Line, Series, Span, Table, Trace, Window
from lab.errors import UsageError

QUIET = Window(1_000.0, 1_060.0)
AFFECTED = Window(1_100.0, 1_400.0)
CASE = Case(QUIET, AFFECTED)


def span(
    service: str,
    name: str = "GET",
    *,
    id: str = "",
    parent: str | None = None,
    kind: str = "server",
    start: float = 1_200.0,
    seconds: float = 0.01,
    failed: bool = False,
    **attributes: str | int,
) -> Span:
    """Attributes' dots are written as underscores twice."""
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    return Span(id or f"{service}/{name}/{start}", parent, service, name, kind, start, seconds, named, failed)


def trace(*spans: Span, id: str = "a" * 32) -> Trace:
    return Trace(id, spans)


def line(service: str, event: str = "request", at: float = 1_200.0, **fields: object) -> Line:
    return Line(at, service, event, "a" * 32, fields)


def series(*values: float, **labels: str) -> Series:
    return Series(labels, tuple((1_100.0 + 2 * n, value) for n, value in enumerate(values)))


@dataclass
class Known:
    """lab.drill.sources.Sources out of dictionaries. `metrics` holds, by expression, the series of the quiet window and
    of the affected one; every service is scraped unless it is `dark`. `asked` is all that was asked."""

    found: dict[str, Trace] = field(default_factory=dict)
    quiet_traces: list[Trace] = field(default_factory=list)
    metrics: dict[str, tuple[list[Series], list[Series]]] = field(default_factory=dict)
    logged: dict[str, list[Line]] = field(default_factory=dict)
    quiet_lines: list[list[Line]] = field(default_factory=list)
    table: Table | None = None
    rows: list[Entity] = field(default_factory=list)
    dark: bool = False
    asked: list[str] = field(default_factory=list)

    def trace(self, trace_id: str) -> Trace | None:
        self.asked.append(f"trace {trace_id}")
        if not set(trace_id) <= set("0123456789abcdef"):
            raise UsageError(f"{trace_id!r} is no trace id.")
        return self.found.get(trace_id)

    def traces(self, service: str, window: Window, limit: int) -> list[Trace]:
        assert window == QUIET
        self.asked.append(f"traces of {service}")
        return self.quiet_traces[:limit]

    def series(self, expression: str, window: Window) -> list[Series]:
        self.asked.append(expression)
        if expression.startswith("up{"):
            return [] if self.dark else [series(1.0)]
        quiet, affected = self.metrics.get(expression, ([], []))
        return affected if window == AFFECTED else quiet

    def lines(self, trace_id: str) -> list[Line]:
        self.asked.append(f"lines {trace_id}")
        return self.logged.get(trace_id, [])

    def requests(self, window: Window) -> list[list[Line]]:
        self.asked.append("requests")
        return self.quiet_lines

    def query(self, query: str, entities: Sequence[str], case: Case) -> tuple[Table, list[list[Entity]]]:
        self.asked.append(query)
        if self.table is None:
            raise UsageError("The query is refused by the database.")
        return self.table, [self.rows for _ in entities]

    def entities(self, query: str, case: Case) -> list[Entity]:
        self.asked.append(query)
        return self.rows


def table(rows: Iterable[tuple[str | None, ...]], *touched: str) -> Table:
    return Table(("key",), tuple(rows), frozenset(touched))
