"""Where the AI provider is, the key for it, and how much may be asked."""

import re
from pathlib import Path
from typing import Annotated, Literal

import httpx
import kit
from pydantic import Field, SecretStr, field_validator

# A key of any provider: no blank and nothing else that would not go into a header, where an error would show it.
KEY = re.compile(r"[!-~]{8,500}")


class AiSettings(kit.Settings):
    """Without `ai_upstream_url` the gateway answers 503; without a key it sends none, as for a model next door.

    The key is in a file, or for want of one in `ai_upstream_key`. It goes as `x-api-key` where Anthropic's clients ask
    and as a bearer token elsewhere, or always as `ai_upstream_auth` says. `ai_timeout` is seconds for a whole answer.
    """

    service: str = "warroom"
    ai_upstream_url: str = ""
    ai_upstream_key: SecretStr | None = None
    ai_upstream_key_file: Path | None = None
    ai_upstream_auth: Literal["auto", "bearer", "x-api-key"] = "auto"
    ai_requests_per_minute: Annotated[int, Field(ge=1)] = 30
    ai_at_once: Annotated[int, Field(ge=1)] = 4
    ai_timeout: Annotated[float, Field(gt=0)] = 300

    @field_validator("ai_upstream_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not value:
            return ""
        try:
            url = httpx.URL(value)
        except httpx.InvalidURL:
            url = httpx.URL("")
        if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
            raise ValueError("must be an http:// or https:// address without a query")
        if url.userinfo:
            # explain() shows the value, so what is in it is not secret any more
            raise ValueError("must not hold a password, which belongs into AI_UPSTREAM_KEY_FILE")
        return value.rstrip("/").removesuffix("/v1")

    @field_validator("ai_upstream_key_file")
    @classmethod
    def _holds_a_key(cls, path: Path | None) -> Path | None:
        if path is not None:
            _read(path)
        return path

    @field_validator("ai_upstream_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _require_key(value.get_secret_value())
        return value

    def ai_key(self) -> SecretStr:
        """The key, empty if there is none; that of the file, if there are two."""
        if self.ai_upstream_key_file:
            return SecretStr(_read(self.ai_upstream_key_file))
        return self.ai_upstream_key or SecretStr("")


def _read(path: Path) -> str:
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read ({type(error).__name__})") from None
    _require_key(key)
    return key


def _require_key(key: str) -> None:
    if not KEY.fullmatch(key):
        raise ValueError("holds no key: one line of 8 to 500 characters, none of them a blank")
