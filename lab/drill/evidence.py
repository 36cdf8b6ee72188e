"""The referee of root causes: which pieces of evidence hold, and whether together they are enough.

Every piece must exist inside this drill's window, touch the component that was handed in, show the pattern, and tell
affected from unaffected: what it shows must not be so in the quiet time before the trigger. A piece that does not hold
is answered with what it lacks, never with what would do. Whether the cause itself was named right is told by no piece:
where it was not, no piece shows it, in the words for a piece that shows nothing. Nor is it told by the time that it
takes: all that can be refused is asked first, and then the same is looked at whatever was named, which is only taken
into account when everything has been judged.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.drill.cause import Piece, Submission
from lab.drill.event import NO_INCIDENT
from lab.drill.facts import Case, Entity, Exchange, Line, Series, Table, Trace, Window
from lab.drill.patterns import Evidence, MetricPattern, Pattern, ProbePattern, RowPattern
from lab.drill.pricing import charged, repeats
from lab.drill.selector import Selector, parse
from lab.drill.sources import Sources
from lab.errors import LabError, UsageError

QUIET_SAMPLE = 40  # traces of the component
# A machine has its moments: of the requests of quiet times one in twenty may look like an incident's.
TOLERATED = 0.05
MEASURED_S = 30.0  # as far as the referee's own measures look back
LONGEST_RANGE_S = 120  # what looks back further tells before from after no more
LARGEST_COPY = 48_000  # characters of facts that are kept with a piece
GROWING = re.compile(r".*_(total|count|sum|bucket)")
RATES = {"rate", "irate", "increase"}
# An id, or the beginning of one; figures alone may be a time.
BY_HAND = re.compile(r"(?<![0-9a-z_])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8}", re.IGNORECASE)
BETWEEN_LITERALS = re.compile(r"'[^0-9a-z']*'", re.IGNORECASE)

LOST = "The {} of the quiet time before the page are gone, so nothing can be compared; an instructor can override."


class Unjudged(LabError):
    """The lab has lost what it would need to be fair; the try does not count."""


@dataclass(frozen=True)
class Finding:
    """What became of one piece. If it held, `shown` names the pattern, and `facts` is a copy of what it rests on."""

    ref: str
    kind: str
    held: bool
    why: str = ""
    shown: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ruling:
    accepted: bool
    why: str
    findings: tuple[Finding, ...]


class _Refused(Exception):
    """A piece does not hold; the sentence says why."""


class Referee:
    """Judges one submission. `named` is whether component and mechanism are an answer of the scenario.

    A judge of one kind gives the patterns that a piece shows, and is not told what was named.
    """

    def __init__(self, sources: Sources, case: Case, evidence: Evidence) -> None:
        self._sources = sources
        self.case = case
        self._evidence = evidence
        self._judges: dict[str, Callable[[str, Submission], tuple[list[Pattern], dict[str, Any]]]] = {
            "trace": self._trace,
            "metric": self._metric,
            "log": self._log,
            "sql": self._sql,
            "probe": self._probe,
        }

    def rule(self, submission: Submission, named: bool) -> Ruling:
        """Raises UsageError for what is no evidence at all, LabError where the lab cannot tell; neither is a try."""
        for piece in submission.evidence:
            self._read(piece)
        findings = tuple(self._finding(piece, submission, named) for piece in submission.evidence)
        held = [one for one in findings if one.held]
        missing = self._evidence.required - {one.shown for one in held}
        if len({one.kind for one in held}) < 2:
            return Ruling(False, "At least two pieces of different kinds must hold.", findings)
        if missing:
            return Ruling(False, "What is shown leaves room for harm elsewhere.", findings)
        return Ruling(named, "", findings)

    def _read(self, piece: Piece) -> None:
        """Raises UsageError for what is no evidence, before any piece is judged."""
        if piece.kind == "trace":
            self._sources.trace(piece.value)
        elif piece.kind == "metric":
            parse(piece.value)
        elif piece.kind == "log":
            self._lines(piece.value)
        elif piece.kind == "sql":
            self._sources.query(piece.value, (), self.case)

    def _finding(self, piece: Piece, submission: Submission, named: bool) -> Finding:
        try:
            patterns, facts = self._judges[piece.kind](piece.value, submission)
        except _Refused as refused:
            return Finding(piece.ref, piece.kind, held=False, why=str(refused))
        shown = next((one.name for one in patterns if named and one.shows(submission.mechanism)), "")
        if not shown:
            why = f"It does not show {submission.mechanism} at {submission.component}, or shows it always."
            return Finding(piece.ref, piece.kind, held=False, why=why)
        return Finding(piece.ref, piece.kind, held=True, shown=shown, facts=bounded(facts))

    # ── traces ──

    def _trace(self, trace_id: str, submission: Submission) -> tuple[list[Pattern], dict[str, Any]]:
        trace = self._sources.trace(trace_id)
        if trace is None:
            raise _Refused("There is no such trace, or it has not ended.")
        self._in_time(trace.start, "trace")
        if not _is_of(trace, submission):
            raise _Refused(f"It never reaches {submission.component}.")
        quiet = self._quiet_traces(submission, trace)
        shown = [one for one in self._evidence.trace if _rare(one, quiet) & one.holds(trace)]
        return shown, _trace_facts(trace)

    def _quiet_traces(self, submission: Submission, trace: Trace) -> list[Trace]:
        """Of the component; where there is no incident, it need not be one that the trace reaches."""
        services = [span.service for span in trace.spans]
        service = services[0] if services and submission.component not in services else submission.component
        found = self._sources.traces(service, self.case.quiet, QUIET_SAMPLE)
        if not found:
            raise Unjudged(LOST.format("traces"))
        return found

    # ── metrics ──

    def _metric(self, text: str, submission: Submission) -> tuple[list[Pattern], dict[str, Any]]:
        selector = parse(text)
        if any(re.fullmatch(symptom, selector.name) for symptom in self._evidence.symptoms):
            raise _Refused("It is what the page is made of, which proves the symptom and nothing else.")
        if GROWING.fullmatch(selector.name) and not RATES & set(selector.functions):
            raise _Refused("A counter only ever grows, so it tells no time from another.")
        if selector.range_s > LONGEST_RANGE_S:
            raise _Refused(f"It looks back over more than {LONGEST_RANGE_S} s, so it blurs before and after.")
        affected = self._sources.series(text, self.case.affected)
        if not any(one.finite for one in affected):
            raise _Refused("It has no value since the trouble began.")
        ours = [one for one in affected if _touches({**one.labels, **selector.fixed}, submission)]
        if not ours:
            raise _Refused(f"It does not single out {submission.component}.")
        quiet = self._sources.series(text, self._later_quiet(selector.range_s))
        before = [one for one in quiet if _touches({**one.labels, **selector.fixed}, submission)]
        self._require_scraped(submission)
        shown = [one for one in self._evidence.metric if self._moves(one, selector, before, ours, submission.component)]
        return shown, {"expression": text, "quiet": _thinned(before), "affected": _thinned(ours)}

    def _later_quiet(self, range_s: float) -> Window:
        """The quiet window without the beginning, where a range would still look back to what was before it."""
        quiet = self.case.quiet
        return Window(quiet.start + min(range_s, quiet.seconds / 2), quiet.end)

    def _moves(
        self, pattern: MetricPattern, selector: Selector, quiet: list[Series], affected: list[Series], component: str
    ) -> bool:
        quiet, affected = (
            [one for one in found if pattern.is_about(selector, {**one.labels, **selector.fixed})]
            for found in (quiet, affected)
        )
        measure = pattern.measure.expression.replace("$component", component)
        at_rest, moved = (
            self._sources.series(measure, one) for one in (self._later_quiet(MEASURED_S), self.case.affected)
        )
        return pattern.rises_from(quiet, affected) and pattern.measured(at_rest, moved)

    def _require_scraped(self, submission: Submission) -> None:
        """What no scrape has seen was not quiet but unknown."""
        anybody = submission.mechanism == NO_INCIDENT
        up = 'up{service!=""}' if anybody else f'up{{service="{submission.component}"}}'
        if not any(one.finite for one in self._sources.series(up, self.case.quiet)):
            raise Unjudged(LOST.format("metrics"))

    # ── logs ──

    def _log(self, value: str, submission: Submission) -> tuple[list[Pattern], dict[str, Any]]:
        service, lines = self._lines(value)
        said = [line for line in lines if line.service == service]
        if not said:
            raise _Refused(f"{service} has logged nothing in that trace.")
        self._in_time(min(line.at for line in lines), "trace")
        if service != submission.component and submission.mechanism != NO_INCIDENT:
            raise _Refused(f"These are not lines of {submission.component}.")
        quiet = self._sources.requests(self.case.quiet)
        if not quiet:
            raise Unjudged(LOST.format("logs"))
        shown = [one for one in self._evidence.log if _rare(one, quiet) & one.holds(lines)]
        return shown, {"lines": [asdict(line) for line in lines[:200]]}

    def _lines(self, value: str) -> tuple[str, list[Line]]:
        """Whose lines are meant, and everybody's of that trace."""
        service, colon, trace_id = value.partition(":")
        if not colon:
            raise UsageError(f"log:{value[:60]} is no reference to lines: give log:<service>:<trace id>.")
        return service, self._sources.lines(trace_id)

    # ── the database ──

    def _sql(self, query: str, submission: Submission) -> tuple[list[Pattern], dict[str, Any]]:
        table, _ = self._sources.query(query, (), self.case)
        if not any(one.startswith(f"{submission.component}.") for one in table.touched):
            raise _Refused(f"It reads nothing that {submission.component} keeps.")
        if not table.rows:
            raise _Refused("It gives no rows.")
        if _by_hand(query, table):
            raise _Refused("It names its rows itself, so it finds nothing; say what makes them different.")
        made_of = {source for one in self._evidence.sql for source in one.not_from}
        if made_of & table.touched:
            raise _Refused("It reads what the page is made of, which proves the symptom and nothing else.")
        patterns = self._evidence.sql
        shown: list[Pattern] = []
        if patterns:
            table, known = self._together(query, [one.entities for one in patterns])
            pairs = zip(patterns, known, strict=True)
            shown = [one for one, entities in pairs if self._finds(one, table, entities)]
        return shown, _table_facts(query, table)

    def _together(self, query: str, entities: list[str]) -> tuple[Table, list[list[Entity]]]:
        """The team's answer and the referee's of one moment."""
        try:
            return self._sources.query(query, entities, self.case)
        except UsageError:
            raise _Refused("It gives an answer once and none the next time.") from None

    def _finds(self, pattern: RowPattern, table: Table, entities: list[Entity]) -> bool:
        quiet = not any(one.affected and one.at in self.case.quiet for one in entities)
        return quiet & pattern.holds(table, entities, self.case.affected)

    # ── probes ──

    def _probe(self, probe_id: str, submission: Submission) -> tuple[list[Pattern], dict[str, Any]]:
        exchange = next((one for one in self.case.exchanges if one.id == probe_id), None)
        if exchange is None:
            raise _Refused("This drill has recorded no such probe.")
        self._in_time(exchange.at, "probe")
        trace = self._sources.trace(exchange.trace_id) or Trace(exchange.trace_id, ())
        if exchange.service != submission.component and not _is_of(trace, submission):
            raise _Refused(f"It never reaches {submission.component}.")
        patterns = self._evidence.probe
        compared = any(one.contrast and one.caused for one in patterns)
        quiet = self._quiet_traces(submission, trace) if compared else []
        shown = [one for one in patterns if self._is_new(one, quiet) & self._answers(one, exchange, trace)]
        return shown, {"probe": asdict(exchange), **_trace_facts(trace)}

    def _is_new(self, pattern: ProbePattern, quiet: list[Trace]) -> bool:
        """Is it false of quiet times?"""
        rows = self._sources.entities(pattern.unaffected, self.case) if pattern.unaffected else []
        before = any(one.affected and one.at in self.case.quiet for one in rows)
        usual = pattern.caused is not None and not _rare(pattern.caused, quiet)
        return not pattern.contrast or not (before or usual)

    def _answers(self, pattern: ProbePattern, exchange: Exchange, trace: Trace) -> bool:
        return (
            re.fullmatch(pattern.method, exchange.method) is not None
            and re.fullmatch(pattern.path, exchange.path) is not None
            and re.fullmatch(pattern.status, str(exchange.status)) is not None
            and exchange.seconds >= pattern.at_least_s
            and (pattern.at_most_s is None or exchange.seconds <= pattern.at_most_s)
            and (pattern.priced is None or charged(pattern.priced, exchange) is True)
            and (pattern.mispriced is None or charged(pattern.mispriced, exchange) is False)
            and (not pattern.again or any(repeats(exchange, one) for one in self.case.exchanges))
            and (pattern.caused is None or pattern.caused.holds(trace))
        )

    def _in_time(self, at: float, what: str) -> None:
        if at not in self.case.affected:
            when = "before the trouble began" if at < self.case.affected.start else "after this was handed in"
            raise _Refused(f"The {what} is from {when}.")


def _is_of(trace: Trace, submission: Submission) -> bool:
    return submission.mechanism == NO_INCIDENT or any(span.service == submission.component for span in trace.spans)


def _touches(labels: Mapping[str, str], submission: Submission) -> bool:
    return submission.mechanism == NO_INCIDENT or submission.component in labels.values()


def _by_hand(query: str, table: Table) -> bool:
    """Does it spell an id out, be it in pieces that are put together again?"""
    return any(BY_HAND.search(text) for text in (query, BETWEEN_LITERALS.sub("", query), table.plan))


def _rare(pattern: Any, quiet: list[Any]) -> bool:
    """Is it false of quiet times? Always, where the pattern is about what holds at all times."""
    if not getattr(pattern, "contrast", True):
        return True
    return sum(pattern.holds(one) for one in quiet) <= TOLERATED * len(quiet)


def _thinned(series: list[Series], most: int = 100) -> list[dict[str, Any]]:
    """At most eight series, with at most `most` of their points each."""
    return [
        {"labels": dict(one.labels), "points": one.points[:: -(-len(one.points) // most) or 1]} for one in series[:8]
    ]


def _trace_facts(trace: Trace) -> dict[str, Any]:
    return {"trace": trace.id, "count": len(trace.spans), "spans": [asdict(span) for span in trace.spans]}


def _table_facts(query: str, table: Table) -> dict[str, Any]:
    return {"query": query, "columns": table.columns, "count": len(table.rows), "rows": table.rows}


def bounded(facts: Mapping[str, Any], largest: int = LARGEST_COPY) -> dict[str, Any]:
    """The facts as JSON takes them, the longest list halved until they are no longer than `largest` characters."""
    kept = json.loads(json.dumps(facts, default=str))
    while len(json.dumps(kept)) > largest:
        longest = max((name for name in kept if isinstance(kept[name], list)), key=lambda name: len(kept[name]))
        if len(kept[longest]) <= 1:
            kept[longest] = []
            break
        kept[longest] = kept[longest][: len(kept[longest]) // 2]
    return kept
