"""compose/loki.yml, held to what Loki's documentation says it reads: grafana.com/docs/loki/latest/configure/."""

from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from lab.runtime.state import ROOT

Duration = Annotated[str, Field(pattern=r"^\d+(s|m|h)$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class EmbeddedCache(Strict):
    enabled: bool
    max_size_mb: int


class Cache(Strict):
    embedded_cache: EmbeddedCache


class ResultsCache(Strict):
    cache: Cache


class KvStore(Strict):
    store: Literal["inmemory"]


class Ring(Strict):
    kvstore: KvStore


class Filesystem(Strict):
    chunks_directory: str
    rules_directory: str


class Storage(Strict):
    filesystem: Filesystem


class Common(Strict):
    path_prefix: str
    instance_addr: str
    replication_factor: Literal[1]
    ring: Ring
    storage: Storage


class Index(Strict):
    prefix: str
    period: Literal["24h"]


class Period(Strict):
    """OTLP needs structured metadata, which needs tsdb and v13."""

    from_: Annotated[str, Field(alias="from")]
    store: Literal["tsdb"]
    object_store: Literal["filesystem"]
    schema_: Annotated[Literal["v13"], Field(alias="schema")]
    index: Index


class Schema(Strict):
    configs: list[Period]


class Otlp(Strict):
    default_resource_attributes_as_index_labels: list[str]


class Distributor(Strict):
    otlp_config: Otlp


class Limits(Strict):
    allow_structured_metadata: Literal[True]
    discover_service_name: list[str]
    retention_period: Literal["24h"]
    max_query_lookback: Duration
    max_query_parallelism: int
    tsdb_max_query_parallelism: int


class Compactor(Strict):
    """`delete_request_store` is required with retention."""

    working_directory: str
    retention_enabled: Literal[True]
    delete_request_store: Literal["filesystem"]


class Lifecycler(Strict):
    min_ready_duration: Duration
    final_sleep: Duration


class Wal(Strict):
    replay_memory_ceiling: Annotated[str, Field(pattern=r"^\d+MB$")]


class Ingester(Strict):
    lifecycler: Lifecycler
    chunk_idle_period: Duration
    max_chunk_age: Duration
    concurrent_flushes: int
    wal: Wal


class Querier(Strict):
    max_concurrent: int


class Switch(Strict):
    enabled: bool


class ChunkStore(Strict):
    chunk_cache_config: Cache


class QueryRange(Strict):
    results_cache: ResultsCache


class Analytics(Strict):
    reporting_enabled: Literal[False]


class Server(Strict):
    http_listen_port: int
    log_level: Literal["debug", "info", "warn", "error"]


class LokiFile(Strict):
    auth_enabled: Literal[False]
    analytics: Analytics
    server: Server
    common: Common
    schema_config: Schema
    distributor: Distributor
    limits_config: Limits
    compactor: Compactor
    ingester: Ingester
    querier: Querier
    pattern_ingester: Switch
    chunk_store_config: ChunkStore
    query_range: QueryRange


def test_loki_keeps_few_labels_on_one_volume() -> None:
    config = LokiFile.model_validate(yaml.safe_load((ROOT / "compose" / "loki.yml").read_text()))
    assert config.distributor.otlp_config.default_resource_attributes_as_index_labels == ["service.name"]
    folders = [config.common.path_prefix, config.compactor.working_directory]
    folders += config.common.storage.filesystem.model_dump().values()
    assert all(folder == "/loki" or folder.startswith("/loki/") for folder in folders)
