"""Traces, from whoever answers Jaeger's query API: a real Jaeger or the lab's own store."""

from __future__ import annotations

import json
from string import hexdigits
from typing import Any, Self

import httpx

from lab.errors import LabError, UsageError

Trace = dict[str, Any]
"""Jaeger's JSON of one trace: `{traceID, spans, processes, warnings}`."""

KEPT = "4 hours, or until there is no more room"


def checked_id(text: str) -> str:
    """The trace id with all its 32 digits. Raises UsageError if it is none: Jaeger answers that in Go's words."""
    if not 1 <= len(text) <= 32 or not set(text) <= set(hexdigits):
        raise UsageError(f"{text!r} is no trace id: give up to 32 hexadecimal digits, as after trace= in the logs.")
    return text.lower().zfill(32)


class Traces:
    """`url` is where Jaeger's API starts, e.g. http://127.0.0.1:8409. Usable as a context manager."""

    def __init__(self, url: str, *, timeout: float = 30, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=timeout, trust_env=False, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(self, trace_id: str) -> Trace:
        """One trace by its id of up to 32 hexadecimal digits; LabError if there is none."""
        found = self.find(trace_id)
        if found is None:
            raise LabError(
                f"There is no trace {trace_id}: its spans have not ended yet, it was never recorded, or it is older "
                f"than traces are kept ({KEPT})."
            )
        return found

    def find(self, trace_id: str) -> Trace | None:
        """As `get`; None if there is none."""
        answer = self._ask(f"/api/traces/{checked_id(trace_id)}")
        return None if answer.status_code == 404 else self._data(answer)[0]

    def search(
        self,
        service: str,
        *,
        operation: str | None = None,
        tags: dict[str, str] | None = None,
        start: int | None = None,
        end: int | None = None,
        min_duration: str | None = None,
        max_duration: str | None = None,
        limit: int = 20,
    ) -> list[Trace]:
        """The latest traces with a span that matches all; `start`, `end` in µs since the epoch, durations as "1.5s"."""
        parameters = {
            "service": service,
            "operation": operation,
            "tags": json.dumps(tags) if tags else None,
            "start": start,
            "end": end,
            "minDuration": min_duration,
            "maxDuration": max_duration,
            "limit": limit,
        }
        return self._data(self._ask("/api/traces", parameters))

    def dependencies(self, *, end: int, lookback: int) -> list[dict[str, Any]]:
        """`[{parent, child, callCount}]` in the `lookback` before `end`, both in milliseconds."""
        return self._data(self._ask("/api/dependencies", {"endTs": end, "lookback": lookback}))

    def _ask(self, path: str, parameters: dict[str, Any] | None = None) -> httpx.Response:
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        try:
            return self._client.get(path, params=given)
        except httpx.TransportError as error:
            raise LabError(f"The trace store at {self._url} does not answer ({error}); see `labctl status`.") from error

    def _data(self, answer: httpx.Response) -> list[Any]:
        try:
            body = json.loads(answer.content)
            if answer.is_success:
                return body["data"] or []
            reason = body["errors"][0]["msg"]
        except (ValueError, KeyError, TypeError, IndexError):
            reason = "its answer is not Jaeger's"
        kind = UsageError if answer.is_client_error else LabError
        raise kind(f"The trace store at {self._url} answered {answer.status_code}: {reason}.")
