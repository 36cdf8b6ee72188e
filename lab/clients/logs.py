"""Log records, from the lab's own telemetry store."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import httpx

from lab.errors import LabError, UsageError

Record = dict[str, Any]
"""`{ts, level, service, event, trace_id, span_id, …}`, as the service wrote it to its own log."""


class Logs:
    """`url` is where the store answers, e.g. http://127.0.0.1:8409. Usable as a context manager."""

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 30,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=timeout, trust_env=False, transport=transport)
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def search(
        self,
        *,
        service: str | Sequence[str] | None = None,
        trace_id: str | None = None,
        level: str | None = None,
        text: str | None = None,
        start: int | None = None,
        end: int | None = None,
        limit: int = 100,
    ) -> list[Record]:
        """The newest records that match all, the newest last.

        `service` is one or several; `level` is the least severe one wanted, `text` occurs in the event or a field in
        any case of letters, `start` and `end` are microseconds since the epoch.
        """
        return self._ask(service=service, trace_id=trace_id, level=level, text=text, start=start, end=end, limit=limit)[
            "data"
        ]

    def follow(
        self,
        *,
        service: str | Sequence[str] | None = None,
        trace_id: str | None = None,
        level: str | None = None,
        text: str | None = None,
        start: int | None = None,
        backlog: int = 10,
        every: float = 1.0,
    ) -> Iterator[Record]:
        """The newest `backlog` records that match, then each further one within `every` seconds, without end."""
        wanted = {"service": service, "trace_id": trace_id, "level": level, "text": text, "start": start}
        answer = self._ask(**wanted, limit=max(backlog, 1))
        yield from answer["data"][-backlog:] if backlog else ()
        while True:
            cursor = answer["cursor"]
            answer = self._ask(**wanted, limit=1000, after=cursor)
            yield from answer["data"]
            if answer["cursor"] == cursor or not answer["data"]:
                self._sleep(every)

    def _ask(self, **parameters: Any) -> dict[str, Any]:
        given = {name: value for name, value in parameters.items() if value is not None}
        try:
            answer = self._client.get("/api/logs", params=given)
        except httpx.TransportError as error:
            raise LabError(
                f"The log store at {self._url} does not answer ({error}): start it with `labctl up`, "
                "or see `labctl logs telemetry`."
            ) from error
        try:
            body = json.loads(answer.content)
            if answer.is_success:
                return {"data": body["data"], "cursor": body["cursor"]}
            reason = body["errors"][0]["msg"]
        except (ValueError, KeyError, TypeError, IndexError):
            reason = "its answer is not the telemetry store's"
        kind = UsageError if answer.is_client_error else LabError
        raise kind(f"The log store at {self._url} answered {answer.status_code}: {reason}.")
