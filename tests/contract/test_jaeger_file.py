"""compose/jaeger.yml, held to what Jaeger 2 and the OpenTelemetry Collector read: a Jaeger is not started here.

jaegertracing.io/docs/latest/deployment/configuration/ has the extensions; each other part is on a page of its own below
github.com/open-telemetry/opentelemetry-collector(-contrib). What is written differently there by default and matters to
the lab must be said.
"""

import re
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dashboards import lab as dashboard
from lab.runtime.state import ROOT
from lab.telemetry.settings import WRITE_TOKEN, Settings

FILE = ROOT / "compose" / "jaeger.yml"
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

Duration = Annotated[str, Field(pattern=r"^\d+(ms|s|m|h)$")]
Inside = Annotated[str, Field(pattern=r"^http://[a-z]+:\d+(/otlp)?$")]
Anywhere = Annotated[str, Field(pattern=r"^0\.0\.0\.0:\d+$")]
Itself = Annotated[str, Field(pattern=r"^127\.0\.0\.1:\d+$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Pipeline(Strict):
    receivers: list[str]
    processors: list[str] = []
    exporters: list[str]


class Metrics(Strict):
    level: Literal["none"]


class Sampling(Strict):
    tick: Duration
    initial: int
    thereafter: int


class Logs(Strict):
    level: Literal["error"]
    disable_stacktrace: bool
    sampling: Sampling


class Telemetry(Strict):
    metrics: Metrics
    logs: Logs


class Service(Strict):
    extensions: list[str]
    pipelines: dict[str, Pipeline]
    telemetry: Telemetry


class Open(Strict):
    endpoint: Anywhere


class Closed(Strict):
    endpoint: Itself


class Health(Strict):
    use_v2: Literal[True]
    http: Open


class QueryStorage(Strict):
    traces: str
    metrics: str


class Ui(Strict):
    config_file: str


class Query(Strict):
    storage: QueryStorage
    enable_tracing: Literal[False]
    ui: Ui
    http: Open
    grpc: Closed


class Tls(Strict):
    insecure: Literal[True]


class RemoteOptions(Strict):
    endpoint: Annotated[str, Field(pattern=r"^[a-z]+:\d+$")]
    timeout: Duration
    tls: Tls


class Remote(Strict):
    grpc: RemoteOptions


class PrometheusOptions(Strict):
    """Both true: the exporter adds unit and `_total` to names."""

    endpoint: Inside
    normalize_calls: Literal[True]
    normalize_duration: Literal[True]


class Prometheus(Strict):
    prometheus: PrometheusOptions


class Storage(Strict):
    backends: dict[str, Remote]
    metric_backends: dict[str, Prometheus]


class Extensions(Strict):
    healthcheckv2: Health
    jaeger_query: Query
    jaeger_storage: Storage


class Protocols(Strict):
    http: Open


class Otlp(Strict):
    protocols: Protocols


class Receivers(Strict):
    otlp: Otlp


class Processors(Strict):
    batch: None


class Buckets(Strict):
    buckets: list[Duration]


class Histogram(Strict):
    """Without `unit` it is milliseconds in old versions and seconds in new ones."""

    unit: Literal["ms", "s"]
    explicit: Buckets


class SpanMetrics(Strict):
    namespace: str
    metrics_flush_interval: Duration
    histogram: Histogram


class Connectors(Strict):
    spanmetrics: SpanMetrics


class Retry(Strict):
    initial_interval: Duration | None = None
    max_interval: Duration | None = None
    max_elapsed_time: Duration


class Queue(Strict):
    """Of requests, unless another size is named."""

    sizer: Literal["requests", "bytes"] = "requests"
    queue_size: int


class OtlpHttp(Strict):
    endpoint: Inside
    compression: Literal["none"]
    encoding: Literal["proto"] = "proto"
    headers: dict[str, str] = {}
    timeout: Duration | None = None
    retry_on_failure: Retry
    sending_queue: Queue


class Exporters(Strict):
    prometheus: Open
    telemetry: Annotated[OtlpHttp, Field(alias="otlphttp/telemetry")]
    loki: Annotated[OtlpHttp, Field(alias="otlphttp/loki")]


class JaegerFile(Strict):
    service: Service
    extensions: Extensions
    receivers: Receivers
    processors: Processors
    connectors: Connectors
    exporters: Exporters


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text())


@pytest.fixture(scope="module")
def config(written: dict[str, Any]) -> JaegerFile:
    return JaegerFile.model_validate(written)


def test_every_part_is_used_and_there(written: dict[str, Any], config: JaegerFile) -> None:
    assert set(config.service.extensions) == set(written["extensions"])
    lines = config.service.pipelines.values()
    between = set(written["connectors"])
    assert {one for line in lines for one in line.receivers} == set(written["receivers"]) | between
    assert {one for line in lines for one in line.exporters} == set(written["exporters"]) | between
    assert {one for line in lines for one in line.processors} == set(written["processors"])


def test_what_is_stored_is_what_is_asked(config: JaegerFile) -> None:
    storage, asked = config.extensions.jaeger_storage, config.extensions.jaeger_query.storage
    assert [asked.traces] == list(storage.backends)
    assert [asked.metrics] == list(storage.metric_backends)


def test_spans_are_kept_in_the_store_on_a_volume_and_outlast_the_longest_drill(config: JaegerFile) -> None:
    (spans,) = config.extensions.jaeger_storage.backends.values()
    store = SERVICES["telemetry"]
    told = {name: str(value) for name, value in store["environment"].items()} | {"WRITE_TOKEN_FILE": ""}
    settings = Settings.from_environment(told)
    assert spans.grpc.endpoint == f"telemetry:{settings.storage_port}"
    assert settings.retention > 180 * 60
    assert f"telemetry-data:{settings.state_dir}" in store["volumes"]
    assert config.service.pipelines["traces"].exporters == ["otlphttp/telemetry", "spanmetrics"]


def test_only_who_knows_the_token_writes_to_the_store(config: JaegerFile) -> None:
    path = SERVICES["telemetry"]["environment"]["WRITE_TOKEN_FILE"]
    assert config.exporters.telemetry.headers == {WRITE_TOKEN: f"${{file:{path}}}"}


def test_durations_are_in_the_unit_that_the_dashboard_asks_for(config: JaegerFile) -> None:
    """The exporter writes the unit out in the metric's name; Jaeger's own Monitor page asks for milliseconds."""
    counted = config.connectors.spanmetrics
    assert counted.histogram.unit == "ms"
    assert f"{counted.namespace}_duration_milliseconds" == dashboard.SPANS


def test_buckets_are_those_of_the_services(config: JaegerFile) -> None:
    seconds = [float(one[:-2]) / 1000 if one.endswith("ms") else float(one[:-1]) for one in _buckets(config)]
    kit = (ROOT / "services" / "kit" / "metrics.py").read_text()
    (listed,) = re.findall(r"^LATENCY_BUCKETS = \((.+)\)", kit, re.MULTILINE)
    assert seconds == [float(one) for one in listed.split(",")]


def _buckets(config: JaegerFile) -> list[str]:
    return config.connectors.spanmetrics.histogram.explicit.buckets


def test_ports_are_those_that_others_speak_to(config: JaegerFile) -> None:
    def port(endpoint: str) -> str:
        return endpoint.rpartition(":")[2].partition("/")[0]

    jaeger, extensions = SERVICES["jaeger"], config.extensions
    assert jaeger["ports"] == [f"127.0.0.1:${{LAB_JAEGER_PORT}}:{port(extensions.jaeger_query.http.endpoint)}"]
    assert (
        jaeger["healthcheck"]["test"][-1] == f"http://127.0.0.1:{port(extensions.healthcheckv2.http.endpoint)}/status"
    )
    exported = SERVICES["billing"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert exported == f"http://jaeger:{port(config.receivers.otlp.protocols.http.endpoint)}"
    assert config.exporters.telemetry.endpoint == SERVICES["warroom"]["environment"]["LOGS_URL"]
    assert f"jaeger:{port(config.exporters.prometheus.endpoint)}" in (ROOT / "compose/targets/company.json").read_text()
    mounted = [volume.split(":")[1] for volume in jaeger["volumes"]]
    assert extensions.jaeger_query.ui.config_file in mounted
    assert jaeger["command"] == ["--config=/etc/jaeger/config.yml"] and "/etc/jaeger/config.yml" in mounted


@pytest.mark.parametrize("spoiled", ["unit: ms", "insecure: true", "normalize_duration: true", "traces: spans"])
def test_a_misspelt_or_missing_key_is_found(spoiled: str) -> None:
    key, _, value = spoiled.partition(":")
    for instead in (f"{key}s:{value}", ""):
        with pytest.raises(ValidationError):
            JaegerFile.model_validate(yaml.safe_load(FILE.read_text().replace(spoiled, instead, 1)))
