"""The load's profiles API."""

from typing import Any

import httpx

from lab.errors import LabError, UsageError


class Load:
    """`url` is the load's address, such as http://127.0.0.1:8408."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None):
        self._client = httpx.Client(base_url=url, timeout=10, trust_env=False, transport=transport)

    def profiles(self) -> list[dict[str, Any]]:
        """All profiles: `profile, running, asked_rps, achieved_rps, failure_ratio, p50_s, p99_s, next_s`."""
        return self._answer("GET", "/profiles")

    def start(self, profile: str, figures: dict[str, Any] | None = None) -> None:
        """Add a profile to the load; `figures` change some of its rates and sizes for this time."""
        self._answer("POST", f"/profiles/{profile}/start", json=figures or {})

    def stop(self, profile: str) -> None:
        self._answer("POST", f"/profiles/{profile}/stop")

    def _answer(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = self._client.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise LabError(f"The load does not answer ({error}); see labctl status and labctl logs load.") from error
        if response.is_client_error:
            raise UsageError(_detail(response))
        if response.is_error:
            raise LabError(f"The load answered {response.status_code}; see labctl logs load.")
        return response.json()


def _detail(response: httpx.Response) -> str:
    try:
        return response.json()["detail"]
    except (ValueError, KeyError):
        return f"The load refused the request with {response.status_code}."
