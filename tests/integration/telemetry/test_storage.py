"""What a Jaeger asks of the store, over the wire. tests/contract/test_jaeger_answers.py compares what it is told."""

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from grpclib import GRPCError, Status
from grpclib.client import Channel, UnaryStreamMethod, UnaryUnaryMethod
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived, TrailersReceived
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from lab.telemetry.messages import PACKAGE
from lab.telemetry.messages import message as message_of
from tests.jaeger.process import Server, telemetry_store
from tests.jaeger.spans import MS, message, request, span

TRACES = 60
WITHIN_S = 10.0
FIND = (f"/{PACKAGE}.TraceReader/FindTraces", message_of("FindTracesRequest"), TracesData)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with telemetry_store(tmp_path_factory.mktemp("telemetry")) as store:
        fill(store)
        yield store


def fill(store: Server) -> None:
    now, tags = time.time_ns(), {"text": "n" * 10_000}
    for n in range(TRACES):
        spans = [span(f"{n}", f"{part}", now + part, MS, tags=tags) for part in range(40)]
        assert store.send(request(message("orders", *spans))).status_code == 200


def headers(store: Server, method: str) -> dict[bytes, bytes]:
    """Of the first answer to an empty question."""
    host, _, port = store.storage.partition(":")
    connection = H2Connection(H2Configuration(header_encoding=None))
    with socket.create_connection((host, int(port)), WITHIN_S) as sock:
        connection.initiate_connection()
        path = f"/{PACKAGE}.{method}"
        sent = {":method": "POST", ":scheme": "http", ":path": path, ":authority": host, "te": "trailers"}
        connection.send_headers(1, [*sent.items(), ("content-type", "application/grpc")])
        connection.send_data(1, bytes(5), end_stream=True)
        sock.sendall(connection.data_to_send())
        while data := sock.recv(65_536):
            for event in connection.receive_data(data):
                if isinstance(event, ResponseReceived | TrailersReceived):
                    return dict(event.headers)
            sock.sendall(connection.data_to_send())
    raise AssertionError(f"{method} was not answered")


@pytest.mark.parametrize("method", ["TraceReader/FindTraceSummaries", "Capabilities/GetCapabilities"])
def test_what_it_does_not_do_is_said_so_that_go_understands_it(store: Server, method: str) -> None:
    found = headers(store, method)
    assert found[b"grpc-status"] == str(Status.UNIMPLEMENTED.value).encode()
    assert found[b"content-type"].startswith(b"application/grpc")


def test_a_question_that_makes_no_sense_is_refused(store: Server) -> None:
    async def ask() -> None:
        async with channel(store) as open_:
            await UnaryStreamMethod(open_, *FIND)(message_of("FindTracesRequest")())

    with pytest.raises(GRPCError, match="name one"):
        asyncio.run(ask())


def test_who_goes_away_in_the_middle_costs_nobody_else_anything(store: Server) -> None:
    """Many times, since what could go wrong is a matter of moments: the reader closed under a thread that reads."""

    async def ask() -> list[str]:
        asked = message_of("FindTracesRequest")()
        asked.query.service_name = "orders"
        asked.query.search_depth = TRACES
        for n in range(60):
            async with channel(store) as open_, UnaryStreamMethod(open_, *FIND).open() as stream:
                await stream.send_message(asked, end=True)
                await asyncio.sleep(n * 0.002)
                await stream.cancel()
        async with channel(store) as open_:
            services = UnaryUnaryMethod(
                open_,
                f"/{PACKAGE}.TraceReader/GetServices",
                message_of("GetServicesRequest"),
                message_of("GetServicesResponse"),
            )
            return list((await services(message_of("GetServicesRequest")(), timeout=WITHIN_S)).services)

    assert asyncio.run(ask()) == ["orders"]
    assert store.process.poll() is None


def test_it_ends_with_a_jaeger_still_connected_and_folds_its_logs_away(tmp_path: Path) -> None:
    with telemetry_store(tmp_path) as store:
        fill(store)
        assert list(tmp_path.glob("**/*-wal"))
        host, _, port = store.storage.partition(":")
        with socket.create_connection((host, int(port))):
            store.process.send_signal(signal.SIGTERM)
            assert store.process.wait(WITHIN_S) == 0
        assert not list(tmp_path.glob("**/*-wal"))


def channel(store: Server) -> Channel:
    host, _, port = store.storage.partition(":")
    return Channel(host, int(port))
