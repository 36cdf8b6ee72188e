"""Every way to send a statement by psycopg has one span, with its text and its error."""

import asyncio
from collections.abc import Callable, Iterator

import psycopg
import pytest
from kit import telemetry
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool, ConnectionPool

Spans = Callable[[], tuple[ReadableSpan, ...]]


@pytest.fixture
def spans() -> Iterator[Spans]:
    exporter = InMemorySpanExporter()
    telemetry.set_up("shop").add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter.get_finished_spans
    exporter.shutdown()


def one(spans: Spans) -> ReadableSpan:
    (span,) = spans()
    assert span.kind is SpanKind.CLIENT
    return span


def test_a_pool_s_connection(database_url: str, spans: Spans) -> None:
    with ConnectionPool(database_url, min_size=1) as pool, pool.connection() as connection:
        assert connection.execute("select %s::int", [7]).fetchone() == (7,)
    span = one(spans)
    parameters = psycopg.conninfo.conninfo_to_dict(database_url)
    assert span.name == "select"
    assert dict(span.attributes) == {
        "db.system.name": "postgresql",
        "db.namespace": parameters["dbname"],
        "server.address": parameters["host"],
        "db.operation.name": "select",
        "db.query.text": "select %s::int",
    }


def test_an_asynchronous_pool_s_connection(database_url: str, spans: Spans) -> None:
    async def go() -> None:
        async with (
            AsyncConnectionPool(database_url, min_size=1, open=False) as pool,
            pool.connection() as connection,
            connection.cursor() as cursor,
        ):
            await cursor.execute("SELECT 1")
            assert await cursor.fetchone() == (1,)

    asyncio.run(go())
    assert one(spans).attributes["db.query.text"] == "SELECT 1"


def test_composed_statements_bytes_and_many_rows(database_url: str, spans: Spans) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(SQL("CREATE TABLE {} (id int)").format(Identifier("t")))
        with connection.cursor() as cursor:
            cursor.executemany(b"INSERT INTO t VALUES (%s)", [(1,), (2,)])
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)
    assert [(span.name, span.attributes["db.query.text"]) for span in spans()] == [
        ("CREATE", 'CREATE TABLE "t" (id int)'),
        ("INSERT", "INSERT INTO t VALUES (%s)"),
        ("SELECT", "SELECT count(*) FROM t"),
    ]


def test_a_refused_statement_names_its_error(database_url: str, spans: Spans) -> None:
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM nowhere")
    span = one(spans)
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes["error.type"], span.attributes["db.response.status_code"]) == ("UndefinedTable", "42P01")
    assert [event.name for event in span.events] == ["exception"]


def test_row_factories_and_own_cursors_go_on_working(database_url: str, spans: Spans) -> None:
    with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as connection:
        assert connection.execute("SELECT 1 AS n").fetchone() == {"n": 1}
    with psycopg.connect(database_url, cursor_factory=psycopg.ClientCursor) as connection:
        assert connection.execute("SELECT %s", [1]).fetchone() == (1,)
    assert len(spans()) == 1
