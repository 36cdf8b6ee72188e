"""Prometheus's query API, as much of it as the lab needs.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from dataclasses import dataclass
from typing import Any, Self

import httpx

from lab.errors import LabError


@dataclass(frozen=True)
class Series:
    """One series of an answer. `points` are (Unix time in seconds, value), oldest first; a value may be NaN or ±inf."""

    labels: dict[str, str]
    points: list[tuple[float, float]]

    @property
    def value(self) -> float:
        """The latest."""
        return self.points[-1][1]


class Prometheus:
    """`url` is its address, such as http://127.0.0.1:8490. All methods raise LabError when no answer can be had."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(base_url=url, timeout=10, trust_env=False, transport=transport)

    def query(self, expression: str, at: float | None = None) -> list[Series]:
        """An instant vector's series with one point each; `at` is Unix time in seconds, now if left out."""
        data = self._data("query", query=expression, **({} if at is None else {"time": at}))
        return [_series(item, [item["value"]]) for item in self._rows(data, "vector", expression)]

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """`start` and `end` are Unix times, `step` is the distance between points, all in seconds."""
        data = self._data("query_range", query=expression, start=start, end=end, step=step)
        return [_series(item, item["values"]) for item in self._rows(data, "matrix", expression)]

    def alerts(self) -> list[dict[str, Any]]:
        """Pending and firing alerts: `labels, annotations, state, activeAt, value`."""
        return self._data("alerts")["alerts"]

    def targets(self) -> list[dict[str, Any]]:
        """What is scraped: `labels, health, lastError, lastScrape, scrapeUrl, …`."""
        return self._data("targets", state="active")["activeTargets"]

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _data(self, path: str, **parameters: Any) -> Any:
        try:
            response = self._client.get(f"/api/v1/{path}", params=parameters)
            body = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise LabError(
                f"Prometheus does not answer ({error}); see labctl status and labctl logs prometheus."
            ) from error
        if body.get("status") != "success":
            raise LabError(f"Prometheus refused the query ({body.get('error', response.status_code)}); correct it.")
        return body["data"]

    @staticmethod
    def _rows(data: dict[str, Any], kind: str, expression: str) -> list[dict[str, Any]]:
        if data["resultType"] != kind:
            raise LabError(
                f"{expression} gives a {data['resultType']} where a {kind} is needed; change the expression."
            )
        return data["result"]


def _series(item: dict[str, Any], points: list[Any]) -> Series:
    return Series(item["metric"], [(float(at), float(value)) for at, value in points])
