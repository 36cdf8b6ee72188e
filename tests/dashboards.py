"""The committed dashboards, as whoever draws them reads them."""

import json
import math
from typing import Any

from dashboards.board import EMPTY
from lab.clients.prometheus import Series
from lab.runtime.state import ROOT

FOLDER = ROOT / "dashboards" / "json"
BOARDS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
RATE_INTERVAL = "8s"  # what Grafana makes of $__rate_interval on a graph of minutes: four scrapes


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """All but the rows' headings."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def variables(board: dict[str, Any]) -> dict[str, str]:
    """What stands for each variable while everything is picked."""
    return {variable["name"]: variable["allValue"] for variable in board.get("templating", {}).get("list", [])}


def filled_in(expr: str, board: dict[str, Any]) -> str:
    """The expression as it is sent to Prometheus."""
    for name, value in {"__rate_interval": RATE_INTERVAL, **variables(board)}.items():
        expr = expr.replace(f"${name}", value)
    return expr


def declared_empty(uid: str) -> list[tuple[str, str, str]]:
    """(dashboard, title, expression) of what says that it is empty while all is well."""
    return [
        (uid, panel["title"], filled_in(target["expr"], BOARDS[uid]))
        for panel in panels(BOARDS[uid])
        if panel["description"].endswith(EMPTY)
        for target in panel["targets"]
    ]


def shown(found: list[Series]) -> list[Series]:
    """What a panel can draw; NaN is drawn as nothing."""
    return [series for series in found if not math.isnan(series.value)]


def queries(board: dict[str, Any]) -> list[tuple[str, str]]:
    """(where it stands, expression) of every panel and annotation."""
    found = [
        (f"{board['uid']}: {panel['title']} {target['refId']}", target["expr"])
        for panel in panels(board)
        for target in panel["targets"]
    ]
    found += [(f"{board['uid']}: {each['name']}", each["expr"]) for each in board["annotations"]["list"]]
    return [(where, filled_in(expr, board)) for where, expr in found]
