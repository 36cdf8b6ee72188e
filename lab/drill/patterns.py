"""What evidence of a cause looks like: a closed vocabulary, one class for each kind, whose values are in a scenario's
private file. A pattern says of facts whether they show it, and knows nothing of where facts come from.

Text is matched by regular expressions that must match all of it.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from lab.drill.facts import Entity, Line, Series, Span, Table, Trace, Window
from lab.drill.selector import Selector


def _compiles(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression ({error})") from None
    return text


Regex = Annotated[str, AfterValidator(_compiles)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Vocabulary(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pattern(Vocabulary):
    """`mechanisms`: those that it shows; none named: each of the scenario's. `contrast`: is it to be false in quiet
    times? Only where there is no incident it is not."""

    name: str = Field(pattern=r"^[a-z][a-z-]*$")
    mechanisms: frozenset[str] = frozenset()
    contrast: bool = True

    def shows(self, mechanism: str) -> bool:
        return not self.mechanisms or mechanism in self.mechanisms


class SpanCount(Vocabulary):
    """So many spans like this, at least and at most."""

    service: Regex = ".*"
    kind: Literal["server", "client", "internal"] | None = None
    operation: Regex = ".*"
    attributes: Mapping[str, Regex] = {}
    at_least_s: Seconds = 0.0
    failed: bool | None = None
    at_least: Count = 1
    at_most: Count | None = None

    def holds(self, trace: Trace) -> bool:
        found = sum(self._matches(span) for span in trace.spans)
        return found >= self.at_least and (self.at_most is None or found <= self.at_most)

    def _matches(self, span: Span) -> bool:
        return (
            self.kind in (None, span.kind)
            and self.failed in (None, span.failed)
            and span.seconds >= self.at_least_s
            and _is(self.service, span.service)
            and _is(self.operation, span.name)
            and _have(self.attributes, span.attributes)
        )


class Again(Vocabulary):
    """A request reaches a service that already serves it further up, and waits there for so long."""

    service: Regex
    at_least_s: Seconds

    def holds(self, trace: Trace) -> bool:
        return any(
            span.kind == "server"
            and span.seconds >= self.at_least_s
            and _is(self.service, span.service)
            and any(above.kind == "server" and above.service == span.service for above in trace.ancestors(span))
            for span in trace.spans
        )


class Late(Vocabulary):
    """A service begins so long after it was called to serve what it then serves within `served_s`."""

    service: Regex
    by_s: Seconds
    served_s: Seconds

    def holds(self, trace: Trace) -> bool:
        return any(
            span.kind == "server"
            and span.seconds <= self.served_s
            and _is(self.service, span.service)
            and (caller := trace.parent(span)) is not None
            and caller.kind == "client"
            and span.start - caller.start >= self.by_s
            for span in trace.spans
        )


class Requests(Vocabulary):
    """What a trace has to show, all of it."""

    spans: tuple[SpanCount, ...] = ()
    again: Again | None = None
    late: Late | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self._conditions:
            raise ValueError("asks for nothing")
        return self

    @property
    def _conditions(self) -> list[SpanCount | Again | Late]:
        return [*self.spans, *(one for one in (self.again, self.late) if one is not None)]

    def holds(self, trace: Trace) -> bool:
        return bool(trace.spans) and all(one.holds(trace) for one in self._conditions)


class TracePattern(Pattern):
    shown: Requests

    def holds(self, trace: Trace) -> bool:
        return self.shown.holds(trace)


class Measure(Vocabulary):
    """The referee's own expression, with `$component` for the submitted one, and the bound that its highest value
    keeps: at least `least` in the affected window and below it in the quiet one, or at most `most` all the time."""

    expression: str
    least: float | None = None
    most: float | None = None

    @model_validator(mode="after")
    def _has_one_bound(self) -> Self:
        if (self.least is None) == (self.most is None):
            raise ValueError("wants either least or most")
        return self


class MetricPattern(Pattern):
    """The expression handed in must be of these series (`series` is the metric's name) and go through one of
    `through`, if any are named. Its peak rises to `rises` times the quiet one, or stays within `within` all the time.

    How far a value goes depends on how it is asked for, so the bound in absolute terms is on the referee's own measure.
    """

    series: Regex
    labels: Mapping[str, Regex] = {}
    through: frozenset[str] = frozenset()
    rises: Annotated[float, Field(gt=1)] | None = None
    within: float | None = None
    measure: Measure

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.rises is None) == (self.within is None):
            raise ValueError("wants either rises or within")
        if (self.rises is None) == self.contrast or (self.measure.least is None) == self.contrast:
            raise ValueError("rises and least tell affected from quiet; without contrast it is within and most")
        return self

    def is_about(self, selector: Selector, labels: Mapping[str, str]) -> bool:
        """Are series with these labels, of this expression, what the pattern speaks of?"""
        named = not self.through or bool(self.through & set(selector.functions))
        return named and _is(self.series, selector.name) and _have(self.labels, labels)

    def rises_from(self, quiet: Sequence[Series], affected: Sequence[Series]) -> bool:
        """Missing data never holds; a series that only the incident has brought has risen from nothing."""
        high, low = peak(affected), peak(quiet)
        if high is None:
            return False
        if self.within is not None:
            return low is not None and max(high, low) <= self.within
        return high > 0 and high >= (self.rises or 1) * (low or 0.0)

    def measured(self, quiet: Sequence[Series], affected: Sequence[Series]) -> bool:
        high, low = peak(affected), peak(quiet)
        if high is None:
            return False
        if self.measure.most is not None:
            return max(high, low or 0.0) <= self.measure.most
        assert self.measure.least is not None
        return high >= self.measure.least and (low is None or low < self.measure.least)


class LineCount(Vocabulary):
    """So many log lines like this; `numbers` are the least values of numeric fields."""

    service: Regex
    event: Regex = ".*"
    fields: Mapping[str, Regex] = {}
    numbers: Mapping[str, float] = {}
    at_least: Count = 1
    at_most: Count | None = None

    def found(self, lines: Iterable[Line]) -> list[Line]:
        return [line for line in lines if self._matches(line)]

    def holds(self, lines: Sequence[Line]) -> bool:
        count = len(self.found(lines))
        return count >= self.at_least and (self.at_most is None or count <= self.at_most)

    def _matches(self, line: Line) -> bool:
        return (
            _is(self.service, line.service)
            and _is(self.event, line.event)
            and _have(self.fields, line.fields)
            and all(_number(line.fields.get(name)) >= least for name, least in self.numbers.items())
        )


class LogPattern(Pattern):
    """Lines of one trace. `differ`: a field in which a line of the first count contradicts one of the second that has
    the same `same`."""

    lines: tuple[LineCount, ...] = Field(min_length=1)
    differ: str = ""
    same: str = ""

    @model_validator(mode="after")
    def _has_two_sides(self) -> Self:
        if self.differ and (not self.same or len(self.lines) < 2):
            raise ValueError("differ wants same and two kinds of lines")
        return self

    def holds(self, lines: Sequence[Line]) -> bool:
        return all(one.holds(lines) for one in self.lines) and (not self.differ or self._contradicts(lines))

    def _contradicts(self, lines: Sequence[Line]) -> bool:
        left, right = (one.found(lines) for one in self.lines[:2])
        return any(
            self.same in one.fields
            and one.fields[self.same] == other.fields.get(self.same)
            and one.fields.get(self.differ) != other.fields.get(self.differ)
            for one in left
            for other in right
        )


class RowPattern(Pattern):
    """`entities` is the referee's own query: for each row since `%(since)s` (epoch seconds) its ids as text[], its time
    in epoch seconds, and whether it is affected. What is handed in must name `at_least` affected ones, and of all that
    it gives `precision` must be such; with `sound` it is unaffected ones, and all of them. It must read a table of each
    of `reads`, and none of `not_from`, what the alert itself is made of."""

    entities: str
    sound: bool = False
    at_least: Annotated[int, Field(ge=1)] = 3
    precision: Annotated[float, Field(gt=0, le=1)] = 0.8
    reads: tuple[Regex, ...] = ()
    not_from: frozenset[str] = frozenset()

    def holds(self, table: Table, entities: Collection[Entity], affected: Window) -> bool:
        if not all(any(_is(wanted, one) for one in table.touched) for wanted in self.reads):
            return False
        by_id = {one: entity for entity in entities for one in entity.ids}
        named: set[Entity] = set()
        strangers = 0
        for row in table.rows:
            found = {by_id[cell] for cell in row if cell in by_id}
            named |= found
            strangers += not found
        hits = sum(entity.affected is not self.sound and entity.at in affected for entity in named)
        if self.sound and any(entity.affected for entity in named):
            return False
        return hits >= self.at_least and hits >= self.precision * (len(named) + strangers)


class Price(Vocabulary):
    """What a request's lines come to: tax by line, half up to the cent."""

    tax: Decimal

    def of(self, lines: Sequence[Mapping[str, str]]) -> Decimal:
        return sum((self._line(Decimal(line["net"])) for line in lines), Decimal(0))

    def _line(self, net: Decimal) -> Decimal:
        return net + (net * self.tax).quantize(Decimal("0.01"), "ROUND_HALF_UP")


class ProbePattern(Pattern):
    """A request that the lab has sent, and what it caused. `priced`, `mispriced`: the amount in the answer is what the
    lines come to, or is not. `again`: it repeats an earlier probe, key and content, and was taken for a new one.
    `unaffected`: a query as RowPattern's `entities`, none of which may be affected in quiet times; `caused` is held
    against requests of quiet times instead."""

    method: Regex = "GET|POST"
    path: Regex
    status: Regex = ".*"
    at_least_s: Seconds = 0.0
    at_most_s: Seconds | None = None
    priced: Price | None = None
    mispriced: Price | None = None
    again: bool = False
    caused: Requests | None = None
    unaffected: str = ""

    @model_validator(mode="after")
    def _has_its_contrast(self) -> Self:
        if self.contrast and self.caused is None and not self.unaffected:
            raise ValueError("has nothing that could be false in quiet times")
        return self


class Evidence(Vocabulary):
    """A scenario's private `evidence.yaml`. `symptoms`: names of the metrics that its alerts are made of, which prove
    nothing else. `required`: patterns of which each must be among what is shown."""

    symptoms: tuple[Regex, ...] = Field(min_length=1)
    required: frozenset[str] = frozenset()
    trace: tuple[TracePattern, ...] = ()
    metric: tuple[MetricPattern, ...] = ()
    log: tuple[LogPattern, ...] = ()
    sql: tuple[RowPattern, ...] = ()
    probe: tuple[ProbePattern, ...] = ()

    @property
    def kinds(self) -> set[str]:
        return {kind for kind in ("trace", "metric", "log", "sql", "probe") if getattr(self, kind)}

    @model_validator(mode="after")
    def _names_are_its_own(self) -> Self:
        names = Counter(one.name for kind in self.kinds for one in getattr(self, kind))
        if doubled := [name for name, times in names.items() if times > 1]:
            raise ValueError(f"has two patterns called {doubled[0]}")
        if missing := self.required - names.keys():
            raise ValueError(f"requires {sorted(missing)[0]}, which is not there")
        return self


def peak(series: Iterable[Series]) -> float | None:
    """The highest value of all; None where there is none."""
    return max((value for one in series for value in one.finite), default=None)


def _is(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


def _have(wanted: Mapping[str, str], there: Mapping[str, object]) -> bool:
    return all(name in there and _is(pattern, str(there[name])) for name, pattern in wanted.items())


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("-inf")
