"""The referee's rules, on a lab made by hand: what any piece must be, and what is told about it."""

import dataclasses
import json

import pytest

from lab.drill.cause import submission
from lab.drill.evidence import QUIET_SAMPLE, Referee, Ruling, Unjudged, bounded
from lab.drill.facts import Case, Entity, Exchange
from lab.drill.patterns import Evidence
from lab.errors import LabError, UsageError
from tests.facts import AFFECTED, CASE, QUIET, Known, line, series, span, table, trace

BAD, FINE, OLD, LATER, OTHER = ("b" * 32, "f" * 32, "0" * 32, "d" * 32, "e" * 32)
QUERY = "SELECT key FROM shop.orders JOIN bank.book USING (key) WHERE amount <> booked"
POOL = 'pool_waiting{service="shop"}'

EVIDENCE = Evidence.model_validate(
    {
        "symptoms": ["customer_request.*", "up"],
        "trace": [{"name": "slow", "shown": {"spans": [{"service": "shop", "at_least_s": 2}]}}],
        "metric": [
            {
                "name": "waiting",
                "series": "pool_waiting",
                "labels": {"service": "shop"},
                "rises": 3,
                "measure": {"expression": 'max(pool_waiting{service="$component"})', "least": 5},
            }
        ],
        "log": [{"name": "logged", "lines": [{"service": "shop", "numbers": {"duration_ms": 2000}}]}],
        "sql": [
            {"name": "apart", "entities": "SELECT …", "at_least": 2, "not_from": ["bank.comparison"]},
        ],
        "probe": [
            {"name": "tried", "path": "/orders", "at_least_s": 2, "caused": {"spans": [{"at_least_s": 2}]}},
            {"name": "cents", "path": "/charges", "status": "201", "unaffected": "SELECT …"},
        ],
    }
)


def probe(id: str, **changes) -> Exchange:
    given = {"service": "shop", "method": "POST", "path": "/orders", "headers": {}, "body": "", "status": 504}
    given |= {"answer": "", "seconds": 3.0, "trace_id": BAD, "at": 1_200.0}
    return Exchange(id=id, **(given | changes))


PROBED = Case(QUIET, AFFECTED, (probe("pr-1"), probe("pr-2", seconds=0.1), probe("pr-3", trace_id=FINE)))


def shop(seconds: float, at: float = 1_200.0, id: str = BAD, service: str = "shop"):
    return trace(span(service, "POST /orders", start=at, seconds=seconds), id=id)


def lab(**changes) -> Known:
    given = {
        "found": {
            BAD: shop(3.0),
            FINE: shop(0.1),
            OLD: shop(3.0, at=900.0),
            LATER: shop(3.0, at=1_500.0),
            OTHER: shop(3.0, service="bank"),
        },
        "quiet_traces": [shop(0.1, at=1_010.0)] * 40,
        "metrics": {
            POOL: ([series(0.0)], [series(0.0, 9.0)]),
            'max(pool_waiting{service="shop"})': ([series(0.0)], [series(9.0)]),
        },
        "logged": {
            BAD: [line("shop", duration_ms=3000), line("bank", duration_ms=1)],
            FINE: [line("shop", duration_ms=3)],
            OLD: [line("shop", at=900.0, duration_ms=3000)],
        },
        "quiet_lines": [[line("shop", at=1_010.0, duration_ms=3)]] * 40,
        "table": table([("k-1",), ("k-2",)], "shop.orders", "bank.book"),
        "rows": [Entity(frozenset({f"k-{n}"}), 1_200.0, n < 3) for n in range(9)],
    }
    return Known(**(given | changes))


def rule(
    *pieces: str, known: Known | None = None, named: bool = True, case: Case = PROBED, component: str = "shop"
) -> Ruling:
    given = {
        "component": component,
        "mechanism": "circular-wait",
        "sentence": "Requests wait for each other here.",
        "evidence": list(pieces),
    }
    return Referee(known or lab(), case, EVIDENCE).rule(submission(given), named)


GOOD = {
    "trace": f"trace:{BAD}",
    "metric": f"metric:{POOL}",
    "log": f"log:shop:{BAD}",
    "sql": f"sql:{QUERY}",
    "probe": "probe:pr-1",
}


def one(piece: str, **how) -> tuple[bool, str]:
    """What becomes of this piece beside another that holds."""
    beside = GOOD["log"] if piece.startswith("trace") else GOOD["trace"]
    found = rule(beside, piece, **how).findings[1]
    return found.held, found.why


@pytest.mark.parametrize("kind", GOOD)
def test_each_kind_holds(kind):
    assert one(GOOD[kind]) == (True, "")


@pytest.mark.parametrize("kind", GOOD)
def test_with_another_cause_no_piece_shows_it(kind):
    held, why = one(GOOD[kind], named=False)
    assert not held
    assert why == "It does not show circular-wait at shop, or shows it always."


def test_a_piece_that_fails_with_the_right_cause_says_the_same():
    assert one(f"trace:{FINE}") == (False, "It does not show circular-wait at shop, or shows it always.")


def test_two_pieces_of_two_kinds_are_enough_and_the_others_are_reported():
    ruling = rule(GOOD["trace"], GOOD["metric"], f"log:shop:{FINE}")
    assert ruling.accepted
    assert [found.held for found in ruling.findings] == [True, True, False]


def test_two_pieces_of_one_kind_are_not():
    ruling = rule(GOOD["log"], f"trace:{FINE}")
    assert (ruling.accepted, ruling.why) == (False, "At least two pieces of different kinds must hold.")


def test_the_right_pieces_for_the_wrong_cause_are_not():
    assert not rule(GOOD["trace"], GOOD["metric"], named=False).accepted


@pytest.mark.parametrize(
    ("piece", "why"),
    [
        # traces
        ("trace:" + "7" * 32, "There is no such trace"),
        (f"trace:{OLD}", "before the trouble began"),
        (f"trace:{LATER}", "after this was handed in"),
        (f"trace:{OTHER}", "never reaches shop"),
        (f"trace:{FINE}", "does not show"),
        # metrics
        ("metric:customer_request_duration_seconds_count", "the symptom and nothing else"),
        ("metric:max(up)", "the symptom and nothing else"),
        ('metric:pool_waiting_total{service="shop"}', "only ever grows"),
        ('metric:max_over_time(x_seconds_count{service="shop"}[30s])', "only ever grows"),
        ('metric:rate(calls_total{service="shop"}[10m])', "looks back over more than 120 s"),
        ('metric:nothing{service="shop"}', "no value since"),
        ('metric:pool_waiting{service="bank"}', "no value since"),
        ("metric:everybodys", "does not single out shop"),
        ("metric:flat", "does not show"),
        ("metric:always", "does not show"),
        # logs
        ("log:shop:" + "7" * 32, "has logged nothing"),
        (f"log:orders:{BAD}", "has logged nothing"),
        (f"log:shop:{OLD}", "before the trouble began"),
        (f"log:bank:{BAD}", "not lines of shop"),
        (f"log:shop:{FINE}", "does not show"),
        # probes
        ("probe:pr-9", "recorded no such probe"),
        ("probe:it was slow", "recorded no such probe"),
        ("probe:pr-2", "does not show"),
        ("probe:pr-3", "does not show"),
    ],
)
def test_what_does_not_hold_is_told_what_it_lacks(piece, why):
    known = lab()
    known.metrics |= {
        "everybodys": ([series(0.0)], [series(9.0)]),
        "flat": ([series(0.0, service="shop")], [series(9.0, service="shop")]),
        "always": ([series(9.0, service="shop")], [series(9.0, service="shop")]),
    }
    held, said = one(piece, known=known)
    assert not held
    assert why in said
    assert "\n" not in said and said.endswith(".")


@pytest.mark.parametrize(
    ("found", "query", "why"),
    [
        (table([("k-1",)], "bank.book"), QUERY, "reads nothing that shop keeps"),
        (table([], "shop.orders"), QUERY, "gives no rows"),
        (table([("k-1",), ("k-2",)], "shop.orders", "bank.comparison"), QUERY, "what the page is made of"),
        (table([("k-1",), ("k-2",)], "shop.orders"), "SELECT '0b6c4ef2'", "names its rows itself"),
        (table([("k-1",), ("k-7",), ("k-8",)], "shop.orders"), QUERY, "does not show"),
        (table([("42",)], "shop.orders"), "SELECT count(*) FROM shop.orders", "does not show"),
    ],
)
def test_a_query_is_told_what_it_lacks(found, query, why):
    held, said = one(f"sql:{query}", known=lab(table=found))
    assert not held
    assert why in said


# ── affected and quiet ──


@pytest.mark.parametrize(
    "query",
    [
        "SELECT key FROM shop.orders WHERE key LIKE '0b6c' || '4ef2%'",
        "SELECT key FROM shop.orders WHERE key LIKE concat('0b6c', '4ef2', '%')",
    ],
)
def test_ids_in_pieces_are_ids(query):
    assert "names its rows itself" in one(f"sql:{query}")[1]


def test_ids_that_the_database_puts_together_are_ids():
    found = dataclasses.replace(lab().table, plan="((key)::text = '0b6c4ef2'::text)")
    assert "names its rows itself" in one(f"sql:{QUERY}", known=lab(table=found))[1]


def test_a_trace_of_which_quiet_times_are_full_shows_nothing():
    assert one(GOOD["trace"].replace("trace", "trace"), known=lab(quiet_traces=[shop(3.0)] * 40))[0] is False


def test_one_slow_moment_of_quiet_times_is_forgiven():
    calm = [shop(0.1)] * 38
    assert rule(GOOD["trace"], GOOD["log"], known=lab(quiet_traces=[*calm, shop(3.0), shop(3.0)])).accepted
    assert not rule(GOOD["trace"], GOOD["log"], known=lab(quiet_traces=[*calm[:36], *[shop(3.0)] * 3])).accepted


def test_a_selector_that_was_as_high_before_shows_nothing():
    known = lab()
    known.metrics[POOL] = ([series(9.0)], [series(9.0)])
    assert not one(GOOD["metric"], known=known)[0]


def test_the_referees_measure_must_have_moved_as_well():
    known = lab()
    known.metrics['max(pool_waiting{service="shop"})'] = ([series(6.0)], [series(9.0)])
    assert not one(GOOD["metric"], known=known)[0]


def test_only_the_series_of_the_component_are_looked_at():
    known = lab()
    text = "max by (service) (pool_waiting)"
    shops, banks = series(1.0, service="shop"), series(99.0, service="bank")
    known.metrics[text] = ([shops, series(1.0, service="bank")], [shops, banks])
    assert not one(f"metric:{text}", known=known)[0]
    known.metrics[text] = ([shops], [series(9.0, service="shop"), banks])
    assert one(f"metric:{text}", known=known)[0]


def test_lines_that_are_as_usual_show_nothing():
    assert not one(GOOD["log"], known=lab(quiet_lines=[[line("shop", duration_ms=3000)]] * 40))[0]


def test_rows_that_were_affected_before_show_nothing():
    before = Entity(frozenset({"k-x"}), QUIET.start + 1, True)
    assert not one(GOOD["sql"], known=lab(rows=[*lab().rows, before]))[0]


def test_a_probe_of_what_quiet_requests_do_as_well_shows_nothing():
    assert not rule("probe:pr-1", GOOD["log"], known=lab(quiet_traces=[shop(3.0)] * 40)).findings[0].held


def test_a_probe_is_held_against_the_rows_of_quiet_times():
    case = Case(QUIET, AFFECTED, (probe("pr-1", path="/charges", status=201),))
    assert one("probe:pr-1", case=case)[0]
    before = Entity(frozenset({"k-x"}), QUIET.start + 1, True)
    assert not one("probe:pr-1", case=case, known=lab(rows=[before]))[0]


def test_a_probe_is_of_the_component_that_it_reaches():
    case = Case(QUIET, AFFECTED, (probe("pr-1", service="front"), probe("pr-2", service="front", trace_id=OTHER)))
    assert one("probe:pr-1", case=case)[0]
    assert "never reaches shop" in one("probe:pr-2", case=case)[1]


@pytest.mark.parametrize(
    ("lost", "piece"),
    [
        ({"quiet_traces": []}, GOOD["trace"]),
        ({"quiet_traces": []}, GOOD["probe"]),
        ({"quiet_lines": []}, GOOD["log"]),
        ({"dark": True}, GOOD["metric"]),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_without_quiet_times_nothing_is_judged(lost, piece, named):
    with pytest.raises(Unjudged):
        rule(piece, GOOD["sql"], known=lab(**lost), named=named)


# ── what is no evidence ──


@pytest.mark.parametrize(
    "piece", ["trace:it was slow", "metric:it was slow", "metric:rate(x)", "metric:x[30s]", "log:shop", "metric:x > 3"]
)
def test_text_is_no_try(piece):
    with pytest.raises(UsageError) as refusal:
        rule(piece, GOOD["sql"])
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("malformed", ["metric:it was slow", "log:shop", "trace:it was slow"])
def test_what_is_malformed_is_refused_before_anything_is_judged(malformed):
    known = lab()
    with pytest.raises(UsageError):
        rule(GOOD["trace"], GOOD["metric"], GOOD["log"], GOOD["sql"], GOOD["probe"], malformed, known=known)
    assert not {"traces of shop", "requests", "SELECT …", 'max(pool_waiting{service="shop"})'} & {*known.asked}


def test_the_same_is_asked_of_the_lab_whatever_is_named():
    asked = []
    for named in (True, False):
        known = lab()
        rule(*GOOD.values(), known=known, named=named)
        asked.append(known.asked)
    assert asked[0] == asked[1]
    assert {"traces of shop", "requests", "SELECT …", 'max(pool_waiting{service="shop"})'} <= {*asked[0]}


@pytest.mark.parametrize("piece", [f"trace:{FINE}", "metric:flat", f"log:shop:{FINE}", "sql:SELECT 1", "probe:pr-3"])
def test_the_same_is_asked_for_a_piece_that_shows_nothing(piece):
    asked = []
    kind = piece.partition(":")[0]
    beside = GOOD["log" if kind == "trace" else "trace"]
    flat = ([series(0.0, service="shop")], [series(0.0, service="shop")])
    for one in (GOOD[kind], piece):
        known = lab(table=table([("k-7",)] if one == piece else [("k-1",), ("k-2",)], "shop.orders"))
        known.metrics["flat"] = flat
        rule(beside, one, known=known)
        own = {POOL, "flat", QUERY, "SELECT 1", f"trace {FINE}", f"trace {BAD}", f"lines {FINE}", f"lines {BAD}"}
        asked.append([what for what in known.asked if what not in own])
    assert asked[0] == asked[1]


def test_a_query_that_answers_only_once_holds_nothing():
    class Fickle(Known):
        def query(self, query, entities, case):
            if entities:
                raise UsageError("The query is refused by the database: division by zero; correct it.")
            return super().query(query, entities, case)

    known = Fickle(**vars(lab()))
    assert one(GOOD["sql"], known=known) == (False, "It gives an answer once and none the next time.")


def test_a_query_that_is_none_is_no_try():
    with pytest.raises(UsageError):
        rule(GOOD["trace"], "sql:it was slow", known=lab(table=None))


def test_a_lab_that_cannot_tell_is_no_try():
    assert issubclass(Unjudged, LabError) and not issubclass(Unjudged, UsageError)


# ── what is kept ──


def test_what_held_is_copied_and_what_did_not_is_not():
    ruling = rule(GOOD["trace"], GOOD["metric"], f"log:shop:{FINE}")
    kept = {found.kind: found for found in ruling.findings}
    assert kept["trace"].facts["spans"][0]["seconds"] == 3.0
    assert kept["metric"].facts["affected"][0]["points"] == [[1_100.0, 0.0], [1_102.0, 9.0]]
    assert (kept["log"].facts, kept["log"].shown) == ({}, "")
    json.dumps([found.facts for found in ruling.findings])


def test_a_copy_keeps_within_its_size():
    facts = {"trace": BAD, "spans": [{"name": "x" * 100}] * 5_000}
    kept = bounded(facts, 10_000)
    assert len(json.dumps(kept)) <= 10_000
    assert kept["trace"] == BAD and len(kept["spans"]) > 50
    assert bounded({"a": 1}, 10_000) == {"a": 1}


def test_quiet_times_are_a_sample():
    assert len(lab().quiet_traces) == QUIET_SAMPLE
    assert CASE.quiet == QUIET


# ── no incident ──


CALM = Evidence.model_validate(
    {
        "symptoms": ["up"],
        "required": ["content", "level"],
        "trace": [{"name": "served", "contrast": False, "shown": {"spans": [{"service": "shop"}]}}],
        "metric": [
            {
                "name": name,
                "series": name,
                "contrast": False,
                "within": 1,
                "measure": {"expression": name, "most": 1},
            }
            for name in ("content", "level")
        ],
    }
)


@pytest.mark.parametrize(
    ("pieces", "accepted"),
    [
        (["metric:content", "metric:level", f"trace:{FINE}"], True),
        (["metric:content", f"trace:{FINE}"], False),  # the books may be wrong
        (["metric:content", "metric:loud", f"trace:{FINE}"], False),
    ],
)
def test_that_there_is_no_incident_takes_all_that_is_required(pieces, accepted):
    known = lab()
    known.metrics = {name: ([series(0.0)], [series(1.0)]) for name in ("content", "level", "loud")}
    given = {
        "component": "shop",
        "mechanism": "no-incident",
        "sentence": "Nobody is hurt here at all.",
        "evidence": pieces,
    }
    ruling = Referee(known, CASE, CALM).rule(submission(given), named=True)
    assert ruling.accepted is accepted


def test_there_is_an_incident_where_a_bound_is_broken():
    known = lab()
    known.metrics = {"content": ([series(0.0)], [series(1.0)]), "level": ([series(0.0)], [series(0.0, 1.1, 0.0)])}
    pieces = ["metric:content", "metric:level", f"trace:{FINE}"]
    given = {
        "component": "shop",
        "mechanism": "no-incident",
        "sentence": "Nobody is hurt here at all.",
        "evidence": pieces,
    }
    assert not Referee(known, CASE, CALM).rule(submission(given), named=True).accepted
