"""Settings: read from the environment, unprefixed, since each service is a process of its own."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]


class Settings(BaseSettings):
    """What every service needs; a service adds its own fields in a subclass.

    A field `inventory_url` is read from `INVENTORY_URL`, and names the peer `inventory` in the client metrics.
    An empty variable counts as unset. Port 0 means any free port.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    service: str
    host: str = "127.0.0.1"
    port: Port = 0
    ops_port: Port = 0
    database_url: str = ""
    otel_exporter_otlp_endpoint: str = ""
    otel_exporter_otlp_headers: str = Field(default="", repr=False)  # NAME=VALUE,…, as OpenTelemetry has it
    log_level: LogLevel = "INFO"

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must be an http:// or https:// address, or empty for no export")
        return value.rstrip("/")

    def peers(self) -> dict[tuple[str, int], str]:
        """The services this one is told to call: (host, port) → name."""
        found = {}
        for field in type(self).model_fields:
            value = getattr(self, field)
            if field.endswith("_url") and isinstance(value, str) and value.startswith(("http://", "https://")):
                url = urlsplit(value)
                port = url.port or (443 if url.scheme == "https" else 80)
                found[url.hostname or "", port] = field.removesuffix("_url")
        return found


def explain(error: ValidationError) -> str:
    """One sentence for settings that could not be read."""
    parts = []
    for item in error.errors(include_url=False):
        name = ".".join(str(part) for part in item["loc"]).upper()
        if item["type"] == "missing":
            parts.append(f"{name} is not set")
        else:
            message = item["msg"].removeprefix("Value error, ")
            shown = "set" if name.endswith("_KEY") else repr(item["input"])  # what opens a door is repeated nowhere
            parts.append(f"{name} is {shown}, but: {message[:1].lower()}{message[1:]}")
    return f"{'; '.join(parts)}; set it in the environment and start again."
