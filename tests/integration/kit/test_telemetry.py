"""One request through two real services: its spans, its log lines and its exemplars name the same trace."""

import re
from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation

from .conftest import Endpoint, Item, Service, Start, until

CUSTOMER = "5e2f8c1a9b7d4e60a1b2c3d4e5f60718"


@pytest.fixture(autouse=True)
def untraced() -> Iterator[None]:
    """The test is the customer: its own calls carry the trace that it says, and no other."""
    with suppress_instrumentation():
        yield


@pytest.fixture
def back(start: Start, database_url: str) -> Service:
    return start("back", DATABASE_URL=database_url)


@pytest.fixture
def front(start: Start, back: Service) -> Service:
    return start("front", BACK_URL=back.url)


def only(items: list[Item], **fields: str) -> Item:
    found = [item for item in items if all(getattr(item, key) == value for key, value in fields.items())]
    assert len(found) == 1, f"{fields} in {items}"
    return found[0]


@pytest.mark.parametrize("tail", ["", "/later"], ids=["threads", "asyncio"])
def test_one_trace_from_the_customer_to_the_statement(
    front: Service, back: Service, endpoint: Endpoint, tail: str
) -> None:
    answer = httpx.get(f"{front.url}/shop/1{tail}", headers={"traceparent": f"00-{CUSTOMER}-00000000000000aa-01"})
    assert answer.json() == {"name": "lamp"}

    spans = endpoint.trace(CUSTOMER, 4)
    entered = only(spans, service="front", name=f"GET /shop/{{id}}{tail}")
    called = only(spans, service="front", name="GET")
    served = only(spans, service="back", name=f"GET /items/{{id}}{tail}")
    asked = only(spans, service="back", name="SELECT")
    assert [span.parent_id for span in (entered, called, served, asked)] == [
        "00000000000000aa",
        entered.span_id,
        called.span_id,
        served.span_id,
    ]
    assert served.attributes["http.route"] == f"/items/{{id}}{tail}"
    assert served.attributes["http.request.method"] == "GET"
    assert served.attributes["http.response.status_code"] == 200
    assert called.attributes["url.full"] == f"{back.url}/items/1{tail}"
    assert asked.attributes["db.query.text"] == "SELECT name FROM back.item WHERE id = %s"
    assert asked.attributes["db.system.name"] == "postgresql"

    exemplar = re.compile(rf'# {{trace_id="{CUSTOMER}"}}')
    for service, series in (
        (front, f'http_server_request_duration_seconds_bucket.*route="/shop/{{id}}{tail}".*status="200"'),
        (front, 'http_client_request_duration_seconds_bucket.*peer="back".*status="200"'),
        (back, f'http_server_request_duration_seconds_bucket.*route="/items/{{id}}{tail}"'),
        (back, 'db_client_operation_duration_seconds_bucket.*operation="SELECT"'),
    ):
        lines = [line for line in service.metrics().splitlines() if exemplar.search(line)]
        assert any(re.search(re.sub(r"([{}])", r"\\\1", series), line) for line in lines), (series, lines)


def test_every_line_of_a_request_names_its_trace_and_a_span_of_it(
    front: Service, back: Service, endpoint: Endpoint
) -> None:
    httpx.get(f"{front.url}/shop/2", headers={"traceparent": f"00-{CUSTOMER}-00000000000000aa-01"})
    known = {span.span_id for span in endpoint.trace(CUSTOMER, 4)}
    printed = until(
        "the request's lines",
        lambda: (
            (found := [line for service in (front, back) for line in service.lines() if line["trace_id"]])
            and len(found) == 3
            and found
        ),
    )
    assert [line["event"] for line in printed] == ["request", "item read", "request"]
    assert [line["service"] for line in printed] == ["front", "back", "back"]
    assert {line["trace_id"] for line in printed} == {CUSTOMER}
    assert {line["span_id"] for line in printed} <= known
    assert printed[1]["item"] == 2
    assert (printed[2]["path"], printed[2]["status"]) == ("/items/2", 200)

    sent = until(
        "the same as OTLP records",
        lambda: (found := [record for record in endpoint.records if record.trace_id]) and len(found) == 3 and found,
    )
    assert {(record.service, record.span_id, record.name) for record in sent} == {
        (line["service"], line["span_id"], line["event"]) for line in printed
    }


def test_an_unhandled_exception_is_a_problem_whose_error_is_in_the_trace(back: Service, endpoint: Endpoint) -> None:
    answer = httpx.get(f"{back.url}/wrong", headers={"traceparent": f"00-{CUSTOMER}-00000000000000aa-01"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "nothing" not in answer.text

    error = until(
        "the error as a record", lambda: [record for record in endpoint.records if record.name == "unhandled exception"]
    )
    assert [record.trace_id for record in error] == [CUSTOMER]
    assert error[0].attributes["exception.type"] == "UndefinedColumn"
    line = next(line for line in back.lines() if line["event"] == "unhandled exception")
    assert (line["level"], line["trace_id"]) == ("ERROR", CUSTOMER)
    assert not [line for line in back.lines() if "ASGI" in line["event"]], "logged once, not again by the server"
    assert 'route="/wrong",service="back",status="500"' in back.metrics()


def test_what_no_route_takes_adds_one_series(back: Service) -> None:
    for number in range(10):
        assert httpx.get(f"{back.url}/nowhere/{number}").status_code == 404
    series = [line for line in back.metrics().splitlines() if "_count" in line and 'status="404"' in line]
    assert len(series) == 1
    assert 'route="unmatched"' in series[0] and series[0].endswith(" 10.0")


def test_requests_are_answered_while_nobody_takes_the_telemetry(start: Start, database_url: str) -> None:
    back = start("back", DATABASE_URL=database_url, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    for _ in range(3):
        assert httpx.get(f"{back.url}/items/1").status_code == 200
    until(
        "it is logged once",
        lambda: [line["event"] for line in back.lines()].count("telemetry endpoint does not answer") == 2,
    )
    back.process.terminate()
    assert back.process.wait(15) == 0
