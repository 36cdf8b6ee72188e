"""Billing and the processor, wired to each other in one process on one real database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
import pytest
from anyio.from_thread import start_blocking_portal
from billing.app import Settings as BillingSettings
from billing.app import create_app as create_billing
from fastapi import FastAPI
from migrations import migrate
from processor.app import Settings as ProcessorSettings
from processor.app import create_app as create_processor

SERVICES = Path(__file__).parents[3] / "services"


def wait_until(done: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """Polls until `done` gives something true, and gives that."""
    deadline = monotonic() + seconds
    while not (found := done()):
        if monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        sleep(0.02)
    return found


class Running(AbstractContextManager):
    """An app with its lifespan and a client, on an event loop of its own; may be called from any thread."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def __enter__(self) -> "Running":
        self._loop = start_blocking_portal()
        self._portal = self._loop.__enter__()
        self._lifespan = self._portal.wrap_async_context_manager(self._app.router.lifespan_context(self._app))
        self._lifespan.__enter__()
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://service")
        return self

    def __exit__(self, *_: object) -> None:
        self._portal.call(self._client.aclose)
        self._lifespan.__exit__(None, None, None)
        self._loop.__exit__(None, None, None)

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self._portal.call(partial(self._client.request, method, url, **options))

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)


class Link:
    """A service's connection to the other one, which can be cut."""

    def __init__(self) -> None:
        self.app: Running | None = None
        self.up = True
        self.loses_answers = False
        self.fails_on: dict[str, int] = {}
        """Statuses by charge key: what the other side answers instead of doing it."""
        self.requests = 0

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self._send("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self._send("POST", url, **options)

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        self.requests += 1
        if not self.up or self.app is None:
            raise httpx.ConnectError("the link is cut")
        if status := self.fails_on.get(options.get("json", {}).get("idempotency_key")):
            return httpx.Response(status, request=httpx.Request(method, f"http://other{url}"))
        response = self.app.request(method, url, **options)
        if self.loses_answers:
            raise httpx.ReadTimeout("the answer was lost")
        return response

    def close(self) -> None:
        pass


class Company:
    """Both services. `stop` ends one of them as a crash does, as far as the database can tell."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.to_processor = Link()
        self.to_billing = Link()
        self._running: dict[str, Running] = {}

    def start_billing(self, **settings: Any) -> None:
        app = create_billing(
            BillingSettings(database_url=self.database_url, relay_poll=0.05, **settings), processor=self.to_processor
        )
        self.to_billing.app = self.billing = self._enter("billing", app)

    def start_processor(self, **settings: Any) -> None:
        app = create_processor(
            ProcessorSettings(database_url=self.database_url, reconciliation_interval=0.05, **settings),
            billing=self.to_billing,
        )
        self.to_processor.app = self.processor = self._enter("processor", app)

    def _enter(self, name: str, app: FastAPI) -> Running:
        self._running[name] = Running(app)
        return self._running[name].__enter__()

    def stop(self, name: str) -> None:
        {"billing": self.to_billing, "processor": self.to_processor}[name].app = None
        self._running.pop(name).__exit__()

    def close(self) -> None:
        for name in list(self._running):
            self.stop(name)

    def sql(self, statement: str, *values: Any) -> list[tuple]:
        with psycopg.connect(self.database_url, autocommit=True) as conn:
            cursor = conn.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def charge(self, key: str, *nets: str, account: str = "a-001") -> httpx.Response:
        lines = [{"description": "Freight", "net": net} for net in nets]
        return self.billing.post(
            "/charges", headers={"Idempotency-Key": key}, json={"account": account, "lines": lines}
        )

    def balance(self, account: str = "a-001") -> str:
        return self.billing.get(f"/accounts/{account}").json()["balance"]

    def waits_for_relay(self) -> int:
        return self.sql("SELECT count(*) FROM billing.outbox")[0][0]

    def reconciled(self) -> dict[str, Any]:
        """The reconciliation after everything that was done before this call has been relayed and compared."""
        wait_until(lambda: not self.waits_for_relay(), "the outbox to empty")
        return self.compared()

    def compared(self) -> dict[str, Any]:
        """The reconciliation of a reading that began after this call."""
        (now,) = self.sql("SELECT clock_timestamp()")[0]
        wait_until(
            lambda: self.sql("SELECT 1 FROM processor.progress WHERE as_of > %s", now), "the books to be compared"
        )
        return self.processor.get("/reconciliation", params={"limit": 500}).json()

    def an_hour_passes(self, relay_rests: bool = True) -> None:
        """For all that the reconciliation remembers, without a pause in its readings."""
        self.sql("UPDATE processor.comparison SET since = since - interval '1 hour'")
        if relay_rests:
            self.sql("UPDATE processor.charges SET received_at = received_at - interval '1 hour'")
        self.sql("UPDATE processor.progress SET connected_since = connected_since - interval '1 hour'")


@pytest.fixture
def company(database_url: str) -> Iterator[Company]:
    for name in ("billing", "processor"):
        migrate(database_url, name, SERVICES / name / "migrations")
    company = Company(database_url)
    company.start_billing()
    company.start_processor()
    try:
        yield company
    finally:
        company.close()
