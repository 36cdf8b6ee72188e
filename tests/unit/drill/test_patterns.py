"""Each word of the vocabulary, true of something and false of something that is nearly it."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from lab.drill.facts import Entity, Exchange, Trace, Window
from lab.drill.patterns import (
    Again,
    Evidence,
    Late,
    LineCount,
    LogPattern,
    Measure,
    MetricPattern,
    Price,
    ProbePattern,
    Requests,
    RowPattern,
    SpanCount,
    TracePattern,
    peak,
)
from lab.drill.pricing import charged, repeats
from lab.drill.selector import parse
from tests.facts import line, series, span, table, trace

# ── spans ──


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ({}, True),
        ({"service": "bill"}, False),
        ({"service": "bill.*"}, True),
        ({"kind": "client"}, False),
        ({"operation": "POST"}, False),
        ({"operation": "POST /charges"}, True),
        ({"at_least_s": 0.4}, True),
        ({"at_least_s": 0.6}, False),
        ({"failed": False}, True),
        ({"failed": True}, False),
        ({"attributes": {"http.response.status_code": "201"}}, True),
        ({"attributes": {"http.response.status_code": "20"}}, False),
        ({"attributes": {"http.route": ".*"}}, False),
        ({"at_least": 2}, False),
        ({"at_most": 0}, False),
        ({"service": "nobody", "at_least": 0, "at_most": 0}, True),
    ],
)
def test_spans_are_counted(wanted, holds):
    found = trace(span("billing", "POST /charges", seconds=0.5, http__response__status_code=201))
    assert SpanCount(**wanted).holds(found) is holds


def test_a_dozen_is_told_from_eleven():
    eleven = [span("orders", id=str(n), kind="client") for n in range(11)]
    wanted = SpanCount(service="orders", at_least=12)
    assert not wanted.holds(trace(*eleven))
    assert wanted.holds(trace(*eleven, span("orders", id="12")))


def ring(inner_s: float, *, inner: str = "checkout", by: str = "3") -> Trace:
    return trace(
        span("checkout", "POST /orders", id="1", parent="gone", seconds=5.0),
        span("inventory", "POST /reservations", id="2", parent="1", seconds=5.0),
        span("promotions", "POST /decisions", id="3", parent="2", seconds=5.0),
        span(inner, "GET /carts/{cart_id}", id="4", parent=by, seconds=inner_s),
    )


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        (ring(3.0), True),
        (ring(0.01), False),  # it comes back, and nobody waits
        (ring(3.0, inner="orders"), False),  # somebody waits, elsewhere
        (ring(3.0, by="nowhere"), False),  # beside the others, not below them
        (trace(), False),
    ],
)
def test_a_request_that_comes_back_and_waits(found, holds):
    assert Again(service="checkout", at_least_s=2).holds(found) is holds


def test_a_service_that_calls_itself_as_a_client_has_not_come_back():
    found = trace(span("a", id="1", kind="client", seconds=9), span("a", id="2", parent="1", seconds=9))
    assert not Again(service="a", at_least_s=2).holds(found)


def test_spans_that_are_each_others_parents_end():
    found = trace(span("a", id="1", parent="2", seconds=9), span("b", id="2", parent="1", seconds=9))
    assert not Again(service="a", at_least_s=2).holds(found)


@pytest.mark.parametrize(
    ("began", "served_s", "parent", "holds"),
    [
        (1_201.0, 0.02, "1", True),
        (1_200.1, 0.02, "1", False),  # begun at once
        (1_201.0, 0.9, "1", False),  # late, and slow as well
        (1_201.0, 0.02, "gone", False),
    ],
)
def test_a_service_that_begins_late(began, served_s, parent, holds):
    found = trace(
        span("customers", id="1", kind="client", start=1_200.0, seconds=1.1),
        span("orders", id="2", parent=parent, start=began, seconds=served_s),
    )
    assert Late(service="orders", by_s=0.5, served_s=0.3).holds(found) is holds


def test_a_trace_has_to_show_all_that_is_asked():
    slow = SpanCount(service="promotions", at_least_s=4)
    assert Requests(spans=(slow,), again=Again(service="checkout", at_least_s=2)).holds(ring(3.0))
    assert not Requests(spans=(slow,), again=Again(service="checkout", at_least_s=2)).holds(ring(0.1))
    none = SpanCount(service="orders", at_least=0, at_most=0)
    assert Requests(spans=(none,)).holds(ring(3.0))
    assert not Requests(spans=(none,)).holds(trace()), "a trace that is empty shows nothing"


# ── metrics ──


RISING = MetricPattern(
    name="n",
    series="pool_(waiting|size)",
    labels={"service": "a|b"},
    rises=3,
    measure=Measure(expression="x", least=5),
)


@pytest.mark.parametrize(
    ("quiet", "affected", "holds"),
    [
        ([2.0], [6.0], True),
        ([2.0], [5.9], False),
        ([], [1.0], True),  # only the incident has brought the series
        ([], [0.0], False),
        ([1.0], [], False),  # missing data never holds
        ([0.0], [0.0], False),
        ([float("nan")], [4.0], True),
        ([1.0], [float("nan"), float("inf")], False),
        ([9.0, 0.0], [10.0], False),
    ],
)
def test_what_is_handed_in_rises(quiet, affected, holds):
    assert RISING.rises_from([series(*quiet)], [series(*affected)]) is holds


@pytest.mark.parametrize(
    ("quiet", "affected", "holds"),
    [([0.0], [5.0], True), ([], [5.0], True), ([5.0], [50.0], False), ([0.0], [4.9], False), ([0.0], [], False)],
)
def test_the_referees_own_measure_tells_affected_from_quiet(quiet, affected, holds):
    assert RISING.measured([series(*quiet)], [series(*affected)]) is holds


@pytest.mark.parametrize(
    ("text", "labels", "holds"),
    [
        ("pool_waiting", {"service": "a"}, True),
        ("pool_waiting", {"service": "c"}, False),
        ("pool_waiting", {}, False),
        ("my_pool_waiting", {"service": "a"}, False),
    ],
)
def test_series_are_of_the_pattern_or_not(text, labels, holds):
    assert RISING.is_about(parse(text), labels) is holds


WITHIN = MetricPattern(
    name="n",
    contrast=False,
    series="wait_bucket",
    through={"histogram_quantile"},
    within=0.5,
    measure=Measure(expression="x", most=0.5),
)


@pytest.mark.parametrize(
    ("quiet", "affected", "holds"),
    [([0.1], [0.5], True), ([0.1], [0.6], False), ([0.6], [0.1], False), ([], [0.1], False), ([0.1], [], False)],
)
def test_what_stays_within_bounds_does_so_all_the_time(quiet, affected, holds):
    assert WITHIN.rises_from([series(*quiet)], [series(*affected)]) is holds


def test_an_expression_goes_through_what_gives_it_its_meaning():
    assert WITHIN.is_about(parse("histogram_quantile(0.99, sum by (le) (rate(wait_bucket[30s])))"), {})
    assert not WITHIN.is_about(parse("sum(rate(wait_bucket[30s]))"), {})


def test_the_measure_of_bounds_needs_no_quiet_value():
    assert WITHIN.measured([], [series(0.4)])
    assert not WITHIN.measured([series(0.7)], [series(0.4)])
    assert not WITHIN.measured([series(0.4)], [])


def test_the_peak_is_over_all_series():
    assert peak([series(1.0, 4.0), series(2.0)]) == 4.0
    assert peak([]) is None
    assert peak([series(float("nan"))]) is None


# ── logs ──


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ({}, True),
        ({"event": "request"}, True),
        ({"event": "req"}, False),
        ({"fields": {"path": "/carts/.*"}}, True),
        ({"fields": {"path": "/orders"}}, False),
        ({"fields": {"nothing": ".*"}}, False),
        ({"numbers": {"duration_ms": 2000}}, True),
        ({"numbers": {"duration_ms": 4000}}, False),
        ({"numbers": {"path": 0}}, False),
        ({"at_least": 2}, False),
        ({"at_most": 0}, False),
    ],
)
def test_lines_are_counted(wanted, holds):
    found = [line("checkout", path="/carts/c-1", duration_ms=3000.5), line("inventory", path="/carts/c-1")]
    assert LineCount(service="checkout", **wanted).holds(found) is holds


TWO_AMOUNTS = LogPattern(
    name="n",
    lines=({"service": "billing", "event": "charge accepted"}, {"service": "processor", "event": "charge .*"}),
    differ="amount",
    same="key",
)


@pytest.mark.parametrize(
    ("processor", "holds"),
    [
        ({"key": "k", "amount": "1.01"}, True),
        ({"key": "k", "amount": "1.00"}, False),
        ({"key": "another", "amount": "1.01"}, False),
        ({"amount": "1.01"}, False),
    ],
)
def test_lines_that_contradict_each_other(processor, holds):
    found = [line("billing", "charge accepted", key="k", amount="1.00"), line("processor", "charge known", **processor)]
    assert TWO_AMOUNTS.holds(found) is holds
    assert not TWO_AMOUNTS.holds(found[:1])


# ── rows ──

WINDOW = Window(100.0, 200.0)
ENTITIES = [
    *(Entity(frozenset({f"bad-{n}", f"id-{n}"}), 150.0, True) for n in range(10)),
    *(Entity(frozenset({f"good-{n}"}), 150.0, False) for n in range(10)),
    Entity(frozenset({"bad-before"}), 50.0, True),
]
ROWS = RowPattern(name="n", entities="…", at_least=3, precision=0.8)


@pytest.mark.parametrize(
    ("rows", "holds"),
    [
        ([("bad-1",), ("bad-2",), ("bad-3",)], True),
        ([("bad-1",), ("bad-2",)], False),  # too few
        ([("bad-1", "x"), ("id-1", "y"), ("bad-1", "z")], False),  # one, three times
        ([(f"bad-{n}",) for n in range(8)] + [("good-1",), ("good-2",)], True),
        ([(f"bad-{n}",) for n in range(8)] + [("good-1",), ("good-2",), ("good-3",)], False),  # as good as all
        ([(f"bad-{n}",) for n in range(8)] + [("17",)] * 3, False),  # rows that name nothing count against it
        ([("1", "id-1", None), ("2", "id-2", None), ("3", "id-3", "x")], True),  # by any of the ids, in any column
        ([("bad-before",), ("bad-1",), ("bad-2",)], False),  # before the trouble
        ([("3",)], False),
        ([], False),
    ],
)
def test_rows_point_at_what_is_affected_and_not_at_the_rest(rows, holds):
    assert ROWS.holds(table(rows), ENTITIES, WINDOW) is holds


@pytest.mark.parametrize(
    ("rows", "touched", "holds"),
    [
        ([("good-1",), ("good-2",), ("good-3",)], ("bank.book", "shop.orders"), True),
        ([("good-1",), ("good-2",), ("good-3",)], ("shop.orders",), False),  # one of the books was not looked into
        ([("good-1",), ("good-2",)], ("bank.book", "shop.orders"), False),
        ([(f"good-{n}",) for n in range(9)] + [("bad-1",)], ("bank.book", "shop.orders"), False),
        ([(f"good-{n}",) for n in range(9)] + [("bad-before",)], ("bank.book", "shop.orders"), False),
        ([("0",)], ("bank.book", "shop.orders"), False),
    ],
)
def test_rows_that_are_all_sound(rows, touched, holds):
    sound = RowPattern(name="n", contrast=False, sound=True, entities="…", reads=(r"bank\.book", r"shop\..*"))
    assert sound.holds(table(rows, *touched), ENTITIES, WINDOW) is holds


# ── what a charge comes to ──

TAX = Price(tax=Decimal("0.0725"))


def exchange(amount: str = "2.15", net: str = "2.00", **changes) -> Exchange:
    given = {
        "id": "pr-1",
        "service": "billing",
        "method": "POST",
        "path": "/charges",
        "headers": {"Idempotency-Key": "k"},
        "body": f'{{"account": "a-1", "lines": [{{"description": "Freight", "net": "{net}"}}]}}',
        "status": 201,
        "answer": f'{{"amount": "{amount}"}}',
        "seconds": 0.1,
        "trace_id": "a" * 32,
        "at": 150.0,
    }
    return Exchange(**(given | changes))


@pytest.mark.parametrize(
    ("found", "right"),
    [
        (exchange("2.15"), True),  # 0.145 rounds up
        (exchange("2.14"), False),
        (exchange("6.44", net="6.00"), True),
        (exchange("6.43", net="6.00"), False),
        (exchange("1.07", net="1.00"), True),
        (exchange(answer='{"title": "Unknown account"}', status=404), None),
        (exchange(answer="", status=0), None),
        (exchange(body=""), None),
        (exchange(body="[]"), None),
        (exchange(body='{"lines": [{"net": "a lot"}]}'), None),
    ],
)
def test_an_amount_is_held_against_its_lines(found, right):
    assert charged(TAX, found) is right


TWO = '{"account": "a-1", "lines": [{"description": "A", "net": "0.10"}, {"description": "B", "net": "0.20"}]}'
TURNED = '{"account": "a-1", "lines": [{"description": "B", "net": "0.2"}, {"description": "A", "net": "0.10"}]}'


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"body": TURNED}, True),
        ({"status": 200}, False),  # recognised
        ({"status": 409}, False),
        ({"headers": {"idempotency-KEY": "k"}}, True),
        ({"headers": {"Idempotency-Key": "another"}}, False),
        ({"headers": {}}, False),
        ({"body": TWO.replace("a-1", "a-2")}, False),
        ({"body": TWO.replace("0.20", "0.30")}, False),
        ({"body": "nonsense"}, False),
        ({"at": 149.0}, False),
    ],
)
def test_a_charge_that_is_placed_again(changes, holds):
    earlier = exchange(body=TWO)
    assert repeats(exchange(**({"body": TWO, "id": "pr-2", "at": 160.0} | changes)), earlier) is holds


def test_what_was_refused_at_first_is_not_placed_again():
    assert not repeats(exchange(body=TWO, at=160.0), exchange(body=TWO, status=503))


# ── files ──


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"symptoms": []}, "symptoms"),
        ({"symptoms": ["("]}, "no regular expression"),
        ({"symptoms": ["up"], "required": ["slo"]}, "requires slo"),
        ({"symptoms": ["up"], "rumour": []}, "rumour"),
        ({"symptoms": ["up"], "trace": [{"name": "a", "shown": {}}]}, "asks for nothing"),
        (
            {
                "symptoms": ["up"],
                "probe": [
                    {"name": "a", "path": "/a", "unaffected": "…"},
                    {"name": "a", "path": "/b", "unaffected": "…"},
                ],
            },
            "two patterns called a",
        ),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(given, says):
    with pytest.raises(ValidationError, match=says):
        Evidence.model_validate(given)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ProbePattern(name="n", path="/"),
        lambda: Measure(expression="x"),
        lambda: Measure(expression="x", least=1, most=2),
        lambda: MetricPattern(name="n", series="x", measure={"expression": "x", "least": 1}),
        lambda: MetricPattern(name="n", series="x", within=1, measure={"expression": "x", "most": 1}),
        lambda: MetricPattern(name="n", series="x", contrast=False, rises=2, measure={"expression": "x", "least": 1}),
        lambda: LogPattern(name="n", lines=[{"service": "a"}], differ="x", same="y"),
        lambda: RowPattern(name="n", entities="x", precision=1.1),
    ],
)
def test_a_pattern_that_could_tell_nothing_is_refused(make):
    with pytest.raises(ValidationError):
        make()


def test_a_pattern_shows_the_mechanisms_that_it_names_or_all():
    one = TracePattern(name="n", mechanisms={"a"}, shown={"spans": [{}]})
    assert (one.shows("a"), one.shows("b")) == (True, False)
    assert one.model_copy(update={"mechanisms": frozenset()}).shows("b")
