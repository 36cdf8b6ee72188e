"""How a dashboard of the lab is laid out and looks, in terms of Grafana's own builders.

Panels are time series, stats, gauges, bar gauges and tables of one Prometheus, so that whatever can draw those can show
the committed JSON. A panel that rightly shows nothing says so at the end of its description (`EMPTY`, `CONTAINERS`); a
test reads that and holds it to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, gauge, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.queries import asked_in_the_minute, deployed_in_the_minute

EMPTY = "Empty while all is well."
CONTAINERS = "Only in the lab as containers."

SOURCE = models.DataSourceRef(type_val="prometheus", uid="prometheus")
TAG = "3am-lab"
WIDTH = 24  # columns of Grafana's grid

# What the team spec promises customers at healthy load, and in a burst.
LATENCY_LIMITS = ((0.5, "orange"), (2.5, "red"))  # seconds, P99
ERROR_LIMITS = ((0.01, "red"),)

Limits = Sequence[tuple[float, str]]
Panel = timeseries.Panel | stat.Panel | gauge.Panel | bargauge.Panel | table.Panel
AnyPanel = TypeVar("AnyPanel", bound=Panel)


@dataclass(frozen=True)
class Query:
    """`legend` names a series by its labels, as in `{{service}}`. `exemplars` are the traces behind a latency."""

    expr: str
    legend: str
    exemplars: bool = False


@dataclass(frozen=True)
class Row:
    """Panels of one height, left to right; `title` heads them."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Board:
    """`services` can be picked at the top as `$service`; none where that would make no sense."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    services: Sequence[str] = ()


@dataclass(frozen=True)
class Mark:
    """An event on every graph: wherever `expr` has a value or, `at_value`, at the time in milliseconds that it has."""

    name: str
    color: str
    expr: str
    title: str
    at_value: bool = False


MARKS = (
    Mark(
        "Load begins",
        "blue",
        f"{asked_in_the_minute(0)} unless {asked_in_the_minute(1)}",
        "{{profile}} begins",
    ),
    Mark(
        "Load ended",
        "purple",
        f"{asked_in_the_minute(1)} unless {asked_in_the_minute(0)}",
        "{{profile}} ended a minute before",
    ),
    Mark("Deployed", "green", deployed_in_the_minute(), "{{release}} deployed to {{service}}"),
    Mark(
        "Process started",
        "orange",
        "process_start_time_seconds * 1000 and time() - process_start_time_seconds < 60",
        "{{service}} started",
        at_value=True,
    ),
)


def graph(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    span: int = 8,
    limits: Limits = (),
    maximum: float | None = None,
    stacked: bool = False,
) -> timeseries.Panel:
    """Values over time; `limits` are drawn as dashed lines."""
    panel = _common(timeseries.Panel(), title, description, unit, span, 8, limits)
    for letter, target in zip(ascii_uppercase, queries, strict=False):
        panel.with_target(_target(target).ref_id(letter))
    panel.min(0).line_width(1).fill_opacity(25 if stacked else 8).show_points(options.VisibilityMode.NEVER)
    panel.legend(
        common.VizLegendOptions()
        .display_mode(options.LegendDisplayMode.TABLE)
        .placement(options.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )
    panel.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING))
    if limits:
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED))
    if maximum is not None:
        panel.max(maximum)
    if stacked:
        panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    return panel


def number(title: str, description: str, unit: str, target: Query, *, span: int = 4, limits: Limits = ()) -> stat.Panel:
    """The latest value, large; its colour is that of the highest limit it has reached."""
    panel = _common(stat.Panel(), title, description, unit, span, 4, limits).with_target(_target(target, instant=True))
    panel.reduce_options(_latest()).graph_mode(options.BigValueGraphMode.NONE)
    panel.color_mode(options.BigValueColorMode.BACKGROUND if limits else options.BigValueColorMode.NONE)
    return panel


def dial(
    title: str, description: str, target: Query, *, span: int = 4, height: int = 4, limits: Limits, base: str = "green"
) -> gauge.Panel:
    """A share, 0 to 1, on a dial."""
    panel = _common(gauge.Panel(), title, description, "percentunit", span, height, limits, base)
    return panel.with_target(_target(target, instant=True)).reduce_options(_latest()).min(0).max(1)


def bars(
    title: str, description: str, unit: str, target: Query, *, span: int = 8, limits: Limits = ()
) -> bargauge.Panel:
    """The latest value of each series, side by side."""
    panel = _common(bargauge.Panel(), title, description, unit, span, 8, limits).with_target(
        _target(target, instant=True)
    )
    return panel.reduce_options(_latest()).orientation(options.VizOrientation.HORIZONTAL).min(0)


def listing(
    title: str, description: str, unit: str, target: Query, value: str, *, span: int = 12, height: int = 6
) -> table.Panel:
    """A line for each series: its labels, and its latest value in a column headed `value`."""
    panel = _common(table.Panel(), title, description, unit, span, height, ())
    panel.with_target(_target(target, instant=True, as_table=True))
    renamed = {"excludeByName": {"Time": True}, "renameByName": {"Value": value}}
    return panel.with_transformation(models.DataTransformerConfig(id_val="organize", options=renamed))


def render(board: Board) -> str:
    """The dashboard as the text of its file."""
    page = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .time("now-15m", "now")
        .refresh("5s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(_others())
    )
    for mark in MARKS:
        page.annotation(_annotation(mark))
    if board.services:
        page.with_variable(_services(board.services))
    identity = 0  # of a row or panel, within this dashboard
    for row in board.rows:
        identity += 1
        page.with_row(dashboard.Row(row.title).id(identity))
        for panel in row.panels:
            identity += 1
            page.with_panel(panel.id(identity))
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(page.build()) + "\n"


def _common(
    panel: AnyPanel,
    title: str,
    description: str,
    unit: str,
    span: int,
    height: int,
    limits: Limits,
    base: str = "green",
) -> AnyPanel:
    panel.title(title).description(description).unit(unit).span(span).height(height).datasource(SOURCE)
    steps = [models.Threshold(value=None, color=base), *(models.Threshold(value, color) for value, color in limits)]
    panel.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
    if description.endswith(EMPTY):
        panel.no_value("none")
    return panel


def _target(target: Query, *, instant: bool = False, as_table: bool = False) -> prometheus.Dataquery:
    query = prometheus.Dataquery().ref_id("A").expr(target.expr).legend_format(target.legend).datasource(SOURCE)
    query = query.instant() if instant else query.range()
    if target.exemplars:
        query.exemplar(True)
    return query.format(PromQueryFormat.TABLE if as_table else PromQueryFormat.TIME_SERIES)


def _latest() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _services(names: Sequence[str]) -> dashboard.CustomVariable:
    return (
        dashboard.CustomVariable("service")
        .label("Service")
        .values(",".join(names))
        .multi(True)
        .include_all(True)
        .all_value("|".join(names))
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )


def _others() -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink("Dashboards")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .keep_time(True)
        .include_vars(False)
    )


def _annotation(mark: Mark) -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name(mark.name)
        .datasource(SOURCE)
        .enable(True)
        .hide(False)
        .icon_color(mark.color)
        .expr(mark.expr)
        .step("5s")
        .title_format(mark.title)
        .use_value_for_time(mark.at_value)
    )
