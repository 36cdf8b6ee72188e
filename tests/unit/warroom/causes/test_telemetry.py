"""Jaeger's JSON, log records and Prometheus's series, as facts."""

from warroom.causes import telemetry
from warroom.causes.settings import COMPANY, CauseSettings

from lab.drill.facts import Window

JAEGER = {
    "traceID": "ab" * 16,
    "spans": [
        {
            "traceID": "ab" * 16,
            "spanID": "02",
            "operationName": "POST /charges",
            "references": [
                {"refType": "FOLLOWS_FROM", "traceID": "cd" * 16, "spanID": "09"},
                {"refType": "CHILD_OF", "traceID": "ab" * 16, "spanID": "01"},
            ],
            "startTime": 1_700_000_000_250_000,
            "duration": 1_500,
            "tags": [
                {"key": "http.response.status_code", "type": "int64", "value": 500},
                {"key": "span.kind", "type": "string", "value": "server"},
                {"key": "error", "type": "bool", "value": True},
            ],
            "processID": "p1",
        },
        {
            "traceID": "ab" * 16,
            "spanID": "03",
            "operationName": "reconcile",
            "references": [],
            "startTime": 1_700_000_000_000_000,
            "duration": 0,
            "tags": [],
            "processID": "p2",
        },
    ],
    "processes": {"p1": {"serviceName": "billing", "tags": []}, "p2": {"serviceName": "processor", "tags": []}},
}


def test_a_trace_is_read():
    found = telemetry.trace(JAEGER)
    first, second = found.spans
    assert (first.id, first.parent, first.service, first.name) == ("02", "01", "billing", "POST /charges")
    assert (first.start, first.seconds, first.kind, first.failed) == (1_700_000_000.25, 0.0015, "server", True)
    assert first.attributes == {"http.response.status_code": 500}
    assert (second.parent, second.kind, second.failed, second.service) == (None, "internal", False, "processor")
    assert found.start == 1_700_000_000.0


def record(second: int, trace_id: str | None = "ab" * 16, **fields):
    given = {"ts": f"2026-11-23T06:00:{second:02}.500Z", "level": "INFO", "service": "billing", "event": "request"}
    return given | {"trace_id": trace_id, "span_id": None, **fields}


def test_a_line_is_read():
    found = telemetry.line(record(7, amount="1.00", duration_ms=3.5))
    assert (found.at, found.service, found.event) == (1_795_413_607.5, "billing", "request")
    assert found.fields == {"amount": "1.00", "duration_ms": 3.5}


def test_requests_that_the_windows_ends_cut_are_left_out():
    begin = 1_795_413_600.0
    records = [
        record(0, "aa"),
        record(5, "aa"),  # began too early
        record(4, "bb"),
        record(5, "bb"),
        record(6, None),
        record(9, "cc"),  # ends too late
    ]
    found = telemetry.by_trace(records, Window(begin, begin + 10), 2.0)
    assert [[one.trace_id for one in lines] for lines in found] == [["bb", "bb"]]


def test_every_service_of_the_company_has_an_address():
    settings = CauseSettings(orders_url="http://orders:1")
    assert tuple(settings.company) == COMPANY
    assert settings.company["orders"] == "http://orders:1"
    assert "secret" not in repr(CauseSettings(reader_url="postgresql://reader:secret@/lab"))
