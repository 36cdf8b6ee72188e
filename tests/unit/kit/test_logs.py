import io
import json
import logging
import sys

from kit.logs import JsonLines
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import INVALID_SPAN_CONTEXT, use_span


def line(**fields: object) -> dict:
    standard = {"name": "shop", "msg": "event", "levelname": "INFO", "levelno": logging.INFO, "created": 0.25}
    record = logging.makeLogRecord(standard | fields)
    stream = io.StringIO()
    JsonLines(stream).emit(record)
    assert stream.getvalue().count("\n") == 1
    return json.loads(stream.getvalue())


def test_six_fields_in_their_order_then_the_extras() -> None:
    found = line(msg="charged %s", args=("a-17",), amount="12.34", color_message="x", taskName="t")
    assert list(found) == ["ts", "level", "service", "event", "trace_id", "span_id", "amount"]
    assert (found["ts"], found["event"]) == ("1970-01-01T00:00:00.250000Z", "charged a-17")


def test_outside_a_trace_the_ids_are_null() -> None:
    assert (line()["trace_id"], line()["span_id"]) == (None, None)


def test_inside_a_trace_the_ids_are_the_span_s() -> None:
    span = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("s")
    with use_span(span):
        found = line()
    context = span.get_span_context()
    assert (int(found["trace_id"], 16), int(found["span_id"], 16)) == (context.trace_id, context.span_id)


def test_levels_are_opentelemetry_s() -> None:
    assert [line(levelname=name)["level"] for name in ("WARNING", "CRITICAL", "ERROR")] == ["WARN", "FATAL", "ERROR"]


def test_extras_cannot_replace_a_fixed_field() -> None:
    assert line(trace_id="forged", service="forged", level="forged")["trace_id"] is None


def test_not_a_number_and_objects_become_text() -> None:
    found = line(ratio=float("nan"), limit=float("inf"), where={1: object}, fine=1.5)
    assert (found["ratio"], found["limit"]) == ("nan", "inf")


def test_an_exception_is_one_line_with_its_stack() -> None:
    try:
        raise ValueError("no such\nthing")
    except ValueError:
        found = line(exc_info=sys.exc_info())
    assert (found["exception.type"], found["exception.message"]) == ("ValueError", "no such\nthing")
    assert "test_logs.py" in found["exception.stacktrace"]


def test_what_is_exported_is_what_the_line_says() -> None:
    exported = []
    lines = JsonLines(io.StringIO())
    lines.export_to(lambda *arguments: exported.append(arguments))
    record = logging.makeLogRecord({"name": "shop", "msg": "sold", "levelname": "WARNING", "levelno": 30, "sku": "a"})
    lines.emit(record)
    assert exported == [(record, "WARN", {"sku": "a"}, INVALID_SPAN_CONTEXT)]
