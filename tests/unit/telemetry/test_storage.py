"""What a Jaeger asks of the store, and in what pieces it is answered; that it is answered rightly is told by
tests/contract/test_jaeger_answers.py, with a real one."""

import asyncio
import sqlite3
from collections.abc import Sequence

import pytest
from grpclib import GRPCError

from lab.telemetry import storage
from lab.telemetry.messages import message as message_of
from lab.telemetry.reader import Found, spans_of
from lab.telemetry.search import DEFAULT_LIMIT
from tests.jaeger.spans import MS, message, span

NOW = 1_700_000_000_000_000_000  # nanoseconds


def found(*sent) -> list[Found]:
    return [one for each in sent for one in spans_of(each)]


def names(chunks: Sequence) -> list[list[tuple[str, str]]]:
    return [
        [
            (process.resource.attributes[0].value.string_value, one.name)
            for process in chunk.resource_spans
            for scope in process.scope_spans
            for one in scope.spans
        ]
        for chunk in chunks
    ]


def test_spans_of_one_process_are_together() -> None:
    spans = found(
        message("orders", span("t", "a", NOW, MS), span("t", "b", NOW, MS)), message("billing", span("t", "c", NOW, MS))
    )
    (chunk,) = storage.chunks(spans)
    assert names([chunk]) == [[("orders", "a"), ("orders", "b"), ("billing", "c")]]
    assert [len(process.scope_spans) for process in chunk.resource_spans] == [1, 1]


def test_a_large_trace_comes_in_pieces_none_of_which_is_empty() -> None:
    text = "n" * 300_000
    sent = message("orders", *(span("t", f"{n}", NOW, MS, tags={"text": text}) for n in range(10)))
    chunks = list(storage.chunks(found(sent)))
    assert len(chunks) > 2 and all(names(chunks))
    assert [one for chunk in names(chunks) for one in chunk] == [("orders", f"{n}") for n in range(10)]
    assert max(chunk.ByteSize() for chunk in chunks) < 4 * 1024 * 1024


def test_nothing_is_no_message_at_all() -> None:
    assert list(storage.chunks([])) == []


def test_what_is_sent_is_not_what_is_kept() -> None:
    (kept,) = found(message(None, span("t", "a", NOW, 0)))
    (chunk,) = storage.chunks([kept])
    sent = chunk.resource_spans[0].scope_spans[0].spans[0]
    assert sent.end_time_unix_nano == NOW + 1 and sent.attributes[-1].key == "@jaeger@warnings"
    assert chunk.resource_spans[0].resource.attributes[-1].value.string_value == "missing-service-name"
    assert kept.span.end_time_unix_nano == NOW and not kept.span.attributes
    assert all(attribute.key != "service.name" for attribute in kept.resource.attributes)


def test_a_question_as_the_store_asks_itself() -> None:
    asked = message_of("TraceQueryParameters")(service_name="orders", operation_name="GET", search_depth=7)
    asked.attributes.add(key="http.response.status_code").value.int_value = 504
    asked.start_time_min.FromMicroseconds(1_000_001)
    asked.start_time_max.FromMicroseconds(2_000_002)
    asked.duration_min.FromMilliseconds(50)
    query = storage.query_of(asked)
    assert (query.service, query.operation, query.limit) == ("orders", "GET", 7)
    assert (query.start, query.end, query.min_duration, query.max_duration) == (1_000_001, 2_000_002, 50 * MS, 0)
    assert query.tags == {"http.response.status_code": "504"}


def test_what_is_left_open_is_everything_so_far() -> None:
    query = storage.query_of(message_of("TraceQueryParameters")(service_name="orders"))
    assert query.start == 0 and query.end > NOW // 1000 and query.limit == DEFAULT_LIMIT


def test_without_a_service_it_is_refused() -> None:
    with pytest.raises(GRPCError, match="name one"):
        storage.query_of(message_of("TraceQueryParameters")())


class Unreadable:
    def __enter__(self) -> "Unreadable":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def rows(self, *_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")


class Asked:
    async def recv_message(self) -> None:
        return None


def test_a_store_that_cannot_be_read_says_so() -> None:
    async def asked() -> None:
        service = storage._Service("TraceReader", storage.SERVICES["TraceReader"], Unreadable)
        await service.__mapping__()["/jaeger.storage.v2.TraceReader/GetServices"].func(Asked())

    with pytest.raises(GRPCError, match=r"can't be read now \(disk I/O error\); ask again"):
        asyncio.run(asked())
