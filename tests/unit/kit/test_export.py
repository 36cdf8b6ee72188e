from collections.abc import Callable, Iterator

import httpx
import pytest
from kit import export
from kit.export import Outbox
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Until = Callable[[str, Callable[[], bool]], None]
SPAN = b"\x12\x00"  # an empty span


class Endpoint(httpx.BaseTransport):
    """Answers with the given statuses in turn, then with the last of them; None stands for no connection."""

    def __init__(self, *statuses: int | None) -> None:
        self.statuses = list(statuses)
        self.asked = 0
        self.taken = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status is None:
            raise httpx.ConnectError("refused")
        if status == 200:
            assert request.headers["content-type"] == "application/x-protobuf"
            message = ExportTraceServiceRequest.FromString(request.read())
            self.taken += sum(len(scope.spans) for scope in message.resource_spans[0].scope_spans)
        return httpx.Response(status)


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Endpoint], Outbox]]:
    monkeypatch.setattr(export, "INTERVAL", 0.02)
    made = []

    def make(endpoint: Endpoint) -> Outbox:
        made.append(Outbox("http://store/v1/traces", {"service.name": "shop"}, endpoint))
        return made[-1]

    yield make
    for box in made:
        box.close(5)


def test_a_burst_of_5000_spans_all_arrive(outbox: Callable[[Endpoint], Outbox], until: Until) -> None:
    endpoint = Endpoint(200)
    box = outbox(endpoint)
    for _ in range(5000):
        box.put("shop", SPAN)
    until("every span has arrived", lambda: endpoint.taken == 5000)


@pytest.mark.parametrize("trouble", [None, 503, 429])
def test_what_was_not_taken_is_sent_again(
    outbox: Callable[[Endpoint], Outbox], until: Until, trouble: int | None
) -> None:
    endpoint = Endpoint(trouble, trouble, 200)
    outbox(endpoint).put("shop", SPAN)
    until("the span has arrived", lambda: endpoint.taken == 1)
    assert endpoint.asked == 3


def test_what_is_refused_is_not_sent_again(
    outbox: Callable[[Endpoint], Outbox], until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = Endpoint(400, 200)
    box = outbox(endpoint)
    box.put("shop", SPAN)
    until("the refusal is logged", lambda: "telemetry refused" in caplog.messages)
    box.put("shop", SPAN)
    until("the next span has arrived", lambda: endpoint.taken == 1)
    assert endpoint.asked == 2


def test_with_no_endpoint_the_oldest_go_and_it_is_said(
    outbox: Callable[[Endpoint], Outbox],
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(export, "CAPACITY", 10)
    endpoint = Endpoint(None)
    box = outbox(endpoint)
    until("it has tried", lambda: box.put("shop", SPAN) or endpoint.asked > 3)
    for _ in range(30):
        box.put("shop", SPAN)
    endpoint.statuses = [200]
    until("the loss is logged", lambda: "telemetry lost" in caplog.messages)
    assert caplog.messages.count("telemetry endpoint does not answer") == 1
    assert endpoint.taken == 10


def test_what_is_to_be_sent_along_is(until: Until) -> None:
    heard: list[str] = []
    answering = httpx.MockTransport(lambda request: heard.append(request.headers["x-key"]) or httpx.Response(200))
    box = Outbox("http://store/v1/traces", {}, answering, {"x-key": "k"})
    box.put("shop", SPAN)
    box.close(5)
    assert heard == ["k"]


def test_close_sends_what_is_left() -> None:
    endpoint = Endpoint(200)
    box = Outbox("http://store/v1/traces", {}, endpoint)
    box.put("shop", SPAN)
    box.close(5)
    assert endpoint.taken == 1
