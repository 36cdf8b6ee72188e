"""Queries of the team and of the referee, as the role that may only read."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

import psycopg
from opentelemetry.instrumentation.utils import suppress_instrumentation
from psycopg import Connection
from psycopg.rows import tuple_row

from lab.drill.facts import Case, Entity, Table
from lab.errors import LabError, UsageError

MOST_ROWS = 5_000
LONGEST_QUERY = 4_000  # characters
LONGEST_CELL = 200
PATIENCE = "5s"
# What was read by functions that run text appears in no plan, but PostgreSQL counts it.
READ = """
SELECT schemaname || '.' || relname FROM pg_catalog.pg_stat_xact_user_tables
WHERE coalesce(seq_scan, 0) + coalesce(idx_scan, 0) > 0
"""


class Database:
    """Nothing of what it asks appears in a trace: the referee's queries would tell the answer."""

    def __init__(self, url: str) -> None:
        self._url = url

    def read(self, query: str) -> Table:
        """What a query gives that is no evidence. Raises as `query` does."""
        with self._snapshot() as connection:
            return _asked(connection, _checked(query))

    def query(self, query: str, entities: Sequence[str], case: Case) -> tuple[Table, list[list[Entity]]]:
        """What the team's query gives, and what each of the referee's does at the same moment."""
        text = _checked(query)
        with self._snapshot() as connection:
            # The referee's first: a query can change settings of its session.
            known = [_entities(connection, one, case) for one in entities]
            return _asked(connection, text, {*_read(connection)}), known

    def entities(self, query: str, case: Case) -> list[Entity]:
        with self._snapshot() as connection:
            return _entities(connection, query, case)

    def moment(self, query: str, since: float) -> float | None:
        """The time that the query gives in its first cell, in epoch seconds; None for none."""
        with self._snapshot() as connection:
            (found,) = connection.execute(query, {"since": since}).fetchone() or (None,)
        return found.timestamp() if isinstance(found, datetime) else None if found is None else float(found)

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        """One moment of the database, in a connection that does not outlive the question."""
        with suppress_instrumentation():
            try:
                with closing(psycopg.connect(self._url, connect_timeout=5, row_factory=tuple_row)) as connection:
                    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                    connection.read_only = True
                    connection.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
                    yield connection
                    connection.rollback()
            except psycopg.OperationalError as error:
                reason = " ".join(str(error).split()).rstrip(".")
                raise LabError(f"The database does not answer ({reason}); see labctl logs postgres.") from error


def _checked(query: str) -> str:
    text = query.strip().rstrip(";").rstrip()
    if len(text) > LONGEST_QUERY:
        raise UsageError(f"The query has {len(text)} characters; find what shows it in {LONGEST_QUERY} at most.")
    if any(one == "\0" or "\ud800" <= one <= "\udfff" for one in text):
        raise UsageError("The query is refused by the database: it is no text; correct it.")
    return text


def _asked(connection: Connection, query: str, already: Collection[str] = ()) -> Table:
    """What it gives; `already` are tables that others have read in this transaction."""
    try:
        return _table(connection, query, already)
    except psycopg.errors.QueryCanceled:
        raise UsageError(f"The query takes longer than {PATIENCE}; ask for less.") from None
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        reason = (error.diag.message_primary or str(error)).splitlines()[0].rstrip(".")
        raise UsageError(f"The query is refused by the database: {reason}; correct it.") from None


def _table(connection: Connection, query: str, already: Collection[str]) -> Table:
    # Prepared, it goes by the protocol in which there is one statement at a time.
    (plan,) = connection.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) {query}\n", prepare=True).fetchone() or ([],)
    with connection.cursor(name="evidence") as cursor:
        cursor.execute(f"{query}\n")  # a declared cursor takes nothing that writes
        rows = cursor.fetchmany(MOST_ROWS + 1)
        columns = tuple(column.name for column in cursor.description or ())
    return Table(
        columns=columns,
        rows=tuple(tuple(_text(cell) for cell in row) for row in rows[:MOST_ROWS]),
        touched=frozenset({*_touched(plan)} | ({*_read(connection)} - {*already})),
        whole=len(rows) <= MOST_ROWS,
        plan="\n".join(_texts(plan)),
    )


def _text(cell: Any) -> str | None:
    return None if cell is None else str(cell)[:LONGEST_CELL]


def _touched(plan: Any) -> Iterator[str]:
    """The tables that a plan reads, wherever in it."""
    if isinstance(plan, dict):
        if "Relation Name" in plan:
            yield f"{plan.get('Schema', '')}.{plan['Relation Name']}"
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _touched(part)


def _read(connection: Connection) -> list[str]:
    """The tables that were read in this transaction, by whatever."""
    return [name for (name,) in connection.execute(READ).fetchall()]


def _texts(plan: Any) -> Iterator[str]:
    """All that a plan says in words."""
    if isinstance(plan, str):
        yield plan
    for part in plan.values() if isinstance(plan, dict) else plan if isinstance(plan, list) else ():
        yield from _texts(part)


def _entities(connection: Connection, query: str, case: Case) -> list[Entity]:
    rows = connection.execute(query, {"since": case.quiet.start}).fetchall()
    return [Entity(frozenset(ids), float(at), bool(affected)) for ids, at, affected in rows]
