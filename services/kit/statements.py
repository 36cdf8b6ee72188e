"""A CLIENT span for every statement that goes through psycopg, blocking or asynchronous, pooled or not.

The contrib instrumentation makes a cursor class for each connection, under which the interpreter can't specialise
psycopg's own code: in a service with a pool a statement's span cost twice what it does here. Attributes are those of
https://opentelemetry.io/docs/specs/semconv/database/postgresql/
"""

import re
from collections.abc import Iterable, MutableMapping
from typing import Any, Self
from weakref import WeakKeyDictionary

import psycopg
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, Status, StatusCode, Tracer
from psycopg.sql import Composable

_AFTER_COMMENTS = re.compile(r"(?:\s|/\*.*?\*/|--[^\n]*)*(\S*)", re.DOTALL)
_tracer: Tracer | None = None
_places: MutableMapping[Any, dict[str, str | int]] = WeakKeyDictionary()


def _place(connection: Any) -> dict[str, str | int]:
    """The attributes that all statements of a connection share."""
    found = _places.get(connection)
    if found is None:
        info = connection.info
        found = {"db.system.name": "postgresql", "db.namespace": info.dbname, "server.address": info.host}
        if not info.host.startswith("/"):
            found["server.port"] = info.port
        _places[connection] = found
    return found


def _start(cursor: psycopg.Cursor | psycopg.AsyncCursor, query: Any) -> Span:
    if _tracer is None or not is_instrumentation_enabled():
        return INVALID_SPAN
    if isinstance(query, Composable):
        text = query.as_string(cursor)
    else:
        text = query.decode("utf-8", "replace") if isinstance(query, bytes) else str(query)
    words = text.split(None, 1)
    operation = words[0] if words else ""
    if operation.startswith(("/*", "--")):
        operation = _AFTER_COMMENTS.match(text)[1]
    attributes = _place(cursor.connection) | {"db.query.text": text}
    if operation:
        attributes["db.operation.name"] = operation
    return _tracer.start_span(operation or attributes["db.namespace"], kind=SpanKind.CLIENT, attributes=attributes)


def _fail(span: Span, error: Exception) -> None:
    if span.is_recording():
        span.record_exception(error)
        span.set_attribute("error.type", type(error).__qualname__)
        if sqlstate := getattr(error, "sqlstate", None):
            span.set_attribute("db.response.status_code", sqlstate)
        span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))


class TracedCursor(psycopg.Cursor):
    """psycopg's cursor with a span around each statement."""

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Self:
        span = _start(self, query)
        try:
            return super().execute(query, *args, **kwargs)
        except Exception as error:
            _fail(span, error)
            raise
        finally:
            span.end()

    def executemany(self, query: Any, params_seq: Iterable[Any], **kwargs: Any) -> None:
        span = _start(self, query)
        try:
            super().executemany(query, params_seq, **kwargs)
        except Exception as error:
            _fail(span, error)
            raise
        finally:
            span.end()


class AsyncTracedCursor(psycopg.AsyncCursor):
    """psycopg's asynchronous cursor with a span around each statement."""

    async def execute(self, query: Any, *args: Any, **kwargs: Any) -> Self:
        span = _start(self, query)
        try:
            return await super().execute(query, *args, **kwargs)
        except Exception as error:
            _fail(span, error)
            raise
        finally:
            span.end()

    async def executemany(self, query: Any, params_seq: Iterable[Any], **kwargs: Any) -> None:
        span = _start(self, query)
        try:
            await super().executemany(query, params_seq, **kwargs)
        except Exception as error:
            _fail(span, error)
            raise
        finally:
            span.end()


def install(tracer: Tracer) -> None:
    """Makes these the cursors of every connection made from now on, unless `connect` is told another factory."""
    global _tracer
    if _tracer is None:
        _wrap(psycopg.Connection, TracedCursor)
        _wrap(psycopg.AsyncConnection, AsyncTracedCursor)
        psycopg.connect = psycopg.Connection.connect
    _tracer = tracer


def _wrap(connection: type, cursor: type) -> None:
    connect = connection.connect.__func__

    def traced(cls: type, *args: Any, cursor_factory: type | None = None, **kwargs: Any) -> Any:
        return connect(cls, *args, cursor_factory=cursor_factory or cursor, **kwargs)

    connection.connect = classmethod(traced)
