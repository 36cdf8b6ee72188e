"""The causal chain of a scenario, from trigger to symptom: what shows each link, and which evidence is of it."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from lab.drill.patterns import LineCount, Requests, Seconds, Vocabulary

PAGE = "page"  # among a link's evidence: it is what the page tells
Sentence = Annotated[str, Field(min_length=20)]


class TraceSign(Requests):
    """A trace that has what Requests asks for, found by a span of `service` that takes `at_least_s`. `said` is for
    people."""

    said: Sentence
    service: str
    operation: str | None = None
    at_least_s: Seconds = 0.0


class LineSign(LineCount):
    """A log line; with `repeated` one that has the same value of that field as a line of another trace before it."""

    said: Sentence
    service: str
    repeated: str = ""


class Sign(Vocabulary):
    """What shows a link, in one of four ways; its first true moment dates the link.

    metric: an expression that has a value then. sql: a query that gives that moment, as a time or in epoch seconds;
    `%(since)s` is the beginning of the quiet time. Both may be written `metric:…` and `sql:…`.
    """

    metric: str = ""
    sql: str = ""
    trace: TraceSign | None = None
    log: LineSign | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        kind, _, text = value.partition(":")
        if kind not in ("metric", "sql"):
            raise ValueError("is to begin with metric: or sql:, or to be a mapping with trace or log")
        return {kind: text.strip()}

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(map(bool, (self.metric, self.sql, self.trace, self.log))) != 1:
            raise ValueError("wants one of metric, sql, trace and log")
        return self

    def __str__(self) -> str:
        if self.metric or self.sql:
            return f"metric:{self.metric}" if self.metric else f"sql:{self.sql}"
        return f"trace:{self.trace.said}" if self.trace else f"log:{self.log.said if self.log else ''}"


class Link(Vocabulary):
    """`evidence` names patterns of evidence.yaml with which a team has this link in hand, or is `page`."""

    link: Sentence
    first_shown_by: Sign
    evidence: frozenset[str] = frozenset()
