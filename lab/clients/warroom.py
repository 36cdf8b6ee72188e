"""The war room's pager, and its way to the database."""

from typing import Any, Self
from urllib.parse import quote

import httpx

from lab.errors import LabError, UsageError


class Warroom:
    """`url` is its address, such as http://127.0.0.1:8400; `token` is the team's, or for queries anybody's."""

    def __init__(self, url: str, token: str = "", *, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=10, trust_env=False, transport=transport)

    def pages(self, limit: int = 100) -> list[dict[str, Any]]:
        """Open pages first, the worst of them before the newest; then the newest. Raises LabError."""
        return self._answer("GET", "/api/pages", params={"limit": limit})

    def acknowledge(self, page_id: str) -> dict[str, Any]:
        """The page, acknowledged now or earlier. Raises UsageError if there is no such page, LabError otherwise."""
        return self._answer("POST", f"/api/pages/{quote(page_id, safe='')}/ack")

    def query(self, statement: str) -> dict[str, Any]:
        """`{columns, rows, whole}`, every cell as text. What the database refuses is a UsageError in its words."""
        return self._answer("POST", "/api/sql", json={"statement": statement})

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = self._client.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise LabError(
                f"The war room does not answer ({error}); see labctl status and labctl logs warroom."
            ) from error
        if response.status_code in (401, 403):
            raise LabError("The war room does not take this lab's team token; see tokens/team in the lab's folder.")
        if response.status_code == 404:
            raise UsageError("There is no such page; labctl pages lists them.")
        if response.status_code in (409, 422):
            raise UsageError(_detail(response))
        if response.is_error:
            raise LabError(f"The war room answered {response.status_code}; see labctl logs warroom.")
        return response.json()


def _detail(response: httpx.Response) -> str:
    """What it says of a request that it does not take, in a sentence."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The war room does not take the request ({response.status_code}); see labctl logs warroom."
