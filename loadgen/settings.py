"""What the process is told by its environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from loadgen.profiles import AnnualInvoices, BatchExport, FlashSale, Healthy, MonthEndImport, Profile


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")

    host: str = "127.0.0.1"
    port: int = 8408
    ops_port: int = 8458
    otel_exporter_otlp_endpoint: str = ""
    billing_url: str = "http://127.0.0.1:8401"
    checkout_url: str = "http://127.0.0.1:8403"
    inventory_url: str = "http://127.0.0.1:8404"
    promotions_url: str = "http://127.0.0.1:8405"
    orders_url: str = "http://127.0.0.1:8406"
    lab_healthy: bool = False  # begin with `healthy`, as soon as every service takes connections
    seed: int = 1
    # A checkout's own time-outs are shorter, so that its customers see its answer rather than none.
    timeout_s: float = 8.0
    max_outstanding: int = 2_000  # for each profile; customers beyond it are counted as asked and turned away

    healthy: Healthy = Healthy()
    annual_invoices: AnnualInvoices = AnnualInvoices()
    month_end_import: MonthEndImport = MonthEndImport()
    flash_sale: FlashSale = FlashSale()
    batch_export: BatchExport = BatchExport()

    @property
    def services(self) -> dict[str, str]:
        """Base URL by service."""
        return {
            "billing": self.billing_url,
            "checkout": self.checkout_url,
            "inventory": self.inventory_url,
            "promotions": self.promotions_url,
            "orders": self.orders_url,
        }

    @property
    def profiles(self) -> dict[str, Profile]:
        return {
            "healthy": self.healthy,
            "annual-invoices": self.annual_invoices,
            "month-end-import": self.month_end_import,
            "flash-sale": self.flash_sale,
            "batch-export": self.batch_export,
        }
