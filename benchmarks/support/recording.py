"""What a lab answered to the referee, to be judged once more without it."""

import dataclasses
import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from support.driving import say

from lab.drill.facts import Case, Entity, Exchange, Line, Series, Span, Table, Trace, Window
from lab.drill.sources import Sources
from lab.errors import UsageError

ROWS = 300  # of a query's answer, and what is known of them


class Recorder:
    """lab.drill.sources.Sources that writes down what another one answers."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.answers: dict[str, Any] = {}

    def trace(self, trace_id: str) -> Trace | None:
        return self._noted(["trace", trace_id], lambda: self._sources.trace(trace_id))

    def traces(self, service: str, window: Window, limit: int) -> list[Trace]:
        asked = ["traces", service, _edges(window), limit]
        return self._noted(asked, lambda: self._sources.traces(service, window, limit))

    def series(self, expression: str, window: Window) -> list[Series]:
        return self._noted(["series", expression, _edges(window)], lambda: self._sources.series(expression, window))

    def lines(self, trace_id: str) -> list[Line]:
        return self._noted(["lines", trace_id], lambda: self._sources.lines(trace_id))

    def requests(self, window: Window) -> list[list[Line]]:
        return self._noted(["requests", _edges(window)], lambda: self._sources.requests(window))

    def query(self, query: str, entities: Sequence[str], case: Case) -> tuple[Table, list[list[Entity]]]:
        def ask() -> tuple[Table, list[list[Entity]]]:
            table, known = self._sources.query(query, entities, case)
            shown = {cell for row in table.rows[:ROWS] for cell in row}
            told = [
                [one for one in ones if one.ids & shown or (one.affected and one.at in case.quiet)] for ones in known
            ]
            return dataclasses.replace(table, rows=table.rows[:ROWS]), told

        return self._noted(["query", query, list(entities) or None], ask)

    def entities(self, query: str, case: Case) -> list[Entity]:
        return self._noted(["entities", query], lambda: self._sources.entities(query, case))

    def _noted(self, asked: list[Any], ask: Callable[[], Any]) -> Any:
        key = json.dumps(asked)
        try:
            answer = ask()
        except UsageError as error:
            self.answers[key] = {"refused": str(error)}
            raise
        self.answers[key] = {"given": _plain(answer)}
        return answer


class Replayed:
    """lab.drill.sources.Sources out of a recording."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def trace(self, trace_id: str) -> Trace | None:
        found = self._told(["trace", trace_id])
        return _trace(found) if found else None

    def traces(self, service: str, window: Window, limit: int) -> list[Trace]:
        return [_trace(one) for one in self._told(["traces", service, _edges(window), limit])]

    def series(self, expression: str, window: Window) -> list[Series]:
        told = self._told(["series", expression, _edges(window)])
        return [Series(one["labels"], tuple((at, float(value)) for at, value in one["points"])) for one in told]

    def lines(self, trace_id: str) -> list[Line]:
        return [Line(**one) for one in self._told(["lines", trace_id])]

    def requests(self, window: Window) -> list[list[Line]]:
        return [[Line(**one) for one in lines] for lines in self._told(["requests", _edges(window)])]

    def query(self, query: str, entities: Sequence[str], case: Case) -> tuple[Table, list[list[Entity]]]:
        table, known = self._told(["query", query, list(entities) or None])
        rows = tuple(tuple(row) for row in table["rows"])
        found = Table(tuple(table["columns"]), rows, frozenset(table["touched"]), table["whole"])
        return found, [[_entity(one) for one in ones] for ones in known]

    def entities(self, query: str, case: Case) -> list[Entity]:
        return [_entity(one) for one in self._told(["entities", query])]

    def _told(self, asked: list[Any]) -> Any:
        key = json.dumps(asked)
        if key not in self._answers:
            raise LookupError(f"no answer to {key[:200]} was recorded: benchmarks/forgery.py --record makes it anew")
        if refused := self._answers[key].get("refused"):
            raise UsageError(refused)
        return self._answers[key]["given"]


def save(path: Path, case: Case, specimens: Any, answers: dict[str, Any]) -> None:
    text = json.dumps({"case": _plain(case), "specimens": dataclasses.asdict(specimens), "answers": answers})
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    say(f"{path}: {path.stat().st_size / 1024:.0f} kB")


def load(path: Path) -> tuple[Case, dict[str, Any], Replayed]:
    told = json.loads(gzip.decompress(path.read_bytes()))
    case = told["case"]
    exchanges = tuple(Exchange(**one) for one in case["exchanges"])
    return (
        Case(Window(**case["quiet"]), Window(**case["affected"]), exchanges),
        told["specimens"],
        Replayed(told["answers"]),
    )


def _edges(window: Window) -> list[float]:
    return [round(window.start, 3), round(window.end, 3)]


def _plain(value: Any) -> Any:
    """As JSON takes it; of a span's attributes those that evidence may ask about."""
    if isinstance(value, Span):
        kept = {key: one for key, one in value.attributes.items() if key.startswith(("http.", "url.", "db.query"))}
        return dataclasses.asdict(dataclasses.replace(value, attributes=kept))
    if isinstance(value, Trace):
        return {"id": value.id, "spans": [_plain(span) for span in value.spans]}
    if isinstance(value, Series):  # NaN and the infinities have no word in JSON
        return {"labels": dict(value.labels), "points": [(at, str(number)) for at, number in value.points]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, frozenset):
        return sorted(value)
    return value


def _trace(told: dict[str, Any]) -> Trace:
    return Trace(told["id"], tuple(Span(**one) for one in told["spans"]))


def _entity(told: dict[str, Any]) -> Entity:
    return Entity(frozenset(told["ids"]), told["at"], told["affected"])
