"""The company as its customers can reach it, and the database as the reader sees it."""

import copy
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import psycopg
from psycopg.rows import dict_row

from lab.errors import LabError

PATIENCE = 8.0  # seconds, as long as the customers'
QUERY_S = 4.0  # a query that takes longer tells nothing in time
Result = TypeVar("Result")


@dataclass(frozen=True)
class Answer:
    """`status` is 0 where there was none in time; `body` is the JSON, None if it was none."""

    status: int
    seconds: float
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_problem(self) -> bool:
        """A sentence for the caller, as the team spec asks of every error."""
        kind = self.headers.get("content-type", "").partition(";")[0]
        return kind == "application/problem+json" and isinstance(self.body, dict) and bool(self.body.get("detail"))

    def get(self, name: str) -> Any:
        return self.body.get(name) if isinstance(self.body, dict) else None


class TimeIsUp(LabError):
    """Whoever asks has no time left to wait for the answer."""


class Company:
    """`urls` has the services' addresses, `database_url` is the reader's. Any thread may call it."""

    def __init__(
        self, urls: Mapping[str, str], database_url: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._urls = urls
        self._database_url = database_url
        limits = httpx.Limits(max_connections=200)
        self._http = httpx.Client(timeout=PATIENCE, limits=limits, trust_env=False, transport=transport)
        self._left: Callable[[], float] = lambda: math.inf

    def within(self, left: Callable[[], float]) -> Self:
        """The same company, which nobody is asked in and waited for when no seconds are left. Asking it then raises
        TimeIsUp, and so does what has had no answer until then: that says nothing of who was asked."""
        bound = copy.copy(self)
        bound._left = left
        return bound

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._http.close()

    def call(
        self,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        patience: float = PATIENCE,
    ) -> Answer:
        """One request, waited for so many seconds; `content` is a body that need not be JSON."""
        self._require_time()
        patience, began = min(patience, self._left()), time.monotonic()
        sent = {"content": content, "headers": {"content-type": "application/json", **(headers or {})}}
        if content is None:
            sent = {"headers": headers, **({} if body is None else {"json": body})}
        whole = b""
        try:
            with self._http.stream(method, self._urls[service] + path, timeout=patience, **sent) as answer:
                for part in answer.iter_bytes():
                    whole += part
                    if time.monotonic() - began > patience:  # the time-out is of each part
                        raise httpx.ReadTimeout("The answer does not end.")
        except httpx.HTTPError:
            self._require_time()
            return Answer(0, time.monotonic() - began)
        try:
            parsed = json.loads(whole)
        except ValueError:
            parsed = None
        return Answer(answer.status_code, time.monotonic() - began, parsed, dict(answer.headers))

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """What the query gives. Raises psycopg.Error."""
        self._require_time()
        options = "" if self._left() == math.inf else f"-c statement_timeout={QUERY_S:g}s"
        with (
            psycopg.connect(
                self._database_url, autocommit=True, connect_timeout=3, options=options, row_factory=dict_row
            ) as connection,
        ):
            return connection.execute(query, parameters).fetchall()

    def _require_time(self) -> None:
        if self._left() <= 0:
            raise TimeIsUp("The company could not be asked in time; see labctl status and try again.")


def at_once(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """All of them at the same time; the results in the order of the calls."""
    with ThreadPoolExecutor(max(1, len(calls))) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]
