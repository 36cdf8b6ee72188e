"""The arithmetic behind charts, queries and waterfalls, as Chromium does it."""

import math
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.dashboards import BOARDS, RATE_INTERVAL, filled_in, panels, variables


def call(modules: Page, module: str, function: str, *arguments: Any) -> Any:
    script = "async ([module, name, given]) => (await import(`/page/js/${module}.js`))[name](...given)"
    return modules.evaluate(script, [module, function, list(arguments)])


# ── scales ──


@pytest.mark.parametrize(
    ("low", "high", "count", "unit", "expected"),
    [
        (0, 1, 5, "none", [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 10, 4, "none", [0, 5, 10]),
        (-1, 1, 4, "s", [-1, -0.5, 0, 0.5, 1]),
        (0.97, 1, 3, "percentunit", [0.97, 0.98, 0.99, 1]),
        (0, 4 * 1024**2, 4, "bytes", [0, 1024**2, 2 * 1024**2, 3 * 1024**2, 4 * 1024**2]),
        (0, 3e-6, 3, "s", [0, 1e-6, 2e-6, 3e-6]),
        (5, 5, 3, "none", [5]),
    ],
)
def test_ticks_are_round(modules: Page, low: float, high: float, count: int, unit: str, expected: list[float]) -> None:
    assert call(modules, "scale", "ticks", low, high, count, unit) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("start", "end", "count", "offset", "expected"),
    [
        (1000, 1900, 4, 0, [1200, 1500, 1800]),
        (0, 10, 5, 0, [0, 2, 4, 6, 8, 10]),
        (0, 7200, 2, 1800, [1800, 5400]),  # full hours where clocks are half an hour ahead
        (0, 12 * 86_400, 4, 0, [0, 259_200, 518_400, 777_600, 1_036_800]),
    ],
)
def test_time_has_round_ticks_too(
    modules: Page, start: float, end: float, count: int, offset: float, expected: list[float]
) -> None:
    assert call(modules, "scale", "timeTicks", start, end, count, offset) == expected


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([0.2, 7.3], {"min": 0}, [0, 8]),
        ([], {}, [0, 1]),
        ([0, 0], {"min": 0}, [0, 1]),
        ([0.4], {"min": 0, "max": 1}, [0, 1]),
        ([1.7], {"min": 0, "max": 1}, [0, 2]),  # what is more than can be is shown all the same
        ([-3, 5], {"min": 0}, [-4, 6]),
        ([100, 101], {}, [100, 101]),
    ],
)
def test_an_axis_reaches_as_far_as_it_must(modules: Page, values: list[float], options: dict, expected: list) -> None:
    assert call(modules, "scale", "extent", values, options) == expected


def path(modules: Page, points: list[list[float]], gap: float) -> str:
    script = "async ([points, gap]) => (await import('/page/js/scale.js')).path(points, (x) => x, (y) => -y, gap)"
    return modules.evaluate(script, [points, gap])


def test_a_line_is_broken_where_something_is_missing(modules: Page) -> None:
    points = [[0, 1], [2, 2], [4, math.nan], [6, 3], [20, 4], [22, math.inf], [24, 5]]
    assert path(modules, points, 4.5) == "M0 -1h0L2 -2L6 -3M20 -4h0L24 -5"
    assert path(modules, points, 3) == "M0 -1h0L2 -2M6 -3h0M20 -4h0M24 -5h0"
    assert path(modules, [], 3) == ""


def test_stacked_lines_stand_on_each_other(modules: Page) -> None:
    script = """async (lines) => (await import('/page/js/scale.js')).stacked(lines)
      .map(({points, below}) => [points, [...below]])"""
    lines = [[[0, 1], [2, 2]], [[0, 10], [2, None], [4, 5]], [[0, 100], [4, 1]]]
    found = modules.evaluate(
        script, [[[at, math.nan if value is None else value] for at, value in line] for line in lines]
    )
    assert found[0] == [[[0, 1], [2, 2]], [[0, 0], [2, 0]]]
    assert found[2] == [[[0, 111], [4, 6]], [[0, 11], [4, 5]]]


@pytest.mark.parametrize(("at", "expected"), [(0, 10), (0.9, 10), (1.1, 20), (9, 30), (40, None), (-5, None)])
def test_the_value_under_the_cursor_is_the_nearest(modules: Page, at: float, expected: float | None) -> None:
    found = call(modules, "scale", "valueAt", [[0, 10], [2, 20], [8, 30]], at, 3)
    assert math.isnan(found) if expected is None else found == expected


# ── queries ──


@pytest.mark.parametrize("uid", BOARDS)
def test_every_query_is_sent_as_grafana_would(modules: Page, uid: str) -> None:
    """With everything picked, over the quarter of an hour that dashboards open with."""
    board = BOARDS[uid]
    sent = modules.evaluate(
        """async (board) => {
          const { filled, picked, timeVariables } = await import("/page/js/promql.js");
          const of = Object.fromEntries((board.templating.list ?? []).map((one) => [one.name, picked(one, [])]));
          const time = timeVariables(1000, 1900);
          const panels = board.panels.filter((one) => one.type !== "row");
          return panels.flatMap((one) => one.targets.map((target) => filled(filled(target.expr, of), time)));
        }""",
        board,
    )
    expected = [filled_in(target["expr"], board) for panel in panels(board) for target in panel["targets"]]
    assert sent == expected
    assert not any("$" in expression for expression in sent)


UNITS = {
    "s": ["250 ms", "1.5 s", "25 min"],
    "ms": ["250 µs", "1.5 ms", "1.5 s"],
    "percentunit": ["25 %", "150 %", "150,000 %"],
    "reqps": ["0.25 req/s", "1.5 req/s", "1.5k req/s"],
    "ops": ["0.25 ops/s", "1.5 ops/s", "1.5k ops/s"],
    "bytes": ["0.25 B", "1.5 B", "1.46 KiB"],
    "short": ["0.25", "1.5", "1.5k"],
    "none": ["0.25", "1.5", "1,500"],
    "suffix: cents": ["0.25 cents", "1.5 cents", "1,500 cents"],
    "suffix: /s": ["0.25 /s", "1.5 /s", "1,500 /s"],
}
SUFFIX = "suffix: "  # with whatever is counted


def test_every_unit_of_the_dashboards_is_known(modules: Page) -> None:
    used = {panel["fieldConfig"]["defaults"]["unit"] for board in BOARDS.values() for panel in panels(board)}
    assert {unit for unit in used if not unit.startswith(SUFFIX)} <= set(UNITS)
    for unit, expected in UNITS.items():
        found = [call(modules, "format", "format", value, unit) for value in (0.25, 1.5, 1_500)]
        assert [text.replace("\xa0", " ").replace("\u202f", " ") for text in found] == expected


@pytest.mark.parametrize("uid", BOARDS)
def test_a_graph_is_drawn_as_its_file_says(modules: Page, uid: str) -> None:
    for panel in panels(BOARDS[uid]):
        if panel["type"] != "timeseries":
            continue
        defaults = panel["fieldConfig"]["defaults"]
        options = call(modules, "panels", "chartOptions", panel)
        assert (options["unit"], options.get("min"), options.get("max")) == (
            defaults["unit"],
            defaults.get("min"),
            defaults.get("max"),
        )
        drawn = [step["value"] for step in defaults["thresholds"]["steps"] if step["value"] is not None]
        assert [limit["value"] for limit in options["limits"]] == drawn
        assert options["stack"] == ("stacking" in defaults["custom"])


@pytest.mark.parametrize(
    ("seconds", "step", "window"),
    [(300, 2, "8s"), (900, 5, "8s"), (3600, 15, "17s"), (4500, 20, "22s"), (10_800, 60, "62s")],
)
def test_a_longer_range_has_longer_steps(modules: Page, seconds: float, step: int, window: str) -> None:
    found = call(modules, "promql", "timeVariables", 1_000_000, 1_000_000 + seconds)
    assert found == {"__rate_interval": window, "__interval": f"{step}s", "__range": f"{seconds}s"}
    assert RATE_INTERVAL == "8s"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('{a=~"$service"}', '{a=~"x|y"}'),
        ('{a=~"${service}"}', '{a=~"x|y"}'),
        ('{a=~"${service:regex}", b="[[service]]"}', '{a=~"x|y", b="x|y"}'),
        ("$services $unknown ${unknown}", "$services $unknown ${unknown}"),
        ("$constructor ${__proto__} $toString", "$constructor ${__proto__} $toString"),
    ],
)
def test_variables_are_filled_in(modules: Page, expression: str, expected: str) -> None:
    assert call(modules, "promql", "filled", expression, {"service": "x|y"}) == expected


def test_what_is_picked_is_what_is_asked_for(modules: Page) -> None:
    variable = BOARDS["overview"]["templating"]["list"][0]
    everything = variables(BOARDS["overview"])["service"]
    for chosen, expected in (
        ([], everything),
        (["billing"], "billing"),
        (["billing", "orders"], "billing|orders"),
        (['x"} or up{a="'], everything),  # what is not offered is not picked
    ):
        assert call(modules, "promql", "picked", variable, chosen) == expected
    odd = {"query": 'a.b,c"d,e\\f'}
    assert call(modules, "promql", "picked", odd, []) == 'a\\\\.b|c\\"d|e\\\\\\\\f'


@pytest.mark.parametrize(
    ("pattern", "labels", "expected"),
    [
        ("{{service}} → {{ peer }}", {"service": "a", "peer": "b"}, "a → b"),
        ("{{missing}}x", {}, "x"),
        ("", {"__name__": "up", "a": "y", "job": "x"}, 'up{a="y", job="x"}'),
        ("__auto", {"__name__": "up"}, "up"),
        ("", {}, "value"),
    ],
)
def test_a_series_has_a_name(modules: Page, pattern: str, labels: dict, expected: str) -> None:
    assert call(modules, "promql", "legend", pattern, labels) == expected


def test_an_answer_is_read_whatever_its_kind(modules: Page) -> None:
    def read(kind: str, result: Any) -> Any:
        return call(modules, "promql", "series", {"data": {"resultType": kind, "result": result}})

    assert read("vector", [{"metric": {"a": "b"}, "value": [5, "1.5"]}]) == [
        {"labels": {"a": "b"}, "points": [[5, 1.5]]}
    ]
    assert read("scalar", [5, "2"]) == [{"labels": {}, "points": [[5, 2]]}]
    assert read("string", [5, "x"]) == []
    (one,) = read("matrix", [{"metric": {}, "values": [[1, "+Inf"], [2, "-Inf"], [3, "NaN"]]}])
    assert one["points"][:2] == [[1, math.inf], [2, -math.inf]] and math.isnan(one["points"][2][1])
    assert call(modules, "promql", "last", {"labels": {}, "points": [[1, 4], [2, math.nan]]}) == 4


def test_events_are_marked_once(modules: Page) -> None:
    began = {"name": "Load begins", "titleFormat": "{{profile}} begins", "iconColor": "blue"}
    series = [{"labels": {"profile": "healthy"}, "points": [[5, 1], [10, 1], [15, 1], [60, 1]]}]
    found = call(modules, "promql", "marks", began, series, 5)
    assert [(one["at"], one["label"]) for one in found] == [(5, "healthy begins"), (60, "healthy begins")]
    started = {"name": "Process started", "titleFormat": "{{service}} started", "useValueForTime": True}
    series = [{"labels": {"service": "orders"}, "points": [[65, 60_000], [70, 60_000], [90, 88_000]]}]
    assert [one["at"] for one in call(modules, "promql", "marks", started, series, 5)] == [60, 88]


def test_exemplars_without_a_trace_are_left_out(modules: Page) -> None:
    one = {"labels": {"trace_id": "0af7651916cd43dd8448eb211c80319c"}, "value": "0.25", "timestamp": 5.5}
    other = {"labels": {"trace_id": "javascript:alert(1)"}, "value": "1", "timestamp": 6}
    answer = {"data": [{"seriesLabels": {"service": "a"}, "exemplars": [one, other, {**one, "labels": {}}]}]}
    assert call(modules, "promql", "exemplars", answer) == [
        {"at": 5.5, "value": 0.25, "trace": "0af7651916cd43dd8448eb211c80319c", "labels": {"service": "a"}}
    ]


# ── ranges of time ──


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", 10_000),
        ("now-15m", 9_100),
        ("now-2h", 2_800),
        ("1500000", 1_500),
        ("1970-01-01T01:00:00Z", 3_600),
        ("now-15", None),
        ("now+1h", None),
        ("yesterday", None),
        ("-5", None),
    ],
)
def test_the_ends_of_a_range_are_written_as_in_grafana(modules: Page, text: str, expected: float | None) -> None:
    found = call(modules, "range", "moment", text, 10_000)
    assert math.isnan(found) if expected is None else found == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("from=now-1h&to=now", ["now-1h", "now"]),
        ("from=1000&to=61000", ["1000", "61000"]),
        ("", ["now-15m", "now"]),
        ("from=now&to=now-1h", ["now-15m", "now"]),
        ("from=x&to=%3Cscript%3E", ["now-15m", "now"]),
        ("from=0&to=now", ["now-15m", "now"]),
    ],
)
def test_an_address_without_a_range_that_can_be_has_the_usual_one(modules: Page, query: str, expected: list) -> None:
    script = "async (query) => (await import('/page/js/range.js')).read(new URLSearchParams(query))"
    assert modules.evaluate(script, query) == dict(zip(("from", "to"), expected, strict=True))


def test_a_zoom_keeps_a_second(modules: Page) -> None:
    assert call(modules, "range", "between", 100.2, 100.3) == {"from": "99750", "to": "100750"}
    assert call(modules, "range", "between", 100, 160) == {"from": "100000", "to": "160000"}


def test_an_address_is_put_together_safely(modules: Page) -> None:
    given = {"q": 'a{b="c&d"} # x', "none": "", "var-service": ["a", "b"]}
    assert call(modules, "range", "address", "/metrics", given) == (
        "/metrics?q=a%7Bb%3D%22c%26d%22%7D+%23+x&var-service=a&var-service=b"
    )


# ── colours ──


def test_no_two_lines_look_alike(modules: Page) -> None:
    names = ["billing", "orders", "billing database", *(f"series {number}" for number in range(29))]
    found = [(one["color"], one["dash"]) for one in call(modules, "colours", "strokes", names)]
    assert len(set(found)) == len(names)


def test_a_service_has_one_colour_everywhere(modules: Page) -> None:
    for names in (["orders"], ["partner", "orders"], ["inventory", "billing", "orders"]):
        strokes = call(modules, "colours", "strokes", names)
        assert strokes[names.index("orders")]["color"] == call(modules, "colours", "serviceColor", "orders")


# ── traces ──


def span(id_: str, parent: str | None, start: int, duration: int, service: str = "p1", **more: Any) -> dict[str, Any]:
    references = [{"refType": "CHILD_OF", "traceID": "ab", "spanID": parent}] if parent else []
    return {
        "traceID": "ab",
        "spanID": id_,
        "operationName": id_,
        "references": references,
        "startTime": start,
        "duration": duration,
        "processID": service,
        "tags": [],
        "logs": [],
        **more,
    }


def read(modules: Page, *spans: dict[str, Any]) -> Any:
    processes = {"p1": {"serviceName": "orders", "tags": []}, "p2": {"serviceName": "partner", "tags": []}}
    script = """async (json) => {
      const trace = (await import("/page/js/tracing.js")).read(json);
      if (trace) for (const one of trace.spans) one.children = one.children.map((child) => child.id);
      if (trace) trace.root = trace.root.id;
      return trace;
    }"""
    return modules.evaluate(script, {"traceID": "ab", "spans": list(spans), "processes": processes})


def test_a_waterfall_has_parents_before_children(modules: Page) -> None:
    error = [{"key": "error", "type": "bool", "value": True}]
    trace = read(
        modules,
        span("c2", "root", 1_600, 200, "p2", tags=error),
        span("c1", "root", 1_100, 300),
        span("g1", "c1", 1_150, 100),
        span("root", None, 1_000, 1_000),
        span("lost", "never seen", 1_050, 10),
    )
    assert [(one["id"], one["depth"], one["start"]) for one in trace["spans"]] == [
        ("root", 0, 0),
        ("c1", 1, 100),
        ("g1", 2, 150),
        ("c2", 1, 600),
        ("lost", 0, 50),
    ]
    assert (trace["id"], trace["root"], trace["duration"], trace["errors"]) == ("ab".zfill(32), "root", 1_000, 1)
    assert trace["services"] == [{"name": "orders", "spans": 4}, {"name": "partner", "spans": 1}]


def test_a_span_s_own_time_is_what_its_children_leave(modules: Page) -> None:
    trace = read(
        modules,
        span("root", None, 0, 100),
        span("a", "root", 10, 30),
        span("b", "root", 20, 30),  # beside the one before
        span("c", "root", 90, 50),  # outlives its parent
    )
    assert trace["spans"][0]["self"] == 100 - 40 - 10


def test_spans_that_are_each_other_s_parents_hang_nothing(modules: Page) -> None:
    trace = read(modules, span("root", None, 0, 10), span("a", "b", 1, 2), span("b", "a", 1, 2), span("s", "s", 1, 2))
    assert {one["id"] for one in trace["spans"]} == {"root", "s"}
    assert read(modules) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http.response.status_code=503 error=true", {"http.response.status_code": "503", "error": "true"}),
        ('db.query.text="SELECT \\"a\\" = 1" x=', {"db.query.text": 'SELECT "a" = 1', "x": ""}),
        ("nothing of the kind", {}),
    ],
)
def test_tags_are_typed_as_in_jaeger(modules: Page, text: str, expected: dict) -> None:
    assert call(modules, "tracing", "tags", text) == expected
