"""Billing: charges, adjustments, balances, and the book that the processor reconciles."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Annotated, Any
from uuid import UUID

import httpx
import kit
import psycopg
from fastapi import FastAPI, Header, Query, Response
from kit import Problem
from prometheus_client import Counter
from psycopg import Connection
from psycopg_pool import ConnectionPool
from pydantic import Field

from billing import adjustments, book, charges
from billing.models import BIGINT, AccountId, AdjustmentRequest, ChargeRequest, Key
from billing.outbox import Relay

log = logging.getLogger("billing")

CHARGED_CENTS = Counter("billing_charged_cents", "Money charged, tax included", ["service"])
CHARGES = Counter("billing_charges", "Charges placed; a replay counts once", ["service"])

Position = Annotated[int, Query(ge=0, le=BIGINT)]
Limit = Annotated[int, Query(ge=1, le=1000)]


class Settings(kit.Settings):
    service: str = "billing"
    processor_url: str = "http://127.0.0.1:8402"
    processor_timeout: float = Field(default=5.0, gt=0, description="seconds")
    database_connections: int = Field(default=8, ge=2)
    database_wait: float = Field(default=3.0, gt=0, description="seconds a request waits for a connection")
    tax_rate: float = Field(default=0.0725, ge=0, lt=1)
    relay_poll: float = Field(default=0.1, gt=0, description="seconds between looks into an idle outbox")


def create_app(settings: Settings | None = None, *, processor: httpx.Client | None = None) -> FastAPI:
    settings = settings or Settings()
    pool = ConnectionPool(
        settings.database_url,
        min_size=settings.database_connections,
        max_size=settings.database_connections,
        timeout=settings.database_wait,
        kwargs={"autocommit": True},
        open=False,
    )
    client = processor or httpx.Client(base_url=settings.processor_url, timeout=settings.processor_timeout)
    relay = Relay(pool, client, poll_s=settings.relay_poll)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with pool, closing(client):
            pool.wait()
            relay.start()
            try:
                yield
            finally:
                relay.stop()

    app = kit.create_app(settings, title="Billing", lifespan=lifespan)
    kit.watch_pool(settings.service, "database", pool)
    charged_cents = CHARGED_CENTS.labels(settings.service)
    charges_placed = CHARGES.labels(settings.service)

    @contextmanager
    def database() -> Iterator[Connection]:
        try:
            with pool.connection() as conn:
                yield conn
        except psycopg.OperationalError as error:
            log.warning("database unavailable", extra={"error": str(error)})
            raise Problem(503, "Database unavailable", "The database did not answer; try again.") from error

    @app.post("/charges", status_code=201, responses={200: {"description": "The charge was placed before"}})
    def place_charge(
        request: ChargeRequest, idempotency_key: Annotated[Key, Header()], response: Response
    ) -> dict[str, Any]:
        """Charges an account for an invoice; tax is added. Sent again, it answers with the same charge."""
        try:
            with database() as conn:
                charge, new = charges.place(conn, idempotency_key, request.account, request.lines, settings.tax_rate)
        except charges.UnknownAccount:
            raise _unknown_account(request.account) from None
        except charges.AmountTooLarge:
            raise Problem(
                422, "Amount too large", f"A charge must be less than {charges.MAX_AMOUNT}; split the invoice."
            ) from None
        if charge.account != request.account:
            raise Problem(
                409,
                "Idempotency key reused",
                f"Key {idempotency_key} belongs to a charge of account {charge.account}; use a new key.",
            )
        if new:
            relay.wake()
            charges_placed.inc()
            charged_cents.inc(charge.cents)
        else:
            response.status_code = 200
        log.info(
            "charge accepted" if new else "charge repeated",
            extra={
                "charge": str(charge.id),
                "key": idempotency_key,
                "account": charge.account,
                "amount": f"{charge.amount:.2f}",
            },
        )
        return _shown(charge)

    @app.get("/charges/{charge_id}")
    def get_charge(charge_id: UUID) -> dict[str, Any]:
        with database() as conn:
            charge = charges.get(conn, charge_id)
        if charge is None:
            raise Problem(404, "Unknown charge", f"There is no charge {charge_id}; check its id.")
        return _shown(charge)

    @app.get("/accounts/{account}")
    def get_account(account: AccountId) -> dict[str, Any]:
        with database() as conn:
            balance = book.balance(conn, account)
        if balance is None:
            raise _unknown_account(account)
        return {"account": account, "balance": balance}

    @app.get("/book")
    def get_book(after: Position = 0, limit: Limit = 500) -> dict[str, Any]:
        """Every charge and adjustment after a position, oldest first; ask again after the last one you got."""
        with database() as conn:
            entries = book.page(conn, after, limit)
        return {"entries": entries, "next": entries[-1]["position"] if len(entries) == limit else None}

    @app.post("/adjustments", status_code=201, responses={200: {"description": "A dry run, or a replay"}})
    def post_adjustments(request: AdjustmentRequest, response: Response) -> dict[str, Any]:
        """Applies entries that put charges right, all or none. `dry_run`, the default, only says what would happen."""
        try:
            with database() as conn:
                answer, new = adjustments.post(conn, request)
        except adjustments.KeyReused:
            raise Problem(
                409,
                "Idempotency key reused",
                f"Key {request.idempotency_key} came before with other entries; use a new key.",
            ) from None
        except adjustments.UnknownCharge as error:
            raise Problem(
                404, "Unknown charge", f"No charge has the key {error}; check it, or name the entry's account."
            ) from None
        except adjustments.OtherAccount as error:
            raise Problem(
                409,
                "Charge of another account",
                f"Charge {error.charge_key} is not on account {error.account}; leave the entry's account out.",
            ) from None
        except adjustments.UnknownAccount as error:
            raise _unknown_account(str(error)) from None
        if request.dry_run or not new:
            response.status_code = 200
        log.info(
            "adjustment checked" if request.dry_run else "adjustment applied" if new else "adjustment repeated",
            extra={"key": request.idempotency_key, "entries": len(request.entries), "total": answer["total"]},
        )
        return answer

    @app.get("/adjustments")
    def get_adjustments(after: Position = 0, limit: Limit = 100) -> dict[str, Any]:
        """The adjustments applied so far, oldest first."""
        with database() as conn:
            found = adjustments.page(conn, after, limit)
        return {"adjustments": found, "next": found[-1]["id"] if len(found) == limit else None}

    return app


def _shown(charge: charges.Charge) -> dict[str, Any]:
    return {"charge_id": charge.id, "account": charge.account, "amount": f"{charge.amount:.2f}"}


def _unknown_account(account: str) -> Problem:
    return Problem(404, "Unknown account", f"There is no account {account}; check its id.")
