"""Every query of every dashboard, annotation and rule, asked of a lab's own Prometheus under load.

A panel that stays empty is broken or says in its description that it may be: `EMPTY` while all is well, and then it is
not empty in an incident (test_incidents.py); `CONTAINERS` in the local runtime, where no Jaeger counts spans, and then
it is not empty in a lab of containers.
"""

import re
import time
from collections.abc import Iterator

import httpx
import pytest
import yaml

from dashboards.board import CONTAINERS, EMPTY
from lab.clients.prometheus import Prometheus, Series
from lab.runtime.state import ROOT
from tests.dashboards import BOARDS, filled_in, panels, shown
from tests.labs import wait_until
from tests.living import Living

QUIET_WITHIN_S = 120
DRAWN_WITHIN_S = 60
RULES = {
    rule["alert"]: rule["expr"]
    for path in sorted((ROOT / "alerts" / "rules").glob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
}
TARGETS = [
    pytest.param(uid, panel, target["expr"], id=f"{uid}: {panel['title']} {number}")
    for uid, board in BOARDS.items()
    for panel in panels(board)
    for number, target in enumerate(panel["targets"])
]
WITH_TRACES = [
    pytest.param(uid, target["expr"], id=f"{uid}: {panel['title']}")
    for uid, board in BOARDS.items()
    for panel in panels(board)
    for target in panel["targets"]
    if target.get("exemplar")
]


@pytest.fixture(scope="module")
def prometheus(living: Living) -> Iterator[Prometheus]:
    """Of a lab that has customers."""
    with Prometheus(living.ports.url("prometheus")) as client:
        answered = "sum by (service) (rate(customer_request_duration_seconds_count[30s])) > 0"
        wait_until(lambda: len(client.query(answered)) == 5, "customers of all five services", QUIET_WITHIN_S)
        yield client


@pytest.mark.parametrize("uid, panel, expr", TARGETS)
def test_a_panel_shows_something_or_says_why_it_does_not(
    living: Living, prometheus: Prometheus, uid: str, panel: dict, expr: str
) -> None:
    asked = filled_in(expr, BOARDS[uid])
    empty = (EMPTY,) if living.runtime == "compose" else (EMPTY, CONTAINERS)
    if panel["description"].endswith(empty):
        wait_until(lambda: not shown(prometheus.query(asked)), f"nothing of {asked}")
    else:
        wait_until(lambda: shown(prometheus.query(asked)), f"anything of {asked}", DRAWN_WITHIN_S)


@pytest.mark.parametrize("uid, expr", WITH_TRACES)
def test_points_on_a_latency_graph_are_traces(living: Living, prometheus: Prometheus, uid: str, expr: str) -> None:
    """Under the label that Grafana's data source links from."""
    asked = {"query": filled_in(expr, BOARDS[uid]), "start": time.time() - 900, "end": time.time()}
    url = f"{living.ports.url('prometheus')}/api/v1/query_exemplars"
    answer = httpx.get(url, params=asked, timeout=10, trust_env=False)
    found = [exemplar["labels"] for series in answer.json()["data"] for exemplar in series["exemplars"]]
    assert found and all(re.fullmatch("[0-9a-f]{32}", labels["trace_id"]) for labels in found)


@pytest.mark.parametrize("uid", BOARDS)
def test_the_lab_s_start_and_its_load_are_marked(prometheus: Prometheus, uid: str) -> None:
    marks = {mark["name"]: filled_in(mark["expr"], BOARDS[uid]) for mark in BOARDS[uid]["annotations"]["list"]}
    now = time.time()

    def events(name: str) -> list[Series]:
        return prometheus.query_range(marks[name], now - 900, now, 5)

    assert {series.labels["service"] for series in events("Process started")} >= {"billing", "load", "telemetry"}
    assert [series.labels for series in events("Load begins")] == [{"profile": "healthy"}]
    assert events("Load ended") == []
    assert events("Deployed") == []  # what a lab begins with replaces nothing


@pytest.mark.parametrize("name", RULES)
def test_a_rule_can_be_evaluated_and_holds_nothing_against_health(prometheus: Prometheus, name: str) -> None:
    wait_until(lambda: not prometheus.query(RULES[name]), f"{name} silent", QUIET_WITHIN_S)


def test_rules_are_evaluated_without_an_error(prometheus: Prometheus) -> None:
    failed = "sum by (rule_group) (prometheus_rule_evaluation_failures_total)"
    assert {series.value for series in prometheus.query(failed)} == {0}


def test_what_can_be_picked_reports(prometheus: Prometheus) -> None:
    reporting = {series.labels["service"] for series in prometheus.query("up == 1")}
    for board in BOARDS.values():
        for variable in board.get("templating", {}).get("list", []):
            assert set(variable["query"].split(",")) <= reporting
