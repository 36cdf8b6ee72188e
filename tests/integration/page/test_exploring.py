"""The views that look into metrics, traces and logs, with answers that a test gives."""

import time
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.dashboards import BOARDS, panels
from tests.integration.page.conftest import Screen

TRACE = "0af7651916cd43dd8448eb211c80319c"
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
AWAY = (503, "Prometheus is away; see labctl status and labctl logs prometheus.")


def matrix(*labels: dict[str, str], value: float = 0.25) -> Any:
    """What query_range answers: a line for each."""

    def answer(query: dict[str, list[str]]) -> Any:
        start, end, step = (float(query[name][0]) for name in ("start", "end", "step"))
        times = [start + step * number for number in range(int((end - start) / step) + 1)]
        points = [[at, str(value * (1 + index % 5))] for index, at in enumerate(times)]
        return ok("matrix", [{"metric": each, "values": points} for each in labels])

    return answer


def vector(*labels: dict[str, str], value: float = 0.25) -> Any:
    return ok("vector", [{"metric": each, "value": [time.time(), str(value)]} for each in labels])


def ok(kind: str, result: Any) -> Any:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


def exemplars(query: dict[str, list[str]]) -> Any:
    at = (float(query["start"][0]) + float(query["end"][0])) / 2
    one = {"labels": {"trace_id": TRACE}, "value": "0.4", "timestamp": at}
    return {"status": "success", "data": [{"seriesLabels": {"service": "orders", "route": "/x"}, "exemplars": [one]}]}


def span(number: int, parent: int | None, service: str, **more: Any) -> dict[str, Any]:
    now = int(time.time() * 1e6) - 10_000_000
    references = [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": f"{parent:016x}"}] if parent is not None else []
    return {
        "traceID": TRACE,
        "spanID": f"{number:016x}",
        "operationName": f"operation {number}",
        "references": references,
        "startTime": now + number * 1_000,
        "duration": 100_000 - number * 1_000,
        "tags": [{"key": "span.kind", "type": "string", "value": "server"}],
        "logs": [],
        "processID": service,
        "warnings": None,
    } | more


def trace(*spans: dict[str, Any]) -> dict[str, Any]:
    names = {one["processID"] for one in spans}
    processes = {name: {"serviceName": name, "tags": []} for name in names}
    return {"traceID": TRACE, "spans": list(spans), "processes": processes, "warnings": None}


FAILED = [{"key": "error", "type": "bool", "value": True}, {"key": "db.query.text", "value": f"SELECT '{HOSTILE}'"}]
EVENT = {"timestamp": int(time.time() * 1e6), "fields": [{"key": "event", "value": "exception"}]}
ONE_TRACE = trace(
    span(0, None, "checkout"),
    span(1, 0, "inventory"),
    span(2, 1, "promotions", tags=FAILED, logs=[EVENT]),
    span(3, 0, "checkout", operationName=HOSTILE),
)
LINE = {
    "ts": "2026-11-26T19:57:55.410000Z",
    "level": "WARN",
    "service": "orders",
    "event": HOSTILE,
    "trace_id": TRACE,
    "span_id": "00f067aa0ba902b7",
    "status": 504,
}


@pytest.fixture
def stores(tab: Screen) -> Screen:
    """All stores answer, and have something."""
    tab.answers |= {
        "/api/links": {"grafana": "", "jaeger": "", "prometheus": ""},
        "/api/dashboards": [{"uid": uid, "title": board["title"], "description": ""} for uid, board in BOARDS.items()],
        **{f"/api/dashboards/{uid}": board for uid, board in BOARDS.items()},
        "/api/prometheus/query_range": matrix({"service": "orders"}, {"service": "billing"}),
        "/api/prometheus/query": vector({"service": "orders", "alertname": "X"}),
        "/api/prometheus/query_exemplars": exemplars,
        "/api/prometheus/label/__name__/values": {"data": ["up", "process_cpu_seconds_total", "process_open_fds"]},
        "/api/prometheus/label/service/values": {"data": ["orders", "billing"]},
        "/api/prometheus/metadata": {"data": {"up": [{"type": "gauge", "help": "Whether it reports."}]}},
        "/api/evidence/check": lambda query: {"usable": "/" not in query["ref"][0], "why": "It is arithmetic."},
        "/api/jaeger/services": {"data": ["orders", "checkout"]},
        "/api/jaeger/operations": {"data": [{"name": "GET /x", "spanKind": "server"}]},
        "/api/jaeger/traces": {"data": [ONE_TRACE]},
        f"/api/jaeger/traces/{TRACE}": {"data": [ONE_TRACE]},
        "/api/logs": {"data": [LINE], "cursor": "7"},
    }
    return tab


# ── dashboards ──


@pytest.mark.parametrize("uid", BOARDS)
def test_every_panel_is_drawn_as_it_is_in_its_file(stores: Screen, uid: str) -> None:
    stores.page.set_viewport_size({"width": 1600, "height": 6000})
    page = stores.open(f"/boards/{uid}", BOARDS[uid]["title"])
    expect(page.locator('.panel[data-drawn="data"]')).to_have_count(len(panels(BOARDS[uid])))
    for panel in panels(BOARDS[uid]):
        shown = page.locator(f".panel[data-panel='{panel['id']}']")
        expect(shown.get_by_role("heading", name=panel["title"], exact=True)).to_be_visible()
        expect(shown.get_by_role("tooltip", include_hidden=True)).to_have_text(panel["description"])
    assert page.locator(".refusal:not(:empty)").count() == 0
    sent = {one["query"][0] for path in ("query", "query_range") for one in stores.questions(f"/api/prometheus/{path}")}
    assert not any("$" in query for query in sent)
    assert stores.viewer.barriers() == []


def test_only_what_is_in_sight_is_asked_for(stores: Screen) -> None:
    stores.page.set_viewport_size({"width": 1280, "height": 720})
    page = stores.open("/boards/overview", "Overview")
    expect(page.locator(".panel[data-drawn]").first).to_be_visible()
    drawn = page.locator(".panel[data-drawn]").count()
    assert drawn < len(panels(BOARDS["overview"]))
    page.locator(".panel").last.scroll_into_view_if_needed()
    expect(page.locator(".panel").last).to_have_attribute("data-drawn", "data")


def test_a_service_can_be_picked_and_the_address_says_so(stores: Screen) -> None:
    page = stores.open("/boards/overview?from=now-5m&to=now", "Overview")
    with page.expect_request(lambda request: 'service=~"orders"' in unquote_plus(request.url)):
        page.get_by_role("group", name="Service").get_by_role("button", name="orders").click()
    page.wait_for_url(lambda url: url.endswith("var-service=orders"))


def span_s(url: str) -> float:
    """The seconds that a question to query_range is about; 0 of any other."""
    if "/query_range?" not in url:
        return 0
    query = parse_qs(urlsplit(url).query)
    return float(query["end"][0]) - float(query["start"][0])


def test_a_drag_zooms_all_panels_and_leads_back(stores: Screen) -> None:
    page = stores.open("/boards/overview", "Overview")
    plot = page.locator(".panel[data-drawn] .plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    before = page.url
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 40, steps=4)
    with page.expect_request(lambda request: 100 < span_s(request.url) < 400):
        page.mouse.up()
    page.wait_for_url(lambda url: "from=now" not in url and "from=" in url)
    page.get_by_role("button", name="Back", exact=True).click()
    page.wait_for_url(before if "from=" in before else "**from=now-15m**")


def test_a_dot_opens_its_trace(stores: Screen) -> None:
    page = stores.open("/boards/overview", "Overview")
    page.locator(".panel .exemplar").first.click()  # which looks for it once more if it is drawn again meanwhile
    page.wait_for_url(f"**/traces/{TRACE}")
    expect(page.get_by_role("tree")).to_be_visible()


def test_a_press_that_spans_a_redraw_is_a_click_all_the_same(stores: Screen) -> None:
    page = stores.open("/metrics?q=x_count", "Metrics")
    dot = page.locator(".exemplar").first
    dot.scroll_into_view_if_needed()
    page.get_by_label("Refresh", exact=True).first.select_option("2")
    dot.hover()
    page.mouse.down()
    asked = len(stores.questions("/api/prometheus/query_exemplars"))
    while len(stores.questions("/api/prometheus/query_exemplars")) < asked + 2:
        page.wait_for_timeout(100)
    page.mouse.up()
    page.wait_for_url(f"**/traces/{TRACE}")
    expect(page.get_by_role("tree")).to_be_visible()


def test_what_has_the_focus_keeps_it_while_charts_are_updated(stores: Screen) -> None:
    page = stores.open("/metrics?q=x_count", "Metrics")
    page.get_by_label("Refresh", exact=True).first.select_option("2")
    for kept in (
        page.locator(".legend button").last,
        page.get_by_role("region", name="Values at the end of the range"),
    ):
        kept.focus()
        page.evaluate("window.kept = document.activeElement")
        asked = len(stores.questions("/api/prometheus/query_exemplars"))
        while len(stores.questions("/api/prometheus/query_exemplars")) < asked + 2:
            page.wait_for_timeout(100)
        assert page.evaluate("document.activeElement === window.kept && window.kept.isConnected")


def test_a_line_keeps_its_colour_when_another_becomes_greater(stores: Screen) -> None:
    def colours() -> dict[str, str]:
        found = page.locator(".legend button").evaluate_all(
            "all => all.map((one) => [one.textContent, one.querySelector('line').style.stroke])"
        )
        return dict(found)

    def grown(name: str) -> Any:
        def answer(query: dict[str, list[str]]) -> Any:
            rows = matrix({"a": "one"}, {"a": "two"})(query)["data"]["result"]
            for row in rows:
                row["values"] = [[at, "9" if row["metric"]["a"] == name else "1"] for at, _ in row["values"]]
            return ok("matrix", rows)

        return answer

    stores.answers["/api/prometheus/query_range"] = grown("one")
    page = stores.open("/metrics?q=up", "Metrics")
    expect(page.locator(".legend button")).to_have_count(2)
    before = colours()
    stores.answers["/api/prometheus/query_range"] = grown("two")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator(".legend tr", has_text="two").locator(".figure").first).to_have_text("9")
    assert colours() == before


def test_what_nobody_has_answered_yet_is_not_nothing(stores: Screen) -> None:
    stores.answers["/api/prometheus/query_range"] = AWAY
    page = stores.open("/metrics?q=up", "Metrics")
    expect(page.get_by_role("alert").filter(has_text="Prometheus is away")).to_be_visible()
    expect(page.locator(".plot .nothing")).to_have_text("Not known.")
    stores.answers["/api/prometheus/query_range"] = ok("matrix", [])
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator(".plot .nothing")).to_have_text("No data in this time range.")


def test_traces_of_a_panel_s_time_are_those_of_its_services(stores: Screen) -> None:
    page = stores.open("/boards/overview", "Overview")
    panel = page.locator('.panel.of-timeseries[aria-label="Customers\' requests"]')
    expect(panel).to_have_attribute("data-drawn", "data")
    panel.locator("summary").click()
    panel.get_by_role("link", name="Traces of this time: orders").click()
    expect(page.get_by_role("region", name="Traces found").get_by_role("link").first).to_be_visible()


def test_a_chart_is_read_by_keys(stores: Screen) -> None:
    now = int(time.time())
    range_ = f"from={now - 900}000&to={now}000"  # which does not go on while it is read
    page = stores.open(f"/metrics?q=histogram_quantile(0.9,x_seconds_bucket)&{range_}", "Metrics")
    plot = page.get_by_role("application")
    page.locator(".exemplar").wait_for(state="attached")
    plot.focus()
    page.keyboard.press("Home")
    said = page.locator(".chart [aria-live]")
    expect(said).to_contain_text("orders")
    expect(said).to_contain_text("250 ms")
    for _ in range(9):
        page.keyboard.press("Shift+ArrowRight")
    expect(said).to_contain_text("a trace: Enter opens it")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/traces/{TRACE}")


@pytest.mark.parametrize(
    ("title", "why"), [("Customers' requests", ""), ("Customers' error ratio", "It is arithmetic.")]
)
def test_a_query_is_evidence_where_it_can_be(stores: Screen, title: str, why: str) -> None:
    page = stores.open("/boards/overview", "Overview")
    panel = page.locator(f'.panel.of-timeseries[aria-label="{title}"]')
    panel.locator("summary").click()
    if why:
        expect(panel.locator(".menu")).to_contain_text(why)
        assert panel.get_by_role("button", name="Use as evidence").count() == 0
    else:
        panel.get_by_role("button", name="Use as evidence").click()
        expect(panel.get_by_role("button", name="In the tray")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(panel.locator(".inside")).to_be_hidden()


def test_a_store_that_is_away_is_said_to_be_and_comes_back(stores: Screen) -> None:
    ranges = stores.answers["/api/prometheus/query_range"]
    stores.answers["/api/prometheus/query_range"] = AWAY
    page = stores.open("/metrics?q=up", "Metrics")
    expect(page.get_by_role("alert").filter(has_text="Prometheus is away")).to_be_visible()
    stores.answers["/api/prometheus/query_range"] = ranges
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("alert").filter(has_text="Prometheus is away")).to_have_count(0)
    expect(page.get_by_text("2 series")).to_be_visible()


# ── metrics ──


def test_names_are_offered_while_they_are_typed(stores: Screen) -> None:
    page = stores.open("/metrics", "Metrics")
    field = page.get_by_label("PromQL")
    field.press_sequentially("rate(proc")
    offered = page.get_by_role("listbox", name="Names").get_by_role("option")
    expect(offered).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("rate(process_cpu_seconds_total")
    field.press_sequentially('{service="o')
    expect(offered).to_have_text(["orders"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    field.press_sequentially('"}[30s])')
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**q=rate%28process_cpu_seconds_total%7B**")
    expect(page.get_by_role("cell", name="orders")).to_be_visible()
    assert stores.viewer.barriers() == []


# ── traces ──


def test_traces_are_searched_for_as_is_asked(stores: Screen) -> None:
    page = stores.open("/traces", "Traces")
    page.get_by_label("Service").select_option("orders")
    page.get_by_label("Operation").select_option("GET /x")
    page.get_by_label("At least").fill("500ms")
    page.get_by_label("Tags").fill('http.response.status_code=503 a="b c"')
    page.get_by_label("Failed only").check()
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="checkout operation 0", exact=True).wait_for()
    (asked,) = stores.questions("/api/jaeger/traces")
    assert {name: asked[name] for name in ("service", "operation", "minDuration", "limit")} == {
        "service": ["orders"],
        "operation": ["GET /x"],
        "minDuration": ["500ms"],
        "limit": ["20"],
    }
    assert asked["tags"] == ['{"http.response.status_code":"503","a":"b c","error":"true"}']
    assert stores.viewer.barriers() == []
    page.locator(".scatter .exemplar").click()
    page.wait_for_url(f"**/traces/{TRACE}")
    page.go_back()
    expect(page.get_by_label("At least")).to_have_value("500ms")
    expect(page.get_by_label("Failed only")).to_be_checked()


def test_a_trace_is_walked_by_keys(stores: Screen) -> None:
    page = stores.open(f"/traces/{TRACE}", "checkout operation 0")
    tree = page.get_by_role("tree")
    # What failed is chosen first.
    expect(tree.locator("[aria-selected=true]")).to_contain_text("promotions operation 2")
    expect(page.get_by_label("The chosen span")).to_contain_text("exception")
    tree.locator("[aria-selected=true]").focus()
    for key, name in (
        ("ArrowUp", "inventory"),
        ("ArrowLeft", "inventory"),
        ("ArrowDown", HOSTILE),
        ("Home", "checkout"),
    ):
        page.keyboard.press(key)
        expect(tree.locator("[aria-selected=true]")).to_contain_text(name)
        expect(tree.locator("[aria-selected=true]")).to_be_focused()
    expect(tree.get_by_role("treeitem")).to_have_count(3)  # one is folded
    assert stores.viewer.barriers() == []


def test_a_trace_that_is_gone_is_said_to_be(stores: Screen) -> None:
    stores.answers[f"/api/jaeger/traces/{TRACE}"] = (404, "The trace store has none such.")
    stores.viewer.tolerated.append("The trace store has none such.")
    page = stores.page
    page.goto(f"http://page.test/traces/{TRACE}")
    expect(page.get_by_role("alert").filter(has_text="The trace store has none such.")).to_be_visible()


# ── logs ──


def test_lines_are_searched_for_and_followed(stores: Screen) -> None:
    page = stores.open("/logs", "Logs")
    page.get_by_label("Service").select_option("orders")
    page.get_by_label("Level").select_option("WARN")
    page.get_by_label("Text").fill("partner")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url("**service=orders&level=WARN&text=partner**")
    expect(page.locator(".lines li")).to_have_count(1)
    stores.answers["/api/logs"] = {"data": [{**LINE, "event": "the next"}], "cursor": "8"}
    page.get_by_label("Refresh", exact=True).first.select_option("2")
    expect(page.locator(".lines li").first).to_contain_text("the next")
    page.locator(".lines li").last.locator("summary").click()
    page.evaluate("window.kept = document.activeElement")
    stores.answers["/api/logs"] = {"data": [{**LINE, "event": "one more"}], "cursor": "9"}
    expect(page.locator(".lines li").first).to_contain_text("one more")
    assert page.evaluate("document.activeElement === window.kept && window.kept.parentElement.open")
    last = stores.questions("/api/logs")[-1]
    assert (last["service"], last["level"], last["text"], last["after"][0] in "789") == (
        ["orders"],
        ["WARN"],
        ["partner"],
        True,
    )
    assert stores.viewer.barriers() == []


# ── from each to the others ──


@pytest.mark.parametrize(
    ("start", "heading", "link", "leads_to"),
    [
        ("/metrics?q=up", "Metrics", "Traces of this time: orders", "/traces"),
        ("/metrics?q=up", "Metrics", "Logs of this time", "/logs"),
        (f"/traces/{TRACE}", "checkout operation 0", "Metrics of this time", "/metrics"),
        (f"/traces/{TRACE}", "checkout operation 0", "Its log lines", "/logs"),
        ("/logs", "Logs", f"Trace {TRACE}", f"/traces/{TRACE}"),
        ("/logs", "Logs", "Metrics of orders at this time", "/metrics"),
    ],
)
def test_one_click_leads_to_the_other_two(stores: Screen, start: str, heading: str, link: str, leads_to: str) -> None:
    page = stores.open(start, heading)
    page.get_by_role("link", name=link).click()
    page.wait_for_url(lambda url: url.partition("?")[0].endswith(leads_to))
    # And there is what was looked for, rather than another question.
    expect(page.locator(".traces tbody tr, .lines li, .waterfall, .legend button").first).to_be_visible()
    expect(page.locator(".state.failed")).to_have_count(0)


# ── what others have written ──


@pytest.mark.parametrize(
    ("path", "heading"), [(f"/traces/{TRACE}", "checkout"), ("/logs", "Logs"), ("/traces?service=orders", "Traces")]
)
def test_what_a_store_holds_is_text(stores: Screen, path: str, heading: str) -> None:
    page = stores.open(path, heading)
    page.locator(".waterfall, .lines, .traces").first.wait_for()
    assert page.locator("main img, main script").count() == 0
    assert page.title() != "1"


def test_labels_are_text(stores: Screen) -> None:
    stores.answers["/api/prometheus/query_range"] = matrix({"a": HOSTILE, "__name__": "up"})
    stores.answers["/api/prometheus/query"] = vector({"a": HOSTILE, "b": "‮evil" + "x" * 5_000})
    page: Page = stores.open("/metrics?q=up", "Metrics")
    expect(page.get_by_role("cell", name=HOSTILE)).to_be_visible()
    assert page.locator("main img, main script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
