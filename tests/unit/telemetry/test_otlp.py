import gzip
import zlib

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from lab.telemetry import otlp
from lab.telemetry.otlp import BadBody, BodyTooLarge
from tests.jaeger.spans import MS, message, request, span, trace_id

NOW = 1_700_000_000 * 10**9


def test_a_batch_knows_what_searches_ask_for() -> None:
    failed = span("t", "b", NOW + MS, 5 * MS, status={"code": 2}, kind=Span.SPAN_KIND_SERVER)
    [batch], refused = otlp.span_batches(request(message("orders", span("t", "a", NOW, MS), failed)))
    assert refused == 0
    assert (batch.service, batch.first, batch.last) == ("orders", NOW // 1000, NOW // 1000 + 1000)
    assert (batch.longest, batch.failed, batch.spans) == (5000, 1, 2)
    assert batch.traces == {otlp.trace_key(trace_id("t"))}
    assert batch.operations == {("a", ""), ("b", "server")}
    assert [item.name for item in otlp.open_spans(batch.payload).scope_spans[0].spans] == ["a", "b"]


def test_spans_without_ids_are_left_out_and_counted() -> None:
    bad = [Span(name="none"), Span(name="zero", trace_id=bytes(16), span_id=bytes(8)), Span(trace_id=b"1" * 16)]
    [batch], refused = otlp.span_batches(request(message("orders", *bad, span("t", "good", NOW, MS))))
    assert (batch.spans, refused) == (1, 3)
    assert otlp.span_batches(request(message("orders", *bad))) == ([], 3)


@pytest.mark.parametrize("ids", [{"trace_id": b"short"}, {"span_id": b"long" * 9}])
def test_ids_of_a_wrong_length_are_a_bad_body(ids: dict[str, bytes]) -> None:
    with pytest.raises(BadBody, match="16 bytes"):
        otlp.span_batches(request(message("orders", Span(**ids))))


@pytest.mark.parametrize("body", [b"no protobuf", b"\x0a\xff", b"\x08"])
def test_what_is_not_otlp_is_a_bad_body(body: bytes) -> None:
    with pytest.raises(BadBody, match="not a protobuf ExportTraceServiceRequest"):
        otlp.span_batches(body)
    with pytest.raises(BadBody, match="not a protobuf ExportLogsServiceRequest"):
        otlp.log_batches(body)


def test_empty_requests_hold_nothing() -> None:
    assert otlp.span_batches(b"") == ([], 0)
    assert otlp.span_batches(request(message("orders"))) == ([], 0)
    assert otlp.log_batches(b"") == []


def test_gzip() -> None:
    assert otlp.inflate(gzip.compress(b"body"), "gzip") == b"body"
    assert otlp.inflate(b"body", "") == b"body"


def test_a_gzip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(bytes(otlp.MAX_BODY_BYTES + 1))
    with pytest.raises(BodyTooLarge):
        otlp.inflate(bomb, "gzip")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"plain", "gzip"), (gzip.compress(b"body" * 99)[:-9], "gzip"), (zlib.compress(b"x"), "deflate")],
    ids=["no gzip", "cut off", "unknown"],
)
def test_wrong_encodings_are_bad_bodies(body: bytes, encoding: str) -> None:
    with pytest.raises(BadBody):
        otlp.inflate(body, encoding)
