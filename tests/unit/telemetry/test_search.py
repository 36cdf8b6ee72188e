from dataclasses import replace

import pytest

from lab.telemetry import otlp
from lab.telemetry.reader import spans_of
from lab.telemetry.search import BadQuery, TraceQuery, _matches, find_traces, parse_query, parse_trace_id
from lab.telemetry.values import text
from tests.jaeger.spans import MS, message, request, span, trace_id, value

NOW = 1_700_000_000
ANY = TraceQuery("orders", "", 0, 2 * NOW * 10**6, 0, 0, 100)


def found(store, **conditions) -> list[bytes]:
    with store.reader() as reader:
        return find_traces(reader, replace(ANY, **conditions))


def add(store, name: str, start: int = 0, duration: int = MS, service: str = "orders", tags=None) -> None:
    store.add(request(message(service, span(name, f"op {name}", NOW * 10**9 + start, duration, tags=tags))))


def test_the_latest_are_found_first_across_segments_whatever_order_they_came_in(store, clock) -> None:
    for number in (3, 1, 4, 0, 2):
        add(store, f"t{number}", number * MS)
        clock.now += 200
    assert len(store.archive.segments()) > 2
    assert found(store) == [trace_id(f"t{number}") for number in (4, 3, 2, 1, 0)]
    assert found(store, limit=2) == [trace_id("t4"), trace_id("t3")]


def test_a_trace_counts_once_and_by_its_latest_match(store) -> None:
    add(store, "a", 0)
    add(store, "b", 5 * MS)
    add(store, "a", 9 * MS)
    assert found(store) == [trace_id("a"), trace_id("b")]
    assert found(store, limit=1) == [trace_id("a")]


def test_spans_of_wrong_clocks_are_found_where_they_claim_to_be(store) -> None:
    day = 86400 * 10**9
    add(store, "yesterday", -day)
    add(store, "tomorrow", day)
    add(store, "never", -NOW * 10**9)
    assert found(store) == [trace_id("tomorrow"), trace_id("yesterday"), trace_id("never")]
    assert found(store, end=NOW * 10**6) == [trace_id("yesterday"), trace_id("never")]
    assert found(store, start=NOW * 10**6) == [trace_id("tomorrow")]
    with store.reader() as reader:
        assert reader.trace(trace_id("tomorrow"))


def test_bounds_beyond_sqlites_integers_are_no_error(store) -> None:
    add(store, "t")
    assert found(store, start=-(2**70), end=2**70, max_duration=2**62) == [trace_id("t")]
    assert found(store, min_duration=2**62) == []


VALUES = [
    "a",
    "a-17",
    "true",
    "7",
    "",
    "checkout",
    "[1]",
    "ü",
    "AQ==",
    True,
    False,
    7,
    7.5,
    1.0,
    b"\x01",
    b"",
    None,
    [1],
]


def test_skipping_batches_unopened_never_hides_a_match(store) -> None:
    """The shortcut by raw bytes must agree with looking at every span."""
    spans = []
    for key in ("account", "error", "event"):
        for number, thing in enumerate(VALUES):
            body = request(message("orders", span(f"{key} {number}", "op", NOW * 10**9, MS, tags={key: thing})))
            store.add(body)
            spans += [item for batch in otlp.span_batches(body)[0] for item in spans_of(batch.message)]
    for key in ("account", "error", "event", "span.kind"):
        for wanted in {text(value(thing)) for thing in VALUES} | {"none such"}:
            query = replace(ANY, tags={key: wanted}, operation="op")
            expected = {item.span.trace_id for item in spans if _matches(item, query)}
            assert set(found(store, tags={key: wanted}, operation="op")) == expected, (key, wanted)
            assert expected or key == "span.kind" or wanted == "none such"


def test_a_batch_that_ends_late_does_not_make_its_early_match_the_latest(store) -> None:
    early, late = span("early", "wanted", NOW * 10**9, MS), span("late", "other", NOW * 10**9 + 9 * MS, MS)
    store.add(request(message("orders", early, late)))
    store.add(request(message("orders", span("middle", "wanted", NOW * 10**9 + 5 * MS, MS))))
    assert found(store, operation="wanted", limit=1) == [trace_id("middle")]


def test_a_trace_that_vanishes_while_it_is_read_is_no_error(store, clock) -> None:
    add(store, "t")
    with store.reader() as reader:
        clock.now += 10**6
        add(store, "u")
        assert find_traces(reader, ANY) == []
        assert reader.trace(trace_id("t")) == []


def test_defaults_of_a_query() -> None:
    query = parse_query([("service", "orders")], NOW)
    assert (query.end, query.start) == (NOW * 10**6, (NOW - 2 * 86400) * 10**6)
    assert (query.limit, query.tags, query.raw) == (100, {}, False)


def test_trace_ids() -> None:
    assert parse_trace_id("abc") == bytes(14) + b"\x0a\xbc"
    assert parse_trace_id("1" + "0" * 16) == bytes(7) + b"\x01" + bytes(8)
    for bad in ("", "x", "0x12", "-1", "1" * 33, "+1", "1_0"):
        with pytest.raises(BadQuery):
            parse_trace_id(bad)
