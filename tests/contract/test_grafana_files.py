"""What Grafana reads at its start, held to its documentation: it passes over an unknown key in silence.

grafana.com/docs/grafana/latest/administration/provisioning/ has the two files; each data source's `jsonData` is on its
page "configure" below grafana.com/docs/grafana/latest/datasources/.
"""

import re
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.runtime.state import ROOT

GRAFANA = ROOT / "compose" / "grafana"
SOURCES = GRAFANA / "datasources" / "lab.yml"
PROVIDERS = GRAFANA / "dashboards" / "lab.yml"

Seconds = Annotated[str, Field(pattern=r"^-?\d+(s|m|h)$")]
Internal = Annotated[str, Field(pattern=r"^http://[a-z]+:\d+$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ExemplarDestination(Strict):
    """`datasourceUid` for a data source, `url` for any other page."""

    name: str
    datasourceUid: str | None = None
    url: str | None = None
    urlDisplayLabel: str


class PrometheusOptions(Strict):
    httpMethod: Literal["POST", "GET"]
    prometheusType: Literal["Prometheus", "Cortex", "Mimir", "Thanos"]
    timeInterval: Seconds
    manageAlerts: bool
    alertmanagerUid: str
    exemplarTraceIdDestinations: list[ExemplarDestination]


class Tag(Strict):
    key: str
    value: str


class TracesToLogs(Strict):
    datasourceUid: str
    spanStartTimeShift: Seconds
    spanEndTimeShift: Seconds
    filterByTraceID: bool
    filterBySpanID: bool
    customQuery: Literal[True]
    query: str


class LinkedQuery(Strict):
    name: str
    query: str


class TracesToMetrics(Strict):
    datasourceUid: str
    spanStartTimeShift: Seconds
    spanEndTimeShift: Seconds
    tags: list[Tag]
    queries: list[LinkedQuery]


class NodeGraph(Strict):
    enabled: bool


class SpanBar(Strict):
    type: Literal["None", "Duration", "Tag"]


class JaegerOptions(Strict):
    tracesToLogsV2: TracesToLogs
    tracesToMetrics: TracesToMetrics
    nodeGraph: NodeGraph
    spanBar: SpanBar


class DerivedField(Strict):
    """`matcherRegex` is a label's name where `matcherType` is label; `url` is the query to `datasourceUid`."""

    name: str
    matcherType: Literal["label", "regex"]
    matcherRegex: str
    datasourceUid: str
    url: str
    urlDisplayLabel: str


class LokiOptions(Strict):
    maxLines: int
    derivedFields: list[DerivedField]


class AlertmanagerOptions(Strict):
    implementation: Literal["prometheus", "cortex", "mimir"]
    handleGrafanaManagedAlerts: bool


class PostgresOptions(Strict):
    database: str
    sslmode: Literal["disable", "require", "verify-ca", "verify-full"]
    postgresVersion: int
    maxOpenConns: int
    maxIdleConns: int
    maxIdleConnsAuto: bool
    connMaxLifetime: int


class Source(Strict):
    name: str
    uid: str
    access: Literal["proxy"]
    isDefault: bool = False
    editable: Literal[False]


class HttpSource(Source):
    url: Internal


class PrometheusSource(HttpSource):
    type: Literal["prometheus"]
    jsonData: PrometheusOptions


class JaegerSource(HttpSource):
    type: Literal["jaeger"]
    jsonData: JaegerOptions


class LokiSource(HttpSource):
    type: Literal["loki"]
    jsonData: LokiOptions


class AlertmanagerSource(HttpSource):
    type: Literal["alertmanager"]
    jsonData: AlertmanagerOptions


class Password(Strict):
    password: str


class PostgresSource(Source):
    """`url` is host and port alone; the database must not stand in it."""

    type: Literal["grafana-postgresql-datasource"]
    url: Annotated[str, Field(pattern=r"^[a-z]+:\d+$")]
    user: str
    jsonData: PostgresOptions
    secureJsonData: Password


AnySource = Annotated[
    PrometheusSource | JaegerSource | LokiSource | AlertmanagerSource | PostgresSource, Field(discriminator="type")
]


class SourcesFile(Strict):
    apiVersion: Literal[1]
    prune: bool
    datasources: list[AnySource]


class ProviderOptions(Strict):
    path: str
    foldersFromFilesStructure: bool


class Provider(Strict):
    name: str
    orgId: int
    folder: str
    type: Literal["file"]
    disableDeletion: bool
    allowUiUpdates: bool
    updateIntervalSeconds: int
    options: ProviderOptions


class ProvidersFile(Strict):
    apiVersion: Literal[1]
    providers: list[Provider]


def read(path):
    return yaml.safe_load(path.read_text())


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    return {source.uid: source for source in SourcesFile.model_validate(read(SOURCES)).datasources}


def test_the_data_sources_are_there_once(sources: dict[str, Source]) -> None:
    assert list(sources) == ["prometheus", "jaeger", "loki", "alertmanager", "postgres"]
    assert [uid for uid, source in sources.items() if source.isDefault] == ["prometheus"]


def test_links_lead_to_data_sources_that_exist(sources: dict[str, Source]) -> None:
    named = set(re.findall(r"(?:datasourceUid|alertmanagerUid): (\w+)", SOURCES.read_text()))
    assert named == {"jaeger", "loki", "prometheus", "alertmanager"} and named <= set(sources)


def test_a_point_on_a_graph_leads_to_its_trace_twice(sources: dict[str, Source]) -> None:
    inside, outside = sources["prometheus"].jsonData.exemplarTraceIdDestinations
    assert (inside.name, inside.datasourceUid, inside.url) == ("trace_id", "jaeger", None)
    assert (outside.name, outside.datasourceUid) == ("trace_id", None)
    assert outside.url == "http://127.0.0.1:${JAEGER_PORT}/trace/$${__value.raw}"


def test_nothing_is_drawn_finer_than_it_is_scraped(sources: dict[str, Source]) -> None:
    scraped = read(ROOT / "compose" / "prometheus.yml")["global"]["scrape_interval"]
    assert sources["prometheus"].jsonData.timeInterval == scraped


def test_a_dollar_sign_that_grafana_would_take_for_itself_is_doubled() -> None:
    text = yaml.safe_dump(read(SOURCES))
    for meant in ("$$", "${JAEGER_PORT}", "$__file{"):
        text = text.replace(meant, "")
    assert "$" not in text


def test_the_database_is_read_by_the_role_that_may_only_read(sources: dict[str, Source]) -> None:
    source = sources["postgres"]
    assert (source.user, source.secureJsonData.password) == ("reader", "$__file{/keys/reader}")


def test_dashboards_are_found_where_compose_mounts_them() -> None:
    (provider,) = ProvidersFile.model_validate(read(PROVIDERS)).providers
    assert provider.options.path == "/dashboards"
    assert not provider.allowUiUpdates


@pytest.mark.parametrize("spoiled", ["matcherRegex: trace_id", "timeInterval: 2s", "customQuery: true"])
def test_a_misspelt_key_is_found(spoiled: str) -> None:
    key, _, value = spoiled.partition(":")
    text = SOURCES.read_text().replace(spoiled, f"{key[:-1]}:{value}")
    assert text != SOURCES.read_text()
    with pytest.raises(ValidationError):
        SourcesFile.model_validate(yaml.safe_load(text))


@pytest.fixture(scope="module")
def container() -> dict:
    return read(ROOT / "docker-compose.yml")["services"]["grafana"]


def test_the_container_has_the_files_where_they_say(container: dict) -> None:
    mounted = dict(reversed(volume.removesuffix(":ro").split(":")) for volume in container["volumes"])
    assert mounted["/etc/grafana/provisioning/datasources"] == "./compose/grafana/datasources"
    assert mounted["/etc/grafana/provisioning/dashboards"] == "./compose/grafana/dashboards"
    assert mounted["/dashboards"] == "./dashboards/json"
    assert mounted["/keys"] == "keys-grafana"
    home = container["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].removeprefix("/dashboards/")
    assert (ROOT / "dashboards" / "json" / home).exists()
    assert "JAEGER_PORT" in container["environment"]


def test_every_data_source_s_plugin_is_on(container: dict, sources: dict[str, Source]) -> None:
    off = container["environment"]["GF_PLUGINS_DISABLE_PLUGINS"].split(",")
    assert not {source.type for source in sources.values()} & set(off)
    assert all(re.fullmatch(r"[a-z-]+", plugin) for plugin in off), "a blank or a line break is part of a name"


def test_nothing_is_fetched_and_nothing_phones_home(container: dict) -> None:
    settings = container["environment"]
    on = ("PLUGINS_PREINSTALL_DISABLED", "PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED", "SECURITY_DISABLE_GRAVATAR")
    off = (
        "PLUGINS_PREINSTALL_AUTO_UPDATE",
        "PLUGINS_PLUGIN_ADMIN_ENABLED",
        "ANALYTICS_REPORTING_ENABLED",
        "ANALYTICS_CHECK_FOR_UPDATES",
        "ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "ANALYTICS_FEEDBACK_LINKS_ENABLED",
        "NEWS_NEWS_FEED_ENABLED",
        "SNAPSHOTS_EXTERNAL_ENABLED",
    )
    assert {settings[f"GF_{name}"] for name in on} == {"true"}
    assert {settings[f"GF_{name}"] for name in off} == {"false"}
    assert not {"GF_INSTALL_PLUGINS", "GF_PLUGINS_PREINSTALL", "GF_PLUGINS_PREINSTALL_SYNC"} & set(settings)


def test_whoever_comes_may_look_and_save_nothing(container: dict) -> None:
    settings = container["environment"]
    assert (settings["GF_AUTH_ANONYMOUS_ENABLED"], settings["GF_AUTH_ANONYMOUS_ORG_ROLE"]) == ("true", "Viewer")
    assert settings["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/keys/admin"
    assert not [name for name in settings if name.endswith("PASSWORD")]
