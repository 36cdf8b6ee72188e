from collections.abc import Callable

import pytest
from kit import identity
from kit.span_metrics import SpanMetrics
from kit.spans import TracerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import SpanKind, Tracer
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.exposition import generate_latest

Count = Callable[..., float | None]


@pytest.fixture
def metrics() -> SpanMetrics:
    return SpanMetrics()


@pytest.fixture
def tracer(metrics: SpanMetrics, request: pytest.FixtureRequest):
    provider = TracerProvider(Resource({}))
    provider.add_span_processor(metrics)
    token = identity.enter(request.node.name)  # a service of the test's own: the registry is the process's
    yield provider.get_tracer("t")
    identity.leave(token)


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Count:
    def of(metric: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(f"{metric}_count", {"service": request.node.name} | labels)

    return of


def end(tracer: Tracer, name: str, kind: SpanKind, seconds: float = 0.02, **attributes: str | int) -> int:
    attributes = {key.replace("_", "."): value for key, value in attributes.items()}
    if "http.response.status.code" in attributes:
        attributes["http.response.status_code"] = attributes.pop("http.response.status.code")
    span = tracer.start_span(name, kind=kind, attributes=attributes, start_time=10**9)
    span.end(10**9 + int(seconds * 1e9))
    return span.get_span_context().trace_id


SERVER, CLIENT = "http_server_request_duration_seconds", "http_client_request_duration_seconds"


def test_a_request_counts_by_route_and_status(tracer: Tracer, count: Count) -> None:
    for _ in range(2):
        end(tracer, "GET /x/{id}", SpanKind.SERVER, http_request_method="GET", http_route="/x/{id}",
            http_response_status_code=200)  # fmt: skip
    assert count(SERVER, method="GET", route="/x/{id}", status="200") == 2


def test_what_no_route_took_and_what_was_not_answered_share_a_series(tracer: Tracer, count: Count) -> None:
    for path in range(20):
        end(tracer, f"GET /{path}", SpanKind.SERVER, http_request_method="GET", http_response_status_code=404)
    end(tracer, "GET", SpanKind.SERVER, http_request_method="GET")
    assert count(SERVER, method="GET", route="unmatched", status="404") == 20
    assert count(SERVER, method="GET", route="unmatched", status="499") == 1


def test_the_exemplar_is_the_span_s_trace(tracer: Tracer, request: pytest.FixtureRequest) -> None:
    trace_id = end(tracer, "GET /e", SpanKind.SERVER, 0.3, http_request_method="GET", http_route="/e",
                   http_response_status_code=200)  # fmt: skip
    lines = [line for line in generate_latest(REGISTRY).decode().splitlines() if request.node.name in line]
    bucket = next(line for line in lines if 'le="0.5"' in line)
    assert f'# {{trace_id="{trace_id:032x}"}} 0.3' in bucket


def test_a_call_counts_under_its_peer_s_name(metrics: SpanMetrics, tracer: Tracer, count: Count) -> None:
    metrics.name_peers({("127.0.0.1", 8404): "inventory", ("tls.example", 443): "tls"})
    address = {"server_address": "127.0.0.1", "http_request_method": "POST"}
    end(tracer, "POST", SpanKind.CLIENT, **address, server_port=8404, http_response_status_code=201)
    end(tracer, "POST", SpanKind.CLIENT, **address, server_port=8404)
    end(tracer, "POST", SpanKind.CLIENT, **address, server_port=9999)
    end(tracer, "POST", SpanKind.CLIENT, **address | {"server_address": "tls.example"}, http_response_status_code=200)
    assert count(CLIENT, peer="inventory", method="POST", status="201") == 1
    assert count(CLIENT, peer="inventory", method="POST", status="error") == 1
    assert count(CLIENT, peer="127.0.0.1:9999", method="POST", status="error") == 1
    assert count(CLIENT, peer="tls", method="POST", status="200") == 1


def test_statements_count_by_a_bounded_operation(tracer: Tracer, count: Count) -> None:
    for name in ("SELECT", "select", "do $$ 1", "do $$ 2"):
        end(tracer, name, SpanKind.CLIENT, **{"db.system.name": "postgresql"})
    metric = "db_client_operation_duration_seconds"
    assert count(metric, operation="SELECT") == 2
    assert count(metric, operation="OTHER") == 2


def test_inner_spans_are_not_timed(tracer: Tracer, request: pytest.FixtureRequest) -> None:
    end(tracer, "work", SpanKind.INTERNAL, http_request_method="GET")
    assert request.node.name not in generate_latest(REGISTRY).decode()


def test_each_bucket_has_an_exemplar_of_its_own_and_a_later_one_replaces_it(
    tracer: Tracer, request: pytest.FixtureRequest
) -> None:
    def one(start: float, seconds: float) -> str:
        span = tracer.start_span("SELECT", kind=SpanKind.CLIENT, attributes={"db.system.name": "postgresql"},
                                 start_time=int(start * 1e9))  # fmt: skip
        span.end(int((start + seconds) * 1e9))
        return f"{span.get_span_context().trace_id:032x}"

    fast, slow, early, late = one(1, 0.004), one(1, 2), one(1.1, 0.004), one(2, 0.004)
    text = "\n".join(line for line in generate_latest(REGISTRY).decode().splitlines() if request.node.name in line)
    assert slow in text and late in text
    assert fast not in text and early not in text
