"""The dashboards on the war room's page, of a lab under healthy load, as browsers see them."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from dashboards.board import CONTAINERS, EMPTY
from lab.clients.prometheus import Prometheus
from lab.runtime.ports import Ports
from tests.browsers import Viewer
from tests.dashboards import BOARDS, panels
from tests.labs import FIRST_UP_S, forget, labctl, wait_until

NAME = "e2e-boards"
PORTS = Ports(29200)
QUIET_WITHIN_S = 120
DRAWN_WITHIN_MS = 120_000
ALL_IN_SIGHT = {"width": 1600, "height": 4500}


@pytest.fixture(scope="module")
def lab() -> Iterator[str]:
    """Where the war room of a lab under healthy load is."""
    forget(NAME)
    try:
        labctl("up", "--runtime", "local", "--name", NAME, "--port-base", str(PORTS.base), seconds=FIRST_UP_S)
        with Prometheus(PORTS.url("prometheus")) as client:
            answered = "sum by (service) (rate(customer_request_duration_seconds_count[30s])) > 0"
            wait_until(lambda: len(client.query(answered)) == 5, "customers of all five services", QUIET_WITHIN_S)
        yield PORTS.url("warroom")
    finally:
        forget(NAME)


@pytest.mark.parametrize("uid", BOARDS)
def test_every_panel_shows_something_or_says_why_it_does_not(lab: str, look: Callable[..., Viewer], uid: str) -> None:
    page = look(lab, "", viewport=ALL_IN_SIGHT).go(f"/boards/{uid}?from=now-5m&to=now")
    for panel in panels(BOARDS[uid]):
        declared = panel["description"].endswith((EMPTY, CONTAINERS))
        shown = page.locator(f".panel[data-panel='{panel['id']}']")
        expect(shown, panel["title"]).to_have_attribute(
            "data-drawn", "nothing" if declared else "data", timeout=DRAWN_WITHIN_MS
        )


def test_a_dot_leads_to_its_trace_and_that_to_its_lines(lab: str, look: Callable[..., Viewer]) -> None:
    page = look(lab, "", viewport=ALL_IN_SIGHT).go("/boards/overview?from=now-5m&to=now")
    # Of requests: what a service does by itself has no lines. The last lies over the others.
    page.locator(".panel[aria-label='P99 inside'] .exemplar").last.click(timeout=DRAWN_WITHIN_MS)
    page.wait_for_url("**/traces/*")
    expect(page.get_by_role("treeitem").first).to_be_visible()
    trace = page.url.rpartition("/")[2]
    page.get_by_role("link", name="Its log lines").click()
    page.wait_for_url("**/logs?**")
    expect(page.locator(".lines li").first).to_be_visible()
    page.get_by_role("link", name=f"Trace {trace}").first.click()
    page.wait_for_url(f"**/traces/{trace}")


@pytest.mark.parametrize("service", ["customers", "billing", "checkout", "orders"])
def test_traces_of_every_kind_are_found_and_drawn(lab: str, look: Callable[..., Viewer], service: str) -> None:
    page = look(lab, "").go(f"/traces?service={service}")
    page.locator("table.traces tbody a").first.click(timeout=DRAWN_WITHIN_MS)
    expect(page.get_by_role("treeitem").first).to_be_visible()
    expect(page.get_by_label("The chosen span")).to_contain_text("Attributes")


def test_a_line_that_is_written_is_seen_by_who_follows(lab: str, look: Callable[..., Viewer]) -> None:
    page = look(lab, "").go("/logs?service=billing&from=now-5m&to=now")
    first = page.locator(".lines li time").first
    first.wait_for(timeout=DRAWN_WITHIN_MS)
    before = first.get_attribute("datetime")
    page.get_by_label("Refresh", exact=True).first.select_option("2")
    expect(first).not_to_have_attribute("datetime", before or "", timeout=DRAWN_WITHIN_MS)


def test_any_question_is_answered_as_a_graph_and_a_table(lab: str, look: Callable[..., Viewer]) -> None:
    page = look(lab, "").go("/metrics")
    page.get_by_label("PromQL").fill("sum by (service) (rate(http_server_request_duration_seconds_count[30s]))")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("main td", has_text="billing").first).to_be_visible(timeout=DRAWN_WITHIN_MS)
    expect(page.locator(".plot .line").first).to_be_attached()
    page.get_by_label("PromQL").fill("sum by (")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert").filter(has_text="Prometheus cannot answer that")).to_be_visible()
