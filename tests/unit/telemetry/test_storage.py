"""What a Jaeger asks of the store, and in what pieces it is answered; that it is answered rightly is told by
tests/contract/test_jaeger_answers.py, with a real one."""

import asyncio
import socket
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from grpclib import GRPCError
from grpclib.client import Channel, UnaryStreamMethod, UnaryUnaryMethod
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from lab.telemetry import storage
from lab.telemetry.messages import PACKAGE
from lab.telemetry.messages import message as message_of
from lab.telemetry.reader import Found, Reader, spans_of
from lab.telemetry.search import DEFAULT_LIMIT
from tests.jaeger.spans import MS, message, span

NOW = 1_700_000_000_000_000_000  # nanoseconds
METHODS = storage.SERVICES["TraceReader"]
WITHIN_S = 10.0


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

    def __init__(self, wanted: storage.Wanted) -> None:
        assert wanted()

    def rows(self, *_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")


class Asked:
    async def recv_message(self) -> None:
        return None


def test_a_store_that_cannot_be_read_says_so() -> None:
    async def asked() -> None:
        with ThreadPoolExecutor(1) as threads:
            service = storage._Service("TraceReader", METHODS, Unreadable, threads, asyncio.Semaphore(1))
            await service.__mapping__()["/jaeger.storage.v2.TraceReader/GetServices"].func(Asked())

    with pytest.raises(GRPCError, match=r"can't be read now \(disk I/O error\); ask again"):
        asyncio.run(asked())


def test_a_search_that_nobody_waits_for_ends_and_lets_others_in(store) -> None:
    """As many as there are threads, each of which would go on for as long as it is wanted."""
    for name in ("a", "b"):
        store.add_trace(name)
    searching, ended = threading.Semaphore(0), threading.Semaphore(0)

    class Endless(Reader):
        def __exit__(self, *_: object) -> None:
            super().__exit__()
            ended.release()

        def payload(self, segment, table: str, batch: int) -> bytes | None:
            searching.release()
            while True:
                super().payload(segment, table, batch)

    async def ask(address: tuple[str, int]) -> list[str]:
        asked = message_of("FindTracesRequest")()
        asked.query.service_name = "orders"
        find = (f"/{PACKAGE}.TraceReader/FindTraces", message_of("FindTracesRequest"), TracesData)
        for _ in range(storage._AT_ONCE):
            async with Channel(*address) as open_, UnaryStreamMethod(open_, *find).open() as stream:
                await stream.send_message(asked, end=True)
                assert await asyncio.to_thread(searching.acquire, timeout=WITHIN_S)
                await stream.cancel()
        for _ in range(storage._AT_ONCE):
            assert await asyncio.to_thread(ended.acquire, timeout=WITHIN_S), "a search goes on for nobody"
        names = message_of("GetServicesRequest"), message_of("GetServicesResponse")
        async with Channel(*address) as open_:
            services = UnaryUnaryMethod(open_, f"/{PACKAGE}.TraceReader/GetServices", *names)
            return list((await services(names[0](), timeout=WITHIN_S)).services)

    async def served() -> list[str]:
        bound = socket.create_server(("127.0.0.1", 0))
        address = bound.getsockname()
        async with storage.serving(lambda wanted: Endless(store.archive.segments(), wanted), bound):
            return await ask(address)

    assert asyncio.run(served()) == ["orders"]


def test_answers_that_nobody_takes_are_closed_by_whoever_makes_them() -> None:
    making, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def messages(_: storage.Wanted) -> Iterator[int]:
        try:
            making.set()
            assert go_on.wait(WITHIN_S)
            yield 1
        finally:
            closed.set()

    answers = storage._Answers(messages)
    thread = threading.Thread(target=answers.next)
    thread.start()
    assert making.wait(WITHIN_S)
    answers.close()  # does not wait
    assert not closed.is_set()
    go_on.set()
    thread.join(WITHIN_S)
    assert closed.is_set() and answers.next() is None
