"""Where the referee looks."""

from collections.abc import Mapping

import kit
from pydantic import Field

# Whom a probe may be sent to.
COMPANY = ("billing", "processor", "checkout", "inventory", "promotions", "orders", "partner")


class CauseSettings(kit.Settings):
    """`traces_url` answers Jaeger's query API, `logs_url` is the telemetry store, `prometheus_api_url` is what this
    process calls Prometheus where that is not `prometheus_url`, `reader_url` the database as the role that may only
    read."""

    service: str = "warroom"
    traces_url: str = "http://127.0.0.1:8409"
    logs_url: str = "http://127.0.0.1:8409"
    prometheus_url: str = "http://127.0.0.1:8490"
    prometheus_api_url: str = ""
    reader_url: str = Field(default="", repr=False)
    billing_url: str = "http://127.0.0.1:8401"
    processor_url: str = "http://127.0.0.1:8402"
    checkout_url: str = "http://127.0.0.1:8403"
    inventory_url: str = "http://127.0.0.1:8404"
    promotions_url: str = "http://127.0.0.1:8405"
    orders_url: str = "http://127.0.0.1:8406"
    partner_url: str = "http://127.0.0.1:8407"

    @property
    def company(self) -> Mapping[str, str]:
        """The services' addresses by name."""
        return {name: getattr(self, f"{name}_url") for name in COMPANY}
