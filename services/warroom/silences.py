"""Silences in Alertmanager, for the time in which the lab itself takes services down.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from lab.errors import LabError

OURS = "warroom"
EVERYTHING = {"name": "alertname", "value": ".+", "isRegex": True, "isEqual": True}


class Silences:
    """`url` is Alertmanager's address. Raises LabError where it does not answer."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(base_url=url, timeout=5, trust_env=False, transport=transport)

    def begin(self, seconds: float, why: str, alertname: str = "") -> None:
        """Nobody is paged for so long, or until `end`; with a name, for that alert alone."""
        now = datetime.now(UTC)
        one = {"name": "alertname", "value": alertname, "isRegex": False, "isEqual": True}
        silence = {
            "matchers": [one if alertname else EVERYTHING],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(seconds=seconds)).isoformat(),
            "createdBy": OURS,
            "comment": why,
        }
        self._ask("POST", "/api/v2/silences", json=silence)

    def end(self) -> None:
        """Takes back all silences of ours, also those of a process that was killed."""
        for one in self._ask("GET", "/api/v2/silences").json():
            if one["createdBy"] == OURS and one["status"]["state"] != "expired":
                self._ask("DELETE", f"/api/v2/silence/{one['id']}")

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **request).raise_for_status()
        except httpx.HTTPError as error:
            raise LabError(
                f"Alertmanager does not answer ({error}); see labctl status and labctl logs alertmanager."
            ) from error
