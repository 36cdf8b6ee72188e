"""The company's signals as PromQL, each written once.

Windows are `$__rate_interval`, which Grafana makes four scrapes (8 s), or longer when the graph spans hours. `selector`
narrows the series, as in `service="billing"`.
"""

from collections.abc import Sequence

SERVICES = ("billing", "processor", "checkout", "inventory", "promotions", "orders", "partner")
FAILED = 'status=~"5..|timeout|error"'

CUSTOMERS = "customer_request_duration_seconds"
SERVER = "http_server_request_duration_seconds"
CLIENT = "http_client_request_duration_seconds"
DATABASE = "db_client_operation_duration_seconds"


def join(*selectors: str) -> str:
    return ", ".join(selector for selector in selectors if selector)


def rate(histogram: str, by: str, selector: str = "") -> str:
    """Observations a second."""
    return f"sum by ({by}) (rate({histogram}_count{{{selector}}}[$__rate_interval]))"


def error_ratio(histogram: str, by: str, failed: str, selector: str = "") -> str:
    """The share that failed, 0 to 1; nothing where nobody asked."""
    asked = rate(histogram, by, selector)
    return f"({rate(histogram, by, join(selector, failed))} or 0 * {asked}) / ({asked} > 0)"


def quantile(q: float, histogram: str, by: str, selector: str = "") -> str:
    """Seconds that the share `q` stays below."""
    buckets = f"sum by ({by}, le) (rate({histogram}_bucket{{{selector}}}[$__rate_interval]))"
    return f"histogram_quantile({q}, {buckets})"


def one_of(services: Sequence[str]) -> str:
    return f'service=~"{"|".join(services)}"'


def firing(selector: str = "") -> str:
    """Seconds for which each firing alert has held."""
    labels = "alertname, service, severity"
    now = join('alertstate="firing"', selector)
    return f"max by ({labels}) (time() - ALERTS_FOR_STATE{{{selector}}}) and on ({labels}) ALERTS{{{now}}}"


def deployed_in_the_minute() -> str:
    """Services that run a release which they did not run in the minute before this one, and ran another one lately: a
    service that was away and begins with the same, or that begins at all, was not deployed."""
    release = "service_release_info"
    another = f"count by (service) (last_over_time({release}[5m])) > 1"
    return f"{release} unless last_over_time({release}[1m] offset 1m) and on (service) ({another})"


def asked_in_the_minute(until: int) -> str:
    """The profiles of which something was due in the minute that ended `until` minutes ago.

    A burst may bring a counter into being with all that it counts, which is no increase yet.
    """
    asked = "customer_requests_asked_total"
    end = f" offset {until}m" if until else ""
    grown = f"sum by (profile) (increase({asked}[1m]{end})) > 0"
    born = f"sum by (profile) ({asked}{end}) unless sum by (profile) ({asked} offset {until + 1}m)"
    return f"({grown} or ({born}))"
