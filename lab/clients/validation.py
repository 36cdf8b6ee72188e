"""The war room's proof of a scenario: its API below /api/validation, for an instructor."""

from typing import Any, Self
from urllib.parse import quote

import httpx

from lab.errors import LabError, UsageError

ROOT = "/api/validation"


class Validation:
    """`url` is the war room's, `token` the instructor's. What is begun is told of by `latest()`:
    `{running, step, seconds, result, why}`. What is refused is a UsageError in the war room's words.

    `begun` says whether the war room has taken anything on: who was refused has nothing to clear up."""

    def __init__(self, url: str, token: str, *, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False, transport=transport)
        self.begun = False

    def described(self, scenario: str) -> dict[str, Any]:
        """`{control, recovery: {restart, level_books}, fixes: [{name, right, title}]}`."""
        return self._answer("GET", f"/{quote(scenario, safe='')}")

    def make_new(self) -> dict[str, Any]:
        return self._begin("")

    def mitigate(self, scenario: str) -> dict[str, Any]:
        return self._begin(f"/{quote(scenario, safe='')}/mitigation")

    def try_out(self, scenario: str, fix: str | None, seed: int) -> dict[str, Any]:
        """Its result: `{fix, right, verdict, expected, settled_by, checks}`. Without a fix it is of the baseline."""
        wanted = {"seed": seed} | ({} if fix is None else {"fix": fix})
        return self._begin(f"/{quote(scenario, safe='')}/trial", params=wanted)

    def latest(self) -> dict[str, Any]:
        return self._answer("GET", "")

    def end(self) -> None:
        """What is under way ends at its next step."""
        self._answer("DELETE", "")

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, path: str, **arguments: Any) -> dict[str, Any]:
        before, self.begun = self.begun, True  # also where its answer is not waited for to the end
        try:
            return dict(self._answer("POST", path, **arguments))
        except UsageError:
            self.begun = before
            raise

    def _answer(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = self._client.request(method, ROOT + path, **arguments)
        except httpx.HTTPError as error:
            raise LabError(
                f"The war room does not answer ({error}); see labctl status and labctl logs warroom."
            ) from error
        if response.status_code in (401, 403):
            raise LabError("The war room does not take this lab's instructor token; see labctl token instructor.")
        if response.is_client_error:
            raise UsageError(_detail(response))
        if response.is_error:
            raise LabError(f"The war room could not ({response.status_code}): {_detail(response)}")
        return response.json() if response.content else None


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The war room refused it with {response.status_code}; see labctl logs warroom."
