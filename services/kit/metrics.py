"""The metrics of docs/company.md that every service has, and their labels."""

from anyio import CapacityLimiter
from prometheus_client import Gauge, Histogram, disable_created_metrics
from psycopg_pool import AsyncConnectionPool, ConnectionPool

# `_created` series would add a third to every scrape, and nothing reads them.
disable_created_metrics()

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds

SERVER_DURATION = Histogram(
    "http_server_request_duration_seconds",
    "Time from a request's arrival to its last byte",
    ["service", "method", "route", "status"],
    buckets=LATENCY_BUCKETS,
)
SERVER_IN_FLIGHT = Gauge(
    "http_server_requests_in_flight",
    "Requests that have arrived and are not answered yet",
    ["service"],
)
CLIENT_DURATION = Histogram(
    "http_client_request_duration_seconds",
    "Time an outbound request took; status is the code, or error where no answer came",
    ["service", "peer", "method", "status"],
    buckets=LATENCY_BUCKETS,
)
DB_DURATION = Histogram(
    "db_client_operation_duration_seconds",
    "Time a database statement took as its caller saw it",
    ["service", "operation"],
    buckets=LATENCY_BUCKETS,
)
POOL_SIZE = Gauge("worker_pool_size", "Workers the pool can have", ["service", "pool"])
POOL_IN_USE = Gauge("worker_pool_in_use", "Workers that are taken", ["service", "pool"])
POOL_WAITING = Gauge("worker_pool_waiting", "Callers that wait for a worker", ["service", "pool"])
RELEASE = Gauge("service_release_info", "1, of the release that the process began with", ["service", "release"])
LOOP_LAG = Gauge(
    "event_loop_lag_seconds",
    "Longest wait for a turn on the event loop in the last 5 seconds, the present one included",
    ["service"],
)


def watch_pool(service: str, name: str, pool: CapacityLimiter | ConnectionPool | AsyncConnectionPool) -> None:
    """Shows a pool as `worker_pool_*{service, pool=name}`, as it is at each scrape."""
    # The ops thread looks: neither way of looking blocks or needs the event loop.
    look = _workers if isinstance(pool, CapacityLimiter) else _connections
    for position, gauge in enumerate((POOL_SIZE, POOL_IN_USE, POOL_WAITING)):
        gauge.labels(service, name).set_function(lambda position=position: look(pool)[position])


def _workers(pool: CapacityLimiter) -> tuple[float, float, float]:
    found = pool.statistics()
    return found.total_tokens, found.borrowed_tokens, found.tasks_waiting


def _connections(pool: ConnectionPool | AsyncConnectionPool) -> tuple[float, float, float]:
    found = pool.get_stats()
    return found["pool_max"], found["pool_size"] - found["pool_available"], found["requests_waiting"]
