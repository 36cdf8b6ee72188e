"""What every dashboard owes its reader, and that it asks for nothing that does not exist."""

import ast
import re
import subprocess
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from dashboards import board as style
from dashboards.__main__ import BOARDS as DECLARED
from dashboards.queries import SERVICES as PICKED
from lab import scenario
from lab.runtime import packages
from lab.runtime.state import ROOT
from tests.dashboards import BOARDS, FOLDER, panels, queries, variables

DRAWN = {"timeseries", "stat", "gauge", "bargauge", "table"}
RULES = {
    rule["alert"]: rule
    for path in sorted((ROOT / "alerts" / "rules").glob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
}
ASKED = [(where, expr) for board in BOARDS.values() for where, expr in queries(board)]
ASKED += [(f"rule {name}", rule["expr"]) for name, rule in RULES.items()]
PANELS = [pytest.param(panel, id=f"{uid}: {panel['title']}") for uid in BOARDS for panel in panels(BOARDS[uid])]

# Metrics that are nobody's code of ours.
PROMETHEUS = {
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "ALERTS",
    "ALERTS_FOR_STATE",
    "prometheus_notifications_dropped_total",
    "prometheus_rule_group_iterations_missed_total",
    "prometheus_rule_group_last_duration_seconds",
    "prometheus_tsdb_head_samples_appended_total",
    "prometheus_tsdb_head_series",
}
PROCESS = {
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
}
# Of the collector's span metrics connector, under the namespace that compose/jaeger.yml gives it.
JAEGER = {"traces_span_metrics_calls_total", "traces_span_metrics_duration_milliseconds_bucket"}


def test_the_committed_json_is_what_the_programs_print() -> None:
    for board in DECLARED:
        written = (FOLDER / f"{board.uid}.json").read_text()
        assert written == style.render(board), f"{board.uid}.json is not up to date: run python -m dashboards."
    assert set(BOARDS) == {board.uid for board in DECLARED}
    assert len(DECLARED) == len(BOARDS), "two dashboards have one uid"


def test_whoever_is_sent_to_a_dashboard_finds_it() -> None:
    linked = {rule["annotations"]["dashboard_url"].rpartition("/d/")[2] for rule in RULES.values()}
    named = {uid for found in scenario.load_all() for uid in found.dashboards}
    assert linked | named <= set(BOARDS)
    assert all(board["uid"] == name for name, board in BOARDS.items())


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows_and_in_what_unit(panel: dict) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["type"] in DRAWN
    assert defaults["unit"] not in ("", "none"), "a number of what?"
    assert panel["description"].endswith(".") and len(panel["description"].split()) >= 5
    assert [target["datasource"] for target in panel["targets"]] == [
        {"type": "prometheus", "uid": "prometheus"} for _ in panel["targets"]
    ]
    if panel["type"] != "table":
        assert all(target["legendFormat"] for target in panel["targets"])
    steps = defaults["thresholds"]["steps"]
    assert steps[0]["value"] is None, "Grafana wants the first step without a value"
    assert [step["value"] for step in steps[1:]] == sorted(step["value"] for step in steps[1:])


@pytest.mark.parametrize("uid", BOARDS)
def test_panels_stand_side_by_side(uid: str) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in BOARDS[uid]["panels"]]
    assert len({panel["id"] for panel in BOARDS[uid]["panels"]}) == len(places)
    for title, place in places:
        assert place["x"] + place["w"] <= style.WIDTH, title
    for (one, a), (other, b) in combinations(places, 2):
        apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert apart or above, f"{one} lies on {other}"


@pytest.mark.parametrize("uid", BOARDS)
def test_load_deployments_and_restarts_are_marked(uid: str) -> None:
    marks = BOARDS[uid]["annotations"]["list"]
    assert [mark["name"] for mark in marks] == ["Load begins", "Load ended", "Deployed", "Process started"]
    assert all(mark["enable"] and mark["titleFormat"] for mark in marks)


def test_limits_are_those_that_the_team_spec_promises() -> None:
    promised = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", (ROOT / "docs" / "team-spec.md").read_text(), re.M))
    healthy = next(bound for name, bound in promised.items() if name.startswith("P99 at healthy load"))
    burst = next(bound for name, bound in promised.items() if name.startswith("P99 in a burst"))
    assert (healthy, burst) == ("500 ms", "2.5 s")
    assert [limit for limit, _ in style.LATENCY_LIMITS] == [0.5, 2.5]
    assert promised["error ratio"] == f"{style.ERROR_LIMITS[0][0] * 100:g} %"


def test_the_services_to_pick_from_are_the_companys() -> None:
    folders = {path.parent.name for path in (ROOT / "services").glob("*/app.py")} - {"kit", "warroom"}
    assert set(PICKED) == folders
    assert variables(BOARDS["overview"]) == {"service": "|".join(PICKED)}


def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"asked:{number}", "expr": expr} for number, (_, expr) in enumerate(ASKED)]
    path = tmp_path / "asked.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    promtool = packages.find("promtool")
    assert promtool, "promtool was not found: run .lab/venv/bin/python -m lab.runtime.packages."
    done = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_deployment_is_marked_for_a_minute_and_a_start_is_not(tmp_path: Path) -> None:
    """billing gets r-1 at 5:00, is restarted at 6:30 and goes back at 8:00; orders is only away for half a minute."""
    series = {
        'service_release_info{release="baseline-1", service="billing"}': "1x29 stale _x17 1x30",
        'service_release_info{release="r-1", service="billing"}': "_x30 1x8 stale 1x7 stale",
        'service_release_info{release="baseline-1", service="orders"}': "1x29 stale stale stale 1x60",
    }
    to, back = (
        [{"labels": f'service_release_info{{release="{release}", service="billing"}}', "value": 1}]
        for release in ("r-1", "baseline-1")
    )
    expected = {"0s": [], "1m": [], "290s": [], "310s": to, "350s": to, "380s": [], "410s": [], "450s": []}
    expected |= {"490s": back, "530s": back, "560s": [], "12m": []}
    asked = [
        {"expr": style.deployed_in_the_minute(), "eval_time": at, "exp_samples": found}
        for at, found in expected.items()
    ]
    given = [{"series": name, "values": values} for name, values in series.items()]
    path = tmp_path / "test.yml"
    path.write_text(
        yaml.safe_dump({"tests": [{"interval": "10s", "input_series": given, "promql_expr_test": asked}]}, width=1000)
    )
    promtool = packages.find("promtool")
    assert promtool, "promtool was not found: run .lab/venv/bin/python -m lab.runtime.packages."
    done = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def metrics(expr: str) -> set[str]:
    """The names of the metrics in a PromQL expression."""
    expr = re.sub(r'"[^"]*"', "", expr)
    expr = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", expr)
    expr = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", expr)
    expr = re.sub(r"\boffset\s+\w+", " ", expr)
    names = set(re.findall(r"(?<![\w.:])[A-Za-z_:][\w:]*(?![\w:]*\s*\()", expr))
    return names - {"and", "or", "unless", "bool"}


@cache
def exported() -> set[str]:
    """Every series name that a metric made in the code has."""
    found = set()
    for folder in ("services", "loadgen", "lab/telemetry"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                    continue
                kind, name = node.func.id, node.args[0]
                if kind not in ("Counter", "Gauge", "Histogram") or not isinstance(name, ast.Constant):
                    continue
                if kind == "Counter":
                    found.add(f"{name.value.removesuffix('_total')}_total")
                elif kind == "Gauge":
                    found.add(name.value)
                else:
                    found |= {f"{name.value}_{part}" for part in ("bucket", "count", "sum")}
    return found


@pytest.mark.parametrize(
    "expr, names",
    [
        (
            'sum by (x, le) (rate(a_bucket{route!="/x"}[10s] offset 1m)) > 0.5 and on (x) b',
            {"a_bucket", "b"},
        ),
        ('absent(c{d="e"}) or vector(0) * time() unless (f_total > bool 1e3)', {"c", "f_total"}),
    ],
)
def test_metrics_are_told_from_all_else(expr: str, names: set[str]) -> None:
    assert metrics(expr) == names


@pytest.mark.parametrize("where, expr", ASKED, ids=[where for where, _ in ASKED])
def test_a_query_asks_for_metrics_that_somebody_exports(where: str, expr: str) -> None:
    known = exported() | PROMETHEUS | PROCESS | JAEGER
    assert metrics(expr), "a query without a metric"
    assert metrics(expr) <= known


@pytest.mark.parametrize("panel", PANELS)
def test_only_panels_about_jaegers_spans_are_for_containers_alone(panel: dict) -> None:
    names = {name for target in panel["targets"] for name in metrics(target["expr"])}
    assert panel["description"].endswith(style.CONTAINERS) == bool(names & JAEGER)
