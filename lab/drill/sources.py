"""Where facts come from: what the referee asks of a lab. Each raises LabError where the lab cannot tell."""

from collections.abc import Sequence
from typing import Protocol

from lab.drill.facts import Case, Entity, Line, Series, Table, Trace, Window


class Sources(Protocol):
    def trace(self, trace_id: str) -> Trace | None:
        """The whole trace; None if there is none. Raises UsageError if that is no trace id."""
        ...

    def traces(self, service: str, window: Window, limit: int) -> list[Trace]:
        """Some of those with a span of the service, begun in the window."""
        ...

    def series(self, expression: str, window: Window) -> list[Series]:
        """The expression's values over the window, one every two seconds."""
        ...

    def lines(self, trace_id: str) -> list[Line]:
        """Everything that was logged in a trace, whoever logged it."""
        ...

    def requests(self, window: Window) -> list[list[Line]]:
        """What was logged in the window, by trace; requests that it cuts through are left out."""
        ...

    def query(self, query: str, entities: Sequence[str], case: Case) -> tuple[Table, list[list[Entity]]]:
        """The answer to the team's query and to each of the referee's, of the same moment. Raises UsageError with the
        database's reason if the team's query is none."""
        ...

    def entities(self, query: str, case: Case) -> list[Entity]:
        """The answer to the referee's query since the quiet window began."""
        ...
